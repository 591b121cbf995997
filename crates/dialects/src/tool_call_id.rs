//! Ids of tool calls.

use std::borrow::Cow;

/// An id for a call that came without one, unique within an answer.
pub(crate) fn made_call_id(answer: &str, choice: u32, index: usize) -> String {
    let answer: String = answer.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("call_{answer}_{choice}_{index}")
}

/// Gives the ids of calls and results a form that a vendor accepts, so that they still match.
pub(crate) struct CallIds {
    accepts: fn(&str) -> bool,
    /// How many calls without an id were given one.
    made: u32,
}

impl CallIds {
    /// For a vendor that accepts just these ids, among them any of nine letters and digits.
    pub(crate) fn new(accepts: fn(&str) -> bool) -> Self {
        Self { accepts, made: 0 }
    }

    /// The id of a call.
    pub(crate) fn of_call<'a>(&mut self, id: &'a str) -> Cow<'a, str> {
        if id.is_empty() {
            self.made += 1;
        }
        self.fitted(id)
    }

    /// The id of the call that a result answers. One without an id answers the last call.
    pub(crate) fn of_result<'a>(&self, id: &'a str) -> Cow<'a, str> {
        self.fitted(id)
    }

    fn fitted<'a>(&self, id: &'a str) -> Cow<'a, str> {
        let id = if id.is_empty() { format!("call_{}", self.made).into() } else { Cow::Borrowed(id) };
        if (self.accepts)(&id) { id } else { nine_alphanumeric(&id).into() }
    }
}

/// Nine letters and digits made from an id, the same from the same. 62^9 is large enough that the few ids of a conversation
/// stay apart.
pub(crate) fn nine_alphanumeric(id: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // FNV-1a: no secret is in it, and it must never change between versions.
    let mut hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (0..9)
        .map(|_| {
            let digit = DIGITS.get((hash % 62) as usize).copied().unwrap_or(b'0');
            hash /= 62;
            char::from(digit)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_ids_become_nine_characters_and_stay_apart() {
        let mut ids = CallIds::new(|id| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let made: std::collections::BTreeSet<String> =
            (0..1000).map(|n| ids.of_call(&format!("call_{n}")).into_owned()).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|id| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())));
        assert_eq!(ids.of_call("toolu_01").into_owned(), ids.of_result("toolu_01"));
        assert_eq!(ids.of_call("gSIMJiOkT"), "gSIMJiOkT");
    }

    #[test]
    fn a_call_without_an_id_gets_one_that_its_result_finds() {
        let mut ids = CallIds::new(|_| true);
        let first = ids.of_call("").into_owned();
        assert_eq!(ids.of_result(""), first);
        let second = ids.of_call("").into_owned();
        assert_ne!(second, first);
        assert_eq!(ids.of_result(""), second);
    }
}
