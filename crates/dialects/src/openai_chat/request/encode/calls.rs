use std::borrow::Cow;

use switchyard_domain::chat::{ToolCall, ToolCallKind};

use super::{TargetFacts, ToolCallIds};
use crate::tool_call_id::nine_alphanumeric;

/// Gives the ids of calls and results a form that the vendor accepts, so that they still match.
pub(super) struct CallIds {
    form: ToolCallIds,
    legacy_functions: bool,
    /// How many calls without an id were given one.
    made: u32,
}

impl CallIds {
    pub(super) fn new(facts: &TargetFacts) -> Self {
        Self { form: facts.tool_call_ids, legacy_functions: facts.legacy_functions, made: 0 }
    }

    /// Whether a call is written in the first form of function calling, which knows no ids.
    pub(super) fn is_legacy(&self, call: &ToolCall) -> bool {
        self.legacy_functions && call.kind == ToolCallKind::LegacyFunction
    }

    /// The id of a call.
    pub(super) fn of_call<'a>(&mut self, id: &'a str) -> Cow<'a, str> {
        if id.is_empty() {
            self.made += 1;
        }
        self.fitted(id)
    }

    /// The id of the call that a result answers. One without an id answers the last call.
    pub(super) fn of_result<'a>(&self, id: &'a str) -> Cow<'a, str> {
        self.fitted(id)
    }

    fn fitted<'a>(&self, id: &'a str) -> Cow<'a, str> {
        let id = if id.is_empty() { format!("call_{}", self.made).into() } else { Cow::Borrowed(id) };
        let fits = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits || self.form == ToolCallIds::Any { id } else { nine_alphanumeric(&id).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_ids_become_nine_characters_and_stay_apart() {
        let facts = TargetFacts { tool_call_ids: ToolCallIds::NineAlphanumeric, ..TargetFacts::OPENAI };
        let mut ids = CallIds::new(&facts);
        let made: std::collections::BTreeSet<String> =
            (0..1000).map(|n| ids.of_call(&format!("call_{n}")).into_owned()).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|id| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())));
        assert_eq!(ids.of_call("toolu_01").into_owned(), ids.of_result("toolu_01"));
        assert_eq!(ids.of_call("gSIMJiOkT"), "gSIMJiOkT");
    }

    #[test]
    fn a_call_without_an_id_gets_one_that_its_result_finds() {
        let mut ids = CallIds::new(&TargetFacts::OPENAI);
        let first = ids.of_call("").into_owned();
        assert_eq!(ids.of_result(""), first);
        let second = ids.of_call("").into_owned();
        assert_ne!(second, first);
        assert_eq!(ids.of_result(""), second);
    }
}
