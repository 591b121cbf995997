//! How often somebody may try something.

use async_trait::async_trait;
use std::time::Duration;

/// At most so many in any window of that length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub count: u32,
    /// The window's length.
    pub window: Duration,
}

/// Counts tries by scope, such as `login:192.0.2.1`. Scopes come from whoever can send a request: an adapter MUST bound what it keeps,
/// and lose the oldest first.
#[async_trait]
pub trait Throttle: Send + Sync {
    /// Counts one try, unless the rate is used up: of many at once no more than the rate pass.
    ///
    /// # Errors
    /// How long until a try may pass. At most the window's length.
    async fn take(&self, scope: &str, rate: Rate) -> Result<(), Duration>;
    /// Takes back the newest try of a scope, which turned out to be none. Waits for nothing: an adapter that has to ask another process
    /// does so in a task of its own.
    fn give_back(&self, scope: &str);
    /// Forgets all tries of a scope.
    async fn forget(&self, scope: &str);
}
