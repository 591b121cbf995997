//! Limits of a day go on where they were left: what the ledger knows of today's requests is told to the limiter, at the start and from time
//! to time, so that neither a restart, nor a lost store, nor a limit that is set at noon begins a day anew.

use crate::snapshot::{ConfigurationKeeper, Snapshot};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::limits::Limits;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::usage::RequestsOf;
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{Limiter, LimiterError, Scope};
use switchyard_ports::repositories::{RepositoryError, UsageRepository};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether limits were changed.
const LOOK: Duration = Duration::from_secs(1);
/// After how many looks it is told again, whatever was changed.
const LOOKS: u32 = 30;

/// Why a day's requests could not be told.
#[derive(Debug, thiserror::Error)]
pub enum DayCountError {
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] RepositoryError),
    /// The limiter's store does not answer.
    #[error(transparent)]
    Limiter(#[from] LimiterError),
}

/// See the module.
pub struct DayCounts {
    usage: Arc<dyn UsageRepository>,
    limiter: Arc<dyn Limiter>,
    keeper: Arc<ConfigurationKeeper>,
    clock: Arc<dyn Clock>,
}

/// What has a limit of a day.
#[derive(Default)]
struct Limited {
    words: HashSet<String>,
    kinds: Vec<RequestsOf>,
}

impl Limited {
    fn add(&mut self, kind: RequestsOf, words: impl Iterator<Item = String>) {
        let before = self.words.len();
        self.words.extend(words);
        if self.words.len() > before {
            self.kinds.push(kind);
        }
    }
}

impl DayCounts {
    /// Of this ledger, to this limiter, for what this keeper keeps.
    #[must_use]
    pub fn new(
        usage: Arc<dyn UsageRepository>,
        limiter: Arc<dyn Limiter>,
        keeper: Arc<ConfigurationKeeper>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { usage, limiter, keeper, clock }
    }

    /// Tells what the ledger knows of today. Where nothing has a limit of a day, nobody is asked.
    ///
    /// # Errors
    /// [`DayCountError`]; what was told by then stays told.
    pub async fn tell(&self) -> Result<(), DayCountError> {
        let limited = self.limited(&self.keeper.snapshot());
        let today = self.clock.now().day();
        for kind in &limited.kinds {
            let known = self.usage.requests_of_day(today, kind).await?;
            let of_limited = known.into_iter().filter(|(word, _)| limited.words.contains(word));
            let requests: Vec<(Scope, u64)> =
                of_limited.map(|(word, count)| (Scope(word.into()), count)).collect();
            if !requests.is_empty() {
                self.limiter.count_day(today, &requests).await?;
            }
        }
        Ok(())
    }

    /// Tells it again from time to time, and as soon as limits may have changed, until `stopping`.
    pub async fn keep_told(&self, stopping: CancellationToken) {
        let (mut seen, mut looks) = (self.keeper.snapshot(), 0);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.clock.sleep(LOOK) => {}
            }
            let snapshot = self.keeper.snapshot();
            looks += 1;
            if looks < LOOKS && Arc::ptr_eq(&seen, &snapshot) {
                continue;
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                told = self.tell() => match told {
                    Ok(()) => (seen, looks) = (snapshot, 0),
                    Err(error) => tracing::debug!(%error, "the day's requests could not be told"),
                },
            }
        }
    }

    fn limited(&self, snapshot: &Snapshot) -> Limited {
        fn has(limits: &Limits) -> bool {
            limits.rpd.is_some()
        }
        let mut limited = Limited::default();
        let targets = snapshot.routes.values().flat_map(|route| &route.targets);
        let targets = targets.filter(|target| has(&target.limits)).map(|target| target.scope.0.to_string());
        limited.add(RequestsOf::Targets, targets);
        let models = snapshot.providers.values().flat_map(|provider| &provider.listed);
        let models = models.filter(|model| has(&model.limits)).map(|model| model.scope.0.to_string());
        limited.add(RequestsOf::Models, models);
        let quotas: Vec<QuotaScope> = snapshot.quotas.with_day_limits().collect();
        let of = |is_meant: fn(&QuotaScope) -> bool| {
            quotas.iter().filter(move |scope| is_meant(scope)).map(ToString::to_string)
        };
        limited.add(RequestsOf::Providers, of(|scope| matches!(scope, QuotaScope::Provider(_))));
        limited.add(RequestsOf::Everybody, of(|scope| matches!(scope, QuotaScope::Global)));
        let users = self.keeper.users().with_day_limits().into_iter().map(QuotaScope::User);
        let users = users.map(|scope| scope.to_string());
        limited.add(RequestsOf::Users, users.chain(of(|scope| matches!(scope, QuotaScope::User(_)))));
        let mut keys: HashSet<VirtualKeyId> = self.keeper.directory().with_day_limits().into_iter().collect();
        keys.extend(quotas.iter().filter_map(|scope| match scope {
            QuotaScope::Key(id) => Some(*id),
            _ => None,
        }));
        let keys: Vec<VirtualKeyId> = keys.into_iter().collect();
        let words: Vec<String> = keys.iter().map(|id| QuotaScope::Key(*id).to_string()).collect();
        limited.add(RequestsOf::Keys(keys), words.into_iter());
        limited
    }
}
