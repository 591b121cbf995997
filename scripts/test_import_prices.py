"""Tests of the price import over made-up lists: `python3 -m unittest discover -s scripts`."""

import json
import unittest
from collections import Counter
from decimal import Decimal

import import_prices
from price_import import genai_list, litellm_list, merge
from price_import.money import amount, nano, nano_per_million
from price_import.vendors import Vendor

LIST = """
from .types import *

providers: list[Provider] = [
    Provider(
        id='acme',
        models=[
            ModelInfo(
                id='swift-1',
                match=ClauseOr(or_=[
                    ClauseEquals(equals='swift-1'),
                    ClauseEquals(equals='swift-1-0401'),
                    ClauseStartsWith(starts_with='swift-1-turbo'),
                ]),
                context_window=100,
                prices=[
                    ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('0.3'), output_mtok=Decimal('1.2'))),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 3, 9)),
                        prices=ModelPrice(
                            input_mtok=TieredPrices(base=Decimal('0.25'), tiers=[
                                Tier(start=200000, price=Decimal('0.5')), Tier(start=400000, price=Decimal('0.75'))]),
                            output_mtok=TieredPrices(base=Decimal('1'), tiers=[Tier(start=200000, price=Decimal('2'))]),
                            cache_write_1h_mtok=Decimal('0.5'),
                            web_searches_kcount=Decimal('10'),
                        ),
                    ),
                ],
            ),
            ModelInfo(
                id='pattern-only',
                match=ClauseRegex(regex='^swift-[0-9]+-large'),
                prices=ModelPrice(input_mtok=Decimal('9')),
            ),
            ModelInfo(
                id='swift-1-turbo-x',
                match=ClauseEquals(equals='swift-1-turbo-x'),
                prices=ModelPrice(input_mtok=Decimal('7'), output_mtok=Decimal('7')),
            ),
            ModelInfo(
                id='night',
                match=ClauseEquals(equals='night'),
                prices=[
                    ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('1'), output_mtok=Decimal('1'))),
                    ConditionalPrice(
                        constraint=TimeOfDateConstraint(
                            start_time=datetime.time(16, 30, tzinfo=datetime.UTC),
                            end_time=datetime.time(0, 30, tzinfo=datetime.UTC),
                        ),
                        prices=ModelPrice(input_mtok=Decimal('0.5'), output_mtok=Decimal('0.5')),
                    ),
                ],
            ),
        ],
    ),
]
"""

OFF_PEAK = """{"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06,
    "off_peak_pricing": {"input_cost_per_token": 5e-07, "output_cost_per_token": 5e-07, "weekday_timezone": "UTC",
        "windows": [{"hours_utc": ["00:00-16:30", "22:00-00:00"], "weekdays": [1, 2, 3, 4, 5]},
                    {"hours_utc": "00:00-00:00", "weekdays": [7, 6]}]}}"""

ACME = Vendor("acme", ("acme",), {"acme": "acme/"})


def entries(text):
    return json.loads(text, parse_float=Decimal)


def build(listed, vendor=ACME, source=LIST):
    models, _ = merge.catalogue(genai_list.parse(source), listed, (vendor,))
    return {model["id"]: model for model in models}


class Money(unittest.TestCase):
    def test_a_float_text_becomes_the_exact_integer(self):
        price = entries('{"input_cost_per_token": 3e-08}')["input_cost_per_token"]
        self.assertEqual(nano_per_million(price), 30_000_000)
        self.assertEqual(nano_per_million(Decimal("2.8e-9")), 2_800_000)

    def test_what_lies_below_a_nano_is_rounded_half_to_even(self):
        self.assertEqual(nano_per_million(Decimal("1.3200000000000002e-07")), 132_000_000)
        self.assertEqual(nano(Decimal("0.0833333333333333")), 83_333_333)
        self.assertEqual(nano(Decimal("0.0000000005")), 0)
        self.assertEqual(nano(Decimal("0.0000000015")), 2)

    def test_a_float_is_refused_and_a_text_is_no_number(self):
        with self.assertRaises(TypeError):
            amount(3e-08)
        self.assertIsNone(amount("0.1"))
        self.assertIsNone(amount(True))


