import pandas as pd

def _columns(frame, names):
    """Columns of a frame, their elements of the types that iterrows gives them."""
    if frame.iloc[0].dtype == "object":
        return [frame[name].astype(object).tolist() for name in names]
    rows = frame.to_numpy(copy=True)
    return [rows[:, frame.columns.get_loc(name)] for name in names]


def invoice(orders):
    lines = []
    if (
        type(orders) is pd.DataFrame
        and orders.columns.is_unique
        and {"quantity", "price", "discount"} <= set(orders.columns)
        and len(orders) >= 16
        and orders.iloc[0].dtype in ("float64", "int64", "object")
        and ((orders.iloc[0].dtype != "object" or "int64" in map(str, orders.dtypes)))
    ):
        for number, quantity, price, discount in zip(orders.index, *_columns(orders, ("quantity", "price", "discount"))):
            if quantity != 0:
                amount = price * quantity
                lines.append((number, amount - amount * discount))
    else:
        for number, order in orders.iterrows():
            if order["quantity"] != 0:
                amount = order["price"] * order["quantity"]
                lines.append((number, amount - amount * order["discount"]))
    return lines
