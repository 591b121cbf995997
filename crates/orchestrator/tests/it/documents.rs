//! What is stored as a document, which says it all and can be applied again.

use crate::world::{World, named, route};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::collections::HashSet;
use switchyard_domain::declared::{Declared, DeclaredModel, DeclaredProvider, DeclaredRoute, DeclaredTarget};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::money::PricePerMillion;
use switchyard_domain::name::Name;
use switchyard_domain::notes::Notes;
use switchyard_domain::price::Rates;
use switchyard_domain::provider::Capabilities;
use switchyard_domain::route::{
    Need, OnDisconnect, RouteMode, Strategy as Sharing, TargetModels, Timeouts, TokenRange, When,
};
use switchyard_orchestrator::admin::{Applied, DocumentFormat, OfSettings, Step};
use switchyard_ports::repositories::ConfigurationRepository;

/// Names that other readers of YAML take for something else are among them.
fn name() -> impl Strategy<Value = String> {
    let odd = [
        "yes",
        "null",
        "~",
        "1e3",
        "0x1f",
        "- a",
        "# b",
        "a: b",
        "true",
        "2026-11-22",
        "ä ß",
        "'",
        "\"",
        "{x}",
        "*a",
        "&b",
        "!c",
        "%d",
        "@e",
        "`f`",
        "|",
        ">",
    ];
    prop_oneof![proptest::sample::select(odd.to_vec()).prop_map(str::to_owned), "[a-z][a-z0-9._:-]{0,9}"]
}

fn limits() -> impl Strategy<Value = Limits> {
    (any::<Option<u16>>(), any::<Option<u32>>()).prop_map(|(rpm, tpm)| Limits {
        rpm: rpm.map(|rpm| u32::from(rpm) + 1),
        tpm: tpm.map(|tpm| u64::from(tpm) + 1),
        ..Limits::NONE
    })
}

/// Limits, a price, a size; what it can do, and whether calls may go to it.
type Facts = (Limits, Option<i64>, Option<u32>, (Option<bool>, Option<bool>, bool));

fn models() -> impl Strategy<Value = Vec<DeclaredModel>> {
    let said = (any::<Option<bool>>(), any::<Option<bool>>(), any::<bool>());
    let facts = (limits(), proptest::option::of(0..i64::MAX), any::<Option<u32>>(), said);
    btree_map(name(), facts, 1..4).prop_map(|models| {
        let model =
            |(model, (limits, input, window, (tools, vision, enabled))): (String, Facts)| DeclaredModel {
                model,
                rates: input.map(|input| Rates { input: Some(PricePerMillion(input)), ..Rates::default() }),
                limits,
                context_window: window.map(|window| u64::from(window) + 1),
                max_output_tokens: window.map(u64::from).filter(|most| *most > 0),
                capabilities: Capabilities { tools, vision, ..Capabilities::UNKNOWN },
                enabled,
            };
        models.into_iter().map(model).collect()
    })
}

fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![Just(Owner::Api), Just(Owner::File), Just(Owner::Seed), Just(Owner::Cli("ada".into()))]
}

type Target = (proptest::sample::Index, bool, u32, u32, Limits, Option<u64>, Option<u32>);

fn target() -> impl Strategy<Value = Target> {
    (
        any::<proptest::sample::Index>(),
        any::<bool>(),
        1..u32::MAX,
        0..u32::MAX,
        limits(),
        proptest::option::of(1..3_600_000_u64),
        any::<Option<u32>>(),
    )
}

fn notes() -> impl Strategy<Value = Notes> {
    btree_map(
        name(),
        prop_oneof![
            Just(serde_json::json!(null)),
            any::<f64>().prop_filter_map("a number", |number| (number.abs() < 1e19)
                .then(|| serde_json::json!(number))),
            name().prop_map(|text| serde_json::json!([text, {"x": 1}]))
        ],
        0..3,
    )
    .prop_map(|members| Notes::new(members.into_iter().collect()).unwrap())
}

