//! Whether an answer is as its document has it: what is named must be there and of its type; more may be there.

use serde_json::Value;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;

/// The first difference between an answer and its pattern.
///
/// In a pattern, `"<int>"` stands for any integer, and likewise `text` (not empty), `number`, `bool`, `time`, `uuid`, `usd` (a decimal
/// text), `null`, `object`, `any`; `"<time|null>"` for either. `["<each>", x]` is a list of such `x`, `["<some>", x]` one that is not
/// empty. All else stands for itself.
pub(crate) fn difference(pattern: &Value, found: &Value, place: &str) -> Option<String> {
    match (pattern, found) {
        (Value::String(text), _) if text.starts_with('<') && text.ends_with('>') => {
            let words = text.trim_matches(['<', '>']);
            (!words.split('|').any(|word| is_of(word, found)))
                .then(|| format!("{place}: expected {text}, found {found}"))
        }
        (Value::Object(members), Value::Object(there)) => members.iter().find_map(|(name, pattern)| {
            let place = format!("{place}/{name}");
            match there.get(name) {
                Some(found) => difference(pattern, found, &place),
                None => Some(format!("{place}: missing")),
            }
        }),
        (Value::Array(items), Value::Array(there)) => match items.as_slice() {
            [Value::String(word), each] if word == "<each>" || word == "<some>" => {
                if word == "<some>" && there.is_empty() {
                    return Some(format!("{place}: an empty list"));
                }
                let mut numbered = there.iter().enumerate();
                numbered.find_map(|(number, found)| difference(each, found, &format!("{place}/{number}")))
            }
            _ if items.len() != there.len() => {
                Some(format!("{place}: expected {} items, found {found}", items.len()))
            }
            _ => {
                let mut pairs = items.iter().zip(there).enumerate();
                pairs
                    .find_map(|(number, (item, found))| difference(item, found, &format!("{place}/{number}")))
            }
        },
        _ => (pattern != found).then(|| format!("{place}: expected {pattern}, found {found}")),
    }
}

fn is_of(word: &str, found: &Value) -> bool {
    let text = found.as_str();
    match word {
        "any" => true,
        "null" => found.is_null(),
        "bool" => found.is_boolean(),
        "int" => found.is_i64() || found.is_u64(),
        "number" => found.is_number(),
        "object" => found.is_object(),
        "text" => text.is_some_and(|text| !text.is_empty()),
        "time" => text.is_some_and(|text| text.ends_with('Z') && Timestamp::parse(text).is_ok()),
        "uuid" => text.is_some_and(|text| uuid::Uuid::parse_str(text).is_ok()),
        "usd" => text.is_some_and(|text| NanoUsd::parse(text).is_some()),
        _ => panic!("`{word}` is no kind of value"),
    }
}

#[test]
fn what_is_missing_renamed_or_retyped_is_found_and_what_is_more_is_let() {
    let pattern = serde_json::json!({
        "id": "<int>", "at": "<time|null>", "list": ["<some>", {"n": "<usd>"}], "pair": [1, "<text>"], "said": "x",
    });
    let good = serde_json::json!({
        "id": 7, "at": null, "list": [{"n": "1.5"}, {"n": "0.000000001", "more": 1}], "pair": [1, "a"], "said": "x", "more": {},
    });
    assert_eq!(difference(&pattern, &good, ""), None);
    for (member, wrong, place) in [
        ("id", serde_json::json!("7"), "/id"),
        ("id", serde_json::json!(7.5), "/id"),
        ("at", serde_json::json!("yesterday"), "/at"),
        ("list", serde_json::json!([]), "/list"),
        ("list", serde_json::json!([{"n": "1"}, {"n": 1.5}]), "/list/1/n"),
        ("list", serde_json::json!([{"m": "1"}]), "/list/0/n"),
        ("list", serde_json::json!({}), "/list"),
        ("pair", serde_json::json!([1]), "/pair"),
        ("pair", serde_json::json!([2, "a"]), "/pair/0"),
        ("pair", serde_json::json!([1, ""]), "/pair/1"),
        ("said", serde_json::json!("y"), "/said"),
    ] {
        let mut bad = good.clone();
        bad[member] = wrong;
        let found = difference(&pattern, &bad, "").unwrap_or_else(|| panic!("nothing is wrong with {bad}"));
        assert!(found.starts_with(&format!("{place}:")), "{found}");
    }
    let mut bad = good;
    bad.as_object_mut().unwrap().remove("said");
    assert_eq!(difference(&pattern, &bad, "").as_deref(), Some("/said: missing"));
}
