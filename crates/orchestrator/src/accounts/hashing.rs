//! Where passwords are hashed: on blocking threads, few at once, so that a flood of sign-ins takes neither the memory nor the
//! processors from calls.

use super::error::AccountError;
use secrecy::SecretString;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use switchyard_ports::passwords::{PasswordHash, Passwords, Verdict};
use tokio::sync::Semaphore;

/// Who comes to a longer queue is sent away: they would wait for more than some ten seconds.
const LONGEST_QUEUE: usize = 64;
const COME_BACK: Duration = Duration::from_secs(2);

/// The one place where passwords are hashed.
pub struct PasswordDesk {
    passwords: Arc<dyn Passwords>,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Somebody in the queue, until their future ends in whichever way.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl PasswordDesk {
    /// A desk for so many at once.
    #[must_use]
    pub fn new(passwords: Arc<dyn Passwords>, at_once: usize) -> Self {
        Self { passwords, places: Arc::new(Semaphore::new(at_once.max(1))), waiting: AtomicUsize::new(0) }
    }

    /// The hash of a new password.
    pub(super) async fn hash(&self, password: SecretString) -> Result<PasswordHash, AccountError> {
        let passwords = Arc::clone(&self.passwords);
        self.run(move || passwords.hash(&password)).await?.map_err(|error| {
            tracing::error!(error = %error, "a password could not be hashed");
            AccountError::Internal
        })
    }

    /// Whether a password is the one of a hash; without a hash it takes as long, and is not.
    pub(super) async fn verify(
        &self,
        password: SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<Verdict, AccountError> {
        let passwords = Arc::clone(&self.passwords);
        self.run(move || match hash {
            Some(hash) => passwords.verify(&password, &hash),
            None => {
                passwords.verify(&password, passwords.decoy());
                Verdict::Wrong
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountError> {
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        let waiting = Waiting(&self.waiting);
        if before >= LONGEST_QUEUE {
            return Err(AccountError::Overloaded(COME_BACK));
        }
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| AccountError::Internal)?;
        drop(waiting);
        // Who leaves meanwhile leaves the work behind: it keeps its place until it is done.
        let work = move || {
            let _place = place;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(error = %error, "the hashing of a password broke off");
            AccountError::Internal
        })
    }
}
