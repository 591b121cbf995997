//! How an answer ended: a status, and for one that is incomplete a reason.

use switchyard_domain::chat::FinishReason;

/// States of an answer that is not made yet: it goes on in the background.
const UNFINISHED: &[&str] = &["queued", "in_progress"];

/// What a status and a reason mean; `calls` says that the model calls tools of the client.
pub(super) fn parse(status: Option<&str>, reason: Option<&str>, calls: bool) -> FinishReason {
    match (status, reason) {
        (Some("incomplete"), Some("max_output_tokens" | "max_tokens")) => FinishReason::Length,
        (Some("incomplete"), Some("content_filter")) => FinishReason::ContentFilter,
        (Some("incomplete"), Some("") | None) => FinishReason::Length,
        (Some("incomplete"), Some(other)) => FinishReason::Other(other.to_owned()),
        (Some(status), _) if UNFINISHED.contains(&status) => FinishReason::Other(status.to_owned()),
        _ if calls => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

/// A status, and the reason for one that is incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome<'a> {
    pub(super) status: &'a str,
    pub(super) reason: Option<&'a str>,
}

impl Outcome<'_> {
    /// Whether the answer goes on in the background. A stream of it ends all the same.
    pub(super) fn is_unfinished(&self) -> bool {
        UNFINISHED.contains(&self.status)
    }
}

/// The words of this dialect.
pub(super) fn outcome(reason: Option<&FinishReason>) -> Outcome<'_> {
    let incomplete = |reason| Outcome { status: "incomplete", reason: Some(reason) };
    match reason {
        Some(FinishReason::Length) => incomplete("max_output_tokens"),
        Some(FinishReason::ContentFilter) => incomplete("content_filter"),
        Some(FinishReason::Error) => Outcome { status: "failed", reason: None },
        Some(FinishReason::Other(word)) if UNFINISHED.contains(&word.as_str()) => {
            Outcome { status: word, reason: None }
        }
        _ => Outcome { status: "completed", reason: None },
    }
}
