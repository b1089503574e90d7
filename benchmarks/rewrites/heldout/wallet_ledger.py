"""Settlement of wallets: on-chain amounts are integers in wei, fiat amounts are Money."""
import functools
import random
from decimal import Decimal


class CurrencyMismatch(ValueError):
    pass


@functools.total_ordering
class Money:
    """An amount in minor units. Adding keeps the more precise note of where it came from."""

    __slots__ = ("minor", "currency", "notes")

    def __init__(self, minor, currency, notes=()):
        self.minor, self.currency, self.notes = minor, currency, notes

    def _check(self, other):
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} against {other.currency}")

    def __add__(self, other):
        if other == 0:
            return self
        self._check(other)
        return Money(self.minor + other.minor, self.currency, (self.notes + other.notes)[-3:])

    def __radd__(self, other):
        return self if other == 0 else NotImplemented

    def __eq__(self, other):
        if not isinstance(other, Money):
            return self.minor == 0 and other == 0
        return self.minor == other.minor and self.currency == other.currency

    def __lt__(self, other):
        self._check(other)
        return self.minor < other.minor

    def __hash__(self):
        return hash((self.minor, self.currency))

    def __repr__(self):
        return f"Money({self.minor}, {self.currency!r}, {self.notes!r})"


def total(amounts):
    acc = 0
    for a in amounts:
        acc = acc + a
    return acc


def balances(entries):
    """Running balance after every entry; entries are (wallet, wei)."""
    wallets = {}
    after = []
    for wallet, wei in entries:
        wallets[wallet] = wallets.get(wallet, 0) + wei
        after.append(wallets[wallet])
    return after


def fees(amounts, basis_points=25):
    """Fee of each transfer, rounded down, at least one unit."""
    out = []
    for amount in amounts:
        fee = amount * basis_points // 10_000
        if fee < 1:
            fee = 1
        out.append(fee)
    return out


def largest(amounts, k):
    return sorted(amounts, reverse=True)[:k]


def distinct(amounts):
    found = []
    for a in amounts:
        if a not in found:
            found.append(a)
    return found


def _wei(n, seed):
    r = random.Random(seed)
    return [r.randrange(-(10**20), 10**24) for _ in range(n)]


def _money(n, seed, currencies=("EUR",)):
    r = random.Random(seed)
    return [Money(r.randrange(0, 300), r.choice(currencies), (i,)) for i in range(n)]


CALLS = [
    ("total", lambda: (_wei(3000, 1),)),
    ("total", lambda: (_money(1000, 2),)),
    ("total", lambda: ([Money(0, "USD", ("z",)), Money(5, "EUR", ("e",)), Money(7, "EUR", ())],)),
    ("total", lambda: ([Decimal("0.10")] * 700 + [1],)),
    ("total", lambda: ([],)),
    ("balances", lambda: ([(w % 40, v) for w, v in enumerate(_wei(2500, 3))],)),
    ("balances", lambda: ([("a", 2**63 - 1), ("a", 1), ("b", True), ("b", 0.5)],)),
    ("fees", lambda: ([abs(w) for w in _wei(3000, 4)],)),
    ("fees", lambda: ([0, 1, 399, 400, 2**61, -1], 250)),
    ("largest", lambda: (_money(800, 5), 12)),
    ("largest", lambda: (_wei(3000, 6), 12)),
    ("largest", lambda: (_money(20, 7, ("EUR", "CHF")), 2)),
    ("distinct", lambda: (_money(500, 8),)),
    ("distinct", lambda: ([0, Money(0, "EUR"), False, Money(0, "CHF"), 0.0, 1, True],)),
]
