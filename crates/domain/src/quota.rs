//! Quotas: the limits and the budget of a scope that is larger than a route's target.

use crate::budget::Budget;
use crate::ids::{ProviderId, UserId, VirtualKeyId};
use crate::limits::Limits;
use crate::meta::RowMeta;
use std::fmt;

/// What a quota is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuotaScope {
    /// All calls together.
    Global,
    /// The calls of a user, by all their keys.
    User(UserId),
    /// The calls to a provider.
    Provider(ProviderId),
    /// The calls of a virtual key. Its limits stand with the key; this is its budget.
    Key(VirtualKeyId),
}

/// A text that is no scope.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is no scope: expected global, user:<id>, provider:<id> or key:<id>")]
pub struct InvalidQuotaScope(String);

impl QuotaScope {
    /// Reads the word.
    ///
    /// # Errors
    /// [`InvalidQuotaScope`] for anything else than a scope's word.
    pub fn parse(word: &str) -> Result<Self, InvalidQuotaScope> {
        let scope = match word.split_once(':') {
            None if word == "global" => Some(Self::Global),
            None => None,
            Some((kind, id)) => id.parse().ok().and_then(|id: i64| match kind {
                "user" => Some(Self::User(UserId(id))),
                "provider" => Some(Self::Provider(ProviderId(id))),
                "key" => Some(Self::Key(VirtualKeyId(id))),
                _ => None,
            }),
        };
        // What reads as a scope but is spelt otherwise (`key:+1`) would be another row for the same scope.
        scope
            .filter(|scope| scope.to_string() == word)
            .ok_or_else(|| InvalidQuotaScope(word.chars().take(64).collect()))
    }
}

/// The word.
impl fmt::Display for QuotaScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Provider(id) => write!(f, "provider:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
        }
    }
}

/// A scope's limits and budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The row's id, by which changes name it.
    pub id: i64,
    /// What it is about.
    pub scope: QuotaScope,
    /// Its limits; none for a key, whose own they are.
    pub limits: Limits,
    /// Its budget.
    pub budget: Option<Budget>,
    /// Version, owner, times.
    pub meta: RowMeta,
}

/// Limits and a budget in words, as the audit log tells them.
#[must_use]
pub fn stated(limits: &Limits, budget: Option<&Budget>) -> String {
    let Limits { rpm, tpm, rpd, concurrency } = *limits;
    let numbers = [
        ("rpm", rpm.map(u64::from)),
        ("tpm", tpm),
        ("rpd", rpd.map(u64::from)),
        ("concurrency", concurrency.map(u64::from)),
    ];
    let limits = numbers.into_iter().filter_map(|(name, limit)| Some(format!("{name} {}", limit?)));
    let words: Vec<String> = budget.map(ToString::to_string).into_iter().chain(limits).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_from_their_words_and_nothing_else_is_one() {
        let scopes = [
            QuotaScope::Global,
            QuotaScope::User(UserId(7)),
            QuotaScope::Provider(ProviderId(1_000_000)),
            QuotaScope::Key(VirtualKeyId(3)),
        ];
        for scope in scopes {
            assert_eq!(QuotaScope::parse(&scope.to_string()).unwrap(), scope);
        }
        for word in ["", "all", "global:1", "key:", "key:x", "key:+1", "key:01", "team:1", "KEY:1"] {
            assert!(QuotaScope::parse(word).is_err(), "{word}");
        }
    }
}
