//! The use case of a chat call.

use super::admission::Admission;
use super::attempts::Attempts;
use super::budgets::Budgets;
use super::course::Course;
use super::delivery::{Reply, deliver};
use super::draining::{Draining, Gone};
use super::lots::Taking;
use super::outlook::{Outlook, OutlookCall};
use super::passed::Passed;
use super::resolution::{Resolved, resolve};
use super::settlement::{CallIdentity, Payers, Settlement};
use super::statistics::CallStatistics;
use crate::error::{CallError, CallErrorKind};
use crate::principal::Principal;
use crate::snapshot::{CallerCredentials, ConfigurationKeeper, Snapshot, credentials_of};
use crate::tasks::Tasks;
use crate::usage::RefusedCalls;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::ids::CallId;
use switchyard_domain::usage::RefusedCall;
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::entropy::Entropy;
use switchyard_ports::health::Health;
use switchyard_ports::journal::{Journal, JournalError};
use switchyard_ports::limiter::Limiter;
use switchyard_ports::provider::Deadlines;
use switchyard_ports::tokenizer::Tokenizer;

/// When to come back while the journal can't be written.
pub(super) const WHILE_UNWRITABLE: Duration = Duration::from_secs(5);

/// What chat calls need from the world.
pub struct ChatPorts {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Limits.
    pub limiter: Arc<dyn Limiter>,
    /// What budgets need besides.
    pub budgets: Arc<Budgets>,
    /// Where usage is safe.
    pub journal: Arc<dyn Journal>,
    /// Counting what providers did not count.
    pub tokenizer: Arc<dyn Tokenizer>,
    /// What is known of targets.
    pub health: Arc<dyn Health>,
    /// Background work.
    pub tasks: Tasks,
    /// Counters.
    pub statistics: Arc<CallStatistics>,
    /// Where calls are noted that went nowhere.
    pub refused: Arc<RefusedCalls>,
}

/// How calls are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSettings {
    /// The most attempts of one call, at all targets together.
    pub max_attempts: u32,
    /// How long each step may take.
    pub deadlines: Deadlines,
    /// How long pictures, sound and transcripts that are not streamed may take to their first byte, which is the end of the work;
    /// absent: as long as the whole answer. Who gives up before that has paid for nothing.
    pub first_of_pieces: Option<Duration>,
}

/// Where a call came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOrigin {
    /// The id of its request.
    pub request_id: String,
    /// The address at which it came, as far as it is the same for all models; none where a program calls.
    pub address: Option<&'static str>,
}

impl CallOrigin {
    /// A program's call.
    #[must_use]
    pub fn program(request_id: String) -> Self {
        Self { request_id, address: None }
    }
}

/// Chat calls.
pub struct ChatService {
    calls: Calls,
    draining: Draining,
}

/// What every call needs.
#[derive(Clone)]
struct Calls {
    keeper: Arc<ConfigurationKeeper>,
    ports: Arc<ChatPorts>,
    settings: CallSettings,
}

/// One call, on its way.
struct Run {
    call: Arc<dyn ClientCall>,
    origin: CallOrigin,
    began: Monotonic,
    snapshot: Arc<Snapshot>,
    resolved: Resolved,
    gone: Gone,
}

impl ChatService {
    /// Over the given configuration and ports.
    #[must_use]
    pub fn new(keeper: Arc<ConfigurationKeeper>, ports: Arc<ChatPorts>, settings: CallSettings) -> Self {
        Self { calls: Calls { keeper, ports, settings }, draining: Draining::default() }
    }

    pub(super) fn keeper(&self) -> &ConfigurationKeeper {
        &self.calls.keeper
    }

    pub(super) fn ports(&self) -> &ChatPorts {
        &self.calls.ports
    }

    /// The counters of its calls.
    #[must_use]
    pub fn statistics(&self) -> Arc<CallStatistics> {
        Arc::clone(&self.calls.ports.statistics)
    }

    /// Answers a call. Returns when the answer is whole, or when its first content is there. Dropping the future or the
    /// reply cancels the call and bills what was received; on a route that says so, it is read on for a while.
    ///
    /// # Errors
    /// [`CallError`], with everything that was used recorded.
    pub async fn call(
        &self,
        principal: &Principal,
        call: Arc<dyn ClientCall>,
        origin: CallOrigin,
    ) -> Result<Reply, CallError> {
        let calls = &self.calls;
        let began = calls.ports.clock.monotonic();
        let snapshot = calls.keeper.snapshot();
        let resolved = match resolve(&snapshot, principal, &call.facts().model) {
            Ok(resolved) => resolved,
            Err(error) => {
                calls.note_refused(principal, call.as_ref(), origin, began, error.kind);
                return Err(error);
            }
        };
        let reads_on = resolved.reads_on();
        let run = Run { call, origin, began, snapshot, resolved, gone: Gone::default() };
        if !reads_on {
            return calls.run(principal, run).await;
        }
        let (calls, principal, gone) = (calls.clone(), principal.clone(), run.gone.clone());
        let ports = Arc::clone(&calls.ports);
        let answering = async move { calls.run(&principal, run).await };
        self.draining.answered(&ports, gone, answering).await.unwrap_or_else(|| {
            Err(CallError::new(CallErrorKind::Internal, "The call ended without an answer."))
        })
    }
}

