"""Loyalty points: what a basket earns, and what the member's account looks like afterwards."""
import os

from flask import Flask, jsonify, request

from statement import Statement
from tariff import Tariff

app = Flask(__name__)
tariff = Tariff.standard()


class MemberAccounts:
    def __init__(self):
        self._balances = {}

    def credit(self, member, points):
        self._balances[member] = self._balances.get(member, 0) + points
        return self._balances[member]

    def balance(self, member):
        return self._balances.get(member, 0)


accounts = MemberAccounts()


@app.post("/members/<int:member>/baskets")
def basket(member):
    lines = request.get_json()["lines"]
    statement = Statement(tariff, lines)
    points = statement.points()
    return jsonify(points=points, total=statement.total(), balance=accounts.credit(member, points))


@app.get("/members/<int:member>")
def account(member):
    return jsonify(balance=accounts.balance(member))


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]), threaded=True)
