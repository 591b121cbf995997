//! What one call shall be answered with: the script, its grammar, and where it comes from.
//!
//! A call's script is put together from three places, each overriding single keys of the one before:
//!
//! 1. the Rust value: the next one queued for the model (`Simulator::enqueue`), else the model's
//!    (`Simulator::script`), else the default (`Simulator::set_default`);
//! 2. the model name's query string: `any-model?status=429&retry_after=2`;
//! 3. the request header `x-sim-script: status=500&latency_ms=20`.
//!
//! The text is `key=value` pairs joined by `&`; values are percent-encoded (`%20` is a space, `+` a
//! plus); a key without a value is `true`. A model is looked up by its name before the `?`; the model
//! list is looked up as `/v1/models`. A script that can't be read is answered 400 `sim_script_invalid`.
//!
//! "Content chunk" means a stream's event that carries a word, a reasoning word, or a piece of a tool
//! call: not the opening role chunk, the finish chunk, the usage chunk, or noise. In an answer that is
//! no stream, `K` counts bytes of the body.
//!
//! | key | value | what happens |
//! |---|---|---|
//! | **error answers** | | |
//! | `status` | number | the HTTP status; anything but 200 is an OpenAI error (billed nothing) |
//! | `retry_after` | text | header `retry-after`, as it stands: `2`, `garbage`, a date |
//! | `error_code`, `error_type`, `error_message`, `error_param` | text | members of the error, in place of those usual for the status |
//! | `redirect`, `location` | number, text | the status 301-308 and its `location` (default `/redirected` here, where a follower is recorded) |
//! | `html` | flag | an HTML page instead of an answer (with 200, or `status`) |
//! | `error_in_200` | flag | an error as the JSON body of a 200 |
//! | `error_event_first` | flag | 200 with an event stream that has only an error event (billed nothing) |
//! | `error_event_after` | K | an error event after K content chunks, then a clean end of HTTP without `[DONE]` |
//! | `error_event_named` | flag | the error event has a line `event: error`, as Groq's |
//! | `refuse` | flag | the connection is closed without one byte of an answer; as the default script: at once when accepted |
//! | **time** | | |
//! | `latency_ms` | number | wait before the answer's head |
//! | `first_byte_ms` | number | wait after the head, before the body's first byte |
//! | `chunk_ms` | number | wait after each content chunk |
//! | `stall_before_first` | flag | silence after the head until the peer closes |
//! | `stall_after` | K | silence after K until the peer closes |
//! | `cut_after` | K | FIN after K, without an end of the body |
//! | `rst_after` | K | RST after K (30 ms after, so that the peer can read what was sent) |
//! | **what is said** | | |
//! | `tokens` | number | words of the answer (default 12) |
//! | `text` | text | the exact answer text; a word is a chunk and a token |
//! | `reasoning` | number | words of reasoning before the answer, with a proof where the dialect has one |
//! | `thoughts` | text | the exact reasoning, likewise |
//! | `refusal` | flag | a refusal instead of content |
//! | `calls` | number | parallel tool calls, over the tools in turn (default 1) |
//! | `call.NAME` | JSON object | calls the tool NAME with these arguments, if it is offered; repeated: one after another, each when the result of the one before has come; after them the answer is text |
//! | `cached` | number | `prompt_tokens_details.cached_tokens` |
//! | `finish` | text | the finish reason, in place of the true one |
//! | `usage` | `normal`, `missing`, `zero`, `negative`, `huge`, `over_max`, `unasked`, `every_chunk` | what usage says; see [`UsageFault`] |
//! | **event streams** | | |
//! | `no_done`, `double_done`, `data_after_done` | flag | the end marker is missing, doubled, or followed by another content chunk |
//! | `no_finish` | flag | no chunk has a finish reason |
//! | `empty_choices_first` | flag | first a chunk with `choices: []` and `prompt_filter_results`, as Azure's |
//! | `bad_events` | K | K events of broken JSON before the first content |
//! | `bad_events_within` | K | one event of broken JSON after each of the first K content chunks |
//! | `unknown_events` | flag | events of unknown names, `id:` and `retry:` lines between the chunks |
//! | `comments` | flag | comment lines before and between the chunks, as OpenRouter's |
//! | `line_ending` | `lf`, `crlf`, `cr` | how lines end |
//! | `big_line` | bytes | the first content chunk's line is padded to this length by an unknown member |
//! | `json_for_stream`, `sse_for_json` | flag | the other kind of answer than was asked for |
//! | **bytes** | | |
//! | `malformed_json` | flag | the JSON body ends in the middle (its length is announced rightly) |
//! | `byte_at_a_time` | flag | each byte of the answer is its own TCP write |
//! | `split_utf8` | flag | text of many alphabets, each character's bytes sent in separate writes and HTTP chunks |
//! | `invalid_utf8` | flag | two bytes that are no UTF-8 at the end of the first word (`text_sent` has one U+FFFD for them) |
//! | `gzip`, `deflate`, `br` | flag | the body is compressed (`br`: in stored blocks), asked for or not |
//! | `truncated_gzip` | flag | a gzip body that ends in the middle |
//! | `gzip_bomb` | bytes | a gzip body whose text unpacks to this many bytes |
//! | `huge_body` | bytes | the body goes on to this size: a stream with words, JSON inside its first text |
//! | `endless` | flag | the body never ends, likewise |
//! | **HTTP** | | |
//! | `chunked` | flag | chunked framing where a length would do |
//! | `wrong_length` | `+N`, `-N` | the announced length is wrong by N (in a stream: the first chunk's); then FIN |
//! | `trailers` | flag | chunked framing with a trailer field `x-sim-trailer` |
//! | `http10` | flag | HTTP/1.0, the body ends with the connection |
//! | `hints_103`, `continue_100` | flag | an interim answer 103 or (unasked) 100 before the true one |
//! | `header.NAME` | text | one more header; `content-type` replaces ours; a `transfer-encoding` that ends in `chunked` makes the body so; may be repeated |
//! | `close_after` | flag | FIN right after the answer, which said nothing of it |
//! | `close_on_reuse` | flag | the connection's next request is read and dropped: FIN without an answer |

