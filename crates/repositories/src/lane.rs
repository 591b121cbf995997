//! A pool of connections with a bounded queue before it. Jobs run on blocking threads; callers wait at most their patience.

use crate::connection::{AnyConnection, Connector, Link};
use crate::error::Fault;
use diesel::r2d2::{HandleError, Pool};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use switchyard_ports::repositories::{PoolState, RepositoryError};
use tokio::sync::{Semaphore, oneshot};

/// How long a caller waits for its turn, a connection and the answer together.
pub(crate) const SHORT: Duration = Duration::from_secs(6);
/// The same for what writes hundreds of objects together.
pub(crate) const SET: Duration = Duration::from_secs(60);
/// The same for what reads or rebuilds whole tables.
pub(crate) const LONG: Duration = Duration::from_secs(15 * 60);

const CONNECT_WAIT: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Told when nobody waits for a job any more, so that it does not commit behind its caller's back.
#[derive(Clone, Default)]
pub(crate) struct GivenUp(Arc<AtomicBool>);

impl GivenUp {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A job that has a place of its own for its answer, so that all jobs are one type, and what runs them is built once.
type Job = Box<dyn Fn(&mut AnyConnection, &GivenUp) -> Result<(), Fault> + Send>;

struct GiveUpOnDrop(GivenUp);

impl Drop for GiveUpOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Release);
    }
}

/// A pool with its queue.
///
/// A query to a server that no longer answers can't be broken off: its thread and its connection hang until the server speaks or
/// the connection breaks, which may be never. So that they take nobody else along, the lane then goes on with a fresh pool, and
/// only the number of threads bounds how often.
pub(crate) struct Lane {
    connector: Connector,
    connections: u32,
    pool: Mutex<Arc<Pool<Connector>>>,
    turns: Semaphore,
    threads: Arc<Semaphore>,
}

impl Lane {
    /// A lane for as many jobs at a time as it has connections. Connections are made when they are first wanted; those to a file
    /// or to memory then stay for good.
    pub(crate) fn new(connector: Connector, connections: u32) -> Self {
        let connections = connections.max(1);
        Self {
            pool: Mutex::new(new_pool(&connector, connections)),
            connector,
            connections,
            turns: Semaphore::new(connections as usize),
            threads: Arc::new(Semaphore::new(connections as usize * 2)),
        }
    }

    /// Runs a job on a connection of the pool. A job that another one was in the way of runs again.
    pub(crate) async fn run<T, J>(&self, patience: Duration, job: J) -> Result<T, RepositoryError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection, &GivenUp) -> Result<T, Fault> + Send + 'static,
    {
        let (put, mut taken) = oneshot::channel();
        let put = Mutex::new(Some(put));
        let job: Job = Box::new(move |connection, given_up| {
            let value = job(connection, given_up)?;
            let put = put.lock().unwrap_or_else(PoisonError::into_inner).take();
            let _nobody_waits = put.map(|put| put.send(value));
            Ok(())
        });
        self.done(patience, job).await?;
        taken.try_recv().map_err(|_| RepositoryError::Corrupt("a query gave no answer".to_owned()))
    }

    /// Waits until a job is done, whatever it answers: what is the same for all jobs.
    async fn done(&self, patience: Duration, job: Job) -> Result<(), RepositoryError> {
        let given_up = GivenUp::default();
        let _guard = GiveUpOnDrop(given_up.clone());
        let used = OnceLock::new();
        let work = async {
            let _turn = self.turns.acquire().await.map_err(|_| unavailable("it is closed"))?;
            let thread = Arc::clone(&self.threads)
                .try_acquire_owned()
                .map_err(|_| unavailable("all its threads hang in unanswered queries"))?;
            let pool = Arc::clone(used.get_or_init(|| self.pool()));
            let work = move || {
                let _thread = thread;
                work(&pool, &given_up, &job)
            };
            tokio::task::spawn_blocking(work)
                .await
                .unwrap_or_else(|error| Err(RepositoryError::Corrupt(format!("a query broke off: {error}"))))
        };
        tokio::time::timeout(patience, work).await.unwrap_or_else(|_| {
            if let Some(pool) = used.get() {
                self.leave(pool);
            }
            Err(unavailable(&format!("no answer within {} s", patience.as_secs())))
        })
    }

    /// How busy it is.
    pub(crate) fn state(&self, purpose: &'static str) -> PoolState {
        let free = u32::try_from(self.turns.available_permits()).unwrap_or(u32::MAX);
        PoolState { purpose, size: self.connections, busy: self.connections.saturating_sub(free) }
    }

    fn pool(&self) -> Arc<Pool<Connector>> {
        Arc::clone(&self.pool.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a fresh pool in place of the one in which a query hangs, whose other connections are likely to hang as well. The
    /// connections to a file are kept: there is no server that could be back, and a database in memory is its connection.
    fn leave(&self, hanging: &Arc<Pool<Connector>>) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if self.connector.is_remote() && Arc::ptr_eq(&pool, hanging) {
            *pool = new_pool(&self.connector, self.connections);
        }
    }
}

fn new_pool(connector: &Connector, connections: u32) -> Arc<Pool<Connector>> {
    let is_remote = connector.is_remote();
    let builder = Pool::builder()
        .max_size(connections)
        .min_idle(Some(0))
        .test_on_check_out(is_remote)
        .connection_timeout(CONNECT_WAIT)
        .error_handler(Box::new(Quiet));
    let builder = if is_remote { builder } else { builder.max_lifetime(None).idle_timeout(None) };
    Arc::new(builder.build_unchecked(connector.clone()))
}

fn work(pool: &Pool<Connector>, given_up: &GivenUp, job: &Job) -> Result<(), RepositoryError> {
    let mut pause = FIRST_PAUSE;
    loop {
        let mut link = pool.get().map_err(|error| no_connection(&error))?;
        let link_ref: &mut Link = &mut link;
        let fault = match job(&mut link_ref.connection, given_up) {
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        };
        link_ref.is_spoilt |= fault.spoils_connection();
        drop(link);
        if !fault.is_contention() || given_up.is_set() {
            return Err(fault.into_answer());
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

// The pool waits for a connection as long as it may, whatever the reason; what matters is the reason.
fn no_connection(error: &diesel::r2d2::PoolError) -> RepositoryError {
    let text = error.to_string();
    unavailable(text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason))
}

fn unavailable(why: &(impl ToString + ?Sized)) -> RepositoryError {
    RepositoryError::Unavailable(why.to_string())
}

// The pool keeps trying while the server is away, and hands its last error to whoever waits: that is where it is reported.
#[derive(Debug)]
struct Quiet;

impl<E: std::fmt::Display> HandleError<E> for Quiet {
    fn handle_error(&self, error: E) {
        tracing::debug!(error = %error, "no connection to the database");
    }
}
