import os
import random

from flask import Flask, jsonify, request

from models import Profile, Transaction

app = Flask(__name__)
COUNTRIES = ["DE", "FR", "PL", "GB", "NL", "ES", "US", "BR"]
LIMITS = {"z": 3.5, "peak_ratio": 4.0, "recent": 400, "countries": 6}


def load_profiles(accounts, size, seed=5):
    rnd = random.Random(seed)
    profiles = {}
    for account in range(accounts):
        home = rnd.choice(COUNTRIES)
        history = [
            Transaction(account, rnd.lognormvariate(3, 1), rnd.randrange(900), rnd.randrange(500000), home)
            for _ in range(size)
        ]
        profiles[account] = Profile(account, history)
    return profiles


profiles = load_profiles(12, 50000)


def decide(features):
    reasons = [name for name, limit in LIMITS.items() if features[name] > limit]
    if not reasons:
        return "accept", reasons
    return ("review" if len(reasons) == 1 else "decline"), reasons


@app.route("/payments", methods=["POST"])
def payments():
    data = request.get_json(force=True)
    try:
        profile = profiles[int(data["account"])]
        amount = float(data["amount"])
    except (KeyError, ValueError, TypeError):
        return jsonify(error="unknown account or bad amount"), 422
    if profile.blocked:
        return jsonify(decision="decline", reasons=["blocked"])
    features = profile.features(amount, 500000)
    decision, reasons = decide(features)
    return jsonify(decision=decision, reasons=reasons, features=features)


@app.route("/accounts/<int:account>/block", methods=["POST"])
def block(account):
    profiles[account].blocked = True
    return "", 204


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]), threaded=True)
