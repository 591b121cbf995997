//! Ids of tool calls.

/// An id for a call that came without one, unique within an answer.
pub(crate) fn made_call_id(answer: &str, choice: u32, index: usize) -> String {
    let answer: String = answer.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("call_{answer}_{choice}_{index}")
}
