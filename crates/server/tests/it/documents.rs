//! Configuration as a document: written, planned, applied, compared.

use crate::place::Place;
use serde_json::Value;

const DOCUMENT: &str = "\
providers:
  - name: one
    vendor: openai
    api_key: ${ONE_KEY}
    models:
      - model: gpt-4o
        rates: {input: 2500000000}
      - model: o3
routes:
  - name: fast
    targets:
      - {provider: one, model: gpt-4o, weight: 2}
";
const CREDENTIAL: &str = "sk-canary-0123456789-abcdefgh";

fn place() -> Place {
    let place = Place::new().set("ONE_KEY", CREDENTIAL);
    write(&place, DOCUMENT);
    place
}

fn write(place: &Place, text: &str) {
    std::fs::write(place.path("wanted.yaml"), text).unwrap();
}

fn steps(place: &Place, command: &str) -> (i32, Value) {
    let ended = place.say(&format!("{command} wanted.yaml --json"));
    (ended.code, ended.json())
}

#[test]
fn a_plan_tells_every_member_and_changes_nothing() {
    let place = place();
    let planned = place.say("plan wanted.yaml");
    assert_eq!(planned.code, 2, "{planned:?}");
    for line in [
        "provider one (file): would be created",
        r#"  vendor: - -> "openai""#,
        r#"  api_key: - -> "(the given key)""#,
        "route fast (file): would be created",
        "2 to create, 0 to change, 0 to switch off, 0 unchanged, 0 in conflict",
    ] {
        assert!(planned.out.lines().any(|told| told == line), "{line}: {}", planned.out);
    }
    assert!(!planned.out.contains(CREDENTIAL) && !planned.err.contains(CREDENTIAL));
    assert_eq!(steps(&place, "plan"), steps(&place, "plan"), "it was not applied");
}

#[test]
fn what_is_applied_is_settled_and_applying_it_again_is_no_change() {
    let place = place();
    place.say("apply wanted.yaml").good();
    let version = |name: &str| {
        let listed = place.say("routes list --json").json();
        listed.as_array().unwrap().iter().find(|route| route["name"] == name).unwrap()["version"].clone()
    };
    let before = (version("fast"), place.say("audit list --json").json());
    let (code, again) = steps(&place, "apply");
    assert_eq!((code, again["create"].clone(), again["change"].clone()), (0, 0.into(), 0.into()), "{again}");
    assert_eq!((version("fast"), place.say("audit list --json").json()), before, "nothing was written");
    let (code, planned) = steps(&place, "plan");
    assert_eq!((code, planned["unchanged"].clone()), (0, 2.into()), "{planned}");

    write(&place, &DOCUMENT.replace("weight: 2", "weight: 3").replace("input: 25", "input: 30"));
    let planned = place.say("plan wanted.yaml");
    assert_eq!(planned.code, 2);
    let told: Vec<&str> = planned.out.lines().collect();
    assert_eq!(
        told,
        [
            "provider one (file): would be changed",
            "  models[gpt-4o].rates.input: 2500000000 -> 3000000000",
            "route fast (file): would be changed",
            "  targets[0].weight: 2 -> 3",
            "0 to create, 2 to change, 0 to switch off, 0 unchanged, 0 in conflict",
        ]
    );
}

#[test]
fn what_is_left_out_is_switched_off_and_what_others_own_is_left_alone_and_told() {
    let place = place();
    place.say("apply wanted.yaml").good();
    place.say("providers add mine --vendor openai --model m").good();
    write(&place, "providers:\n  - {name: mine, vendor: openai}\n");
    let applied = place.say("apply wanted.yaml");
    assert_eq!(applied.code, 6, "{applied:?}");
    assert!(
        applied.out.contains("provider mine (cli:ada): left alone: it belongs to `cli:ada`"),
        "{applied:?}"
    );
    let listed = place.say("providers list").good();
    let of = |name: &str| listed.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(of("one ").contains(" off ") && of("one ").contains(" file "), "{listed}");
    assert!(of("mine ").contains(" on ") && of("mine ").contains(" cli:ada "), "{listed}");
}

