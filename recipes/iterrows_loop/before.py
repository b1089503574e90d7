def invoice(orders):
    lines = []
    for number, order in orders.iterrows():
        if order["quantity"] != 0:
            amount = order["price"] * order["quantity"]
            lines.append((number, amount - amount * order["discount"]))
    return lines
