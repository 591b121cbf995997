//! Each command does its work and says so.

use crate::place::Place;
use std::io::{Read, Write};

const CREDENTIAL: &str = "sk-canary-0123456789-abcdefgh";

#[test]
fn providers_are_added_listed_and_removed_and_their_key_is_never_said() {
    let place = Place::new();
    let vendors = place.say("providers vendors").good();
    assert!(vendors.contains("openai_compatible") && vendors.contains("--base-url is needed"), "{vendors}");
    let added = place.say_with_input(
        "providers add mine --vendor openai --model gpt-4o --model o3 --key-stdin",
        &format!("{CREDENTIAL}\n"),
    );
    assert_eq!(added.code, 0, "{added:?}");
    let listed = place.say("providers list --json");
    let mine = listed.json().as_array().unwrap().iter().find(|one| one["name"] == "mine").unwrap().clone();
    assert_eq!(mine["models"], serde_json::json!(["gpt-4o", "o3"]));
    assert_eq!(mine["owner"], "cli:ada");
    assert!(mine["credential"]["hint"].is_string());
    for ended in [added, listed, place.say("providers list"), place.say("check")] {
        assert!(!ended.out.contains(CREDENTIAL) && !ended.err.contains(CREDENTIAL), "{ended:?}");
    }
    assert!(place.say("providers test sim").good().contains("answers in"));
    assert!(place.say("providers discover sim").good().ends_with("0 models added\n"));
    assert!(place.say("providers remove mine --dry-run").good().contains("would remove mine with 2 models"));
    place.say("providers remove mine").good();
    assert_eq!(place.say("providers remove mine").code, 4);
}

/// An upstream that answers one listing of models; the head of what it was asked.
fn listing_once() -> (u16, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let body = r#"{"modelSummaries":[{"modelId":"amazon.nova-lite-v1:0"}]}"#;
        let length = body.len();
        let answer =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        socket.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(head).unwrap()
    });
    (port, asked)
}

#[test]
fn a_key_in_json_is_taken_by_each_door_as_its_maker_writes_it_and_is_used() {
    let google = "{\n  \"type\": \"service_account\",\n  \"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n\"\n}\n";
    let amazon =
        "{\n    \"AccessKeyId\": \"AKIAIOSFODNN7EXAMPLE\",\n    \"SecretAccessKey\": \"se/cret+canary\"\n}\n";
    let place = Place::new().set("GOOGLE_KEY", google).set("SWITCHYARD_EGRESS_ALLOW", "127.0.0.1");
    let vertex =
        "--vendor vertex --base-url https://aiplatform.googleapis.com/v1/projects/p/locations/global";
    place.say(&format!("providers add v1 {vertex} --key-env GOOGLE_KEY")).good();
    place.say_with_input(&format!("providers add v2 {vertex} --key-stdin"), google).good();
    std::fs::write(place.path("key.json"), google).unwrap();
    place.say(&format!("providers add v3 {vertex} --key-file key.json")).good();

    let (port, asked) = listing_once();
    let bedrock = format!("--vendor bedrock --base-url http://127.0.0.1:{port}/?region=eu-west-1");
    place.say_with_input(&format!("providers add b {bedrock} --key-stdin"), amazon).good();
    assert!(place.say("providers test b").good().contains("answers in"));
    let head = asked.join().unwrap().to_ascii_lowercase();
    assert!(head.contains("credential=akiaiosfodnn7example/"), "{head}");
    assert!(!head.contains("canary"), "{head}");

    let cut = place
        .say_with_input(&format!("providers add v4 {vertex} --key-stdin"), google.trim_end_matches("}\n"));
    assert_ne!(cut.code, 0);
    assert!(cut.err.contains("no JSON object") && !cut.err.contains("MIIE"), "{cut:?}");
}

