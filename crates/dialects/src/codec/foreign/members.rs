use switchyard_domain::chat::{ChatRequest, Dialect, Json, LossReport, Message, Part};

use crate::codec::Unsupported;
use crate::json::{elements, members, text};

const REASON: &str = "has no place in the provider's dialect";

/// What becomes of a member in another dialect than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// An answer that is made without it is wrong.
    Refused,
    /// It asks for what is so anyway, or means something to its own provider alone: nothing is lost.
    Idle,
    /// It is left out, and reported.
    Lost,
}

/// Refuses a request of another dialect (`source`) that leans on what only a provider of that dialect has: what is stored
/// there, or goes on there after the answer, or a form of answer that nobody else knows.
///
/// # Errors
/// With the first such member.
pub(super) fn refuse_foreign(request: &ChatRequest, source: Dialect) -> Result<(), Unsupported> {
    let refused = |(name, value): &&(String, Json)| of_request(source, name, value) == Fate::Refused;
    if let Some((name, _)) = request.extensions.iter().find(refused) {
        let message = format!(
            "`{name}` asks for what only a provider that speaks {source} can know; say it in another way."
        );
        return Err(Unsupported::new(name, message));
    }
    for (at, message) in request.messages.iter().enumerate() {
        for part in &message.parts {
            if let Part::Native { kind, .. } = part
                && is_held_by_provider(source, kind)
            {
                let text = format!(
                    "`{kind}` stands for what only a provider that speaks {source} can read; give it in full."
                );
                return Err(Unsupported::new(format!("messages[{at}]"), text));
            }
        }
    }
    Ok(())
}

/// Notes the members without canonical form of a message in a request of another dialect. Parts in native forms are noted by
/// whoever writes parts.
pub(crate) fn note_foreign_message(source: Dialect, at: usize, message: &Message, losses: &mut LossReport) {
    for (name, value) in &message.extensions {
        if of_message(source, name, value) == Fate::Lost {
            losses.dropped(format!("messages[{at}].{name}"), REASON);
        }
    }
}

/// Notes the members without canonical form of a function in a request of another dialect.
pub(crate) fn note_foreign_function(at: usize, extensions: &[(String, Json)], losses: &mut LossReport) {
    for (name, _) in extensions {
        losses.dropped(format!("tools[{at}].{name}"), REASON);
    }
}

/// Notes the members without canonical form at the top level of a request of another dialect.
pub(crate) fn note_foreign_members(source: Dialect, request: &ChatRequest, losses: &mut LossReport) {
    for (name, value) in &request.extensions {
        if of_request(source, name, value) == Fate::Lost {
            losses.dropped(name.as_str(), REASON);
        }
    }
}

fn of_request(source: Dialect, name: &str, value: &Json) -> Fate {
    let is = |word: &str| value.as_str() == word;
    match (source, name) {
        (Dialect::OPENAI_RESPONSES, "previous_response_id" | "conversation" | "prompt") => Fate::Refused,
        (Dialect::GEMINI, "cachedContent" | "cached_content") => Fate::Refused,
        // A form of answer that has no canonical one; of Google's, one word of a list, which nobody else can be held to
        // without quotes around it.
        (
            Dialect::GEMINI,
            "generationConfig.responseMimeType"
            | "generationConfig.responseSchema"
            | "generationConfig.responseJsonSchema",
        ) => Fate::Refused,
        (Dialect::OPENAI_CHAT, "response_format") => Fate::Refused,
        (Dialect::OPENAI_RESPONSES, "background") if is("false") => Fate::Idle,
        (Dialect::OPENAI_RESPONSES, "background") => Fate::Refused,
        (Dialect::OPENAI_RESPONSES | Dialect::OPENAI_CHAT, "store") if is("false") => Fate::Idle,
        (Dialect::OPENAI_RESPONSES, "truncation") if is("\"disabled\"") => Fate::Idle,
        // Proofs of reasoning always come along.
        (Dialect::OPENAI_RESPONSES, "include") if holds_only(value, "reasoning.encrypted_content") => {
            Fate::Idle
        }
        // Padding against guessing by length, which nobody else adds.
        (Dialect::OPENAI_RESPONSES, "stream_options.include_obfuscation") => Fate::Idle,
        _ => Fate::Lost,
    }
}

