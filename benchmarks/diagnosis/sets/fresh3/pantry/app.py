"""What a kitchen should order: POST /orders with the stock of its pantry."""
from flask import Flask, jsonify, request

from planning import plan

app = Flask(__name__)
SUPPLIERS = {"dry": ("Mühle Nord", 2), "fresh": ("Marktring", 1), "frozen": ("Polarlog", 4)}


@app.get("/suppliers")
def suppliers():
    return jsonify({kind: {"name": name, "days": days} for kind, (name, days) in SUPPLIERS.items()})


@app.post("/orders")
def orders():
    document = request.get_json()
    items = document.get("items") or []
    if not items:
        return jsonify(error="no items"), 400
    lead_days = {kind: days for kind, (_, days) in SUPPLIERS.items()}
    lines = plan(items, lead_days, document.get("guests", 80))
    by_supplier = {}
    for line in lines:
        name = SUPPLIERS[line["kind"]][0]
        by_supplier.setdefault(name, []).append({"item": line["item"], "packs": line["packs"]})
    return jsonify(kitchen=document.get("kitchen"), orders=by_supplier)
