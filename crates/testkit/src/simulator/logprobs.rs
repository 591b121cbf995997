//! Log probabilities: made up, but in the shape of the real ones.

use serde_json::{Value, json};

use super::plan::{Choice, Said};

/// `logprobs` of a whole choice; `alternatives` is `None` where they were not asked for.
pub(crate) fn of_choice(choice: &Choice, alternatives: Option<usize>) -> Value {
    match (alternatives, &choice.said) {
        (Some(count), Said::Text(pieces)) => of_pieces(pieces.iter().map(String::as_str), count),
        _ => Value::Null,
    }
}

/// `logprobs` of one piece of text in a stream.
pub(crate) fn of_pieces<'a>(pieces: impl IntoIterator<Item = &'a str>, alternatives: usize) -> Value {
    let content: Vec<Value> = pieces.into_iter().map(|piece| token(piece, alternatives)).collect();
    json!({"content": content, "refusal": null})
}

fn token(piece: &str, alternatives: usize) -> Value {
    let one = |text: &str, rank: usize| json!({"token": text, "logprob": -0.25 - rank as f64, "bytes": text.as_bytes()});
    let mut token = one(piece, 0);
    let others = (0..alternatives)
        .map(|rank| if rank == 0 { one(piece, 0) } else { one(&format!(" alt{rank}"), rank) });
    if let Some(members) = token.as_object_mut() {
        members.insert("top_logprobs".to_owned(), others.collect());
    }
    token
}