#[test]
fn drift_tells_what_differs_and_what_is_not_declared() {
    let place = place();
    place.say("apply wanted.yaml").good();
    place.say("providers add mine --vendor openai --model m").good();
    write(&place, &DOCUMENT.replace("weight: 2", "weight: 3"));
    let drift = place.say("drift wanted.yaml");
    assert_eq!(drift.code, 2, "{drift:?}");
    for line in [
        "route fast: differs",
        "  targets[0].weight: the database has 2, the document 3",
        "provider mine: is not in the document (it belongs to `cli:ada`)",
    ] {
        assert!(drift.out.lines().any(|told| told == line), "{line}: {}", drift.out);
    }
}

#[test]
fn an_export_holds_no_secret_and_is_the_same_after_it_was_applied_elsewhere() {
    let here = place();
    here.say("apply wanted.yaml").good();
    here.say("providers add mine --vendor anthropic --model claude").good();
    here.say("routes add slow --target mine/claude --strict").good();
    for format in ["yaml", "json"] {
        let exported = here.say(&format!("export --format {format}")).good();
        assert!(!exported.contains(CREDENTIAL) && exported.contains("cli:ada"), "{exported}");
        let there = Place::new();
        write(&there, &exported);
        there.say("apply wanted.yaml").good();
        assert_eq!(there.say(&format!("export --format {format}")).good(), exported);
        assert_eq!(there.say("drift wanted.yaml").code, 0);
        write(&here, &exported);
        assert_eq!(steps(&here, "plan").0, 0, "it is what is here already");
    }
}

#[test]
fn a_document_that_can_not_be_used_says_its_line_and_changes_nothing() {
    let place = place();
    place.say("apply wanted.yaml").good();
    let before = place.say("export").good();
    for (what, text, said) in [
        ("no YAML", format!("{DOCUMENT}  - [\n"), "line 1"),
        ("a member that there is not", format!("{DOCUMENT}colour: red\n"), "line 13"),
        ("no vendor", DOCUMENT.replace("one", "two").replace("openai", "nobody"), "line 2"),
        ("no such model", DOCUMENT.replace("model: gpt-4o, weight", "model: gpt-5, weight"), "line 10"),
        ("a variable that is not set", DOCUMENT.replace("ONE_KEY", "NO_KEY"), "line 4"),
        ("nothing at all", String::new(), "it says nothing of `providers` and `routes`"),
    ] {
        write(&place, &text);
        for command in ["plan", "apply", "drift"] {
            let ended = place.say(&format!("{command} wanted.yaml"));
            assert_eq!(ended.code, 78, "{what}: {ended:?}");
            assert!(ended.err.contains(said), "{what}: {}", ended.err);
        }
        assert_eq!(place.say("export").good(), before, "{what}");
    }
    assert_eq!(place.say("apply missing.yaml").code, 78);
}

#[test]
fn what_a_file_declares_is_not_changed_by_other_commands() {
    let place = place();
    place.say("apply wanted.yaml").good();
    for command in ["routes remove fast", "providers remove one"] {
        let refused = place.say(command);
        assert_eq!(refused.code, 6, "{refused:?}");
    }
    write(&place, "providers: []\n");
    place.say("apply wanted.yaml").good();
    place.say("routes remove fast").good();
    place.say("providers remove one").good();
}

#[test]
fn what_is_declared_switched_off_stays_until_the_document_leaves_it_out() {
    let place = place();
    let off = DOCUMENT.replace("    vendor: openai", "    vendor: openai\n    enabled: false");
    write(&place, &off.replace("  - name: fast", "  - name: fast\n    enabled: false"));
    place.say("apply wanted.yaml").good();
    for command in ["routes remove fast", "providers remove one"] {
        let refused = place.say(command);
        assert_eq!(refused.code, 6, "{refused:?}");
        assert!(refused.err.contains("is declared in the configuration file"), "{refused:?}");
    }
    write(&place, "{}\n");
    let planned = place.say("plan wanted.yaml").out;
    assert_eq!(planned.matches("  declared: true -> false").count(), 2, "{planned}");
    place.say("apply wanted.yaml").good();
    place.say("routes remove fast").good();
    place.say("providers remove one").good();
}