#[test]
fn a_provider_s_keys_are_added_listed_replaced_and_removed_and_never_shown() {
    let place =
        Place::new().set("SWITCHYARD_EGRESS_ALLOW", "127.0.0.1").set("SECOND", "sk-second-canary-2222");
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let add = format!(
        "providers add p --vendor openai --base-url http://127.0.0.1:{port}/v1 --model m --key-stdin"
    );
    place.say_with_input(&add, "sk-first-canary-1111").good();
    assert!(place.say("providers credentials add p --key-env SECOND").good().contains("added key 2 of p"));
    place.say_with_input("providers credentials add p --key-stdin", "sk-third-canary-3333").good();
    let listed = place.say("providers credentials list p").good();
    for shown in ["…1111", "…2222", "…3333"] {
        assert!(listed.contains(shown) && !listed.contains("canary"), "{listed}");
    }
    place.say("providers credentials remove p 2").good();
    let replaced = "providers credentials add p --replace 3 --key-stdin";
    assert!(place.say_with_input(replaced, "sk-newer-canary-4444").good().contains("replaced key 3"));
    let listed = place.say("providers credentials list p --json").json();
    let shown: Vec<_> = listed.as_array().unwrap().iter().map(|key| (&key["place"], &key["hint"])).collect();
    assert_eq!(shown, [(&1.into(), &"…1111".into()), (&3.into(), &"…4444".into())]);
    assert_eq!(place.say("providers list --json").json()[0]["name"], "p");
    assert!(place.say("providers list").good().contains("…1111 +1"));

    let report = place.say("providers test p --key 3 --json");
    assert_eq!(report.code, 5, "{report:?}");
    let stages = serde_json::from_str::<serde_json::Value>(&report.out).unwrap()["stages"].clone();
    let outcomes: Vec<_> =
        stages.as_array().unwrap().iter().map(|stage| stage["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["skipped", "failed", "skipped", "skipped", "skipped"]);
    let report = place.say("providers test p");
    assert!(report.out.contains("connect") && report.out.contains("connection refused"), "{report:?}");

    for (wrong, code) in [
        ("providers credentials add p", 2),
        ("providers credentials remove p 17", 2),
        ("providers credentials remove p 2", 4),
        ("providers credentials list nobody", 4),
        ("providers test p --key 9", 4),
    ] {
        assert_eq!(place.say(wrong).code, code, "{wrong}");
    }
    let told = place.say("audit list --json").json().to_string();
    assert!(told.contains("shared:3") && told.contains("forgotten") && !told.contains("canary"), "{told}");
}

#[test]
fn budgets_are_set_listed_and_removed_by_the_names_of_what_they_are_about() {
    let place = Place::new();
    place.say("keys create --name ci").good();
    let set = place.say("budgets set key:ci --amount 12.5 --window week --zone Europe/Vienna").good();
    assert!(set.contains("12.500000000 USD a week (Europe/Vienna)"), "{set}");
    place.say("budgets set global --amount 100 --rpm 600").good();
    place.say("budgets set provider:sim --concurrency 4").good();
    let listed = place.say("budgets list --json").json();
    let listed = listed.as_array().unwrap();
    let key = listed.iter().find(|one| one["scope"].as_str().unwrap().starts_with("key:")).unwrap();
    assert_eq!((&key["budget"]["window"], &key["spent_usd"]), (&"week".into(), &"0.000000000".into()));
    assert_eq!(key["owner"], "cli:ada");
    let text = place.say("budgets list").good();
    assert!(
        text.contains(
            "global: 100.000000000 USD a month (UTC), 0.000000000 USD spent, 600 requests a minute"
        ),
        "{text}"
    );
    // What is not named stays; a new amount is in the window that it was in.
    let set = place.say("budgets set global --rpm 700").good();
    assert!(set.contains("100.000000000 USD a month (UTC), 700 requests a minute"), "{set}");
    let set = place.say("budgets set key:ci --amount 13").good();
    assert!(set.contains("13.000000000 USD a week (Europe/Vienna)"), "{set}");
    let set = place.say("budgets set global --replace --concurrency 9").good();
    assert!(set.contains("global: no budget, 9 calls at once"), "{set}");
    let told = place.say("audit list --actor cli:ada --json --limit 1").json();
    assert_eq!(told[0]["details"]["before"], "100.000000000 USD a month (UTC), rpm 700");
    assert_eq!(told[0]["details"]["after"], "concurrency 9");
    for wrong in [
        "budgets set key:ci --amount 0",
        "budgets set key:ci --amount 1e3",
        "budgets set key:ci --amount 1 --zone Europe/Wien",
        "budgets set key:ci --rpm 5",
        "budgets set global",
        "budgets set team:1 --amount 5",
    ] {
        assert_ne!(place.say(wrong).code, 0, "{wrong}");
    }
    for nobody in ["key:nobody", "provider:nobody", "user:999"] {
        assert_eq!(place.say(&format!("budgets set {nobody} --amount 5")).code, 4, "{nobody}");
    }
    assert!(place.say("budgets remove key:ci --dry-run").good().contains("would remove"));
    place.say("budgets remove key:ci").good();
    assert_eq!(place.say("budgets remove key:ci").code, 4);
}

#[test]
fn routes_are_added_tried_and_removed() {
    let place = Place::new();
    place.say("routes add fast --target sim/swift --target sim/steady").good();
    let again = "its provider comes before it already, so others go first";
    assert_eq!(
        place.say("routes try fast").good(),
        format!("1. sim/swift: priority 0 before 1\n2. sim/steady: {again}\n")
    );
    let listed = place.say("routes list --json").json();
    let fast = listed.as_array().unwrap().iter().find(|one| one["name"] == "fast").unwrap().clone();
    assert_eq!((&fast["strategy"], &fast["is_active"]), (&"failover".into(), &true.into()));
    assert!(place.say("routes list").good().contains("sim/swift → sim/steady"));
    assert_eq!(place.say("routes remove fast --dry-run").good(), "would remove fast\n");
    place.say("routes remove fast").good();
    for line in ["routes remove fast", "routes remove fast --dry-run", "routes try fast"] {
        assert_eq!(place.say(line).code, 4, "{line}");
    }
}

#[test]
fn a_route_is_added_with_all_its_rules_and_tried_through_the_routes_behind_it() {
    let place = Place::new();
    place.say("routes add behind --target sim/echo --target sim/swift").good();
    let rules = "--fallback behind --failover-on any --on-disconnect drain --connect-ms 100 --first-content-ms 200 \
                 --idle-ms 300 --total-ms 4000 --strategy round-robin";
    let dear = r#"--target {"provider":"sim","model":"steady","weight":3,"when":{"tags":["batch"]}}"#;
    place.say(&format!("routes add first --target sim/swift {dear} {rules}")).good();
    let exported = place.say("export").good();
    for said in
        ["fallback: behind", "failover_on: any", "on_disconnect: drain", "connect_ms: 100", "weight: 3"]
    {
        assert!(exported.contains(said), "{said}: {exported}");
    }
    let listed = place.say("routes list --json").json();
    let first = listed.as_array().unwrap().iter().find(|one| one["name"] == "first").unwrap().clone();
    assert_eq!((&first["fallback"], &first["is_active"]), (&"behind".into(), &true.into()));
    let plain = place.say("routes try first").good();
    assert!(plain.starts_with("1. sim/swift: the only target that can take the call\n"), "{plain}");
    assert!(plain.contains("\n2. sim/echo of behind: "), "{plain}");
    assert!(
        plain.contains("left out: sim/steady (its condition wants a tag that the call does not carry)"),
        "{plain}"
    );
    assert!(
        plain.contains("left out: sim/swift of behind (a route before this one has it already)"),
        "{plain}"
    );
    let run = place.say("routes try first --tag batch --calls 40 --json").json();
    let shares: Vec<_> = run["targets"].as_array().unwrap().iter().map(|it| it["calls"].clone()).collect();
    assert_eq!(
        (shares, &run["targets"][2]["route"]),
        (vec![30.into(), 10.into(), 0.into()], &"behind".into())
    );
    assert!(
        place.say("routes try first --tag batch --calls 40").good().contains(": 30 of 40 calls; round-robin")
    );
    let off = place.say("routes add off --target sim/echo --inactive").good();
    assert!(off.starts_with("added off"), "{off}");
    place.say("routes add leaning --target sim/swift --fallback off").good();
    assert!(
        place.say("routes try leaning").good().contains("passed over: the route off (it is switched off")
    );
}

#[test]
fn keys_are_shown_once_listed_without_themselves_and_revoked() {
    let place = Place::new();
    let created = place.say("keys create --name ci --models demo,sim/* --rpm 60 --expires 30d --json").json();
    let key = created["key"].as_str().unwrap();
    assert!(key.starts_with("sy-"), "{created}");
    let listed = place.say("keys list --json");
    assert!(!listed.out.contains(key));
    let ci = &listed.json()[0];
    assert_eq!((&ci["name"], &ci["limits"]["rpm"]), (&"ci".into(), &60.into()));
    assert_eq!(ci["models"], serde_json::json!(["demo", "sim/*"]));
    assert_eq!(place.say("keys revoke ci --dry-run").good(), "would revoke ci\n");
    assert!(place.say("keys list").good().contains("active"));
    place.say("keys revoke ci").good();
    assert!(place.say("keys list").good().contains("revoked"));
    for line in ["keys revoke nobody", "keys revoke nobody --dry-run", "usage --key nobody"] {
        assert_eq!(place.say(line).code, 4, "{line}");
    }
}

#[test]
fn usage_and_ledger_agree_that_nothing_happened_yet() {
    let place = Place::new();
    let usage = place.say("usage --by model --from 2026-11-01 --json").json();
    assert_eq!((&usage["total"]["calls"], &usage["items"]), (&0.into(), &serde_json::json!([])));
    assert!(place.say("usage").good().contains("total"));
    assert!(place.say("ledger verify").good().contains("the books agree"));
    assert_eq!(place.say("ledger verify --json").json()["events"], 0);
}

#[test]
fn the_schema_is_moved_by_hand_and_back_only_on_purpose() {
    let place = Place::new();
    let status = place.say("migrate status").good();
    assert!(status.lines().count() > 0 && status.lines().all(|line| line.starts_with("pending")), "{status}");
    let up = place.say("migrate up").good();
    assert_eq!(up.lines().count(), status.lines().count());
    assert_eq!(place.say("migrate up").good(), "nothing waits\n");
    let refused = place.say("migrate down");
    assert!(refused.code == 6 && refused.err.contains("--yes"), "{refused:?}");
    assert!(place.say("migrate down --yes").good().starts_with("taken back"));
    assert_eq!(place.say("migrate up").good().lines().count(), 1);
}
