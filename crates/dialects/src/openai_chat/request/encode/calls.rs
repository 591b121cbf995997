use std::borrow::Cow;

use switchyard_domain::chat::{ToolCall, ToolCallKind};

use super::{TargetFacts, ToolCallIds};
use crate::tool_call_id;

/// The ids of calls and results in the form that the vendor accepts.
pub(super) struct CallIds {
    ids: tool_call_id::CallIds,
    legacy_functions: bool,
}

impl CallIds {
    pub(super) fn new(facts: &TargetFacts) -> Self {
        let accepts: fn(&str) -> bool = match facts.tool_call_ids {
            ToolCallIds::Any => |_| true,
            ToolCallIds::NineAlphanumeric => {
                |id| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
        };
        Self { ids: tool_call_id::CallIds::new(accepts), legacy_functions: facts.legacy_functions }
    }

    /// Whether a call is written in the first form of function calling, which knows no ids.
    pub(super) fn is_legacy(&self, call: &ToolCall) -> bool {
        self.legacy_functions && call.kind == ToolCallKind::LegacyFunction
    }

    /// The id of a call.
    pub(super) fn of_call<'a>(&mut self, id: &'a str) -> Cow<'a, str> {
        self.ids.of_call(id)
    }

    /// The id of the call that a result answers.
    pub(super) fn of_result<'a>(&self, id: &'a str) -> Cow<'a, str> {
        self.ids.of_result(id)
    }
}