fn of_message(source: Dialect, name: &str, value: &Json) -> Fate {
    match (source, name) {
        // Ids, states and forms of items, which mean something to whoever made them.
        (Dialect::OPENAI_RESPONSES, "id" | "status" | "phase" | "type" | "instructions") => Fate::Idle,
        (Dialect::OPENAI_RESPONSES, "call_items") if names_only(value, &["call_id", "id", "status"]) => {
            Fate::Idle
        }
        _ => Fate::Lost,
    }
}

/// Whether a part stands for something that only the provider has: an earlier item, a history that it compacted.
fn is_held_by_provider(source: Dialect, kind: &str) -> bool {
    source == Dialect::OPENAI_RESPONSES && matches!(kind, "item_reference" | "compaction")
}

fn holds_only(list: &Json, word: &str) -> bool {
    let words = elements(&list.0).unwrap_or_default();
    words.into_iter().all(|element| text(element).as_deref() == Some(word))
}

/// Whether a value says nothing.
pub(super) fn holds_nothing(value: &Json) -> bool {
    matches!(value.as_str(), "null" | "[]" | "{}" | "\"\"")
}

/// Whether the objects of a list have no members but these.
pub(super) fn names_only(list: &Json, names: &[&str]) -> bool {
    let objects = elements(&list.0).unwrap_or_default();
    objects.into_iter().filter_map(members).all(|object| object.iter().all(|(name, _)| names.contains(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_domain::chat::Role;

    fn request(members: &[(&str, &str)]) -> ChatRequest {
        let member = |(name, value): &(&str, &str)| ((*name).to_owned(), Json::parse(*value).unwrap());
        ChatRequest { extensions: members.iter().map(member).collect(), ..ChatRequest::default() }
    }

    #[test]
    fn what_only_the_provider_holds_is_refused_with_its_name() {
        for (name, value) in [
            ("previous_response_id", "\"resp_1\""),
            ("conversation", "{\"id\":\"conv_1\"}"),
            ("prompt", "{\"id\":\"pmpt_1\"}"),
            ("background", "true"),
        ] {
            let refused = refuse_foreign(&request(&[(name, value)]), Dialect::OPENAI_RESPONSES).unwrap_err();
            assert_eq!(refused.param.as_deref(), Some(name));
            assert_eq!(refuse_foreign(&request(&[(name, value)]), Dialect::OPENAI_CHAT), Ok(()));
        }
        for kind in ["item_reference", "compaction"] {
            let mut request = request(&[]);
            let mut message = Message::text(Role::User, "x");
            message.parts.push(Part::Native { kind: kind.to_owned(), json: Json::parse("{}").unwrap() });
            request.messages.push(message);
            let refused = refuse_foreign(&request, Dialect::OPENAI_RESPONSES).unwrap_err();
            assert_eq!(refused.param.as_deref(), Some("messages[0]"));
        }
    }

    #[test]
    fn what_is_so_anyway_is_no_loss_and_the_rest_is_told() {
        let idle = [
            ("background", "false"),
            ("store", "false"),
            ("truncation", "\"disabled\""),
            ("include", "[\"reasoning.encrypted_content\"]"),
        ];
        let lost = [("store", "true"), ("truncation", "\"auto\""), ("include", "[\"x\"]"), ("odd", "1")];
        let mut losses = LossReport::default();
        note_foreign_members(Dialect::OPENAI_RESPONSES, &request(&idle), &mut losses);
        assert_eq!(refuse_foreign(&request(&idle), Dialect::OPENAI_RESPONSES), Ok(()));
        assert!(losses.is_empty(), "{losses}");
        note_foreign_members(Dialect::OPENAI_RESPONSES, &request(&lost), &mut losses);
        assert_eq!(losses.to_string(), "store,truncation,include,odd");
    }

    #[test]
    fn ids_of_items_are_no_loss_but_what_else_they_carry_is() {
        let json = |text: &str| Json::parse(text).unwrap();
        let mut message = Message::text(Role::Assistant, "x");
        message.extensions = vec![
            ("id".to_owned(), json("\"msg_1\"")),
            ("call_items".to_owned(), json("[{\"id\":\"fc_1\"}]")),
            ("call_items".to_owned(), json("[{\"namespace\":\"n\"}]")),
            ("annotations".to_owned(), json("[]")),
        ];
        let mut losses = LossReport::default();
        note_foreign_message(Dialect::OPENAI_RESPONSES, 0, &message, &mut losses);
        assert_eq!(losses.to_string(), "messages[0].call_items,messages[0].annotations");
    }
}
