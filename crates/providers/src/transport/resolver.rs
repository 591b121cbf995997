//! Name resolution behind the egress guard.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower_service::Service;

use super::{
    deadline::now,
    egress::{CheckedTarget, EgressPolicy, EgressRefusal, TargetHost},
    steps::{StepWatch, note},
};

/// How long a failed look-up answers for the next ones. Short, so that a repaired name works at once;
/// long enough that a dead name does not cost a look-up per call.
const NEGATIVE_FOR: Duration = Duration::from_secs(5);

/// Asks for the addresses of a name. A seam for tests; production uses [`SystemLookup`].
pub trait Lookup: Send + Sync + 'static {
    /// The addresses of `name`, in the order of preference. An error and an empty list both mean that
    /// the name can't be resolved now.
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver: search domains and the hosts file work as they do for
/// everything else on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The operating system's resolver for whoever may name any name: it asks for few at once, however long a dead name server takes, as
/// its threads are those of the database too.
#[derive(Debug, Clone)]
pub struct FewLookups {
    places: Arc<Semaphore>,
}

impl FewLookups {
    /// So many at once.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(at_once.max(1))) }
    }
}

impl Lookup for FewLookups {
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let (places, name) = (Arc::clone(&self.places), name.to_owned());
        Box::pin(async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            // Whoever stops waiting leaves the look-up behind: it keeps its place until it is done.
            let asked = tokio::task::spawn_blocking(move || {
                let _place = place;
                (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
            });
            asked.await.map_err(io::Error::other)?
        })
    }
}

/// Why no address came back. Travels through the HTTP client as an opaque error and is found
/// again in its chain of causes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ResolveError {
    #[error(transparent)]
    Refused(EgressRefusal),
    #[error("the name could not be resolved")]
    Unresolved,
}

/// A look-up that several connection attempts wait for together.
type Flight = Shared<BoxFuture<'static, Result<Arc<[IpAddr]>, ResolveError>>>;

/// What is known about the one name that a transport connects to.
enum Knowledge {
    Nothing,
    /// At most one look-up is under way: the system's resolver blocks a thread for as long as
    /// a dead name server takes, and that pool of threads is shared with the database.
    Asked(Flight),
    Failed {
        until: Instant,
    },
}

/// The resolver of one transport. Answers for its target's name alone, and only with addresses
/// that the policy admits. Successes are not kept: how long they hold is the system resolver's business.
pub(super) struct GuardedResolver {
    policy: Arc<EgressPolicy>,
    target: Arc<CheckedTarget>,
    lookup: Arc<dyn Lookup>,
    knowledge: Mutex<Knowledge>,
}

impl GuardedResolver {
    pub(super) fn new(
        policy: Arc<EgressPolicy>,
        target: Arc<CheckedTarget>,
        lookup: Arc<dyn Lookup>,
    ) -> Self {
        Self { policy, target, lookup, knowledge: Mutex::new(Knowledge::Nothing) }
    }

    /// The same rules, with nothing known of the name: for whoever wants to know how it is now.
    pub(super) fn anew(&self) -> Self {
        Self::new(Arc::clone(&self.policy), Arc::clone(&self.target), Arc::clone(&self.lookup))
    }

    /// Joins the look-up under way, or starts one.
    fn flight(&self, name: &str) -> Result<Flight, ResolveError> {
        let mut knowledge = self.knowledge.lock().unwrap_or_else(PoisonError::into_inner);
        match &*knowledge {
            Knowledge::Asked(flight) => return Ok(flight.clone()),
            Knowledge::Failed { until } if now() < *until => return Err(ResolveError::Unresolved),
            Knowledge::Failed { .. } | Knowledge::Nothing => {}
        }
        let asked = self.lookup.lookup(name);
        let flight = async move {
            match asked.await {
                Ok(found) if !found.is_empty() => Ok(Arc::from(found)),
                Ok(_) => Err(ResolveError::Unresolved),
                Err(error) => {
                    tracing::debug!(%error, "a host name could not be resolved");
                    Err(ResolveError::Unresolved)
                }
            }
        };
        let flight = flight.boxed().shared();
        *knowledge = Knowledge::Asked(flight.clone());
        Ok(flight)
    }
}

/// Takes a landed look-up down, unless a later one already took its place.
fn settle(knowledge: &Mutex<Knowledge>, flight: &Flight, failed: bool) {
    let mut knowledge = knowledge.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(&*knowledge, Knowledge::Asked(current) if current.ptr_eq(flight)) {
        *knowledge =
            if failed { Knowledge::Failed { until: now() + NEGATIVE_FOR } } else { Knowledge::Nothing };
    }
}

/// A transport's resolver as the connector asks it.
#[derive(Clone)]
pub(super) struct Resolver {
    pub(super) guarded: Arc<GuardedResolver>,
    /// Who wants to know when it was asked, and when it answered.
    pub(super) watch: Option<Arc<StepWatch>>,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = BoxFuture<'static, Result<Self::Response, ResolveError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { guarded, watch } = self.clone();
        Box::pin(async move {
            note(watch.as_ref(), StepWatch::asked);
            let found = guarded.resolve(name.as_str()).await?;
            note(watch.as_ref(), StepWatch::resolved);
            Ok(found.into_iter())
        })
    }
}

impl GuardedResolver {
    async fn resolve(&self, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        let own = matches!(self.target.host(), TargetHost::Name(own) if **own == *name.trim_end_matches('.'));
        if !own {
            return Err(ResolveError::Refused(EgressRefusal::OtherOrigin { target: self.target.shown() }));
        }
        let flight = self.flight(name)?;
        let landed = flight.clone().await;
        settle(&self.knowledge, &flight, landed.is_err());
        let found = landed?;
        // One forbidden address condemns the answer: dropping it and taking the rest would let a
        // hostile name server try its luck until only the forbidden one is left.
        for address in found.iter() {
            self.policy.check_address(&self.target, *address).map_err(ResolveError::Refused)?;
        }
        Ok(found.iter().map(|address| SocketAddr::new(*address, 0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_more_look_ups_are_under_way_than_there_are_places_and_whoever_waits_gets_one() {
        let lookups = FewLookups::new(2);
        let held = [lookups.places.clone(), lookups.places.clone()]
            .map(|places| places.try_acquire_owned().unwrap());
        let mut waiting = lookups.lookup("localhost");
        for _ in 0..10 {
            assert!((&mut waiting).now_or_never().is_none(), "both places are taken");
            tokio::task::yield_now().await;
        }
        drop(held);
        assert!(waiting.await.unwrap().iter().all(IpAddr::is_loopback));
        assert_eq!(lookups.places.available_permits(), 2, "it gave its place back");
    }
}
