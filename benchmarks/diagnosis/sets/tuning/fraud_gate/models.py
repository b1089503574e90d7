class Transaction:
    __slots__ = ("account", "amount", "merchant", "minute", "country")

    def __init__(self, account, amount, merchant, minute, country):
        self.account = account
        self.amount = amount
        self.merchant = merchant
        self.minute = minute
        self.country = country


class Profile:
    """What the gate knows of an account when a payment arrives."""

    def __init__(self, account, history):
        self.account = account
        self.history = history
        self.blocked = False

    def features(self, amount, minute):
        total = 0.0
        squares = 0.0
        peak = 0.0
        recent = 0
        for tx in self.history:
            total += tx.amount
            squares += tx.amount * tx.amount
            if tx.amount > peak:
                peak = tx.amount
            if minute - tx.minute < 1440:
                recent += 1
        n = len(self.history) or 1
        mean = total / n
        spread = (squares / n - mean * mean) ** 0.5 or 1.0
        return {
            "z": (amount - mean) / spread,
            "peak_ratio": amount / (peak or 1.0),
            "recent": recent,
            "countries": len({tx.country for tx in self.history[-50:]}),
        }