use std::str::FromStr;

use serde_json::{Map, Value};

use super::grammar::{LineEnding, ScriptError, UsageFault, pairs, read};

macro_rules! script {
    ($($(#[$doc:meta])* $key:ident: $type:ty,)*) => {
        /// What one call shall be answered with; the default is a plain, faultless answer.
        ///
        /// The fields are the keys of the [grammar](self), documented there.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Script {
            $($(#[$doc])* pub $key: $type,)*
            /// `header.NAME`: headers to add, as (name, value).
            pub headers: Vec<(String, String)>,
            /// `call.NAME`: tools to call one after another, as (name, arguments).
            pub steps: Vec<(String, Map<String, Value>)>,
        }

        impl Script {
            /// The names of all keys but `header.NAME` and `call.NAME`.
            pub const KEYS: &[&str] = &[$(stringify!($key)),*];

            fn set(&mut self, key: &str, value: &str) -> Result<(), ScriptError> {
                if let Some(name) = key.strip_prefix("header.") {
                    self.headers.push((name.to_owned(), value.to_owned()));
                    return Ok(());
                }
                if let Some(name) = key.strip_prefix("call.") {
                    self.steps.push((name.to_owned(), read(key, value)?));
                    return Ok(());
                }
                match key {
                    $(stringify!($key) => self.$key = read(key, value)?,)*
                    _ => return Err(ScriptError::UnknownKey(key.to_owned())),
                }
                Ok(())
            }
        }
    };
}

script! {
    /// The HTTP status of the answer.
    status: Option<u16>,
    /// The raw value of `retry-after`.
    retry_after: Option<String>,
    /// The error's `code`.
    error_code: Option<String>,
    /// The error's `type`.
    error_type: Option<String>,
    /// The error's `message`.
    error_message: Option<String>,
    /// The error's `param`.
    error_param: Option<String>,
    /// A redirect status.
    redirect: Option<u16>,
    /// Where the redirect leads.
    location: Option<String>,
    /// An HTML page for an answer.
    html: bool,
    /// An error in the JSON body of a 200.
    error_in_200: bool,
    /// A stream of one error event.
    error_event_first: bool,
    /// Content chunks before an error event.
    error_event_after: Option<usize>,
    /// Error events carry their name.
    error_event_named: bool,
    /// Close without an answer.
    refuse: bool,
    /// Milliseconds before the head.
    latency_ms: Option<u64>,
    /// Milliseconds between the head and the body.
    first_byte_ms: Option<u64>,
    /// Milliseconds after each content chunk.
    chunk_ms: Option<u64>,
    /// Silence after the head.
    stall_before_first: bool,
    /// Content chunks (bytes of a buffered body) before silence.
    stall_after: Option<usize>,
    /// Content chunks (bytes of a buffered body) before FIN.
    cut_after: Option<usize>,
    /// Content chunks (bytes of a buffered body) before RST.
    rst_after: Option<usize>,
    /// Words of the answer.
    tokens: Option<usize>,
    /// The answer's exact text.
    text: Option<String>,
    /// Words of reasoning.
    reasoning: Option<usize>,
    /// The exact reasoning.
    thoughts: Option<String>,
    /// A refusal instead of content.
    refusal: bool,
    /// Parallel tool calls.
    calls: Option<usize>,
    /// Cached prompt tokens.
    cached: Option<u64>,
    /// The finish reason.
    finish: Option<String>,
    /// What usage says.
    usage: UsageFault,
    /// No `[DONE]`.
    no_done: bool,
    /// Two `[DONE]`.
    double_done: bool,
    /// Content after `[DONE]`.
    data_after_done: bool,
    /// No finish reason.
    no_finish: bool,
    /// A first chunk without choices.
    empty_choices_first: bool,
    /// Broken events before the content.
    bad_events: usize,
    /// Broken events within the content.
    bad_events_within: usize,
    /// Events of unknown names.
    unknown_events: bool,
    /// Comment lines.
    comments: bool,
    /// How lines end.
    line_ending: LineEnding,
    /// The length of the first content chunk's line.
    big_line: Option<usize>,
    /// JSON though a stream was asked for.
    json_for_stream: bool,
    /// A stream though JSON was asked for.
    sse_for_json: bool,
    /// JSON that ends in the middle.
    malformed_json: bool,
    /// One TCP write for each byte.
    byte_at_a_time: bool,
    /// Characters torn apart.
    split_utf8: bool,
    /// Bytes that are no UTF-8.
    invalid_utf8: bool,
    /// A gzip body.
    gzip: bool,
    /// A deflate (zlib) body.
    deflate: bool,
    /// A Brotli body.
    br: bool,
    /// A gzip body without its end.
    truncated_gzip: bool,
    /// The unpacked size of a gzip bomb.
    gzip_bomb: Option<u64>,
    /// The size of a huge body.
    huge_body: Option<u64>,
    /// A body without end.
    endless: bool,
    /// Chunked framing.
    chunked: bool,
    /// By how much the announced length is wrong.
    wrong_length: Option<i64>,
    /// Trailer fields.
    trailers: bool,
    /// HTTP/1.0.
    http10: bool,
    /// An interim 103.
    hints_103: bool,
    /// An unasked interim 100.
    continue_100: bool,
    /// FIN after the answer, unannounced.
    close_after: bool,
    /// The next request on the connection is dropped.
    close_on_reuse: bool,
}

impl Script {
    /// Reads a script's text.
    ///
    /// # Errors
    /// The first key, value or escape that the grammar does not have.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self::default();
        script.apply(text)?;
        Ok(script)
    }

    /// The script of a text that a test has written out.
    ///
    /// # Panics
    /// If the text is no script, with the reason.
    #[expect(clippy::panic, reason = "a test's own literal is wrong: the test must fail where it stands")]
    pub fn of(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|error| panic!("script {text:?}: {error}"))
    }

    /// Overrides those keys that the text names.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); keys before the bad one are set by then.
    pub fn apply(&mut self, text: &str) -> Result<(), ScriptError> {
        for pair in pairs(text) {
            let (key, value) = pair?;
            self.set(&key, &value)?;
        }
        Ok(())
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_in_the_table_of_the_grammar() {
        let source = include_str!("script.rs");
        for key in Script::KEYS {
            let documented = source.lines().any(|line| {
                line.starts_with("//! | `") && line.split('|').nth(1).unwrap().contains(&format!("`{key}`"))
            });
            assert!(documented, "`{key}` has no row");
        }
    }

    #[test]
    fn keys_of_every_type_are_read() {
        let script = Script::of(
            "status=429&retry_after=Wed,%2021%20Oct%202026%2007:28:00%20GMT&no_done&html=0&wrong_length=-3&usage=over_max\
             &line_ending=cr&header.set-cookie=a%3Db&header.x=y",
        );
        assert_eq!(script.status, Some(429));
        assert_eq!(script.retry_after.as_deref(), Some("Wed, 21 Oct 2026 07:28:00 GMT"));
        assert!(script.no_done && !script.html);
        assert_eq!(script.wrong_length, Some(-3));
        assert_eq!((script.usage, script.line_ending), (UsageFault::OverMax, LineEnding::Cr));
        assert_eq!(script.headers, [("set-cookie".into(), "a=b".into()), ("x".into(), "y".into())]);
    }

    #[test]
    fn calls_are_kept_in_their_order() {
        let script = Script::of("call.Read=%7B%22path%22:%22a%26b%22%7D&call.Write={}&call.Read={}");
        let names: Vec<&str> = script.steps.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Read", "Write", "Read"]);
        assert_eq!(script.steps[0].1["path"], "a&b");
        assert!(
            matches!(Script::parse("call.Read=[]"), Err(ScriptError::BadValue { key, .. }) if key == "call.Read")
        );
    }

    #[test]
    fn later_text_overrides_single_keys() {
        let mut script = Script::of("status=500&tokens=3");
        script.apply("status=503").unwrap();
        assert_eq!((script.status, script.tokens), (Some(503), Some(3)));
    }

    #[test]
    fn unknown_keys_and_bad_values_are_typed_errors() {
        assert_eq!(Script::parse("statis=1"), Err(ScriptError::UnknownKey("statis".into())));
        let error = Script::parse("usage=none").unwrap_err();
        assert!(matches!(&error, ScriptError::BadValue { key, .. } if key == "usage"), "{error}");
        assert!(matches!(Script::parse("no_done=maybe"), Err(ScriptError::BadValue { .. })));
        assert!(matches!(Script::parse("tokens=-1"), Err(ScriptError::BadValue { .. })));
    }
}
