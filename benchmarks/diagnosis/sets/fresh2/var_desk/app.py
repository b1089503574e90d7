"""Risk figures of a book of shares, for the traders' screens."""
from flask import Flask, jsonify, request

from book import Market
from risk import RiskReport

market = Market(names=64, days=110)
app = Flask(__name__)


@app.post("/risk")
def risk():
    order = request.get_json()
    book = market.book(order["tickers"], order["amounts"])
    report = RiskReport(market, book)
    return jsonify(
        value=round(book.value(), 2),
        volatility=round(report.volatility(), 6),
        var99=round(report.value_at_risk(0.99), 2),
        shortfall=round(report.expected_shortfall(0.975), 2),
    )


@app.get("/health")
def health():
    return "ok"