/// A configuration of which anything may be said.
pub(crate) fn configuration() -> impl Strategy<Value = Declared> {
    let provider = (models(), owner(), any::<bool>(), any::<bool>());
    let route = (vec(target(), 0..4), owner(), any::<bool>(), notes(), 0..3_u8);
    (btree_map(name(), provider, 1..4), btree_map(name(), route, 0..4)).prop_map(|(providers, routes)| {
        let providers: Vec<DeclaredProvider> = providers
            .into_iter()
            .map(|(name, (models, owner, enabled, elsewhere))| DeclaredProvider {
                name: Name::new(name).unwrap(),
                vendor: "acme".to_owned(),
                owner: Some(owner),
                base_url: elsewhere.then(|| "https://llm.example/v1".to_owned()),
                api_key: None,
                api_keys: Vec::new(),
                models,
                enabled,
            })
            .collect();
        let mut known: Vec<Name> = Vec::new();
        let routes = routes.into_iter().map(|(name, (targets, owner, strict, config, kind))| {
            let name = Name::new(name).unwrap();
            let route = DeclaredRoute {
                owner: Some(owner),
                mode: [RouteMode::Auto, RouteMode::Specific, RouteMode::Multi][usize::from(kind)],
                strict,
                config,
                on_disconnect: if strict { OnDisconnect::Drain } else { OnDisconnect::Cancel },
                fallback: known.last().cloned().filter(|_| strict),
                targets: targets.into_iter().map(|target| declared(&providers, target)).collect(),
                enabled: kind != 1,
                ..DeclaredRoute::new(name.clone())
            };
            known.push(name);
            route
        });
        let routes = routes.collect();
        Declared { whole: false, providers, routes }
    })
}

fn declared(providers: &[DeclaredProvider], target: Target) -> DeclaredTarget {
    let (index, all, weight, priority, limits, idle, tokens) = target;
    let provider = index.get(providers);
    let models = if all { TargetModels::ALL } else { provider.models[0].model.as_str().into() };
    DeclaredTarget {
        weight,
        priority,
        limits,
        strategy: all.then_some(Sharing::RoundRobin),
        timeouts: Timeouts { idle_ms: idle, ..Timeouts::DEFAULT },
        when: When {
            prompt_tokens: TokenRange { min: None, max: tokens.map(u64::from) },
            needs: if all { [Need::Vision].into() } else { Default::default() },
            tags: Default::default(),
        },
        ..DeclaredTarget::new(provider.name.clone(), models)
    }
}

async fn export(world: &World, format: DocumentFormat) -> String {
    format.write(&world.declared().export().await.unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_export_is_the_same_to_the_byte_after_it_was_applied_elsewhere(wanted in configuration()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let here = World::empty().await;
            here.declared().apply(&wanted, &Writer::FILE).await.unwrap();
            let (json, yaml) = (export(&here, DocumentFormat::Json).await, export(&here, DocumentFormat::Yaml).await);
            let read: [Declared; 2] = [serde_json::from_str(&json).unwrap(), serde_saphyr::from_str(&yaml).unwrap()];
            for document in read {
                let there = World::empty().await;
                there.declared().apply(&document, &Writer::FILE).await.unwrap();
                assert_eq!(export(&there, DocumentFormat::Json).await, json);
                assert_eq!(export(&there, DocumentFormat::Yaml).await, yaml);
                let again = there.declared().apply(&document, &Writer::API).await.unwrap();
                assert_eq!(again, Applied::default(), "applying it again changes nothing");
                assert!(here.declared().plan(&document).await.unwrap().is_settled());
            }
        });
    }
}

