//! Keeping the record of what was received true at every moment.

use switchyard_dialects::codec::Look;
use switchyard_domain::chat::ChatEvent;
use switchyard_ports::provider::ReceivedParts;

/// Notes what a look at an event or a body found, save its text, which the look has noted itself.
pub(super) fn look(parts: &mut ReceivedParts, look: &mut Look) {
    if let Some(usage) = look.usage {
        parts.usage = Some(usage);
        parts.text_at_usage = parts.output_text.len();
        parts.usage_corrected = look.usage_corrected;
    }
    parts.units = parts.units.saturating_add(look.units);
    if parts.served_model.is_none() {
        parts.served_model = look.model.take();
    }
}

/// Notes what decoded events say.
pub(super) fn events(parts: &mut ReceivedParts, events: &[ChatEvent]) {
    for event in events {
        match event {
            ChatEvent::Started { model, .. } if parts.served_model.is_none() && !model.is_empty() => {
                parts.served_model = Some(model.clone());
            }
            ChatEvent::Delta { delta, .. } => parts.output_text.push_str(delta.output_text()),
            ChatEvent::Usage(usage) => {
                parts.usage = Some(*usage);
                parts.text_at_usage = parts.output_text.len();
            }
            ChatEvent::Started { .. } | ChatEvent::Finished { .. } | ChatEvent::Extension { .. } => {}
        }
    }
}
