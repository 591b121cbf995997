//! What people see of the requests: sums since the start, by route, and the last ones.

use super::labels;
use crate::routes::RouteTemplate;
use actix_web::http::Method;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};

/// As many of the last requests as are kept.
const RECENT: usize = 10;

/// A request that ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) at: Timestamp,
    pub(crate) method: &'static str,
    /// As it may stand in a log.
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) elapsed: Duration,
}

/// The requests of a route by a method.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct OfRoute {
    pub(crate) count: u64,
    pub(crate) errors: u64,
    pub(crate) elapsed: Duration,
}

/// All of it at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    /// By method and route: as many as there are routes, whatever clients ask for.
    pub(crate) routes: BTreeMap<(&'static str, &'static str), OfRoute>,
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Oldest first.
    pub(crate) recent: VecDeque<Seen>,
}

/// See the module. A request holds the lock for a fraction of a microsecond, when it has ended.
pub(crate) struct RequestStats {
    clock: Arc<dyn Clock>,
    began: Monotonic,
    sums: Mutex<Sums>,
}

impl RequestStats {
    /// None yet; the server begins now.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let began = clock.monotonic();
        Self { clock, began, sums: Mutex::default() }
    }

    pub(crate) fn observe(
        &self,
        method: &Method,
        route: RouteTemplate,
        path: &str,
        status: u16,
        elapsed: Duration,
    ) {
        let at = self.clock.now();
        let method = labels::method(method);
        let seen = Seen { at, method, path: path.to_owned(), status, elapsed };
        let mut sums = self.sums();
        let of_route = sums.routes.entry((method, route.0)).or_default();
        of_route.count += 1;
        of_route.errors += u64::from(status >= 400);
        of_route.elapsed = of_route.elapsed.saturating_add(elapsed);
        *sums.statuses.entry(status).or_default() += 1;
        if sums.recent.len() == RECENT {
            sums.recent.pop_front();
        }
        sums.recent.push_back(seen);
    }

    /// How long the server runs, and what it has seen.
    pub(crate) fn now(&self) -> (Duration, Sums) {
        (self.clock.monotonic().since(self.began), self.sums().clone())
    }

    fn sums(&self) -> MutexGuard<'_, Sums> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
