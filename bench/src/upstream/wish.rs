//! What answer a request wants, found without parsing it.

use memchr::memmem;
use std::time::Duration;

/// Where members other than the messages stand: this close to an end of the body, so that a prompt of 256 KiB costs no
/// more to serve than one of 1 KiB.
const EDGE: usize = 512;
const DEFAULT_TOKENS: usize = 12;

/// The answer that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) stream: bool,
    /// Words, each a chunk of a stream.
    pub(crate) tokens: usize,
    /// The wait after each chunk.
    pub(crate) pace: Duration,
    /// Whether the stream shall end with its usage.
    pub(crate) usage: bool,
}

impl Wish {
    pub(crate) fn of(body: &[u8]) -> Self {
        let start = body.get(..EDGE).unwrap_or(body);
        let end = body.get(body.len().saturating_sub(EDGE)..).unwrap_or_default();
        let says = |text: &str| {
            memmem::find(start, text.as_bytes()).is_some() || memmem::find(end, text.as_bytes()).is_some()
        };
        let script = script(start).or_else(|| script(end)).unwrap_or_default();
        Self {
            stream: says(r#""stream":true"#),
            tokens: number(script, "tokens").unwrap_or(DEFAULT_TOKENS),
            pace: Duration::from_millis(number(script, "chunk_ms").unwrap_or_default() as u64),
            usage: says(r#""include_usage":true"#),
        }
    }
}

/// What stands after the question mark of the model's name.
fn script(part: &[u8]) -> Option<&str> {
    const MEMBER: &[u8] = br#""model":""#;
    let name = part.get(memmem::find(part, MEMBER)? + MEMBER.len()..)?;
    let name = std::str::from_utf8(name.get(..memchr::memchr(b'"', name)?)?).ok()?;
    Some(name.split_once('?').map_or("", |(_, script)| script))
}

fn number(script: &str, key: &str) -> Option<usize> {
    script.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_are_found_at_either_end_of_a_long_body() {
        let prompt = "x".repeat(100_000);
        let first = format!(r#"{{"model":"m?tokens=200&chunk_ms=5","stream":true,"messages":["{prompt}"]}}"#);
        let last = format!(r#"{{"messages":["{prompt}"],"stream":true,"model":"m?tokens=200&chunk_ms=5"}}"#);
        let wish = Wish { stream: true, tokens: 200, pace: Duration::from_millis(5), usage: false };
        assert_eq!(Wish::of(first.as_bytes()), wish);
        assert_eq!(Wish::of(last.as_bytes()), wish);
    }

    #[test]
    fn a_plain_model_gets_a_plain_answer_and_usage_only_if_asked() {
        let plain = Wish { stream: false, tokens: DEFAULT_TOKENS, pace: Duration::ZERO, usage: false };
        assert_eq!(Wish::of(br#"{"model":"gpt-sim","messages":[]}"#), plain);
        let asked = br#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
        assert!(Wish::of(asked).usage);
    }
}