impl Calls {
    async fn run(&self, principal: &Principal, run: Run) -> Result<Reply, CallError> {
        let mut is_recorded = false;
        let answered = self.answer(principal, &run, &mut is_recorded).await;
        if let Err(error) = &answered
            && !is_recorded
        {
            self.note_refused(principal, run.call.as_ref(), run.origin, run.began, error.kind);
        }
        answered
    }

    /// A call that went nowhere stands in no journal.
    fn note_refused(
        &self,
        principal: &Principal,
        call: &dyn ClientCall,
        origin: CallOrigin,
        began: Monotonic,
        reason: CallErrorKind,
    ) {
        let facts = call.facts();
        let elapsed = self.ports.clock.monotonic().since(began);
        self.ports.refused.note(RefusedCall {
            id: CallId(self.ports.entropy.new_id()),
            at: self.ports.clock.now(),
            request_id: origin.request_id,
            key: principal.key_id(),
            user: principal.user_id(),
            address: origin.address.map(str::to_owned),
            dialect: facts.dialect.0.to_owned(),
            model: facts.model.clone(),
            reason: reason.as_str().to_owned(),
            duration_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        });
    }

    async fn answer(
        &self,
        principal: &Principal,
        run: &Run,
        is_recorded: &mut bool,
    ) -> Result<Reply, CallError> {
        let Run { call, origin, snapshot, resolved, .. } = run;
        let credentials = credentials_of(snapshot, principal);
        let journal = self.ports.journal.reserve().map_err(|error| refused(&error))?;
        let identity = CallIdentity {
            call: CallId(self.ports.entropy.new_id()),
            request_id: origin.request_id.clone(),
            key: principal.key_id(),
            user: principal.user_id(),
            route: resolved.route_name().map(str::to_owned),
            address: origin.address,
        };
        let payers = Payers::new(Arc::clone(&self.keeper), Arc::clone(snapshot));
        let (ports, asked) = (Arc::clone(&self.ports), Arc::clone(call));
        let mut settlement = Settlement::new(ports, identity, asked, journal, payers);
        let users = self.keeper.users();
        let admission = Admission {
            ports: &self.ports,
            snapshot,
            users: &users,
            principal,
            call: call.as_ref(),
            max_attempts: self.settings.max_attempts,
        };
        let course = match self.course(run, &credentials) {
            Ok(course) => course,
            Err(error) => {
                admission.of_caller_alone(&mut settlement).await?;
                return Err(resolved.advised(error, &credentials));
            }
        };
        let mut attempts = Attempts {
            ports: &self.ports,
            settings: &self.settings,
            call,
            request_id: &origin.request_id,
            course,
            admission,
            credentials: &credentials,
            began: run.began,
            gone: &run.gone,
            passed: Passed::default(),
        };
        let ran = attempts.run(&mut settlement).await;
        *is_recorded = settlement.attempts() > 0;
        match ran {
            Ok(begun) => {
                let may_be_done = call.facts().dialect.operation().is_by_the_piece();
                let delivered = deliver(begun, settlement, run.gone.clone()).await;
                delivered.map_err(|error| CallError { may_be_done, ..error })
            }
            Err(error) => {
                let rooms = settlement.is_admitted().then(|| Box::new(settlement.rooms()));
                let may_be_done = error.may_be_done;
                let settled = settlement.settle().await;
                settled.map_err(|error| CallError { may_be_done, ..refused(&error) })?;
                Err(CallError { rooms: rooms.or(error.rooms), ..error })
            }
        }
    }

    fn course(&self, run: &Run, credentials: &CallerCredentials) -> Result<Course<Taking<'_>>, CallError> {
        let outlook = Outlook {
            health: self.ports.health.as_ref(),
            limiter: self.ports.limiter.as_ref(),
            quotas: &run.snapshot.quotas,
            credentials,
            call: OutlookCall::of(run.call.facts()),
            now: self.ports.clock.now(),
            monotonic: self.ports.clock.monotonic(),
        };
        let lots = Taking::of(self.ports.entropy.as_ref());
        Course::of(&run.resolved, &run.snapshot, &outlook, lots)
    }
}

fn refused(error: &JournalError) -> CallError {
    tracing::error!(error = %error, "calls are refused: usage can't be recorded");
    let mut refusal = CallError::new(
        CallErrorKind::StorageUnavailable,
        "Usage can't be recorded at the moment, so no call is served. Try again shortly; an administrator should look at \
         the journal's disk.",
    );
    refusal.retry_after = Some(WHILE_UNWRITABLE);
    refusal
}
