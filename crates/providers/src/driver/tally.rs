//! Keeping the record of what was received true at every moment.

use switchyard_dialects::codec::{Look, service_tier};
use switchyard_domain::chat::{ChatEvent, TokenUsage};
use switchyard_ports::provider::ReceivedParts;

/// Notes what a look at an event or a body found, save its text, which the look has noted itself.
pub(super) fn look(parts: &mut ReceivedParts, look: &mut Look) {
    if let Some(usage) = look.usage {
        counted(parts, usage, look.usage_corrected);
    }
    parts.prompt = look.prompt.or(parts.prompt);
    parts.units = parts.units.saturating_add(look.units);
    if parts.served_model.is_none() {
        parts.served_model = look.model.take();
    }
    parts.service_tier = look.service_tier.take().or(parts.service_tier.take());
}

/// Notes what decoded events say; `corrected` says that a count among them made no sense and was replaced.
pub(super) fn events(parts: &mut ReceivedParts, events: &[ChatEvent], corrected: bool) {
    for event in events {
        match event {
            ChatEvent::Started { model, extensions, .. } => {
                if parts.served_model.is_none() && !model.is_empty() {
                    parts.served_model = Some(model.clone());
                }
                let tier = extensions.iter().find_map(|(name, value)| service_tier(name, value));
                parts.service_tier = tier.or(parts.service_tier.take());
            }
            ChatEvent::Extension { name, value } => {
                parts.service_tier = service_tier(name, value).or(parts.service_tier.take());
            }
            ChatEvent::Delta { delta, .. } => parts.output_text.push_str(delta.output_text()),
            ChatEvent::Usage(usage) => counted(parts, *usage, corrected),
            ChatEvent::Finished { .. } => {}
        }
    }
}

/// Notes what the provider counted of all that came so far; `corrected` says that a count made no sense and was replaced. Some send
/// zeros at last, which take nothing back: an earlier count stands, or where more was said since, what it has of the prompt.
pub(super) fn counted(parts: &mut ReceivedParts, usage: TokenUsage, corrected: bool) {
    let stands = parts.usage.filter(|known| is_some(known) && !parts.usage_corrected);
    if let Some(known) = stands.filter(|known| takes_back(&usage, known)) {
        if parts.output_text.len() > parts.text_at_usage {
            parts.usage = Some(TokenUsage { output: 0, reasoning: 0, ..known });
        }
        return;
    }
    parts.usage = Some(usage);
    parts.text_at_usage = parts.output_text.len();
    parts.usage_corrected = corrected;
}

fn takes_back(usage: &TokenUsage, known: &TokenUsage) -> bool {
    !is_some(usage) || usage.output == 0 && known.output > 0
}

/// Notes that an error came where an answer was due: nothing is billed for it, unless something of an answer came before or with it.
pub(super) fn refused(parts: &mut ReceivedParts) {
    let is_counted = parts.usage.is_some_and(|usage| is_some(&usage)) || parts.prompt.is_some();
    parts.began = is_counted || !parts.output_text.is_empty();
}

/// Whether anything was counted.
fn is_some(usage: &TokenUsage) -> bool {
    usage.total() > 0 || !usage.units.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64) -> TokenUsage {
        TokenUsage { input, output, ..TokenUsage::default() }
    }

    #[test]
    fn zeros_take_no_count_back_that_makes_sense_and_any_other_count_replaces_it() {
        for (first, is_corrected, last, kept) in [
            (usage(9, 4), false, usage(0, 0), usage(9, 4)),
            (usage(9, 4), false, usage(9, 0), usage(9, 4)),
            (usage(9, 4), false, usage(9, 5), usage(9, 5)),
            (usage(9, 4), false, usage(0, 5), usage(0, 5)),
            (usage(9, 4), true, usage(0, 0), usage(0, 0)),
            (usage(9, 0), false, usage(8, 0), usage(8, 0)),
            (usage(0, 0), false, usage(0, 0), usage(0, 0)),
        ] {
            let mut parts = ReceivedParts { output_text: "some".to_owned(), ..ReceivedParts::default() };
            counted(&mut parts, first, is_corrected);
            counted(&mut parts, last, false);
            assert_eq!(parts.usage, Some(kept), "{first:?} {last:?}");
            assert_eq!(parts.text_at_usage, 4, "{first:?} {last:?}");
        }
    }

    #[test]
    fn zeros_after_more_was_said_leave_of_an_earlier_count_what_it_has_of_the_prompt() {
        let mut parts = ReceivedParts::default();
        counted(&mut parts, usage(9, 1), false);
        parts.output_text.push_str("more");
        counted(&mut parts, usage(0, 0), false);
        assert_eq!(parts.usage, Some(usage(9, 0)));
        counted(&mut parts, usage(9, 7), false);
        assert_eq!(parts.usage, Some(usage(9, 7)));
    }
}
