//! What answer a request wants, found without parsing it.

use crate::dialect::Dialect;
use memchr::memmem;
use std::borrow::Cow;
use std::time::Duration;

/// Where members other than the messages stand: this close to an end of the body, so that a prompt of 256 KiB costs no
/// more to serve than one of 1 KiB.
const EDGE: usize = 512;
const DEFAULT_TOKENS: usize = 12;

/// The answer that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) dialect: Dialect,
    pub(crate) stream: bool,
    /// Words, each a chunk of a stream.
    pub(crate) tokens: usize,
    /// The wait after each chunk.
    pub(crate) pace: Duration,
    /// Whether the stream shall end with its usage.
    pub(crate) usage: bool,
}

impl Wish {
    pub(crate) fn of(path: &str, body: &[u8]) -> Self {
        let dialect = Dialect::of_path(path);
        if dialect == Dialect::Gemini {
            return Self::of_gemini(path);
        }
        let start = body.get(..EDGE).unwrap_or(body);
        let end = body.get(body.len().saturating_sub(EDGE)..).unwrap_or_default();
        let says = |text: &str| {
            memmem::find(start, text.as_bytes()).is_some() || memmem::find(end, text.as_bytes()).is_some()
        };
        let script = script(start).or_else(|| script(end)).unwrap_or_default();
        let usage = dialect == Dialect::Anthropic || says(r#""include_usage":true"#);
        Self::scripted(dialect, says(r#""stream":true"#), script, usage)
    }

    /// Google's says all in the path; usage comes unasked.
    fn of_gemini(path: &str) -> Self {
        let (model, method) = path.rsplit_once(':').unwrap_or((path, ""));
        let model = plain(model);
        let script = model.split_once('?').map_or("", |(_, script)| script);
        Self::scripted(Dialect::Gemini, method.starts_with("streamGenerateContent"), script, true)
    }

    fn scripted(dialect: Dialect, stream: bool, script: &str, usage: bool) -> Self {
        Self {
            dialect,
            stream,
            tokens: number(script, "tokens").unwrap_or(DEFAULT_TOKENS),
            pace: Duration::from_millis(number(script, "chunk_ms").unwrap_or_default() as u64),
            usage,
        }
    }
}

/// The model's name without the escapes that its marks need in a path.
fn plain(model: &str) -> Cow<'_, str> {
    match model.contains('%') {
        true => model.replace("%3F", "?").replace("%3D", "=").replace("%26", "&").into(),
        false => model.into(),
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

    const CHAT: &str = "/v1/chat/completions";

    #[test]
    fn the_members_are_found_at_either_end_of_a_long_body() {
        let prompt = "x".repeat(100_000);
        let first = format!(r#"{{"model":"m?tokens=200&chunk_ms=5","stream":true,"messages":["{prompt}"]}}"#);
        let last = format!(r#"{{"messages":["{prompt}"],"stream":true,"model":"m?tokens=200&chunk_ms=5"}}"#);
        let wish = Wish {
            dialect: Dialect::OpenAi,
            stream: true,
            tokens: 200,
            pace: Duration::from_millis(5),
            usage: false,
        };
        assert_eq!(Wish::of(CHAT, first.as_bytes()), wish);
        assert_eq!(Wish::of(CHAT, last.as_bytes()), wish);
        let asked = Wish { dialect: Dialect::Anthropic, usage: true, ..wish };
        assert_eq!(Wish::of("/v1/messages", first.as_bytes()), asked);
    }

    #[test]
    fn google_is_asked_by_the_path() {
        let wish = Wish {
            dialect: Dialect::Gemini,
            stream: true,
            tokens: 8,
            pace: Duration::from_millis(2),
            usage: true,
        };
        let model = "/v1beta/models/m%3Ftokens=8&chunk_ms%3D2";
        assert_eq!(Wish::of(&format!("{model}:streamGenerateContent?alt=sse"), b"{}"), wish);
        assert_eq!(Wish::of(&format!("{model}:generateContent"), b"{}"), Wish { stream: false, ..wish });
    }

    #[test]
    fn a_plain_model_gets_a_plain_answer_and_usage_only_if_asked() {
        let plain = Wish {
            dialect: Dialect::OpenAi,
            stream: false,
            tokens: DEFAULT_TOKENS,
            pace: Duration::ZERO,
            usage: false,
        };
        assert_eq!(Wish::of(CHAT, br#"{"model":"gpt-sim","messages":[]}"#), plain);
        let asked = br#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
        assert!(Wish::of(CHAT, asked).usage);
    }
}
