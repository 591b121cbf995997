use switchyard_domain::chat::{ChatRequest, Dialect, Document, Loss, LossKind, MediaSource, Part, Role};

use crate::codec::Unsupported;

/// Refuses a request of which the model would not see all that it was given: an answer to a question without its document is
/// wrong, not weaker. `told` is what whoever wrote the request told of it; a part of a message or of a result stands there
/// under its place, as `messages[0].content[1]` or `messages[2].content[0].content[1]`.
///
/// What the model itself said or did, in a form of the client's dialect, is history: it is told as lost.
///
/// # Errors
/// With the first part that would be lost.
pub(super) fn refuse_lost_content(
    request: &ChatRequest,
    source: Dialect,
    told: &[Loss],
) -> Result<(), Unsupported> {
    let is_lost = |loss: &&Loss| {
        loss.kind == LossKind::Dropped && part_at(request, source, &loss.member).is_some_and(is_given)
    };
    match told.iter().find(is_lost) {
        Some(Loss { member, reason, .. }) => {
            let message = format!("`{member}` would be lost on its way to the provider: {reason}.");
            Err(Unsupported::new(member, message))
        }
        None => Ok(()),
    }
}

/// Refuses a request with a file that was uploaded to another vendor than the one that it goes to. OpenAI's two dialects
/// know the same files.
///
/// # Errors
/// With the first such part.
pub(super) fn refuse_files_elsewhere(
    request: &ChatRequest,
    (source, target): (Dialect, Dialect),
) -> Result<(), Unsupported> {
    let is_openai = |dialect: &Dialect| [Dialect::OPENAI_CHAT, Dialect::OPENAI_RESPONSES].contains(dialect);
    if is_openai(&source) && is_openai(&target) {
        return Ok(());
    }
    for (at, message) in request.messages.iter().enumerate().filter(|(_, of)| of.role != Role::Assistant) {
        for (index, part) in message.parts.iter().enumerate() {
            let place = format!("messages[{at}].content[{index}]");
            let place = match part {
                Part::ToolResult(result) => {
                    let inner = result.content.iter().position(is_uploaded);
                    inner.map(|inner| format!("{place}.content[{inner}]"))
                }
                part => is_uploaded(part).then_some(place),
            };
            if let Some(place) = place {
                let message = format!(
                    "`{place}` is a file that only a provider that speaks {source} keeps; send it in the message, as base64."
                );
                return Err(Unsupported::new(place, message));
            }
        }
    }
    Ok(())
}

fn is_uploaded(part: &Part) -> bool {
    let (Part::Image { source, .. } | Part::Document(Document { source, .. })) = part else { return false };
    matches!(source, MediaSource::FileId(_))
}

/// The part at a place that is a part's; the model's own turns have none here.
fn part_at<'r>(request: &'r ChatRequest, source: Dialect, member: &str) -> Option<&'r Part> {
    let (message, rest) = numbered(member, "messages[")?;
    let (at, rest) = numbered(rest, ".content[")?;
    let message = request.messages.get(message).filter(|message| message.role != Role::Assistant)?;
    match (message.parts.get(at)?, rest) {
        (part, "") => Some(part).filter(|part| !is_item_beside(source, message.role, part)),
        (Part::ToolResult(result), rest) => {
            let (inner, rest) = numbered(rest, ".content[")?;
            result.content.get(inner).filter(|_| rest.is_empty())
        }
        _ => None,
    }
}

fn numbered<'m>(member: &'m str, before: &str) -> Option<(usize, &'m str)> {
    let (number, rest) = member.strip_prefix(before)?.split_once(']')?;
    Some((number.parse().ok()?, rest))
}

/// Natives that say which tools were found: what is lost with them is tools, which are told as lost.
const FOUND_TOOLS: &[&str] = &["tool_reference", "tool_search_output"];

/// Whether a part is something that the model is given to see.
fn is_given(part: &Part) -> bool {
    match part {
        Part::Native { kind, .. } => !FOUND_TOOLS.contains(&kind.as_str()),
        Part::Refusal { .. } | Part::Reasoning(_) | Part::Signature(_) | Part::CacheMark { .. } => false,
        _ => true,
    }
}

/// Whether a part stands for an item of Responses that the client adds beside messages. Only what its tools gave is content.
fn is_item_beside(source: Dialect, role: Role, part: &Part) -> bool {
    let Part::Native { kind, .. } = part else { return false };
    source == Dialect::OPENAI_RESPONSES && role == Role::Tool && !kind.ends_with("_output")
}
