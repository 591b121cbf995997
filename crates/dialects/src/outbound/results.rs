use switchyard_domain::chat::{Message, Part, ToolCall, ToolResult};

/// A message for dialects in which results of tools are messages of their own.
pub(crate) struct Split<'a> {
    /// The results, with their places among the parts. They come first.
    pub(crate) results: Vec<(usize, &'a ToolResult)>,
    /// Whether the rest is a message too: unless results are all there is.
    pub(crate) says_more: bool,
}

impl<'a> Split<'a> {
    pub(crate) fn of(message: &'a Message) -> Self {
        let result = |(at, part): (usize, &'a Part)| match part {
            Part::ToolResult(result) => Some((at, result)),
            _ => None,
        };
        let results: Vec<_> = message.parts.iter().enumerate().filter_map(result).collect();
        let says_more = results.is_empty() || results.len() < message.parts.len();
        Self { results, says_more }
    }
}

/// The calls of a message.
pub(crate) fn calls_of(message: &Message) -> Vec<&ToolCall> {
    let parts = message.parts.iter();
    parts.filter_map(|part| if let Part::ToolCall(call) = part { Some(call) } else { None }).collect()
}
