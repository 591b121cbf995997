//! What whole answers of other operations than chats have in common, whoever gives them.

use crate::codec::AnswerFault;
use crate::error::{announces_error, from_members, has_error};
use crate::json::{RawMembers, object, text};

/// The members of an answer, which must have this one.
pub(crate) fn members_of<'a>(body: &'a str, required: &str) -> Result<RawMembers<'a>, AnswerFault> {
    let top = object(body).ok_or(AnswerFault::NotJson)?;
    if has_error(&top) {
        return Err(AnswerFault::Error(from_members(&top)));
    }
    match top.get(required) {
        Some(_) => Ok(top),
        None if announces_error(&top) => Err(AnswerFault::Error(from_members(&top))),
        None => Err(AnswerFault::NoChoices),
    }
}

/// The model that answers, where the answer says so.
pub(crate) fn model(top: &RawMembers<'_>) -> Option<String> {
    top.get("model").and_then(text).map(std::borrow::Cow::into_owned).filter(|model| !model.is_empty())
}