#[tokio::test]
async fn a_plan_is_what_applying_does_and_writes_nothing() {
    let world = World::usual().await;
    let mut wanted = world.declared().export().await.unwrap();
    wanted.providers[0].models.pop();
    wanted.routes[0].targets.reverse();
    wanted.providers.push(DeclaredProvider {
        name: Name::new("new").unwrap(),
        api_key: Some("sk-canary-0123".into()),
        ..wanted.providers[1].clone()
    });
    use switchyard_ports::repositories::ConfigurationRepository;
    let before = world.store.load().await.unwrap();
    let plan = world.declared().plan(&wanted).await.unwrap();
    assert_eq!(world.store.load().await.unwrap(), before);
    assert!(!format!("{plan:?}").contains("canary"), "{plan:?}");
    let steps: Vec<(String, Step)> =
        plan.objects.iter().map(|object| (object.label(), object.step)).collect();
    let step = |label: &str, step| (label.to_owned(), step);
    assert_eq!(
        steps,
        [
            step("provider a", Step::Change),
            step("provider b", Step::Unchanged),
            step("provider c", Step::Unchanged),
            step("provider new", Step::Create),
            step("route all", Step::Change),
        ]
    );
    assert_eq!(world.declared().carry_out(&wanted, &Writer::API).await.unwrap(), plan);
    assert!(world.declared().plan(&wanted).await.unwrap().is_settled());
}

#[tokio::test]
async fn what_a_document_writes_is_one_entry_for_each_object_in_the_log() {
    use switchyard_ports::repositories::AuditLog;
    let world = World::empty().await;
    let wanted: Declared = serde_json::from_str(
        r#"{"providers": [{"name": "p", "vendor": "acme", "api_key": "sk-p", "models": [{"model": "m"}]}],
            "routes": [{"name": "r", "targets": [{"provider": "p", "model": "m"}]}]}"#,
    )
    .unwrap();
    let entries = async || {
        let filter = switchyard_domain::audit::AuditFilter::default();
        world.store.page(filter, None, 100).await.unwrap().len()
    };
    let before = entries().await;
    world.declared().apply(&wanted, &Writer::FILE).await.unwrap();
    assert!(entries().await >= before + 2);
    let now = entries().await;
    world.declared().apply(&wanted, &Writer::FILE).await.unwrap();
    assert_eq!(entries().await, now);
}

/// What came with a product: two providers, and a route over each that falls back to the other's.
fn seeds() -> Declared {
    let text = r#"{"providers": [
            {"name": "kept", "owner": "seed", "vendor": "acme", "models": [{"model": "m"}, {"model": "n"}]},
            {"name": "removed", "owner": "seed", "vendor": "acme", "models": [{"model": "m"}]}],
        "routes": [
            {"name": "over", "owner": "seed", "targets": [{"provider": "kept", "model": ["m", "n"]}]},
            {"name": "auto", "owner": "seed", "fallback": "over", "targets": [{"provider": "removed", "model": "m"}]}]}"#;
    serde_json::from_str(text).unwrap()
}

async fn seeded() -> World {
    let world = World::empty().await;
    world.declared().apply(&seeds(), &Writer::SEED).await.unwrap();
    world
}

