//! What is left of a caller's limits, in the head of an answer.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write as _;
use std::time::Duration;
use switchyard_domain::chat::Dialect;
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::{Room, Rooms};

/// The names of one kind's headers: the limit, what remains, and when all of it is there again.
struct Names {
    limit: HeaderName,
    remaining: HeaderName,
    reset: HeaderName,
}

macro_rules! names {
    ($limit:literal, $remaining:literal, $reset:literal) => {
        Names {
            limit: HeaderName::from_static($limit),
            remaining: HeaderName::from_static($remaining),
            reset: HeaderName::from_static($reset),
        }
    };
}

/// Writes what is left. Anthropic's clients look for Anthropic's names and a time, all others for OpenAI's and a span.
pub(super) fn write(headers: &mut HeaderMap, rooms: &Rooms, dialect: Dialect, now: Timestamp) {
    let is_anthropic = dialect == Dialect::ANTHROPIC_MESSAGES;
    let (requests, tokens) = if is_anthropic { anthropic() } else { openai() };
    for (room, names) in [(rooms.requests, requests), (rooms.tokens, tokens)] {
        let Some(Room { limit, remaining, reset }) = room else { continue };
        let reset = if is_anthropic { now.after(reset).to_string() } else { span(reset) };
        headers.insert(names.limit, HeaderValue::from(limit));
        headers.insert(names.remaining, HeaderValue::from(remaining));
        if let Ok(reset) = HeaderValue::try_from(reset) {
            headers.insert(names.reset, reset);
        }
    }
}

fn openai() -> (Names, Names) {
    (
        names!("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        names!("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    )
}

fn anthropic() -> (Names, Names) {
    (
        names!(
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset"
        ),
        names!(
            "anthropic-ratelimit-tokens-limit",
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-tokens-reset"
        ),
    )
}

/// A span as OpenAI writes it: `120ms`, `6s`, `1m0s`, `59.25s`.
fn span(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::with_capacity(16);
    // Writing to a text can't fail.
    let _ = match (millis / 60_000, millis / 1_000 % 60, millis % 1_000) {
        (0, 0, millis) => write!(text, "{millis}ms"),
        (minutes, seconds, part) => write_seconds(&mut text, minutes, seconds, part),
    };
    text
}

fn write_seconds(text: &mut String, minutes: u64, seconds: u64, part: u64) -> std::fmt::Result {
    if minutes > 0 {
        write!(text, "{minutes}m")?;
    }
    write!(text, "{seconds}")?;
    if part > 0 {
        write!(text, ".{part:03}")?;
        text.truncate(text.trim_end_matches('0').len());
    }
    text.write_char('s')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_as_openai_writes_them() {
        for (millis, text) in [
            (0, "0ms"),
            (120, "120ms"),
            (6_000, "6s"),
            (59_250, "59.25s"),
            (60_000, "1m0s"),
            (61_005, "1m1.005s"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn each_dialects_clients_find_their_own_names_and_nothing_of_what_is_not_limited() {
        let room = |limit| Some(Room { limit, remaining: limit - 1, reset: Duration::from_secs(60) });
        let rooms = Rooms { requests: room(5), tokens: None };
        let mut headers = HeaderMap::new();
        write(&mut headers, &rooms, Dialect::OPENAI_CHAT, Timestamp(0));
        assert_eq!(headers.get("x-ratelimit-limit-requests").unwrap(), "5");
        assert_eq!(headers.get("x-ratelimit-remaining-requests").unwrap(), "4");
        assert_eq!(headers.get("x-ratelimit-reset-requests").unwrap(), "1m0s");
        assert_eq!(headers.len(), 3);
        let mut headers = HeaderMap::new();
        let rooms = Rooms { requests: room(5), tokens: room(900) };
        write(&mut headers, &rooms, Dialect::ANTHROPIC_MESSAGES, Timestamp(0));
        assert_eq!(headers.get("anthropic-ratelimit-tokens-remaining").unwrap(), "899");
        assert_eq!(headers.get("anthropic-ratelimit-requests-reset").unwrap(), "1970-01-01T00:01:00.000Z");
        assert_eq!(headers.len(), 6);
    }
}
