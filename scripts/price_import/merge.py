"""One catalogue from the two lists: the first knows prices best, the second ids, sizes and abilities."""

from collections import Counter

from . import genai_list, litellm_list
from .litellm_list import EVERY_DAY, WHOLE_DAY

PRICES, FACTS = "genai-prices", "litellm"
RATE_ORDER = (
    "input", "cached_input", "cache_write", "cache_write_1h", "audio_input", "image_input", "output", "reasoning",
    "audio_output", "image_output", "per_request",
)  # fmt: skip
WORTH_A_ROW = ("prices", "context_window", "max_output_tokens", "can")


def catalogue(genai_providers, litellm_entries, vendors):
    """All models, sorted by vendor and id, and a Counter of what happened on the way."""
    providers = {provider["id"]: provider for provider in genai_providers}
    by_provider = {}
    for key, entry in litellm_entries.items():
        by_provider.setdefault(entry.get("litellm_provider"), []).append((key, entry))
    models, tally = [], Counter()
    for vendor in vendors:
        listed = litellm_rows(vendor, by_provider)
        models += vendor_models(vendor, providers, listed, tally)
    return sorted(models, key=lambda model: (model["vendor"], model["id"])), tally


def litellm_rows(vendor, by_provider):
    """The second list's rows of a vendor by exact upstream id. The key with the vendor's prefix beats the bare one."""
    rows = {}
    for provider, prefix in vendor.litellm.items():
        entries = sorted(by_provider.get(provider, []), key=lambda item: (not item[0].startswith(prefix), item[0]))
        for key, entry in entries:
            upstream = vendor.upstream_id(provider, key)
            normalised = litellm_list.row(entry) if upstream else None
            if normalised:
                rows.setdefault(upstream, normalised)
    return rows


def vendor_models(vendor, providers, listed, tally):
    """The models of one vendor: first those that the first list prices, then what only the second knows."""
    models, taken = [], set()
    for section in vendor.genai:
        provider = providers[section]
        for model in provider["models"]:
            refs = spelled(vendor_refs(vendor, section, provider, model), listed)
            for group in same_facts([ref for ref in refs if ref not in taken], listed):
                taken.update(group)
                models.append(priced(vendor, model, group, listed, tally))
    for upstream, row in listed.items():
        if upstream not in taken:
            models.append(assemble(vendor, [upstream], row, row["sets"], None, [FACTS]))
            tally["from litellm alone"] += 1
    return [model for model in models if any(model.get(member) for member in WORTH_A_ROW)]


def vendor_refs(vendor, section, provider, model):
    """The exact ids of a model of the first list at this vendor."""
    if vendor.routed:
        return [f"{model['id']}:{section.partition('_')[2]}"]
    return [ref for ref in genai_list.exact_refs(provider, model) if vendor.serves(ref)]


def spelled(refs, listed):
    """`refs` and how the second list spells them: the first list compares ids without case and writes some in lower case."""
    folded = {ref.lower() for ref in refs}
    return refs + [ref for ref in listed if ref.lower() in folded and ref not in refs]


def same_facts(refs, listed):
    """Groups of ids that are one model: the first id, those the second list does not know apart, and those it describes
    alike. An id that it describes differently is a model of its own at the same price.
    """
    groups = []
    for ref in refs:
        row = listed.get(ref)
        home = next((group for group in groups if row is None or described(group, listed) in (None, row)), None)
        if home is None:
            groups.append([ref])
        else:
            home.append(ref)
    return groups


def described(group, listed):
    return next((listed[ref] for ref in group if ref in listed), None)


def priced(vendor, model, group, listed, tally):
    """A model at the first list's prices, with the second's facts and the rates that only the second has."""
    sets = genai_list.price_sets(model)
    if vendor.key == "openrouter" and group[0].endswith(":free"):
        for one in sets:
            one["rates"] = one["rates"] or {"input": 0, "output": 0}
    row = described(group, listed)
    if vendor.input_only or (row and row["mode"] in litellm_list.INPUT_ONLY_MODES):
        for one in sets:
            if "input" in one["rates"]:
                one["rates"].setdefault("output", 0)
    sources = [PRICES]
    if row:
        sources.append(FACTS)
        sets = on_weekdays(fill(sets, row["sets"], tally), row["sets"], tally)
        tally["in both"] += 1
    else:
        tally["from genai-prices alone"] += 1
    return assemble(vendor, group, row or {}, sets, model.get("context_window"), sources)


