//! Calls to addresses that people name, on their behalf.
//!
//! This is no gateway call: nothing is counted in tokens, and no credential of ours goes along.

use crate::places::{Place, Places, PlacesTaken};
use crate::room::{Part, Room};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::ids::UserId;
use switchyard_ports::clock::Clock;
use switchyard_ports::external::{
    ExternalAnswer, ExternalApi, ExternalFault, ExternalMethod, ExternalRequest, LONGEST_ANSWER, LONGEST_BODY,
};

/// Before the first further try; each later one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// How long a call waits for room.
const QUEUED: Duration = Duration::from_secs(10);

/// What the operator allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalSettings {
    /// Whether such calls are made at all.
    pub enabled: bool,
    /// The longest that a call may take, with all its tries.
    pub timeout: Duration,
    /// How often a call may be tried again.
    pub max_retries: u32,
    /// Most bytes that calls of everybody together may take at once: each as many as its payload has and as its answer may have.
    pub room: usize,
    /// Most calls at once of one person, those included that still come, wait, or are being read.
    pub at_once_each: usize,
}

impl Default for ExternalSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            timeout: Duration::from_secs(30),
            max_retries: 3,
            room: 192 * 1024 * 1024,
            at_once_each: 3,
        }
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
    /// As many calls are made as may be, and none ended in time.
    #[error("as many calls to external addresses are under way as this server makes at once; try again soon")]
    NoRoom,
    /// The body is too long.
    #[error("the payload may have {LONGEST_BODY} bytes at most")]
    TooLong,
    /// It failed.
    #[error(transparent)]
    Fault(#[from] ExternalFault),
}

impl ExternalError {
    /// Whether what a call of this method asked for may have been done all the same, and must not be done twice: it was sent, and
    /// nobody knows what came of it.
    #[must_use]
    pub fn may_be_done(&self, method: ExternalMethod) -> bool {
        let is_untold = matches!(self, Self::Fault(ExternalFault::Failed(_) | ExternalFault::TimedOut));
        is_untold && !may_be_repeated(method)
    }
}

/// Calls addresses on behalf of whoever is signed in.
pub struct ExternalCalls {
    api: Arc<dyn ExternalApi>,
    clock: Arc<dyn Clock>,
    settings: ExternalSettings,
    places: Places,
    room: Room,
}

/// What a call brought back.
pub struct Brought {
    /// The answer.
    pub answer: ExternalAnswer,
    /// Its room, to be held as long as the answer is.
    pub room: Part,
}

impl ExternalCalls {
    /// Over this way to the network.
    #[must_use]
    pub fn new(api: Arc<dyn ExternalApi>, clock: Arc<dyn Clock>, settings: ExternalSettings) -> Self {
        let places = Places::new(usize::MAX, settings.at_once_each);
        Self { api, clock, settings, places, room: Room::of(settings.room) }
    }

    /// A place of a person's to call from, before anything is read of what is to be sent. Nobody else's are fewer for it.
    ///
    /// # Errors
    /// Where such calls are switched off, and where this person makes as many as may be.
    pub fn place(&self, person: UserId) -> Result<Place, ExternalError> {
        if !self.settings.enabled {
            return Err(ExternalError::Off);
        }
        self.places.take(person).map_err(|taken| match taken {
            PlacesTaken::Own => ExternalError::OwnPlacesTaken,
            PlacesTaken::All => ExternalError::NoRoom,
        })
    }

    /// Makes a call as soon as there is room for it: people who have no call under way go first. One that may be repeated is tried again after a failed connection or a 5xx, as long as there is time; the last
    /// answer is the answer, whatever its status.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn call(&self, place: &Place, request: &ExternalRequest) -> Result<Brought, ExternalError> {
        let payload = request.body.as_ref().map_or(0, |(_, body)| body.len());
        if payload > LONGEST_BODY {
            return Err(ExternalError::TooLong);
        }
        let mut room = tokio::select! {
            biased;
            room = self.room.take(place.person(), payload + LONGEST_ANSWER) => room,
            () = self.clock.sleep(QUEUED) => return Err(ExternalError::NoRoom),
        };
        let answer = self.tried(request).await?;
        room.shrink_to(answer.body.len());
        Ok(Brought { answer, room })
    }

    async fn tried(&self, request: &ExternalRequest) -> Result<ExternalAnswer, ExternalFault> {
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
                return answer;
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