class ExactIds(unittest.TestCase):
    def setUp(self):
        (self.provider,) = genai_list.parse(LIST)

    def refs(self, model_id):
        model = next(model for model in self.provider["models"] if model["id"] == model_id)
        return genai_list.exact_refs(self.provider, model)

    def test_only_ids_that_are_spelled_out_are_taken(self):
        self.assertEqual(self.refs("swift-1"), ["swift-1", "swift-1-0401"])

    def test_an_id_that_its_own_rule_does_not_match_is_left_out(self):
        self.assertEqual(self.refs("pattern-only"), [])

    def test_an_id_that_an_earlier_rule_catches_is_not_the_later_models(self):
        self.assertEqual(self.refs("swift-1-turbo-x"), [])

    def test_the_catalogue_holds_no_id_that_only_a_prefix_or_pattern_would_match(self):
        self.assertEqual(sorted(build({})), ["night", "swift-1"])

    def test_the_list_is_data_and_never_run(self):
        with self.assertRaises(ValueError):
            genai_list.parse("providers: list = [__import__('os').getcwd()]")


class Prices(unittest.TestCase):
    def test_dates_and_tiers_are_kept_and_a_tier_names_all_that_differs(self):
        first, second = build({})["swift-1"]["prices"]
        self.assertEqual(first, {"rates": {"input": 300_000_000, "output": 1_200_000_000}})
        self.assertEqual(second["from"], "2026-03-09")
        self.assertEqual(second["rates"]["cache_write_1h"], 500_000_000)
        self.assertEqual(
            second["tiers"],
            [
                {"above": 200_000, "rates": {"input": 500_000_000, "output": 2_000_000_000}},
                {"above": 400_000, "rates": {"input": 750_000_000, "output": 2_000_000_000}},
            ],
        )
        self.assertEqual(second["units"], {"web_search": 10_000_000})

    def test_hours_of_the_day_are_kept(self):
        self.assertEqual(build({})["night"]["prices"][1]["daily"], "16:30-00:30")

    def test_suffixed_tiers_of_the_second_list_are_read(self):
        (one,) = litellm_list.price_sets(
            entries("""{"input_cost_per_token": 1e-06, "input_cost_per_token_above_200k_tokens": 2e-06,
                        "cache_creation_input_token_cost_above_1hr": 6e-06,
                        "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
                        "input_cost_per_token_above_200k_tokens_priority": 9, "output_cost_per_token": 4e-06}"""),
            "chat",
        )
        self.assertEqual(
            one["tiers"], [{"above": 200_000, "rates": {"input": 2_000_000_000, "cache_write_1h": 12_000_000_000}}]
        )
        self.assertEqual(one["rates"]["cache_write_1h"], 6_000_000_000)

    def test_prices_of_service_tiers_are_held_apart_where_they_name_input_and_output(self):
        (one,) = litellm_list.price_sets(
            entries("""{"input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06,
                        "input_cost_per_token_priority": 2e-06, "output_cost_per_token_priority": 8e-06,
                        "cache_read_input_token_cost_priority": 2e-07,
                        "input_cost_per_token_above_272k_tokens_priority": 4e-06,
                        "input_cost_per_token_flex": 5e-07, "input_cost_per_token_batches": 5e-07,
                        "output_cost_per_token_batches": 2e-06}"""),
            "chat",
        )
        self.assertEqual(one["rates"], {"input": 1_000_000_000, "output": 4_000_000_000})
        rates = {"input": 2_000_000_000, "output": 8_000_000_000, "cached_input": 200_000_000}
        tiers = [{"above": 272_000, "rates": {"input": 4_000_000_000}}]
        self.assertEqual(one["service"], {"priority": {"rates": rates, "tiers": tiers}})

    def test_hours_off_the_peak_are_sets_of_their_own(self):
        peak, *calm = litellm_list.price_sets(entries(OFF_PEAK), "chat")
        self.assertEqual(peak["rates"], {"input": 1_000_000_000, "output": 1_000_000_000})
        spans = [(one["daily"], one.get("weekdays")) for one in calm]
        workdays = [1, 2, 3, 4, 5]
        self.assertEqual(
            spans, [("00:00-16:30", workdays), ("22:00-24:00", workdays), ("00:00-24:00", [6, 7])]
        )
        self.assertEqual({one["rates"]["input"] for one in calm}, {500_000_000})

    def test_hours_off_the_peak_that_are_not_wholly_understood_are_left_out(self):
        for change in [('"UTC"', '"Asia/Shanghai"'), ('"output_cost_per_token": 5e-07', '"x": 1')]:
            self.assertEqual(len(litellm_list.price_sets(entries(OFF_PEAK.replace(*change)), "chat")), 1)

    def test_ranges_of_the_second_list_become_tiers(self):
        (one,) = litellm_list.price_sets(
            entries("""{"tiered_pricing": [
                {"range": [32000.0, 128000.0], "input_cost_per_token": 5e-07, "output_cost_per_token": 2.5e-06},
                {"range": [0, 32000.0], "input_cost_per_token": 3e-07, "output_cost_per_token": 1.5e-06}]}"""),
            "chat",
        )
        self.assertEqual(one["rates"], {"input": 300_000_000, "output": 1_500_000_000})
        self.assertEqual([tier["above"] for tier in one["tiers"]], [32_000])

    def test_zero_without_a_statement_that_it_is_free_is_unknown(self):
        placeholder = entries('{"input_cost_per_token": 0.0, "output_cost_per_token": 0}')
        self.assertEqual(litellm_list.price_sets(placeholder, "chat"), [])
        embedding = entries('{"input_cost_per_token": 1e-07, "output_cost_per_token": 0.0}')
        self.assertEqual(litellm_list.token_rates(embedding, "embedding"), {"input": 100_000_000, "output": 0})

    def test_a_route_named_free_is_free(self):
        source = """providers: list[Provider] = [Provider(id='openrouter', models=[
            ModelInfo(id='a/b:free', match=ClauseEquals(equals='a/b:free'), prices=ModelPrice()),
            ModelInfo(id='a/b', match=ClauseEquals(equals='a/b'), context_window=5, prices=ModelPrice())])]"""
        models = build({}, Vendor("openrouter", ("openrouter",), slash=True), source)
        self.assertEqual(models["a/b:free"]["prices"], [{"rates": {"input": 0, "output": 0}}])
        self.assertEqual(models["a/b"]["prices"], [])