def fill(sets, others, tally):
    """Adds the rates that only `others` know, where both plainly speak of the same price: input and output agree."""
    if not others:
        return sets
    other = others[0]
    if not any(one["rates"] or one["units"] for one in sets):
        tally["price filled whole"] += 1
        return others
    agreed = False
    for one in sets:
        if any(one["rates"].get(kind) != other["rates"].get(kind) for kind in ("input", "output")):
            continue
        agreed = True
        missing = {kind: price for kind, price in other["rates"].items() if kind not in one["rates"]}
        tally.update(f"filled {kind}" for kind in missing)
        one["rates"] = {**one["rates"], **missing}
        one["units"] = {**other["units"], **one["units"]}
        if other.get("service"):
            one["service"] = other["service"]
            tally.update(f"filled {tier}" for tier in other["service"])
        if other["tiers"] and not one["tiers"]:
            one["tiers"] = other["tiers"]
            tally["filled tiers"] += 1
        else:
            fill_tiers(one["tiers"], other["tiers"], missing)
    tally["prices agree" if agreed else "prices differ"] += 1
    return sets


def on_weekdays(sets, others, tally):
    """Confines the daily windows of the first list, which can't say weekdays, to the days on which the second one has them.

    Only where both lists tell the same peak price, the same price off the peak and the same hours of the days that have a
    peak: then the days that are off the peak as a whole are all that differs.
    """
    if len(others) < 2:
        return sets
    peak, *calm = others
    for position, one in enumerate(sets):
        below = next((lower for lower in reversed(sets[:position]) if "daily" not in lower), None)
        if "daily" not in one or below is None or not same_rates(one, peak):
            continue
        off = [part for part in calm if same_rates(below, part)]
        free = {day for part in off if part["daily"] == WHOLE_DAY for day in part.get("weekdays", EVERY_DAY)}
        days = [day for day in EVERY_DAY if day not in free]
        hours = [part["daily"] for part in off if set(part.get("weekdays", EVERY_DAY)) & set(days)]
        if days and free and not any(overlap(one["daily"], part) for part in hours):
            one["weekdays"] = days
            tally["windows with weekdays"] += 1
    return sets


def same_rates(one, other):
    return one["rates"] == other["rates"]


def overlap(one, other):
    """Whether two parts of a day may have a minute in common; `HH:MM` sorts as the clock runs. One that passes midnight may."""
    (one_start, one_end), (other_start, other_end) = one.split("-"), other.split("-")
    passes_midnight = one_start >= one_end or other_start >= other_end
    return passes_midnight or (one_start < other_end and other_start < one_end)


def fill_tiers(tiers, others, missing):
    at = {tier["above"]: tier["rates"] for tier in others}
    for tier in tiers:
        for kind, price in at.get(tier["above"], {}).items():
            if kind in missing:
                tier["rates"].setdefault(kind, price)


def assemble(vendor, ids, row, sets, context_window, sources):
    """A model as the catalogue writes it; members that are not known are absent."""
    model = {"vendor": vendor.key, "id": ids[0], "aliases": sorted(ids[1:]), "mode": row.get("mode")}
    # One list gives the window, the other the most input: the window can't be the smaller of the two.
    model["context_window"] = max(context_window or 0, row.get("context_window") or 0)
    model["max_output_tokens"] = row.get("max_output_tokens")
    abilities = row.get("capabilities", {})
    model["can"] = sorted(name for name, able in abilities.items() if able)
    model["cannot"] = sorted(name for name, able in abilities.items() if not able)
    sets = [written(one) for one in sets]
    # A set without rates among others stays: from its date on the price is not known.
    model["prices"] = sets if any(one["rates"] or one.get("units") for one in sets) else []
    model["sources"] = sources
    return {key: value for key, value in model.items() if value or key == "prices"}


def written(one):
    """A price set in its fixed order of members, without the empty ones."""
    ordered = {key: one[key] for key in ("from", "daily", "weekdays") if key in one}
    ordered["rates"] = in_order(one["rates"])
    ordered["tiers"] = steps(one["tiers"])
    ordered["service"] = {tier: service(price) for tier, price in sorted(one.get("service", {}).items())}
    ordered["units"] = dict(sorted(one["units"].items()))
    return {key: value for key, value in ordered.items() if value or key == "rates"}


def service(price):
    """The price of a service tier, in its fixed order of members."""
    ordered = {"rates": in_order(price["rates"]), "tiers": steps(price["tiers"])}
    return {key: value for key, value in ordered.items() if value}


def steps(tiers):
    return [{"above": tier["above"], "rates": in_order(tier["rates"])} for tier in tiers]


def in_order(rates):
    return {kind: rates[kind] for kind in RATE_ORDER if kind in rates}
