"""Exact money: decimal text in, integers of nano-USD out. No float is ever made."""

from decimal import ROUND_HALF_EVEN, Decimal

NANO_PER_USD = 10**9
TOKENS_PER_PRICE = 10**6


def nano(usd):
    """Whole nano-USD of an amount in USD.

    Sources derive some prices by division (`0.0833333333333333`) or in floats (`1.3200000000000002e-07`); what lies
    below one nano-USD is rounded half to even, as the ledger rounds.
    """
    return int((usd * NANO_PER_USD).to_integral_value(rounding=ROUND_HALF_EVEN))


def nano_per_million(usd_per_token):
    """Nano-USD per million tokens of a price in USD per token."""
    return nano(usd_per_token * TOKENS_PER_PRICE)


def amount(value):
    """A source's number as a Decimal; None for anything else. Floats are refused: they have lost their text."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        raise TypeError(f"{value!r} was read as a float: read JSON with parse_float=Decimal")
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    return None
