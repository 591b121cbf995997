//! A prompt as people send it: prose of several turns, with the escapes and the foreign letters that a scan must get over.

use std::fmt::Write;

/// Already escaped for JSON; what is cut off of it is never in the middle of an escape.
const SENTENCE: &str =
    r#"The river was low that year, and \"everybody\" said so: the miller, the priest, Zoë at the inn.\n"#;
/// About how long a turn of a long conversation is.
const TURN: usize = 8 * 1024;

/// A request's body of exactly `length` bytes, which must be enough for its members.
pub(super) fn body(model: &str, stream: &str, length: usize) -> String {
    let mut body = String::with_capacity(length);
    // Writing to memory does not fail.
    let _ = write!(body, r#"{{"model":"{model}",{stream}"temperature":0.7,"max_tokens":512,"messages":["#);
    body += r#"{"role":"system","content":"You are a helpful assistant. Answer briefly."}"#;
    let mut turn = 0;
    while body.len() < length {
        let role = if turn % 2 == 0 { "user" } else { "assistant" };
        let _ = write!(body, r#",{{"role":"{role}","content":""#);
        let room = length.saturating_sub(body.len() + END.len());
        // A turn after which no other fits is as long as what is left.
        let long = if room < 2 * TURN { room } else { TURN };
        fill(&mut body, long);
        if long == room {
            body += END;
            break;
        }
        body += r#""}"#;
        turn += 1;
    }
    body
}

const END: &str = r#""}]}"#;

fn fill(body: &mut String, mut room: usize) {
    while room >= SENTENCE.len() {
        *body += SENTENCE;
        room -= SENTENCE.len();
    }
    body.extend(std::iter::repeat_n('.', room));
}
