//! The event streams of OpenAI's newer endpoints, whose events say what they are in `type`.

use switchyard_domain::chat::{TokenUsage, Units};

use super::answer::{Opened, open};
use super::usage;
use crate::codec::{Look, StreamWatcher, Taken};
use crate::error::ProviderError;
use crate::json::{RawMembers, text};

/// Watches a stream of pieces (`....delta`, `....partial_image`) in which each thing that was asked for ends with a summary
/// (`....done`, `....completed`).
#[derive(Debug)]
pub(crate) struct EventWatcher {
    /// How many summaries make it whole.
    pieces: u32,
    ended: u32,
    /// Whether something began after the last summary.
    goes_on: bool,
    /// What the summaries counted, each for itself: OpenAI's documents count "the output image" there (2026-11).
    usage: TokenUsage,
    usage_corrected: bool,
}

impl Default for EventWatcher {
    fn default() -> Self {
        Self::of(1)
    }
}

impl EventWatcher {
    /// Of a stream of so many things.
    pub(crate) fn of(pieces: u32) -> Self {
        Self {
            pieces: pieces.max(1),
            ended: 0,
            goes_on: false,
            usage: TokenUsage::default(),
            usage_corrected: false,
        }
    }

    /// Notes the counts of an event beside those of the summaries before it.
    fn count(&mut self, look: &mut Look, top: &RawMembers<'_>, ends: bool) {
        usage::note(look, top);
        let Some(own) = look.usage else { return };
        let sum = self.usage.saturating_add(own);
        look.usage = Some(sum);
        look.usage_corrected |= self.usage_corrected;
        if ends {
            self.usage = sum;
            self.usage_corrected = look.usage_corrected;
        }
    }
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
        self.count(&mut look, &top, ends);
        self.ended = self.ended.saturating_add(u32::from(ends));
        self.goes_on = goes_on;
        look.finished = self.ended >= self.pieces;
        Ok(look)
    }

    /// Some vendors make fewer pictures than they were asked for, and some say only once that all of them came.
    fn may_end(&self) -> bool {
        self.ended > 0 && !self.goes_on
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

    #[test]
    fn a_stream_of_several_pictures_is_whole_with_the_last_and_costs_the_sum() {
        let mut watcher = EventWatcher::of(2);
        let mut look = |data: &str| watcher.look(None, data.as_bytes(), &mut String::new()).unwrap();
        let picture = r#"{"type":"image_generation.completed","b64_json":"AAA","usage":{"input_tokens":10,
            "output_tokens":100,"output_tokens_details":{"image_tokens":90}}}"#;
        let first = look(picture);
        assert!(!first.finished && first.usage.is_some_and(|usage| (usage.input, usage.output) == (10, 100)));
        let second = look(picture);
        let usage = second.usage.unwrap();
        assert!(second.finished);
        assert_eq!((usage.input, usage.output, usage.image_output), (20, 200, 180));
    }

    #[test]
    fn fewer_pictures_than_asked_for_may_be_all_unless_one_had_begun() {
        let mut watcher = EventWatcher::of(2);
        assert!(!watcher.may_end());
        let events = ["image_generation.completed", "image_generation.partial_image"];
        for (kind, may_end) in events.into_iter().zip([true, false]) {
            let data = format!(r#"{{"type":"{kind}","b64_json":"AA"}}"#);
            let _ = watcher.look(None, data.as_bytes(), &mut String::new()).unwrap();
            assert_eq!(watcher.may_end(), may_end, "{kind}");
        }
    }
}