#[tokio::test]
async fn what_came_with_the_product_and_was_removed_is_switched_off_where_an_export_is_applied() {
    let here = seeded().await;
    for route in ["auto", "over"] {
        here.routes.remove(&named(route), &Writer::API).await.unwrap();
    }
    here.providers.remove(&named("removed"), &Writer::API).await.unwrap();
    // What was changed is somebody's, and is as it was made.
    let mut less = here.declared().export().await.unwrap();
    less.providers[0].owner = Some(Owner::Api);
    less.providers[0].models.pop();
    here.declared().apply(&less, &Writer::API).await.unwrap();
    let exported = export(&here, DocumentFormat::Json).await;
    let document = DocumentFormat::Json.read(&exported).unwrap();
    let there = seeded().await;
    let drift = there.declared().drift(&document).await.unwrap();
    let steps: Vec<_> = drift.plan.objects.iter().map(|object| (object.label(), object.step)).collect();
    let step = |label: &str, step| (label.to_owned(), step);
    let expected = [
        step("provider kept", Step::Change),
        step("route over", Step::Disable),
        step("route auto", Step::Disable),
        step("provider removed", Step::Disable),
    ];
    assert_eq!(steps, expected);
    there.declared().apply(&document, &Writer::API).await.unwrap();
    assert_eq!(export(&there, DocumentFormat::Json).await, exported);
    assert!(there.declared().drift(&document).await.unwrap().is_none());
    let stored = there.store.load().await.unwrap();
    let removed = stored.providers.iter().find(|known| known.name == named("removed")).unwrap();
    assert_eq!((removed.is_enabled, &removed.meta.owner), (false, &Owner::Seed), "it is anybody's still");
    assert_eq!(there.declared().apply(&document, &Writer::API).await.unwrap(), Applied::default());
}