#[test]
fn drift_tells_a_key_that_was_changed_elsewhere_and_not_what_it_is() {
    let place = place().set("OTHER_KEY", "sk-other-canary-7777");
    place.say("apply wanted.yaml").good();
    write(&place, &DOCUMENT.replace("${ONE_KEY}", "${OTHER_KEY}"));
    let drift = place.say("drift wanted.yaml");
    let line = "  api_key: the database has \"(another key)\", the document \"(the given key)\"";
    assert!(drift.out.lines().any(|told| told == line), "{drift:?}");
    assert!(!drift.out.contains("canary") && !drift.err.contains("canary"));
}

#[test]
fn a_document_comes_from_standard_input_too() {
    let place = place();
    let ended = place.say_with_input("apply -", DOCUMENT);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(place.say_with_input("plan -", DOCUMENT).code, 0);
}

#[test]
fn each_object_that_a_document_writes_is_one_entry_in_the_log_with_all_that_was_done_to_it() {
    let place = place().set("TWO_KEY", "sk-second-canary-2222");
    write(&place, &DOCUMENT.replace("api_key: ${ONE_KEY}", "api_keys: [\"${ONE_KEY}\", \"${TWO_KEY}\"]"));
    place.say("apply wanted.yaml").good();
    let entries = || {
        let listed = place.say("audit list --json --limit 10000").json();
        let ours = |entry: &&Value| entry["actor"] == "cli:ada" && entry["object"] != "audit";
        listed.as_array().unwrap().iter().filter(ours).cloned().collect::<Vec<_>>()
    };
    let first = entries();
    let told: Vec<(&Value, &Value)> =
        first.iter().map(|entry| (&entry["action"], &entry["details"]["name"])).collect();
    assert_eq!(told.len(), 2, "{first:?}");
    assert!(
        told.contains(&(&"create".into(), &"one".into()))
            && told.contains(&(&"create".into(), &"fast".into()))
    );
    let provider = first.iter().find(|entry| entry["details"]["name"] == "one").unwrap();
    assert_eq!(provider["details"]["credentials_stored"], "shared shared:2", "{provider}");
    assert!(!format!("{first:?}").contains("canary"));
    write(&place, &DOCUMENT.replace("api_key: ${ONE_KEY}", "api_keys: [\"${TWO_KEY}\"]"));
    let planned = place.say("plan wanted.yaml").out;
    for line in
        ["  api_key: \"(another key)\" -> \"(the given key)\"", "  api_key at place 2: \"(a key)\" -> -"]
    {
        assert!(planned.lines().any(|told| told == line), "{line}: {planned}");
    }
    place.say("apply wanted.yaml").good();
    let now = entries();
    assert_eq!(now.len(), 3, "{now:?}");
    let details = &now.iter().find(|entry| !first.contains(entry)).unwrap()["details"];
    assert_eq!(
        (&details["credentials_stored"], &details["credentials_removed"]),
        (&"shared".into(), &"shared:2".into())
    );
    assert_eq!(place.say("plan wanted.yaml").code, 0);
}

#[test]
fn a_document_with_an_unknown_vendor_and_one_that_says_nothing_end_with_78_and_change_nothing() {
    let place = place();
    place.say("apply wanted.yaml").good();
    let before = place.say("export").good();
    for text in ["providers:\n  - {name: one, vendor: opneai}\n", "", "settings: {}\n"] {
        write(&place, text);
        let applied = place.say("apply wanted.yaml");
        assert_eq!(applied.code, 78, "{text:?}: {applied:?}");
        assert_eq!(place.say("export").good(), before, "{text:?}");
    }
    write(&place, "routes: []\n");
    place.say("apply wanted.yaml").good();
}

#[test]
fn a_plan_says_why_a_route_changes_that_the_document_does_not_name() {
    let place = place();
    place.say("apply wanted.yaml").good();
    place.say("routes add mine --target one/o3").good();
    write(&place, &DOCUMENT.replace("      - model: o3\n", ""));
    let planned = place.say("plan wanted.yaml");
    let line = "route mine (cli:ada): would be changed: the provider `one` no longer lists `o3`";
    assert!(planned.code == 2 && planned.out.lines().any(|told| told == line), "{planned:?}");
    place.say("apply wanted.yaml").good();
    assert_eq!(place.say("plan wanted.yaml").code, 0);
}
