//! Where passwords are hashed: on blocking threads, few at once, so that a flood of sign-ins takes neither the memory nor the
//! processors from calls. Whoever signed in from where they are before does not wait behind strangers.

use super::Client;
use super::error::AccountError;
use super::familiar::FamiliarSources;
use secrecy::SecretString;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use switchyard_ports::passwords::{PasswordHash, Passwords, Verdict};
use tokio::sync::Semaphore;

/// Who comes to a longer queue is sent away: they would wait for more than some ten seconds.
const LONGEST_QUEUE: usize = 64;
/// The queue of those who are familiar. Nobody fills it at will: logins come at a rate for each source.
const LONGEST_FAMILIAR_QUEUE: usize = 32;
const COME_BACK: Duration = Duration::from_secs(2);

/// The one place where passwords are hashed.
pub struct PasswordDesk {
    passwords: Arc<dyn Passwords>,
    places: Arc<Semaphore>,
    familiar: FamiliarSources,
    /// As many as there are places: no stranger waits for a place but one who has a turn, so that in front of a place that gets free
    /// there are only the familiar.
    turns: Arc<Semaphore>,
    waiting: [AtomicUsize; 2],
}

/// Which queue somebody stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// Those who proved before who they are.
    Familiar,
    /// Everybody else.
    Strangers,
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
        let places = || Arc::new(Semaphore::new(at_once.max(1)));
        Self {
            passwords,
            places: places(),
            familiar: FamiliarSources::default(),
            turns: places(),
            waiting: Default::default(),
        }
    }

    /// Where somebody queues who says that this account is theirs.
    pub(super) fn queue(&self, account: &str, client: &Client) -> Queue {
        if self.familiar.knows(account, client) { Queue::Familiar } else { Queue::Strangers }
    }

    /// Notes from where an account was signed in to.
    pub(super) fn was_right(&self, account: &str, client: &Client) {
        self.familiar.note(account, client);
    }

    /// The hash of a new password.
    pub(super) async fn hash(
        &self,
        password: SecretString,
        queue: Queue,
    ) -> Result<PasswordHash, AccountError> {
        let passwords = Arc::clone(&self.passwords);
        self.run(queue, move || passwords.hash(&password)).await?.map_err(|error| {
            tracing::error!(error = %error, "a password could not be hashed");
            AccountError::Internal
        })
    }

    /// Whether a password is the one of a hash; without a hash it takes as long, and is not.
    pub(super) async fn verify(
        &self,
        password: SecretString,
        hash: Option<PasswordHash>,
        queue: Queue,
    ) -> Result<Verdict, AccountError> {
        let passwords = Arc::clone(&self.passwords);
        self.run(queue, move || match hash {
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
        queue: Queue,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountError> {
        let ([familiar, strangers], taken) = (&self.waiting, |_| AccountError::Internal);
        let (waiting, longest) = match queue {
            Queue::Familiar => (familiar, LONGEST_FAMILIAR_QUEUE),
            Queue::Strangers => (strangers, LONGEST_QUEUE),
        };
        let before = waiting.fetch_add(1, Ordering::AcqRel);
        let waiting = Waiting(waiting);
        if before >= longest {
            return Err(AccountError::Overloaded(COME_BACK));
        }
        let turn = match queue {
            Queue::Familiar => None,
            Queue::Strangers => Some(Arc::clone(&self.turns).acquire_owned().await.map_err(taken)?),
        };
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(taken)?;
        drop(waiting);
        // Who leaves meanwhile leaves the work behind: it keeps its place until it is done.
        let work = move || {
            let _held = (place, turn);
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(error = %error, "the hashing of a password broke off");
            AccountError::Internal
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use switchyard_ports::passwords::HashingFailed;

    /// Says whose turn it is, and is done with them when it is told.
    struct Slow {
        turns: Mutex<Vec<String>>,
        done: Mutex<Receiver<()>>,
        decoy: PasswordHash,
    }

    impl Passwords for Slow {
        fn hash(&self, password: &SecretString) -> Result<PasswordHash, HashingFailed> {
            use secrecy::ExposeSecret;
            self.turns.lock().unwrap().push(password.expose_secret().to_owned());
            self.done.lock().unwrap().recv().unwrap();
            Ok(PasswordHash(String::new()))
        }

        fn verify(&self, _: &SecretString, _: &PasswordHash) -> Verdict {
            Verdict::Wrong
        }

        fn decoy(&self) -> &PasswordHash {
            &self.decoy
        }
    }

    fn desk() -> (Arc<PasswordDesk>, Arc<Slow>, Sender<()>) {
        let (done, told) = channel();
        let (turns, decoy) = (Mutex::default(), PasswordHash(String::new()));
        let slow = Arc::new(Slow { turns, done: Mutex::new(told), decoy });
        (Arc::new(PasswordDesk::new(Arc::clone(&slow) as _, 1)), slow, done)
    }

    async fn until(is_so: impl Fn() -> bool) {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn whoever_is_familiar_is_next_however_many_strangers_wait() {
        let (desk, slow, done) = desk();
        let waiting = |desk: &PasswordDesk| desk.waiting.each_ref().map(|one| one.load(Ordering::Acquire));
        let come = |name: &str, queue| {
            let (desk, name) = (Arc::clone(&desk), name.to_owned());
            #[expect(clippy::disallowed_methods, reason = "a test's own task")]
            tokio::spawn(async move { desk.hash(name.into(), queue).await })
        };
        let first = come("first", Queue::Strangers);
        until(|| slow.turns.lock().unwrap().len() == 1).await;
        let strangers: Vec<_> = (0..LONGEST_QUEUE).map(|_| come("stranger", Queue::Strangers)).collect();
        until(|| waiting(&desk) == [0, LONGEST_QUEUE]).await;
        let late = come("late", Queue::Strangers).await.unwrap();
        assert!(matches!(late, Err(AccountError::Overloaded(_))), "{late:?}");
        let owner = come("owner", Queue::Familiar);
        until(|| waiting(&desk) == [1, LONGEST_QUEUE]).await;
        done.send(()).unwrap();
        first.await.unwrap().unwrap();
        done.send(()).unwrap();
        owner.await.unwrap().unwrap();
        for _ in &strangers {
            done.send(()).unwrap();
        }
        for stranger in strangers {
            stranger.await.unwrap().unwrap();
        }
        let turns = slow.turns.lock().unwrap();
        assert_eq!(turns.get(..3).unwrap(), ["first", "owner", "stranger"]);
        assert_eq!(turns.len(), LONGEST_QUEUE + 2);
    }
}
