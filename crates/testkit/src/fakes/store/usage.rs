//! Usage events. The ledger and the sums are read from the events themselves: a fake has one book only, which can't disagree.

use super::{MemoryStore, State};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap, HashSet};
use switchyard_domain::budget::Span;
use switchyard_domain::ids::{AttemptId, VirtualKeyId};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::name::Name;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_domain::usage::{
    CallCursor, CallFilter, CallRecord, GroupBy, LedgerCheck, RefusedCall, RequestsOf, UsageEvent,
    UsageFilter, UsageRow, UsageSums,
};
use switchyard_ports::repositories::{Recorded, RepositoryError, UsageRepository};

#[async_trait]
impl UsageRepository for MemoryStore {
    async fn record(&self, events: &[UsageEvent]) -> Result<Recorded, RepositoryError> {
        if self.faults().largest_batch.is_some_and(|largest| events.len() > largest) {
            return Err(RepositoryError::Unavailable("no answer within 6 s".to_owned()));
        }
        let recorded = self.write(|state| {
            let mut known: HashSet<_> = state.events.iter().map(|event| event.id).collect();
            let mut recorded = Recorded::default();
            for event in events {
                if known.insert(event.id) {
                    recorded.inserted += 1;
                    state.events.push(event.clone());
                } else {
                    recorded.known += 1;
                }
            }
            Ok(recorded)
        })?;
        self.faults().recorded_batches.push(events.len());
        Ok(recorded)
    }

    async fn report(&self, filter: UsageFilter, group_by: GroupBy) -> Result<Vec<UsageRow>, RepositoryError> {
        self.read(|state| {
            let mut groups: BTreeMap<String, UsageSums> = BTreeMap::new();
            for event in state.events.iter().filter(|event| is_meant(event, filter)) {
                add(groups.entry(group_of(state, event, group_by)).or_default(), event);
            }
            groups.into_iter().map(|(group, sums)| UsageRow { group, sums }).collect()
        })
    }

    async fn verify(&self) -> Result<LedgerCheck, RepositoryError> {
        self.read(|state| {
            let billed = || state.events.iter().filter(|event| event.is_billed());
            LedgerCheck {
                entries: billed().count() as u64,
                events: state.events.len() as u64,
                counters: 0,
                total: billed().filter_map(|event| event.cost).fold(NanoUsd::ZERO, NanoUsd::saturating_add),
                problems: Vec::new(),
            }
        })
    }

    async fn spent(&self, scope: QuotaScope, span: Span) -> Result<NanoUsd, RepositoryError> {
        self.read(|state| {
            let is_of = |event: &&UsageEvent| match scope {
                QuotaScope::Global => true,
                QuotaScope::User(id) => event.user == Some(id),
                QuotaScope::Provider(id) => event.provider == id,
                QuotaScope::Key(id) => event.key == Some(id),
            };
            let entries = state.events.iter().filter(|event| event.is_billed() && span.contains(event.at));
            entries.filter(is_of).filter_map(|event| event.cost).fold(NanoUsd::ZERO, NanoUsd::saturating_add)
        })
    }

    async fn spent_by_keys(
        &self,
        keys: &[VirtualKeyId],
        span: Span,
    ) -> Result<HashMap<VirtualKeyId, NanoUsd>, RepositoryError> {
        self.read(|state| {
            let mut sums: HashMap<VirtualKeyId, NanoUsd> = HashMap::new();
            for event in state.events.iter().filter(|event| event.is_billed() && span.contains(event.at)) {
                if let Some(key) = event.key.filter(|key| keys.contains(key)) {
                    let sum = sums.entry(key).or_default();
                    *sum = sum.saturating_add(event.cost.unwrap_or_default());
                }
            }
            sums
        })
    }

    async fn requests_of_day(
        &self,
        day: Day,
        of: &RequestsOf,
    ) -> Result<Vec<(String, u64)>, RepositoryError> {
        self.read(|state| {
            let mut requests: BTreeMap<String, u64> = BTreeMap::new();
            for event in state.events.iter().filter(|event| event.at.day() == day) {
                let word = scope_of(event, of);
                let counts = match of {
                    RequestsOf::Targets | RequestsOf::Models | RequestsOf::Providers => {
                        event.outcome.counts_for_the_day()
                    }
                    RequestsOf::Keys(_) | RequestsOf::Users | RequestsOf::Everybody => event.is_final,
                };
                if let Some(word) = word.filter(|_| counts) {
                    *requests.entry(word).or_default() += 1;
                }
            }
            requests.into_iter().collect()
        })
    }

    async fn events_of(&self, request_id: &str) -> Result<Vec<UsageEvent>, RepositoryError> {
        self.read(|state| {
            let of_request = |event: &&UsageEvent| event.request_id == request_id;
            let mut events: Vec<UsageEvent> = state.events.iter().filter(of_request).cloned().collect();
            events.sort_by_key(|event| (event.at, event.attempt));
            events
        })
    }

    async fn calls(
        &self,
        filter: &CallFilter,
        after: Option<CallCursor>,
        most: u32,
    ) -> Result<Vec<CallRecord>, RepositoryError> {
        self.read(|state| {
            let is_behind = |event: &&UsageEvent| {
                after.is_none_or(|after| (event.at, event.id.0) < (after.at, after.id.0))
            };
            let ends = state.events.iter().filter(|event| event.is_final && is_listed(event, filter));
            let mut ends: Vec<&UsageEvent> = ends.filter(is_behind).collect();
            ends.sort_by_key(|event| std::cmp::Reverse((event.at, event.id.0)));
            ends.into_iter().take(most as usize).map(|last| whole(state, last)).collect()
        })
    }

