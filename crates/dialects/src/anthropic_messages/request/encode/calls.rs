use std::borrow::Cow;
use std::collections::VecDeque;

use switchyard_domain::chat::ToolCall;

use crate::tool_call_id::nine_alphanumeric;

/// Gives the ids of calls and results a form that the vendor accepts, so that they still match.
#[derive(Debug, Default)]
pub(super) struct CallIds {
    /// How many calls without an id were given one.
    made: u32,
    /// The calls without an id whose results are still to come: name and the id that was made.
    waiting: VecDeque<(String, String)>,
}

impl CallIds {
    /// The id of a call.
    pub(super) fn of_call<'a>(&mut self, call: &'a ToolCall) -> Cow<'a, str> {
        if !call.id.is_empty() {
            return fitted(&call.id);
        }
        self.made += 1;
        let id = format!("call_{}", self.made);
        self.waiting.push_back((call.name.clone(), id.clone()));
        Cow::Owned(id)
    }

    /// The id of the call that a result answers. One without an id answers the first call of its name that waits for one.
    pub(super) fn of_result<'a>(&mut self, id: &'a str, name: Option<&str>) -> Cow<'a, str> {
        if !id.is_empty() {
            return fitted(id);
        }
        let place = self.waiting.iter().position(|(waiting, _)| name.is_none_or(|name| name == waiting));
        let found = place.and_then(|place| self.waiting.remove(place));
        Cow::Owned(found.map_or_else(|| format!("call_{}", self.made), |(_, id)| id))
    }
}

/// An id of letters, digits, `_` and `-`, which are all that the vendor takes.
fn fitted(id: &str) -> Cow<'_, str> {
    let fits = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if fits { Cow::Borrowed(id) } else { Cow::Owned(format!("call_{}", nine_alphanumeric(id))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str, name: &str) -> ToolCall {
        let (id, name) = (id.to_owned(), name.to_owned());
        ToolCall { id, name, arguments: String::new(), kind: Default::default(), signature: None }
    }

    #[test]
    fn ids_of_other_vendors_are_kept_where_they_fit_and_replaced_alike_where_not() {
        let mut ids = CallIds::default();
        assert_eq!(ids.of_call(&call("toolu_01-a", "f")), "toolu_01-a");
        let odd = call("call|ü", "f");
        let replaced = ids.of_call(&odd).into_owned();
        assert_eq!(ids.of_result("call|ü", None), replaced);
        assert!(replaced.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{replaced}");
    }

    #[test]
    fn results_without_an_id_find_their_calls_by_name_and_in_order() {
        let mut ids = CallIds::default();
        let made: Vec<String> =
            ["f", "g", "f"].iter().map(|name| ids.of_call(&call("", name)).into_owned()).collect();
        assert_eq!(ids.of_result("", Some("f")), made[0]);
        assert_eq!(ids.of_result("", Some("f")), made[2]);
        assert_eq!(ids.of_result("", None), made[1]);
    }
}
