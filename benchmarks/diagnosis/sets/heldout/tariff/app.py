import os
from flask import Flask, jsonify, request

BRACKETS = [(0, 0.0), (11000, 0.14), (17000, 0.24), (66000, 0.42), (278000, 0.45)]
SOCIAL = [("pension", 0.093, 90600), ("unemployment", 0.013, 90600), ("health", 0.0815, 62100), ("care", 0.017, 62100)]

app = Flask(__name__)


class Household(object):
    def __init__(self, data):
        self.incomes = data["incomes"]
        self.children = data["children"]
        self.costs = data["costs"]

    def allowance(self):
        weights = [1.0, 0.8, 0.6, 0.5]
        return sum(w * 4000 for w in weights[: self.children])


def income_tax(income):
    tax = 0.0
    for (low, _), (high, rate) in zip(BRACKETS, BRACKETS[1:]):
        if income > low:
            tax += (min(income, high) - low) * rate
    return tax


def contributions(income):
    return {name: round(min(income, cap) * rate, 2) for name, rate, cap in SOCIAL}


def deductible(costs):
    shares = [0.3, 0.5, 1.0, 1.0, 0.2, 0.8]
    return sum(c * s for c, s in zip(costs, shares))


def assess(household):
    gross = sum(household.incomes)
    social = [contributions(i) for i in household.incomes]
    paid = sum(sum(s.values()) for s in social)
    taxable = max(0.0, gross - paid - deductible(household.costs) - household.allowance())
    split = 2 * income_tax(taxable / 2)
    single = income_tax(taxable)
    tax = min(split, single) if len(household.incomes) > 1 else single
    return {"gross": gross, "social": social, "tax": round(tax, 2), "net": round(gross - paid - tax, 2)}


@app.route("/assess", methods=["POST"])
def route():
    try:
        households = [Household(h) for h in request.get_json()["households"]]
    except (KeyError, TypeError):
        return jsonify(error="households are needed"), 422
    answers = []
    for h in households:
        answer = assess(h)
        answer["band"] = "high" if answer["gross"] > 90000 else "middle" if answer["gross"] > 35000 else "low"
        answers.append(answer)
    return jsonify(answers)


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]))
