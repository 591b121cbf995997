//! Text completions and moderations.

use serde_json::{Value, json};

use super::{Asked, event, events, instead, told, whole};
use crate::simulator::frame::{Frame, Part};
use crate::simulator::reply::Reply;
use crate::simulator::script::Script;
use crate::simulator::words::{pieces, seed, words};

const WORDS: usize = 12;

/// The answer to a text completion; a word is a token.
pub(super) fn completion(asked: &Asked, script: &Script, seq: u64) -> Reply {
    let streams = asked.is("stream") && !script.json_for_stream;
    if let Some(instead) = instead(script, streams) {
        return instead;
    }
    let prompts = prompts(asked.member("prompt"));
    let input = prompts.iter().map(|prompt| prompt.split_whitespace().count() as u64).sum();
    let choices = asked.number("n").unwrap_or(1).max(1);
    let texts: Vec<Vec<String>> = prompts
        .iter()
        .flat_map(|prompt| (0..choices).map(move |choice| (prompt, choice)))
        .map(|(prompt, choice)| said(asked, prompt, choice, script))
        .collect();
    // What was made to choose the best from is counted, and not shown.
    let hidden = prompts.iter().flat_map(|prompt| {
        (choices..asked.number("best_of").unwrap_or(choices)).map(move |choice| (prompt, choice))
    });
    let hidden: u64 = hidden.map(|(prompt, choice)| said(asked, prompt, choice, script).len() as u64).sum();
    let output = hidden + texts.iter().map(|words| words.len() as u64).sum::<u64>();
    let base = json!({
        "id": format!("cmpl-sim{seq:08}"), "object": "text_completion", "created": 1_767_225_600,
        "model": asked.model_name(),
    });
    let usage = told(input, output, script).map(|(input, output)| {
        json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
    });
    let choice = |index: usize, text: &str, finish: Option<&str>| json!({"text": text, "index": index, "logprobs": null, "finish_reason": finish});
    if !streams {
        let choices: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, words)| choice(index, &words.concat(), Some("stop")))
            .collect();
        return whole(&with(&with(&base, "choices", json!(choices)), "usage", json!(usage)), input, script);
    }
    let mut content = Vec::new();
    for (index, words) in texts.iter().enumerate() {
        for word in words {
            let chunk =
                event(None, Part::Content, &with(&base, "choices", json!([choice(index, word, None)])));
            let text = if index == 0 { word.clone() } else { String::new() };
            content.push(Frame { tokens: 1, text, ..chunk });
        }
    }
    let mut end: Vec<Frame> = (0..texts.len())
        .map(|index| {
            event(None, Part::Rest, &with(&base, "choices", json!([choice(index, "", Some("stop"))])))
        })
        .collect();
    let asks = asked.member("stream_options").get("include_usage") == Some(&Value::Bool(true));
    if let Some(usage) = usage.filter(|_| asks) {
        end.push(event(None, Part::Rest, &with(&with(&base, "choices", json!([])), "usage", usage)));
    }
    if !script.no_done {
        end.push(Frame::new(Part::Rest, b"data: [DONE]\n\n".to_vec()));
    }
    events(content, end, input, script)
}

/// The answer to a moderation: nothing is ever found.
pub(super) fn moderation(asked: &Asked, script: &Script, seq: u64) -> Reply {
    if let Some(instead) = instead(script, false) {
        return instead;
    }
    let count = asked.member("input").as_array().map_or(1, Vec::len);
    let result =
        json!({"flagged": false, "categories": {"violence": false}, "category_scores": {"violence": 0.01}});
    let results = vec![result; count];
    let body = json!({"id": format!("modr-sim{seq:08}"), "model": asked.model_name(), "results": results});
    whole(&body, 0, script)
}

fn prompts(prompt: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Array(tokens) => vec!["token"; tokens.len()].join(" "),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    match prompt {
        Value::Array(list) if !list.first().is_some_and(Value::is_number) => list.iter().map(text).collect(),
        other => vec![text(other)],
    }
}

fn said(asked: &Asked, prompt: &str, choice: u64, script: &Script) -> Vec<String> {
    let limit =
        asked.number("max_tokens").map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let said = match &script.text {
        Some(text) => pieces(text),
        None => {
            let choice = choice.to_string();
            let words = words(seed([asked.model_name(), prompt, &choice]));
            words.take(script.tokens.unwrap_or(WORDS)).map(|word| format!(" {word}")).collect()
        }
    };
    said.into_iter().take(limit).collect()
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut().filter(|_| !value.is_null()) {
        members.insert(name.to_owned(), value);
    }
    object
}
