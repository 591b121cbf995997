//! The event streams of OpenAI's newer endpoints, whose events say what they are in `type`.

use switchyard_domain::chat::Units;

use super::answer::{Opened, open};
use super::usage;
use crate::codec::{Look, StreamWatcher, Taken};
use crate::error::ProviderError;
use crate::json::text;

/// Watches a stream of pieces (`....delta`, `....partial_image`) that ends with a summary (`....done`, `....completed`).
#[derive(Debug, Default)]
pub(crate) struct EventWatcher {
    finished: bool,
}

impl StreamWatcher for EventWatcher {
    fn look(&mut self, name: Option<&[u8]>, data: &[u8], output: &mut String) -> Result<Look, ProviderError> {
        let data = String::from_utf8_lossy(data);
        let top = match open(name, &data)? {
            Opened::Done => return Ok(Look::of(Taken::Done)),
            Opened::Malformed => return Ok(Look::of(Taken::Malformed)),
            Opened::Object(top) => top,
        };
        let kind = top.get("type").and_then(text).unwrap_or_default();
        let ends = kind.ends_with(".done") || kind.ends_with(".completed");
        let goes_on = kind.ends_with(".delta") || kind.ends_with(".partial_image");
        if !ends && !goes_on {
            return Ok(Look::of(Taken::Unknown));
        }
        let mut look = Look { has_content: true, ..Look::of(Taken::Chunk) };
        if let Some(delta) = top.get("delta").and_then(text) {
            output.push_str(&delta);
        }
        if ends && kind.starts_with("image") {
            look.units = Units { images: 1, ..Units::default() };
        }
        usage::note(&mut look, &top);
        self.finished |= ends;
        look.finished = self.finished;
        Ok(look)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_content_and_the_summary_ends_and_counts() {
        let mut watcher = EventWatcher::default();
        let mut output = String::new();
        let mut look = |data: &str| watcher.look(None, data.as_bytes(), &mut output).unwrap();
        assert_eq!(look(r#"{"type":"transcript.text.started"}"#).taken, Taken::Unknown);
        let piece = look(r#"{"type":"transcript.text.delta","delta":"hel"}"#);
        assert!(piece.has_content && !piece.finished);
        let _ = look(r#"{"type":"transcript.text.delta","delta":"lo"}"#);
        let end = look(
            r#"{"type":"transcript.text.done","text":"hello","usage":{"type":"tokens","input_tokens":14,"output_tokens":2}}"#,
        );
        assert!(end.finished && end.usage.is_some_and(|usage| (usage.input, usage.output) == (14, 2)));
        assert_eq!(output, "hello", "the summary repeats what was said");
    }

    #[test]
    fn a_picture_counts_once_it_is_whole_and_an_error_ends_the_stream() {
        let mut watcher = EventWatcher::default();
        let mut look = |data: &str| watcher.look(None, data.as_bytes(), &mut String::new());
        let partial = r#"{"type":"image_generation.partial_image","b64_json":"AA","partial_image_index":0}"#;
        assert_eq!(look(partial).unwrap().units, Units::default());
        let whole = look(r#"{"type":"image_generation.completed","b64_json":"AAA"}"#).unwrap();
        assert_eq!(whole.units.images, 1);
        let error =
            look(r#"{"type":"error","error":{"message":"no","code":"moderation_blocked"}}"#).unwrap_err();
        assert_eq!(error.code.as_deref(), Some("moderation_blocked"));
    }
}