class Merging(unittest.TestCase):
    def test_the_first_list_wins_for_prices_and_the_second_fills_what_it_lacks(self):
        listed = entries("""{"acme/night": {"litellm_provider": "acme", "mode": "chat", "max_input_tokens": 1000,
            "max_output_tokens": 50, "supports_vision": true, "supports_reasoning": false,
            "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "input_cost_per_audio_token": 4e-06}}""")
        model = build(listed)["night"]
        self.assertEqual(model["prices"][0]["rates"]["audio_input"], 4_000_000_000)
        self.assertNotIn("audio_input", model["prices"][1]["rates"])
        self.assertEqual((model["context_window"], model["max_output_tokens"]), (1000, 50))
        self.assertEqual((model["can"], model["cannot"]), (["vision"], ["reasoning"]))
        self.assertEqual(model["sources"], ["genai-prices", "litellm"])

    def test_a_tier_that_only_the_second_list_knows_is_added_where_the_base_agrees(self):
        listed = entries("""{"acme/night": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-06,
            "output_cost_per_token": 1e-06, "input_cost_per_token_above_128k_tokens": 2e-06}}""")
        day, night = build(listed)["night"]["prices"]
        self.assertEqual(day["tiers"], [{"above": 128_000, "rates": {"input": 2_000_000_000}}])
        self.assertNotIn("tiers", night)

    def test_a_service_tier_is_taken_where_the_standard_price_agrees(self):
        def listed(price):
            return entries(f"""{{"acme/night": {{"litellm_provider": "acme", "mode": "chat",
                "input_cost_per_token": {price}, "output_cost_per_token": {price},
                "input_cost_per_token_flex": 5e-07, "output_cost_per_token_flex": 5e-07}}}}""")

        day, night = build(listed("1e-06"))["night"]["prices"]
        self.assertEqual(day["service"], {"flex": {"rates": {"input": 500_000_000, "output": 500_000_000}}})
        self.assertNotIn("service", night)
        self.assertNotIn("service", build(listed("2e-06"))["night"]["prices"][0])

    def test_a_window_of_the_first_list_holds_on_the_days_that_both_lists_give_a_peak(self):
        source = LIST.replace("datetime.time(0, 30,", "datetime.time(22, 0,")
        source = source.replace("Decimal('1'), output_mtok=Decimal('1'))", "Decimal('0.6'), output_mtok=Decimal('0.6'))")
        source = source.replace("Decimal('0.5'), output_mtok=Decimal('0.5'))", "Decimal('1'), output_mtok=Decimal('1'))")
        calm = OFF_PEAK.replace("5e-07", "6e-07")

        def window(listed, source=source):
            return build(entries(f'{{"acme/night": {listed}}}'), source=source)["night"]["prices"][1]

        self.assertEqual(window(calm)["daily"], "16:30-22:00")
        self.assertEqual(window(calm)["weekdays"], [1, 2, 3, 4, 5])
        self.assertNotIn("weekdays", window(OFF_PEAK), "another price off the peak")
        self.assertNotIn("weekdays", window(calm.replace("1e-06", "2e-06")), "another peak price")
        self.assertNotIn("weekdays", window(calm.replace("00:00-16:30", "00:00-17:00")), "other hours")

    def test_rates_of_another_price_are_not_mixed_in(self):
        listed = entries("""{"acme/night": {"litellm_provider": "acme", "mode": "chat",
            "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-06, "input_cost_per_audio_token": 4e-06}}""")
        for one in build(listed)["night"]["prices"]:
            self.assertNotIn("audio_input", one["rates"])

    def test_an_alias_that_the_second_list_describes_otherwise_is_a_row_at_the_same_price(self):
        listed = entries("""{
            "acme/swift-1": {"litellm_provider": "acme", "mode": "chat", "max_output_tokens": 8},
            "acme/swift-1-0401": {"litellm_provider": "acme", "mode": "chat", "max_output_tokens": 4}}""")
        models = build(listed)
        self.assertNotIn("aliases", models["swift-1"])
        self.assertEqual(models["swift-1"]["prices"], models["swift-1-0401"]["prices"])
        self.assertEqual(models["swift-1-0401"]["max_output_tokens"], 4)
        self.assertEqual(build({})["swift-1"]["aliases"], ["swift-1-0401"])

    def test_the_second_lists_spelling_of_an_id_is_an_alias(self):
        listed = entries('{"acme/Night": {"litellm_provider": "acme", "mode": "chat", "max_output_tokens": 8}}')
        self.assertEqual(build(listed)["night"]["aliases"], ["Night"])

    def test_ids_that_the_first_list_lacks_come_from_the_second_with_its_prefix_removed(self):
        listed = entries("""{
            "acme/new-1": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-06},
            "acme/eu/new-1": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 2e-06},
            "acme/search": {"litellm_provider": "acme", "mode": "search", "input_cost_per_query": 1},
            "other/x": {"litellm_provider": "other", "mode": "chat", "input_cost_per_token": 1e-06}}""")
        models = build(listed)
        self.assertEqual(sorted(models), ["new-1", "night", "swift-1"])
        self.assertEqual(models["new-1"]["prices"], [{"rates": {"input": 1_000_000_000}}])

    def test_names_of_sizes_and_fine_tunes_are_no_upstream_ids(self):
        vendor = Vendor("together", (), {"t": "t/"}, slash=True, prefixed_only=True)
        self.assertIsNone(vendor.upstream_id("t", "t-up-to-4b"))
        self.assertEqual(vendor.upstream_id("t", "t/meta/Swift"), "meta/Swift")
        self.assertIsNone(vendor.upstream_id("t", "t/1024-x-1024/picture"))
        self.assertIsNone(vendor.upstream_id("t", "t/ft:swift"))


