"""Reads the price list of the package `genai-prices`: dated and tiered prices behind match rules.

The list is a Python module of nested constructor calls. It is parsed as syntax and never run.
"""

import ast
import re
from decimal import Decimal

from .money import nano

# Prices in USD per million tokens, so that `nano` of one is nano-USD per million tokens.
TOKEN_RATES = {
    "input_mtok": "input",
    "cache_read_mtok": "cached_input",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "audio_input",
    "input_image_mtok": "image_input",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "output_audio_mtok": "audio_output",
    "output_image_mtok": "image_output",
}

# Prices of other things: our unit, and how many of it the list's price is for.
UNIT_PRICES = {
    "web_searches_kcount": ("web_search", 1000),
    "storage_searches_kcount": ("file_search", 1000),
    "rerank_searches_kcount": ("rerank_search", 1000),
    "input_document_kpages": ("page", 1000),
    "input_annotated_document_kpages": ("annotated_page", 1000),
    "audio_hours": ("audio_hour", 1),
    "input_audio_hours": ("audio_hour", 1),
    "input_mchars": ("million_characters", 1),
}


def parse(source):
    """The providers of the module text, as plain dicts (`_` holds a constructor's name)."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.AnnAssign) and getattr(statement.target, "id", "") == "providers":
            return _value(statement.value)
    raise ValueError("the module has no list `providers`")


def _value(node):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True)}
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name == "Decimal":
            return Decimal(node.args[0].value)
        if name in ("datetime.date", "datetime.time"):
            zone = [ast.unparse(k.value) for k in node.keywords if k.arg == "tzinfo"]
            if zone not in ([], ["datetime.UTC"]):
                raise ValueError(f"a time in {zone}: only UTC is understood")
            return tuple(_value(item) for item in node.args)
        if isinstance(node.func, ast.Name) and not node.args:
            return {"_": name, **{keyword.arg: _value(keyword.value) for keyword in node.keywords}}
    raise ValueError(f"not data: {ast.unparse(node)[:80]}")


def matches(rule, ref):
    """Whether a match rule of the list takes `ref`; the list compares without case."""
    kind, ref = rule["_"], ref.lower()
    if kind == "ClauseEquals":
        return ref == rule["equals"].lower()
    if kind == "ClauseStartsWith":
        return ref.startswith(rule["starts_with"].lower())
    if kind == "ClauseEndsWith":
        return ref.endswith(rule["ends_with"].lower())
    if kind == "ClauseContains":
        return rule["contains"].lower() in ref
    if kind == "ClauseRegex":
        return re.search(rule["regex"], ref) is not None
    if kind == "ClauseOr":
        return any(matches(part, ref) for part in rule["or_"])
    if kind == "ClauseAnd":
        return all(matches(part, ref) for part in rule["and_"])
    raise ValueError(f"unknown match rule {kind}")


def _equals(rule):
    if rule["_"] == "ClauseEquals":
        yield rule["equals"]
    for part in rule.get("or_", []) + rule.get("and_", []):
        yield from _equals(part)


def exact_refs(provider, model):
    """The ids that name `model` and nothing else: its own and its `equals`, where the list itself resolves them to it.

    The list takes the first model whose rule matches, so an id that an earlier rule catches is not this model's. What a
    rule takes by prefix or pattern is left out: no id is known there.
    """
    refs = []
    for ref in [model["id"], *_equals(model["match"])]:
        owner = next((m for m in provider["models"] if matches(m["match"], ref)), None)
        if owner is model and ref not in refs:
            refs.append(ref)
    return refs


def price_sets(model):
    """The model's dated sets, first to last; of those that hold, the last one counts. Empty sets are no price."""
    prices = model["prices"]
    conditional = prices if isinstance(prices, list) else [{"prices": prices}]
    sets = [_price_set(entry) for entry in conditional]
    if all("daily" in one for one in sets):
        raise ValueError(f"{model['id']}: no price outside its daily windows")
    return sets


def _price_set(entry):
    one = {}
    constraint = entry.get("constraint")
    if constraint and constraint["_"] == "StartDateConstraint":
        one["from"] = "{:04}-{:02}-{:02}".format(*constraint["start_date"])
    elif constraint and constraint["_"] == "TimeOfDateConstraint":
        one["daily"] = f"{_clock(constraint['start_time'])}-{_clock(constraint['end_time'])}"
    elif constraint:
        raise ValueError(f"unknown constraint {constraint['_']}")
    one["rates"], one["tiers"], one["units"] = _rates(entry["prices"])
    return one


def _clock(parts):
    hour, minute, *rest = (*parts, 0)
    if any(rest):
        raise ValueError(f"a daily window in seconds: {parts}")
    return f"{hour:02}:{minute:02}"


def _rates(prices):
    rates, units, steps = {}, {}, {}
    for key, price in prices.items():
        base = price["base"] if isinstance(price, dict) else price
        if key in TOKEN_RATES:
            rates[TOKEN_RATES[key]] = nano(base)
            for tier in price["tiers"] if isinstance(price, dict) else []:
                steps.setdefault(tier["start"], {})[TOKEN_RATES[key]] = nano(tier["price"])
        elif key == "requests_kcount":
            rates["per_request"] = nano(base / 1000)
        elif key in UNIT_PRICES:
            unit, count = UNIT_PRICES[key]
            units[unit] = nano(base / count)
    return rates, cumulative(steps), units


def cumulative(steps):
    """Tiers that each name all that differs from the base, as one tier replaces the one below it."""
    tiers, reached = [], {}
    for above in sorted(steps):
        reached = {**reached, **steps[above]}
        tiers.append({"above": above, "rates": reached})
    return tiers
