import numpy as np
from flask import Flask, Response, jsonify, request

TENORS = np.array([0.25, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30])
RATES = np.array([3.1, 3.2, 3.25, 3.0, 2.9, 2.85, 2.9, 3.0, 3.1, 3.15, 3.1]) / 100


class Portfolio:
    def __init__(self, seed, size=3200):
        gen = np.random.RandomState(seed)
        self.maturity = gen.uniform(0.3, 29, size)
        self.coupon = gen.uniform(0, 0.06, size)
        self.face = gen.randint(1, 50, size) * 1000.0
        self.issuer = ["issuer %d" % n for n in gen.randint(0, 40, size)]

    def values(self, zero):
        values = []
        for n in range(len(self.face)):
            discount = 1.0 / (1.0 + zero[n]) ** self.maturity[n]
            interest = self.coupon[n] * self.face[n] * self.maturity[n]
            values.append(self.face[n] * discount + interest * discount)
        return values

    def largest(self, values, how_many=5):
        order = np.argsort(values)[::-1][:how_many]
        return [{"issuer": self.issuer[n], "value": round(float(values[n]), 2)} for n in order]


def create():
    app = Flask("desk")
    portfolios = {n: Portfolio(n) for n in range(10)}

    @app.route("/portfolios/<int:number>/value")
    def value(number):
        if number not in portfolios:
            return jsonify(error="no such portfolio"), 404
        shift = request.args.get("shift", 0, int) / 10000.0
        portfolio = portfolios[number]
        zero = np.interp(portfolio.maturity, TENORS, RATES + shift)
        values = portfolio.values(zero)
        return jsonify(total=round(float(sum(values)), 2), largest=portfolio.largest(values))

    @app.route("/ping")
    def ping():
        return Response("pong", mimetype="text/plain")

    return app
