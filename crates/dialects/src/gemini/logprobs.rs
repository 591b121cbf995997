//! Log probabilities: this dialect's form and OpenAI's, which the canonical form uses.

use bytes::BytesMut;
use serde_json::value::RawValue;
use switchyard_domain::chat::Json;

use crate::json::{ArrayWriter, ObjectWriter, RawMembers, elements, members, text};

/// The number of a token, which OpenAI does not give; kept for the way back.
const TOKEN_ID: &str = "token_id";

/// A `logprobsResult` in OpenAI's form.
pub(super) fn read(result: &RawValue) -> Option<Json> {
    let result = members(result)?;
    let chosen = result.get("chosenCandidates").and_then(elements)?;
    let top = result.get("topCandidates").and_then(elements).unwrap_or_default();
    let mut top = top.into_iter();
    let mut out = BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    object.array("content", |list| {
        for token in chosen {
            let others =
                top.next().and_then(members).and_then(|top| top.get("candidates").and_then(elements));
            let Some(token) = members(token) else { continue };
            list.object(|object| {
                write_token(object, &token);
                object.array("top_logprobs", |list| {
                    for other in others.unwrap_or_default().into_iter().filter_map(members) {
                        list.object(|object| write_token(object, &other));
                    }
                });
            });
        }
    });
    object.end();
    Json::parse(String::from_utf8_lossy(&out)).ok()
}

fn write_token(object: &mut ObjectWriter<'_>, token: &RawMembers<'_>) {
    let word = token.get("token").and_then(text).unwrap_or_default();
    object.text("token", &word);
    copy(object, "logprob", token.get("logProbability"));
    object.array("bytes", |list| {
        for byte in word.bytes() {
            list.element().extend_from_slice(byte.to_string().as_bytes());
        }
    });
    if let Some(id) = token.get("tokenId") {
        copy(object, TOKEN_ID, Some(id));
    }
}

/// A value as it is spelled; a probability that is not told is that of certainty, which Google leaves out as nothing.
fn copy(object: &mut ObjectWriter<'_>, name: &str, value: Option<&RawValue>) {
    object.name(name).extend_from_slice(value.map_or("0", RawValue::get).as_bytes());
}

/// Writes a `logprobsResult` from OpenAI's form; nothing for what is not of that form.
pub(super) fn write(object: &mut ObjectWriter<'_>, logprobs: &Json) {
    let Some(content) = members(&logprobs.0).and_then(|form| form.get("content").and_then(elements)) else {
        return;
    };
    let tokens: Vec<RawMembers<'_>> = content.into_iter().filter_map(members).collect();
    object.object("logprobsResult", |result| {
        result.array("chosenCandidates", |list| tokens.iter().for_each(|token| write_candidate(list, token)));
        let others = |token: &RawMembers<'_>| {
            token.get("top_logprobs").and_then(elements).is_some_and(|top| !top.is_empty())
        };
        if !tokens.iter().any(others) {
            return;
        }
        result.array("topCandidates", |list| {
            for token in &tokens {
                list.object(|top| {
                    top.array("candidates", |list| {
                        let others = token.get("top_logprobs").and_then(elements).unwrap_or_default();
                        others
                            .into_iter()
                            .filter_map(members)
                            .for_each(|token| write_candidate(list, &token));
                    });
                });
            }
        });
    });
}

fn write_candidate(list: &mut ArrayWriter<'_>, token: &RawMembers<'_>) {
    list.object(|object| {
        object.text("token", &token.get("token").and_then(text).unwrap_or_default());
        if let Some(id) = token.get(TOKEN_ID) {
            copy(object, "tokenId", Some(id));
        }
        copy(object, "logProbability", token.get("logprob"));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let google = r#"{"chosenCandidates":[{"token":"é","tokenId":7,"logProbability":-1.5e-7},{"token":"x","logProbability":-2}],"topCandidates":[{"candidates":[{"token":"é","tokenId":7,"logProbability":-1.5e-7}]},{"candidates":[]}]}"#;
        let openai = read(serde_json::from_str(google).unwrap()).unwrap();
        assert_eq!(
            openai.as_str(),
            r#"{"content":[{"token":"é","logprob":-1.5e-7,"bytes":[195,169],"token_id":7,"top_logprobs":[{"token":"é","logprob":-1.5e-7,"bytes":[195,169],"token_id":7}]},{"token":"x","logprob":-2,"bytes":[120],"top_logprobs":[]}]}"#
        );
        let mut out = BytesMut::new();
        let mut object = ObjectWriter::begin(&mut out);
        write(&mut object, &openai);
        object.end();
        assert_eq!(out, format!("{{\"logprobsResult\":{google}}}"));
    }
}
