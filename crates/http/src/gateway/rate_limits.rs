//! What is left of a caller's limits, in the head of an answer.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use std::fmt::{Display, Formatter, Write as _};
use std::time::Duration;
use switchyard_domain::chat::Dialect;
use switchyard_ports::clock::Clock;
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
pub(super) fn write(headers: &mut HeaderMap, rooms: &Rooms, dialect: Dialect, clock: &dyn Clock) {
    let rooms = [rooms.requests, rooms.tokens];
    if rooms.iter().all(Option::is_none) {
        return;
    }
    let now = (dialect == Dialect::ANTHROPIC_MESSAGES).then(|| clock.now());
    let (requests, tokens) = if now.is_some() { anthropic() } else { openai() };
    // All values are parts of one text: an answer has up to six, and each by itself would be memory of its own.
    let mut values = String::with_capacity(128);
    let mut ends = [0; 6];
    for (room, ends) in rooms.iter().zip(ends.chunks_exact_mut(3)) {
        let Some(Room { limit, remaining, reset }) = room else { continue };
        let parts: [&dyn Display; 3] = match now {
            Some(now) => [limit, remaining, &now.after(*reset)],
            None => [limit, remaining, &Span(*reset)],
        };
        for (part, end) in parts.into_iter().zip(ends) {
            // Writing to a text can't fail.
            let _ = write!(values, "{part}");
            *end = values.len();
        }
    }
    let values = Bytes::from(values);
    let names =
        [requests.limit, requests.remaining, requests.reset, tokens.limit, tokens.remaining, tokens.reset];
    let mut start = 0;
    for (name, end) in names.into_iter().zip(ends).filter(|(_, end)| *end > 0) {
        if let Ok(value) = HeaderValue::from_maybe_shared(values.slice(start..end)) {
            headers.insert(name, value);
        }
        start = end;
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
struct Span(Duration);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let (minutes, seconds, part) = (millis / 60_000, millis / 1_000 % 60, millis % 1_000);
        if millis < 1_000 {
            return write!(f, "{millis}ms");
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        match part {
            0 => write!(f, "{seconds}s"),
            _ if part % 100 == 0 => write!(f, "{seconds}.{}s", part / 100),
            _ if part % 10 == 0 => write!(f, "{seconds}.{:02}s", part / 10),
            _ => write!(f, "{seconds}.{part:03}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_domain::time::Timestamp;
    use switchyard_testkit::clock::ManualClock;

    #[test]
    fn spans_are_written_as_openai_writes_them() {
        for (millis, text) in [
            (0, "0ms"),
            (120, "120ms"),
            (6_000, "6s"),
            (59_250, "59.25s"),
            (60_000, "1m0s"),
            (61_005, "1m1.005s"),
            (1_100, "1.1s"),
            (10_010, "10.01s"),
        ] {
            assert_eq!(Span(Duration::from_millis(millis)).to_string(), text);
        }
    }

    #[test]
    fn each_dialects_clients_find_their_own_names_and_nothing_of_what_is_not_limited() {
        let clock = ManualClock::default();
        clock.set_now(Timestamp(0));
        let room = |limit| Some(Room { limit, remaining: limit - 1, reset: Duration::from_secs(60) });
        let rooms = Rooms { requests: room(5), tokens: None };
        let mut headers = HeaderMap::new();
        write(&mut headers, &rooms, Dialect::OPENAI_CHAT, &clock);
        assert_eq!(headers.get("x-ratelimit-limit-requests").unwrap(), "5");
        assert_eq!(headers.get("x-ratelimit-remaining-requests").unwrap(), "4");
        assert_eq!(headers.get("x-ratelimit-reset-requests").unwrap(), "1m0s");
        assert_eq!(headers.len(), 3);
        let mut headers = HeaderMap::new();
        write(&mut headers, &Rooms { requests: None, tokens: room(70) }, Dialect::OPENAI_CHAT, &clock);
        assert_eq!(headers.get("x-ratelimit-limit-tokens").unwrap(), "70");
        assert_eq!(headers.get("x-ratelimit-reset-tokens").unwrap(), "1m0s");
        assert_eq!(headers.len(), 3);
        let mut headers = HeaderMap::new();
        let rooms = Rooms { requests: room(5), tokens: room(900) };
        write(&mut headers, &rooms, Dialect::ANTHROPIC_MESSAGES, &clock);
        assert_eq!(headers.get("anthropic-ratelimit-tokens-remaining").unwrap(), "899");
        assert_eq!(headers.get("anthropic-ratelimit-requests-reset").unwrap(), "1970-01-01T00:01:00.000Z");
        assert_eq!(headers.len(), 6);
    }
}
