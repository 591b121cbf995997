use switchyard_domain::chat::{Message, Part, Role};

use super::messages::MessageWriter;
use super::turns::Blocks;
use crate::codec::Unsupported;

impl MessageWriter<'_> {
    /// Writes instructions, which stand before the conversation. `is_late` says that they came in the middle of it.
    pub(super) fn write_system(
        &mut self,
        index: usize,
        message: &Message,
        is_late: bool,
        out: &mut Blocks,
    ) -> Result<(), Unsupported> {
        if is_late {
            self.content.losses.degraded(format!("messages[{index}]"), "stands before the conversation");
        }
        for (at, part) in message.parts.iter().enumerate() {
            let place = format_args!("messages[{index}].content[{at}]");
            match part {
                Part::Text { .. } | Part::Refusal { .. } | Part::Native { .. } => {
                    self.content.write(part, place, out)?;
                }
                Part::CacheMark { ttl } => self.mark(ttl.as_deref(), place, out),
                Part::Image { .. } | Part::Document(_) | Part::Audio(_) => {
                    let message = "The provider takes nothing but text in instructions.";
                    return Err(Unsupported::new(place.to_string(), message));
                }
                Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Signature(_) => {
                    self.content.losses.dropped(place.to_string(), "has no place in instructions");
                }
            }
        }
        Ok(())
    }
}

/// Whether a message is instructions.
pub(super) fn is_system(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}
