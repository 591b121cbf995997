use crate::codec::{AnswerFault, Look, Taken};
use crate::openai_chat::UsageRule;
use crate::openai_chat::stream::peek;

use super::decode;

/// Looks at a whole answer whose bytes pass through, see `ProviderCodec::glance`.
pub(in crate::openai_chat) fn glance(
    body: &[u8],
    rule: UsageRule,
    output: &mut String,
) -> Result<Look, AnswerFault> {
    let before = output.len();
    let peeked = peek(None, body, rule, output).map_err(AnswerFault::Error)?;
    let fault = match peeked.taken {
        Taken::Chunk if !peeked.choices.is_empty() => None,
        Taken::Chunk | Taken::Unknown => Some(AnswerFault::NoChoices),
        Taken::Malformed | Taken::Done => Some(AnswerFault::NotJson),
    };
    if let Some(fault) = fault {
        // What is no answer is searched in another way.
        output.truncate(before);
        return Err(fault);
    }
    let mut look = Look::of_peeked(peeked);
    look.finished = true;
    if output.len() == before {
        // Some put an empty `delta` beside the `message` of a whole answer, for which the look, made for streams, leaves the
        // message out (`perplexity-chat_completions-126ddc2c3d`, 2026).
        let answer = decode(body, rule)?;
        for event in &answer.events {
            look.has_content |= event.is_content();
            if let switchyard_domain::chat::ChatEvent::Delta { delta, .. } = event {
                output.push_str(delta.output_text());
            }
        }
    }
    Ok(look)
}
