//! Calls to addresses that people name, on their behalf.
//!
//! This is no gateway call: nothing is counted in tokens, and no credential of ours goes along.

use crate::places::{Place, Places, PlacesTaken};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::ids::UserId;
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
    /// Most calls at once of everybody together: each may hold a payload or an answer of some mebibytes.
    pub at_once: usize,
    /// Most calls at once of one person.
    pub at_once_each: usize,
}

impl Default for ExternalSettings {
    fn default() -> Self {
        Self { enabled: true, timeout: Duration::from_secs(30), max_retries: 3, at_once: 12, at_once_each: 3 }
    }
}

/// Why a call brought nothing back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExternalError {
    /// The operator has switched such calls off.
    #[error("calls to external addresses are switched off here: SWITCHYARD_EXTERNAL_API=on allows them")]
    Off,
    /// This person makes as many calls as they may.
    #[error(
        "as many calls of yours are under way as one person may make at once; try again when one has ended"
    )]
    OwnPlacesTaken,
    /// As many calls are made as may be.
    #[error("as many calls to external addresses are under way as this server makes at once; try again soon")]
    AllPlacesTaken,
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
    places: Places,
}

impl ExternalCalls {
    /// Over this way to the network.
    #[must_use]
    pub fn new(api: Arc<dyn ExternalApi>, clock: Arc<dyn Clock>, settings: ExternalSettings) -> Self {
        let places = Places::new(settings.at_once, settings.at_once_each);
        Self { api, clock, settings, places }
    }

    /// A place to call from, before anything is read of what is to be sent.
    ///
    /// # Errors
    /// Where such calls are switched off, and where this person or everybody makes as many as may be.
    pub fn place(&self, person: UserId) -> Result<Place, ExternalError> {
        if !self.settings.enabled {
            return Err(ExternalError::Off);
        }
        self.places.take(person).map_err(|taken| match taken {
            PlacesTaken::Own => ExternalError::OwnPlacesTaken,
            PlacesTaken::All => ExternalError::AllPlacesTaken,
        })
    }

    /// Makes a call. One that may be repeated is tried again after a failed connection or a 5xx, as long as there is time; the last
    /// answer is the answer, whatever its status.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn call(
        &self,
        _place: &Place,
        request: &ExternalRequest,
    ) -> Result<ExternalAnswer, ExternalError> {
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
