RETURN_FEE = 2.5


def nets(orders, vat):
    def net(order):
        """What an order brings."""
        if order["returned"] > 0.0:
            return -RETURN_FEE
        gross = order["price"] * (1.0 + vat)
        return gross - order["price"] * order["discount"] / order["weight"]

    return orders.apply(net, axis=1)
