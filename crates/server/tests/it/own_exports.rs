//! What the product itself writes is read again by the command line, in both formats, and says all that there is.

use crate::place::Place;
use serde_json::{Value, json};

fn write(place: &Place, text: &str) {
    std::fs::write(place.path("wanted"), text).unwrap();
}

/// Notes of 32 objects and lists within each other, with characters that YAML has in no string as they are.
fn odd_notes() -> Value {
    let mut inner = json!("\u{7f}\u{80}\u{9f}\u{85}\u{2028}\u{feff}\u{fffe}\u{1f600} ${x}");
    for level in 1..32 {
        inner = if level % 2 == 0 { json!([inner]) } else { json!({ "a\u{7f}": inner }) };
    }
    json!({ "n": inner })
}

#[test]
fn an_export_with_odd_and_deep_notes_is_read_again_in_both_formats() {
    let here = Place::new();
    let document = json!({
        "providers": [{"name": "one", "vendor": "openai", "models": [{"model": "m"}]}],
        "routes": [{"name": "fast", "config": odd_notes(),
            "targets": [{"provider": "one", "model": "m", "metadata": odd_notes()}]}],
    });
    write(&here, &serde_json::to_string(&document).unwrap());
    here.say("apply wanted").good();
    for format in ["json", "yaml"] {
        let exported = here.say(&format!("export --format {format}")).good();
        write(&here, &exported);
        assert_eq!(here.say("drift wanted").code, 0, "{format}");
        let there = Place::new();
        write(&there, &exported);
        there.say("apply wanted").good();
        assert_eq!(there.say(&format!("export --format {format}")).good(), exported);
    }
    let listed = here.say("export --format json").json();
    let routes = listed["routes"].as_array().unwrap();
    let fast = routes.iter().find(|route| route["name"] == "fast").unwrap();
    assert_eq!((&fast["config"], &fast["targets"][0]["metadata"]), (&odd_notes(), &odd_notes()));
    here.say("backup --export").good();
    here.say("backup --restore").good();
}

#[test]
fn what_is_wrong_in_a_document_in_json_is_told_with_its_member_and_its_line_and_no_value() {
    let place = Place::new();
    for (text, said) in [
        (
            "{\"providers\": [\n{\"name\": \"a\", \"vendor\": \"openai\", \"api_key\": {\"x\": \"sk-canary\"}}]}",
            "line 2",
        ),
        ("{\"providers\": [\n\n{\"name\": \"a\", \"vendor\": \"nobody\"}]}", "line 3"),
        (
            "{\"providers\": [\n{\"name\": \"a\", \"vendor\": \"openai\", \"api_key\": \"${NO_SUCH_KEY}\"}]}",
            "(wanted line 2)",
        ),
        ("{\"routes\": [{\"name\": \"a\", \"mode\": \"sk-canary\", \"targets\": []}]}", "routes[0].mode"),
        (
            "{\"routes\": [{\"name\": \"a\",\n \"targets\": [{\"provider\": \"p\", \"weight\": -1}]}]}",
            "routes[0].targets[0].weight",
        ),
    ] {
        write(&place, text);
        let ended = place.say("plan wanted");
        assert_eq!(ended.code, 78, "{text}: {ended:?}");
        assert!(ended.err.contains(said), "{text}: {}", ended.err);
        assert!(!ended.err.contains("canary"), "{text}: {}", ended.err);
    }
}

#[test]
fn what_came_with_the_product_and_was_removed_is_neither_in_an_export_nor_where_it_is_applied_and_a_restore_leaves_it_alone()
 {
    let here = Place::new();
    let on = |place: &Place, name: &str| -> Option<bool> {
        let listed = place.say("export --format json").json();
        let providers = listed["providers"].as_array().unwrap();
        let found = providers.iter().find(|provider| provider["name"] == name)?;
        found["enabled"].as_bool()
    };
    assert_eq!(on(&here, "sim"), Some(true), "it comes with the product");
    let routes = here.say("export --format json").json();
    let routes: Vec<&str> =
        routes["routes"].as_array().unwrap().iter().map(|route| route["name"].as_str().unwrap()).collect();
    for route in routes {
        here.say(&format!("routes remove {route}")).good();
    }
    here.say("providers remove sim").good();
    let exported = here.say("export --format json").good();
    let there = Place::new();
    write(&there, &exported);
    assert_eq!(there.say("drift wanted").code, 2, "the database has more");
    there.say("apply wanted").good();
    assert_eq!(there.say("export --format json").good(), exported);
    assert_eq!(there.say("drift wanted").code, 0);
    // The lost database's backup and key, in an empty place.
    here.say("backup --export").good();
    let data = std::fs::read_dir(here.path("data")).unwrap().map(|entry| entry.unwrap().path());
    let lost = Place::new();
    std::fs::create_dir(lost.path("data")).unwrap();
    for file in data {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".key") {
            std::fs::copy(&file, lost.path("data").join(&name)).unwrap();
        }
        if name == "config_backup.json" {
            std::fs::copy(&file, lost.path("kept.json")).unwrap();
        }
    }
    lost.say("backup --restore --file kept.json").good();
    assert_eq!(on(&lost, "sim"), Some(true), "what is not in a backup stays");
    let names = |place: &Place| -> Vec<String> {
        let listed = place.say("providers list --json").json();
        listed.as_array().unwrap().iter().map(|provider| provider["name"].to_string()).collect()
    };
    assert!(names(&here).iter().all(|name| names(&lost).contains(name)), "those too that are off");
}

#[test]
fn a_table_cuts_what_no_terminal_shows() {
    let place = Place::new();
    let models: Vec<Value> =
        (0..3_000).map(|number| json!({"model": format!("a-model-with-a-long-name-{number}")})).collect();
    let names: Vec<&Value> = models.iter().map(|model| &model["model"]).collect();
    let document = json!({
        "providers": [{"name": "one", "vendor": "openai", "models": models}],
        "routes": [{"name": "fast", "targets": [{"provider": "one", "model": names}]}],
    });
    write(&place, &document.to_string());
    place.say("apply wanted").good();
    let listed = place.say("routes list").good();
    assert!(listed.lines().any(|line| line.starts_with("fast") || line.contains(" fast ")), "{listed}");
    assert!(listed.lines().all(|line| line.chars().count() < 1_000), "{listed}");
    assert!(place.say("plan -").code == 78, "an empty document while something of the file is on");
}