    async fn call(&self, last: AttemptId) -> Result<Option<CallRecord>, RepositoryError> {
        self.read(|state| {
            let is_last = |event: &&UsageEvent| event.id == last && event.is_final;
            state.events.iter().find(is_last).map(|last| whole(state, last))
        })
    }

    async fn record_refused(&self, calls: &[RefusedCall], kept: u32) -> Result<(), RepositoryError> {
        self.write(|state| {
            for call in calls {
                if state.refused.iter().all(|known| known.id != call.id) {
                    state.refused.push(call.clone());
                }
            }
            state.refused.sort_by_key(|call| std::cmp::Reverse((call.at, call.id.0)));
            state.refused.truncate(kept as usize);
            Ok(())
        })
    }

    async fn refused(&self, to: Option<Timestamp>, most: u32) -> Result<Vec<RefusedCall>, RepositoryError> {
        self.read(|state| {
            let is_meant = |call: &&RefusedCall| to.is_none_or(|to| call.at < to);
            state.refused.iter().filter(is_meant).take(most as usize).cloned().collect()
        })
    }
}

fn scope_of(event: &UsageEvent, of: &RequestsOf) -> Option<String> {
    match of {
        RequestsOf::Targets => event.target.map(|target| format!("target:{target}")),
        RequestsOf::Models => Some(format!("model:{}/{}", event.provider, event.model)),
        RequestsOf::Providers => Some(format!("provider:{}", event.provider)),
        RequestsOf::Keys(keys) => event.key.filter(|key| keys.contains(key)).map(|key| format!("key:{key}")),
        RequestsOf::Users => event.user.map(|user| format!("user:{user}")),
        RequestsOf::Everybody => Some("global".to_owned()),
    }
}

fn is_listed(event: &UsageEvent, filter: &CallFilter) -> bool {
    fn is_wanted<T: PartialEq + ?Sized>(wanted: Option<&T>, there: Option<&T>) -> bool {
        wanted.is_none() || wanted == there
    }
    filter.from.is_none_or(|from| event.at >= from)
        && filter.to.is_none_or(|to| event.at < to)
        && is_wanted(filter.user.as_ref(), event.user.as_ref())
        && is_wanted(filter.key.as_ref(), event.key.as_ref())
        && is_wanted(filter.provider.as_ref(), Some(&event.provider_name))
        && is_wanted(filter.model.as_ref(), Some(&event.model))
        && is_wanted(filter.route.as_ref(), event.route.as_ref())
        && is_wanted(filter.outcome.as_ref(), Some(&event.outcome))
        && is_wanted(filter.request_id.as_ref(), Some(&event.request_id))
        && !(filter.without_simulated && event.simulated)
}

fn whole(state: &State, last: &UsageEvent) -> CallRecord {
    let is_earlier = |event: &&UsageEvent| event.call == last.call && !event.is_final;
    let mut earlier: Vec<UsageEvent> = state.events.iter().filter(is_earlier).cloned().collect();
    earlier.sort_by_key(|event| event.attempt);
    CallRecord { earlier, last: last.clone() }
}

fn is_meant(event: &UsageEvent, filter: UsageFilter) -> bool {
    filter.from.is_none_or(|from| event.at >= from)
        && filter.to.is_none_or(|to| event.at < to)
        && filter.key.is_none_or(|key| event.key == Some(key))
        && filter.user.is_none_or(|user| event.user == Some(user))
        && (filter.include_simulated || !event.simulated)
}

fn group_of(state: &State, event: &UsageEvent, group_by: GroupBy) -> String {
    match group_by {
        GroupBy::Day => event.at.day().to_string(),
        GroupBy::Model => format!("{}/{}", event.provider_name, event.model),
        GroupBy::Provider => event.provider_name.clone(),
        GroupBy::Route => event.route.clone().unwrap_or_else(|| "(no route)".to_owned()),
        GroupBy::Status => event.outcome.as_str().to_owned(),
        GroupBy::User => match event.user {
            None => "(no user)".to_owned(),
            Some(id) => {
                let known = state.users.iter().find(|(user, _)| user.id == id);
                known.map_or_else(|| format!("#{id}"), |(user, _)| user.username.to_string())
            }
        },
        GroupBy::Key => match event.key {
            None => "(no key)".to_owned(),
            Some(id) => {
                let key = state.keys.iter().find(|key| key.id == id);
                let named = |name: &Name| state.keys.iter().filter(|key| key.name == *name).count();
                key.map_or_else(
                    || format!("#{id}"),
                    |key| {
                        if named(&key.name) > 1 { format!("{}#{id}", key.name) } else { key.name.to_string() }
                    },
                )
            }
        },
    }
}

fn add(sums: &mut UsageSums, event: &UsageEvent) {
    sums.calls += u64::from(event.is_final);
    sums.attempts += 1;
    sums.input_tokens = sums.input_tokens.saturating_add(event.usage.input);
    sums.output_tokens = sums.output_tokens.saturating_add(event.usage.output);
    sums.cost = sums.cost.saturating_add(event.cost.unwrap_or_default());
    sums.unpriced += u64::from(event.is_billed() && event.cost.is_none());
}
