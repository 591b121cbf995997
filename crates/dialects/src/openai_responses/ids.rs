//! Ids of items that are made here, for clients that need one where the provider gave none.
//!
//! OpenAI takes ids of items back only if they begin with the word for their type and have at most 64 characters. Those made
//! here bear a mark, so that they are known when they return: they mean nothing to any provider.

/// Between the word for the type and the rest.
const MARK: &str = "_switchyard_";

/// The id of the item at a place of an answer.
pub(super) fn made(prefix: &str, answer: &str, place: usize) -> String {
    let answer: String = answer.chars().filter(char::is_ascii_alphanumeric).take(36).collect();
    format!("{prefix}{MARK}{answer}_{place}")
}

/// Whether an id was made here.
pub(super) fn is_made(id: &str) -> bool {
    id.contains(MARK)
}

/// What all ids made here have in them, to be searched for in a body.
pub(super) fn mark() -> &'static [u8] {
    MARK.as_bytes()
}

/// The id of an answer: OpenAI's begin with `resp_`, and clients check.
pub(super) fn of_answer(id: &str) -> String {
    if id.starts_with("resp_") {
        return id.to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    format!("resp_{}", id.chars().map(plain).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_ids_are_known_again_and_short_enough() {
        let id = made("msg", &"chatcmpl-0123456789".repeat(20), 9999);
        assert!(is_made(&id) && id.starts_with("msg_") && id.len() <= 64, "{id}");
        assert!(!is_made("msg_0bad2fabe22c509dab22b0df35a13abf"));
        assert_ne!(made("fc", "a", 1), made("fc", "a", 2));
    }

    #[test]
    fn an_answers_id_begins_as_openais_do() {
        assert_eq!(of_answer("resp_1"), "resp_1");
        assert_eq!(of_answer("chatcmpl-1/é"), "resp_chatcmpl-1__");
    }
}
