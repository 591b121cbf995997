"""Reads the price list of the package `litellm`: exact ids with capabilities, sizes and prices per token.

Read the JSON with `parse_float=Decimal`, so that `3e-08` is the number that was written.
"""

import re

from .genai_list import cumulative
from .money import amount, nano, nano_per_million

# Prices in USD per token; tiers of the first four have the suffix `_above_<n>k_tokens`.
TOKEN_RATES = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cached_input",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "audio_input",
    "input_cost_per_image_token": "image_input",
    "output_cost_per_reasoning_token": "reasoning",
    "output_cost_per_audio_token": "audio_output",
    "output_cost_per_image_token": "image_output",
}
TIER = re.compile(r"^(\w+?)_above_(\d+)k_tokens$")
# The service tiers that are priced, by the suffix of their prices. Batch jobs are no calls.
SERVICE_TIERS = ("priority", "flex")

WHOLE_DAY = "00:00-24:00"
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)

# The list's modes to ours. Rows of other modes (search tools, guardrails, stores) are no models.
MODES = {
    "chat": "chat",
    "responses": "chat",
    "completion": "completion",
    "embedding": "embedding",
    "rerank": "rerank",
    "moderation": "moderation",
    "image_generation": "image",
    "image_edit": "image",
    "audio_transcription": "transcription",
    "audio_speech": "speech",
    "realtime": "realtime",
    "video_generation": "video",
    "ocr": "ocr",
}
INPUT_ONLY_MODES = ("embedding", "rerank")

CAPABILITIES = {
    "supports_vision": "vision",
    "supports_function_calling": "tools",
    "supports_response_schema": "json_schema",
    "supports_reasoning": "reasoning",
    "supports_audio_input": "audio_input",
}


def row(entry):
    """A normalised row: mode, sizes, capabilities, price sets. None when the entry is no model."""
    mode = MODES.get(entry.get("mode"))
    if mode is None:
        return None
    known = {name: entry[key] for key, name in CAPABILITIES.items() if isinstance(entry.get(key), bool)}
    return {
        "mode": mode,
        "context_window": _count(entry.get("max_input_tokens")),
        "max_output_tokens": _count(entry.get("max_output_tokens")),
        "capabilities": known,
        "sets": price_sets(entry, mode),
    }


def _count(value):
    number = amount(value)
    return int(number) if number is not None and number > 0 and number == int(number) else None


def price_sets(entry, mode):
    """The entry's price, which holds always as this list has no dates, and behind it what is cheaper off the peak hours."""
    if "tiered_pricing" in entry:
        first, *longer = sorted(entry["tiered_pricing"], key=lambda step: step["range"][0])
        rates = token_rates(first, mode)
        tiers = cumulative({int(step["range"][0]): token_rates(step, mode) for step in longer})
        return [{"rates": rates, "tiers": tiers, "units": {}}] if rates else []
    rates = token_rates(entry, mode)
    base = {"rates": rates, "tiers": tiers_of(entry, mode), "units": unit_prices(entry, mode, rates)}
    base["service"] = service_tiers(entry, mode)
    fee = amount(entry.get("input_cost_per_request"))
    if fee:
        rates["per_request"] = nano(fee)
    return [base, *off_peak_sets(entry, mode, base)] if rates or base["units"] else []


def service_tiers(entry, mode):
    """The prices of service tiers that name input and output."""
    services = {}
    for tier in SERVICE_TIERS:
        own = {key.removesuffix(f"_{tier}"): price for key, price in entry.items() if key.endswith(f"_{tier}")}
        rates = token_rates(own, mode)
        if "input" in rates and "output" in rates:
            services[tier] = {"rates": rates, "tiers": tiers_of(own, mode)}
    return services


def off_peak_sets(entry, mode, base):
    """A set for each part of the day, and of the week, in which the entry is cheaper. Left out, so that the dearer price holds,
    where it does not price every kind that the entry prices, or counts its weekdays in another zone than its hours, UTC.
    """
    off_peak = entry.get("off_peak_pricing")
    if not off_peak or off_peak.get("weekday_timezone", "UTC") != "UTC" or base["tiers"]:
        return []
    rates = token_rates(off_peak, mode)
    if rates.keys() != base["rates"].keys():
        return []
    sets = []
    for window in off_peak["windows"]:
        hours = window["hours_utc"]
        for span in [hours] if isinstance(hours, str) else hours:
            one = {"daily": to_midnight(span), "rates": dict(rates), "tiers": [], "units": dict(base["units"])}
            days = sorted(window.get("weekdays", EVERY_DAY))
            sets.append(one if days == list(EVERY_DAY) else {**one, "weekdays": days})
    return sets


def to_midnight(span):
    """A part of the day whose end, if it is midnight, is that of the same day."""
    return f"{span.removesuffix('00:00')}24:00" if span.endswith("-00:00") else span


def token_rates(entry, mode):
    """The token prices of an entry. A zero stands for "not known" or "not billed" alike in this list, so it is left out:
    the kind then costs what its parent costs. Only output of a mode that has none is free.
    """
    rates = {}
    for key, name in TOKEN_RATES.items():
        price = amount(entry.get(key))
        if price:
            rates[name] = nano_per_million(price)
    if "input" in rates and "output" not in rates and mode in INPUT_ONLY_MODES:
        rates["output"] = 0
    return rates


def tiers_of(entry, mode):
    """The long-context tiers, from the keys' suffixes."""
    steps = {}
    for key in entry:
        found = TIER.match(key)
        if found and found[1] in TOKEN_RATES:
            steps.setdefault(int(found[2]) * 1000, {})[found[1]] = entry[key]
    named = {above: token_rates(prices, mode) for above, prices in steps.items()}
    return cumulative({above: rates for above, rates in named.items() if rates})


def unit_prices(entry, mode, rates):
    """Prices of other things than tokens, where tokens of that kind have no price: the list quotes some things twice."""
    units = {}

    def take(unit, key, times=1):
        price = amount(entry.get(key))
        if price and unit not in units:
            units[unit] = nano(price * times)

    if mode == "transcription" and not rates:
        take("audio_hour", "input_cost_per_second", 3600)
        take("audio_hour", "output_cost_per_second", 3600)
    if mode == "speech" and not rates:
        take("million_characters", "input_cost_per_character", 1_000_000)
    if mode == "image" and "image_output" not in rates:
        take("image_output", "output_cost_per_image")
        take("image_output", "input_cost_per_image")
    if mode == "video":
        take("video_second", "output_cost_per_video_per_second")
        take("video_second", "output_cost_per_second")
    if mode == "rerank":
        take("rerank_search", "input_cost_per_query")
    if mode == "ocr":
        take("page", "ocr_cost_per_page")
        take("annotated_page", "annotation_cost_per_page")
    searches = entry.get("search_context_cost_per_query") or {}
    if amount(searches.get("search_context_size_medium")):
        units["web_search"] = nano(amount(searches["search_context_size_medium"]))
    return units