class TheFile(unittest.TestCase):
    def setUp(self):
        source = import_prices.Source("p", "1", "0", "p/data.py")
        self.packages = [import_prices.Package(source, "text", "MIT License\nCopyright (c) Acme\n")]
        self.models = list(build({}).values())

    def test_it_is_json_with_one_model_per_line_and_a_version_of_date_and_content(self):
        text = import_prices.document(self.models, self.packages, "2026-11-21")
        parsed = json.loads(text)
        self.assertRegex(parsed["version"], r"^2026-11-21\.[0-9a-f]{8}$")
        self.assertEqual(parsed["sources"][0]["notice"], "Copyright (c) Acme")
        self.assertEqual(sum(line.startswith('{"vendor"') for line in text.splitlines()), len(self.models))

    def test_an_import_that_changes_nothing_keeps_the_date(self):
        before = import_prices.document(self.models, self.packages, "2026-01-02")
        self.assertEqual(import_prices.import_date(self.models, self.packages, before, "2026-11-21"), "2026-01-02")
        self.assertEqual(import_prices.import_date(self.models[:1], self.packages, before, "2026-11-21"), "2026-11-21")

    def test_a_package_under_another_licence_is_refused(self):
        source = import_prices.SOURCES[1]
        import_prices.check_licence(source, "MIT", "MIT License")
        with self.assertRaises(SystemExit):
            import_prices.check_licence(source, "GPL-3.0-only", "MIT License")
        with self.assertRaises(SystemExit):
            import_prices.check_licence(import_prices.Source("l", "1", "0", "enterprise/x.json"), "MIT", "MIT License")

    def test_vendors_do_not_share_a_key(self):
        keys = Counter(vendor.key for vendor in import_prices.VENDORS)
        self.assertEqual(set(keys.values()), {1})


if __name__ == "__main__":
    unittest.main()
