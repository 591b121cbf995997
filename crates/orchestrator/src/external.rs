//! Calls to addresses that people name, on their behalf.
//!
//! This is no gateway call: nothing is counted in tokens, and no credential of ours goes along.

use std::sync::Arc;
use std::time::Duration;
use switchyard_ports::clock::Clock;
use switchyard_ports::external::{
    ExternalAnswer, ExternalApi, ExternalFault, ExternalMethod, ExternalRequest, LONGEST_BODY,
};

/// Before the first further try; each later one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What the operator allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalSettings {
    /// Whether such calls are made at all.
    pub enabled: bool,
    /// The longest that a call may take, with all its tries.
    pub timeout: Duration,
    /// How often a call may be tried again.
    pub max_retries: u32,
}

impl Default for ExternalSettings {
    fn default() -> Self {
        Self { enabled: true, timeout: Duration::from_secs(30), max_retries: 3 }
    }
}

/// Why a call brought nothing back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExternalError {
    /// The operator has switched such calls off.
    #[error("calls to external addresses are switched off here: SWITCHYARD_EXTERNAL_API=on allows them")]
    Off,
    /// The body is too long.
    #[error("the payload may have {LONGEST_BODY} bytes at most")]
    TooLong,
    /// It failed.
    #[error(transparent)]
    Fault(#[from] ExternalFault),
}

/// Calls addresses on behalf of whoever is signed in.
pub struct ExternalCalls {
    api: Arc<dyn ExternalApi>,
    clock: Arc<dyn Clock>,
    settings: ExternalSettings,
}

impl ExternalCalls {
    /// Over this way to the network.
    #[must_use]
    pub fn new(api: Arc<dyn ExternalApi>, clock: Arc<dyn Clock>, settings: ExternalSettings) -> Self {
        Self { api, clock, settings }
    }

    /// Makes a call. One that may be repeated is tried again after a failed connection or a 5xx, as long as there is time; the last
    /// answer is the answer, whatever its status.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn call(&self, request: &ExternalRequest) -> Result<ExternalAnswer, ExternalError> {
        if !self.settings.enabled {
            return Err(ExternalError::Off);
        }
        if request.body.as_ref().is_some_and(|(_, body)| body.len() > LONGEST_BODY) {
            return Err(ExternalError::TooLong);
        }
        let began = self.clock.monotonic();
        let left = || self.settings.timeout.saturating_sub(self.clock.monotonic().since(began));
        let mut retries = if may_be_repeated(request.method) { self.settings.max_retries } else { 0 };
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = self.api.call(request, left()).await;
            let failed = match &answer {
                Ok(answer) => answer.status >= 500,
                Err(fault) => matches!(fault, ExternalFault::Unreachable(_)),
            };
            if !failed || retries == 0 || left() <= pause {
                return Ok(answer?);
            }
            self.clock.sleep(pause).await;
            retries -= 1;
            pause *= 2;
        }
    }
}

/// What is done once where it is done twice.
fn may_be_repeated(method: ExternalMethod) -> bool {
    method != ExternalMethod::Post
}