#[tokio::test]
async fn what_somebodys_route_leads_to_stays_on_whatever_document_is_applied() {
    for mine in [r#""targets": [{"provider": "kept", "model": "m"}]"#, r#""targets": [], "fallback": "over""#]
    {
        let there = seeded().await;
        let mine: Declared =
            serde_json::from_str(&format!(r#"{{"routes": [{{"name": "mine", "owner": "api", {mine}}}]}}"#))
                .unwrap();
        there.declared().apply(&mine, &Writer::API).await.unwrap();
        let nothing = Declared { whole: true, ..Declared::default() };
        there.declared().apply(&nothing, &Writer::API).await.unwrap();
        let stored = there.store.load().await.unwrap();
        let on: Vec<&str> = stored
            .providers
            .iter()
            .filter(|provider| provider.is_enabled)
            .map(|provider| provider.name.as_str())
            .collect();
        assert_eq!(on, ["kept"], "{mine:?}");
        let is_on =
            |name: &str| stored.routes.iter().any(|route| route.name == named(name) && route.is_active);
        let leads_on = mine.routes[0].fallback.is_some();
        assert_eq!((is_on("mine"), is_on("over"), is_on("auto")), (true, leads_on, false));
    }
}

#[tokio::test]
async fn what_a_route_leads_to_that_is_left_alone_stays_on_and_goes_with_it() {
    let there = seeded().await;
    let read = |text: &str| -> Declared { serde_json::from_str(text).unwrap() };
    let mine =
        r#"{"routes": [{"name": "mine", "owner": "api", "targets": [{"provider": "kept", "model": "m"}]}]}"#;
    there.declared().apply(&read(mine), &Writer::API).await.unwrap();
    let providers_on = async || -> Vec<String> {
        let stored = there.store.load().await.unwrap();
        let on = stored.providers.iter().filter(|provider| provider.is_enabled);
        on.map(|provider| provider.name.to_string()).collect()
    };
    // The file's route of that name is a conflict, and what is there goes on.
    let other = r#"{"whole": true, "providers": [{"name": "x", "vendor": "acme", "models": [{"model": "m"}]}],
        "routes": [{"name": "mine", "targets": [{"provider": "x", "model": "m"}]}]}"#;
    let applied = there.declared().apply(&read(other), &Writer::API).await.unwrap();
    assert_eq!((applied.conflicts.len(), providers_on().await), (1, vec!["kept".to_owned(), "x".to_owned()]));
    // Once it is gone, nothing leads there: `over`, which does too, is off.
    there.routes.remove(&named("mine"), &Writer::API).await.unwrap();
    let only =
        r#"{"whole": true, "providers": [{"name": "x", "vendor": "acme", "models": [{"model": "m"}]}]}"#;
    there.declared().apply(&read(only), &Writer::API).await.unwrap();
    assert_eq!(providers_on().await, ["x"]);
    assert_eq!(there.declared().export().await.unwrap().providers.len(), 1);
}

#[tokio::test]
async fn what_follows_the_settings_is_in_no_export_and_is_taken_away_by_none() {
    let of_settings = || OfSettings {
        providers: HashSet::from([named("removed")]),
        routes: HashSet::from([named("auto")]),
    };
    let world = seeded().await;
    let declared = world.declared().with_settings(of_settings());
    let exported = declared.export().await.unwrap();
    let names: Vec<&str> = exported.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!((names, exported.providers.len()), (vec!["over"], 1));
    let before = world.store.load().await.unwrap();
    declared.apply(&exported, &Writer::API).await.unwrap();
    assert_eq!(world.store.load().await.unwrap(), before);
    declared.apply(&Declared { whole: true, ..Declared::default() }, &Writer::API).await.unwrap();
    let now = world.store.load().await.unwrap();
    let providers: Vec<bool> = now.providers.iter().map(|provider| provider.is_enabled).collect();
    let routes: Vec<bool> = now.routes.iter().map(|route| route.is_active).collect();
    assert_eq!((providers, routes), (vec![true; 2], vec![true; 2]), "`auto` leads to `over`");

    // Whoever changes it has it in their exports.
    world.routes.replace(&now.routes[1], &route("auto", &["removed/m"]), &Writer::API).await.unwrap();
    let exported = declared.export().await.unwrap();
    let names: Vec<&str> = exported.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!((names, exported.providers.len()), (vec!["auto", "over"], 2));
}

#[tokio::test]
async fn a_document_that_is_no_export_leaves_alone_what_came_with_the_product() {
    let world = seeded().await;
    let before = world.store.load().await.unwrap();
    world.declared().apply(&Declared::default(), &Writer::FILE).await.unwrap();
    assert_eq!(world.store.load().await.unwrap(), before);
}

#[tokio::test]
async fn what_came_with_the_product_and_is_off_is_exported_where_something_leads_to_it() {
    let world = seeded().await;
    let mine =
        r#"{"whole": true, "routes": [{"name": "mine", "owner": "api", "fallback": "auto", "targets": []}]}"#;
    let mut declared: Declared = serde_json::from_str(mine).unwrap();
    declared.routes.extend(seeds().routes);
    declared.routes[1].enabled = false;
    declared.routes[2].enabled = false;
    world.declared().apply(&declared, &Writer::API).await.unwrap();
    let exported = world.declared().export().await.unwrap();
    let names: Vec<&str> = exported.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(names, ["auto", "mine", "over"]);
    let names: Vec<&str> = exported.providers.iter().map(|provider| provider.name.as_str()).collect();
    assert_eq!(names, ["kept", "removed"], "their targets lead there");
    let there = World::empty().await;
    there.declared().apply(&exported, &Writer::API).await.unwrap();
    assert_eq!(there.declared().export().await.unwrap().routes, exported.routes);
}

#[tokio::test]
async fn an_export_of_tens_of_thousands_of_models_is_read_again() {
    let model = |number: usize| {
        format!(
            r#"{{"model": "m{number}", "rates": {{"input": 150000000, "output": 600000000}}, "limits": {{"rpm": 500}}}}"#
        )
    };
    let models: Vec<String> = (0..8_000).map(model).collect();
    let provider = |number: usize| {
        format!(r#"{{"name": "p{number}", "vendor": "acme", "models": [{}]}}"#, models.join(","))
    };
    let providers: Vec<String> = (0..4).map(provider).collect();
    let document: Declared =
        serde_json::from_str(&format!(r#"{{"providers": [{}]}}"#, providers.join(","))).unwrap();
    for format in [DocumentFormat::Json, DocumentFormat::Yaml] {
        let read = format.read(&format.write(&document).unwrap()).unwrap();
        let counts: Vec<usize> = read.providers.iter().map(|provider| provider.models.len()).collect();
        assert_eq!(counts, [8_000; 4], "{format}");
    }
}
