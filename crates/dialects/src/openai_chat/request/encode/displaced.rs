use switchyard_domain::chat::{LossReport, Part, ToolResult};

use super::TargetFacts;
use super::content::Content;
use crate::json::ArrayWriter;

/// The media of results of tools, for a vendor that takes texts alone there: one message of the user's has them, after the last result
/// of the turn. OpenAI allows pictures in messages of the user alone (github.com/OpenHands/OpenHands/issues/7700, 2025-04-22).
#[derive(Default)]
pub(super) struct Displaced<'a> {
    /// What results hold, and where.
    results: Vec<(&'a [Part], String)>,
}

/// Whether a part is a picture, sound or a document.
pub(super) fn is_medium(part: &Part) -> bool {
    matches!(part, Part::Image { .. } | Part::Audio(_) | Part::Document(_))
}

impl<'a> Displaced<'a> {
    /// Takes the media of a result, if it has any.
    pub(super) fn take(&mut self, result: &'a ToolResult, path: &str, losses: &mut LossReport) {
        if result.content.iter().any(is_medium) {
            losses.degraded(path, "media stand beside the result");
            self.results.push((&result.content, path.to_owned()));
        }
    }

    /// Writes the message, if there is anything to say.
    pub(super) fn write(
        &mut self,
        list: &mut ArrayWriter<'_>,
        facts: &TargetFacts,
        same_dialect: bool,
        losses: &mut LossReport,
    ) {
        let mut content = Content::new(facts, same_dialect, losses);
        for (parts, path) in self.results.drain(..) {
            content.collect_only(is_medium, parts, format_args!("{path}"));
        }
        if !content.is_empty() {
            list.object(|message| {
                message.text("role", "user");
                content.write(message, false);
            });
        }
    }
}
