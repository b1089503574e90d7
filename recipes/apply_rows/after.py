import numpy as np
import pandas as pd

RETURN_FEE = 2.5


def _by_columns(orders, vat, net):
    """`orders.apply(net, axis=1)`, by a faster way where that gives the same."""
    if (
        type(orders) is pd.DataFrame
        and orders.columns.is_unique
        and {"returned", "price", "discount", "weight"} <= set(orders.columns)
        and len(orders) > 0
        and not orders.attrs
        and orders.iloc[0].dtype in ("float64", "object")
        and (orders.iloc[0].dtype == "float64" or all(orders[each].dtype == "float64" for each in ("returned", "price", "discount", "weight")))
        and type(vat) is float
    ):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                returned = orders["returned"].to_numpy("float64")
                price = orders["price"].to_numpy("float64")
                discount = orders["discount"].to_numpy("float64")
                weight = orders["weight"].to_numpy("float64")
                gross = price * (1.0 + vat)
                values = np.empty(len(orders))
                chosen = returned > 0.0
                values[chosen] = -RETURN_FEE
                rest = ~chosen
                values[rest] = gross[rest] - price[rest] * discount[rest] / weight[rest]
                result = pd.Series(values, index=orders.index)
        except Exception:
            pass
        else:
            return result
    return orders.apply(net, axis=1)


def nets(orders, vat):
    def net(order):
        """What an order brings."""
        if order["returned"] > 0.0:
            return -RETURN_FEE
        gross = order["price"] * (1.0 + vat)
        return gross - order["price"] * order["discount"] / order["weight"]

    return _by_columns(orders, vat, net)
