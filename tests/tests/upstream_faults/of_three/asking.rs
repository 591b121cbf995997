//! The rows of the matrix whose calls ask for more than words, or of whose answers more is to be said.

use super::rows::{LANES, message};
use super::three::Gets::{self, Beginning, First};
use super::three::Health::{self, Failure, Success};
use super::three::Three;
use crate::events::{called, text_of_choice};
use crate::headers;
use crate::scene::BOTH;
use crate::scene::Heard;
use crate::scene::Mode::{self, Streamed};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::{Outcome, UsageEvent};

struct Row {
    name: &'static str,
    script: String,
    modes: &'static [Mode],
    /// Members of the call's body.
    asks: Value,
    gets: Gets,
    record: (Outcome, Option<&'static str>),
    health: Health,
    /// What more holds of the answer, and of what was recorded of the first target.
    also: fn(&Heard, &UsageEvent),
}

impl Row {
    /// The first target's answer is whole.
    fn whole(name: &'static str, script: &str, asks: Value, also: fn(&Heard, &UsageEvent)) -> Self {
        let (gets, record, health) = (First, (Outcome::Complete, None), Success);
        Self { name, script: script.to_owned(), modes: &BOTH, asks, gets, record, health, also }
    }

    async fn holds(self) {
        for mode in self.modes {
            let three = Three::begin(&format!("{} `{}`", self.name, self.script), *mode).await;
            three.script(&self.script);
            let heard = three.ask_with(*mode, &self.asks).await;
            three.got(&heard, self.gets);
            let event = three.is_recorded(&heard, self.gets, self.record).await;
            (self.also)(&heard, &event);
            three.says(*mode, &self.script, &self.health).await;
        }
    }
}

fn rows() -> Vec<Row> {
    let limited = || json!({"max_tokens": 50});
    // With twenty alternatives to each token, a stream has few events for its bytes.
    let long = json!({"logprobs": true, "top_logprobs": 20});
    let over = Row {
        modes: &[Streamed],
        gets: Beginning,
        record: (Outcome::Partial, Some("too_large")),
        health: Failure,
        ..Row::whole("U22", "endless", long, it_ends_at_the_cap)
    };
    let choices = Row::whole("U25", "tokens=5", json!({"n": 2}), both_choices_came);
    vec![
        over,
        Row::whole("U24", "usage=missing&tokens=20", limited(), it_is_estimated),
        Row::whole("U24", "usage=zero&tokens=20", limited(), it_is_estimated),
        Row::whole("U24", "usage=negative&tokens=20", limited(), it_is_estimated),
        Row::whole("U24", "usage=huge&tokens=20", limited(), it_is_estimated),
        Row::whole("U24", "usage=over_max&tokens=20", limited(), it_is_estimated),
        Row { modes: &[Streamed], ..choices },
        Row::whole("U25", "calls=2", tools(), both_tools_are_called),
        Row::whole("U26", &headers::script(), json!({}), |heard, _| {
            headers::only_what_is_meant_for_clients_came(heard);
        }),
    ]
}

fn it_ends_at_the_cap(heard: &Heard, _: &UsageEvent) {
    let bytes = heard.answer.text.len();
    assert!((31 << 20..33 << 20).contains(&bytes), "{bytes} bytes were passed on");
    assert!(!heard.answer.text.contains("[DONE]"));
}

fn it_is_estimated(_: &Heard, event: &UsageEvent) {
    assert_eq!((event.usage_source, event.usage.output), (UsageSource::Estimated, 20), "{event:?}");
}

fn both_choices_came(heard: &Heard, event: &UsageEvent) {
    let (first, second) = (text_of_choice(heard, 0), text_of_choice(heard, 1));
    assert_eq!([&first, &second].map(|text| text.split_whitespace().count()), [5, 5]);
    assert_ne!(first, second);
    assert_eq!(event.usage.output, 10, "{event:?}");
    let choices = heard.events.iter().filter_map(|event| event["choices"].as_array()).flatten();
    let of_words: Vec<&Value> = choices.filter(|it| it["delta"]["content"].is_string()).collect();
    let turns = of_words.windows(2).filter(|two| two[0]["index"] != two[1]["index"]).count();
    assert!(turns > 1, "the choices came one after the other: {of_words:?}");
}

fn tools() -> Value {
    let tool = |name: &str| {
        json!({"type": "function", "function": {"name": name, "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        }}})
    };
    json!({"tools": [tool("weather"), tool("news")], "tool_choice": "required"})
}

fn both_tools_are_called(heard: &Heard, _: &UsageEvent) {
    let told = |number: u64| {
        if !heard.events.is_empty() {
            return called(heard, number);
        }
        let body = heard.answer.json();
        let function =
            &body["choices"][0]["message"]["tool_calls"][usize::try_from(number).unwrap()]["function"];
        let text = |member: &str| function[member].as_str().unwrap().to_owned();
        (text("name"), text("arguments"))
    };
    for (number, expected) in (0..).zip(["weather", "news"]) {
        let (name, arguments) = told(number);
        assert_eq!(name, expected, "{}", heard.answer.text);
        let arguments: Value = serde_json::from_str(&arguments).unwrap();
        assert!(arguments["city"].is_string() && arguments["days"].is_i64(), "{arguments}");
    }
}

/// U22, U24 to U26.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_row_of_a_call_that_asks_for_more_holds_where_the_target_that_fails_is_the_first_of_three() {
    let rows = stream::iter(rows()).map(|row| Box::pin(tokio::spawn(row.holds()))).buffer_unordered(LANES);
    let failures: Vec<String> =
        rows.filter_map(async |ended| ended.err().map(|error| message(error.into_panic()))).collect().await;
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
