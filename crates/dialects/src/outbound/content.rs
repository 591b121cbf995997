use std::fmt::Arguments;

use switchyard_domain::chat::{Document, LossReport, MediaSource, Message, Part};

/// A document of plain text as a text, for providers that take none but these.
pub(crate) fn document_as_text(document: &Document) -> Option<String> {
    let MediaSource::Text(text) = &document.source else { return None };
    let heads = [document.filename.as_deref(), document.context.as_deref()];
    let pieces = heads.into_iter().flatten().chain([text.as_str()]);
    Some(pieces.collect::<Vec<_>>().join("\n"))
}

/// Notes that a provider looks at pictures as it likes.
pub(crate) fn note_detail(detail: Option<&str>, place: Arguments<'_>, losses: &mut LossReport) {
    if detail.is_some_and(|detail| detail != "auto") {
        losses.dropped(format!("{place}.detail"), "the provider looks as closely as it likes");
    }
}

/// Notes that what the model said after a call stands before it, where calls have a member of their own.
pub(crate) fn note_moved(message: &Message, index: usize, losses: &mut LossReport) {
    let after = message.parts.iter().skip_while(|part| !matches!(part, Part::ToolCall(_)));
    let mut texts = after.filter_map(|part| match part {
        Part::Text { text } | Part::Refusal { text } => Some(text),
        Part::Reasoning(reasoning) => Some(&reasoning.text),
        _ => None,
    });
    if texts.any(|text| !text.is_empty()) {
        let member = format!("messages[{index}].content");
        losses.degraded(member, "what was said after a tool call stands before it");
    }
}

/// Notes once that proofs of others than `own` were left out of a message.
pub(crate) fn note_signatures(message: &Message, index: usize, own: Option<&str>, losses: &mut LossReport) {
    let signature = |part: &Part| match part {
        Part::Reasoning(reasoning) => reasoning.signature.as_ref().map(|signature| signature.issuer.clone()),
        Part::Signature(signature) => Some(signature.issuer.clone()),
        Part::ToolCall(call) => call.signature.as_ref().map(|signature| signature.issuer.clone()),
        _ => None,
    };
    let mut issuers = message.parts.iter().filter_map(signature);
    if issuers.any(|issuer| own != Some(issuer.as_str())) {
        losses.dropped(format!("messages[{index}].reasoning.signature"), "the provider has no place for it");
    }
}
