//! From where people signed in before: whoever comes from there is not kept waiting by strangers.

use super::Client;
use super::throttles::source;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Accounts that are remembered. Of more, those who signed in longest ago are strangers again.
const MOST_ACCOUNTS: usize = 10_000;
/// Sources of one account: nobody takes others' room.
const SOURCES_OF_ONE: usize = 16;

/// The sources of right passwords, by account, since this process began.
#[derive(Default)]
pub(super) struct FamiliarSources(Mutex<Known>);

#[derive(Default)]
struct Known {
    sources: HashMap<String, VecDeque<String>>,
    /// Accounts, those who signed in longest ago first.
    order: VecDeque<String>,
}

impl FamiliarSources {
    /// Whether this account was signed in to from there.
    pub(super) fn knows(&self, account: &str, client: &Client) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.sources.get(account).is_some_and(|sources| sources.contains(&source(client)))
    }

    /// Notes that it was.
    pub(super) fn note(&self, account: &str, client: &Client) {
        let from = source(client);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { sources, order } = &mut *known;
        let of_account = sources.entry(account.to_owned()).or_default();
        if of_account.back() == Some(&from) && order.back().is_some_and(|last| last == account) {
            return;
        }
        of_account.retain(|other| *other != from);
        of_account.push_back(from);
        if of_account.len() > SOURCES_OF_ONE {
            of_account.pop_front();
        }
        order.retain(|other| other != account);
        order.push_back(account.to_owned());
        if order.len() > MOST_ACCOUNTS
            && let Some(oldest) = order.pop_front()
        {
            sources.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Client {
        Client { address: Some(address.parse().unwrap()), ..Client::default() }
    }

    #[test]
    fn a_source_is_familiar_to_the_account_that_was_signed_in_to_from_it() {
        let known = FamiliarSources::default();
        known.note("ana", &at("192.0.2.1"));
        known.note("ana", &at("2001:db8::1"));
        assert!(known.knows("ana", &at("192.0.2.1")) && known.knows("ana", &at("2001:db8::2")));
        assert!(!known.knows("ana", &at("192.0.2.2")) && !known.knows("bob", &at("192.0.2.1")));
    }

    #[test]
    fn no_more_is_kept_than_some_sources_of_some_accounts_and_the_latest_stay() {
        let known = FamiliarSources::default();
        for number in 0..40 {
            known.note("ana", &at(&format!("192.0.2.{number}")));
        }
        let of_ana = (0..40).filter(|number| known.knows("ana", &at(&format!("192.0.2.{number}"))));
        assert_eq!(of_ana.collect::<Vec<_>>(), (24..40).collect::<Vec<_>>());
        for number in 0..MOST_ACCOUNTS {
            known.note(&format!("somebody{number}"), &at("198.51.100.1"));
        }
        assert!(!known.knows("ana", &at("192.0.2.39")) && known.knows("somebody0", &at("198.51.100.1")));
        let kept = known.0.lock().unwrap();
        assert_eq!((kept.sources.len(), kept.order.len()), (MOST_ACCOUNTS, MOST_ACCOUNTS));
    }
}
