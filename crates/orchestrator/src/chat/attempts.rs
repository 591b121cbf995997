//! Trying targets in the order of the plan: at most so many attempts, each at a target not tried yet while one remains, then
//! again at the last one while its retry budget pays.

use super::account;
use super::admission::{Admission, Admitted, NotAdmitted};
use super::bought::{self, Next};
use super::course::{Course, unreadable, unusable};
use super::service::{CallSettings, ChatPorts};
use super::settlement::Settlement;
use super::tries::{Failure, Tries};
use crate::error::{CallError, CallErrorKind};
use crate::snapshot::{CallerCredentials, ChosenCredential, TargetEntry};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use switchyard_domain::chat::{Dialect, Loss, LossReport};
use switchyard_domain::fault::{Blame, FaultKind, ProviderFault};
use switchyard_domain::operation::Operation;
use switchyard_domain::retry::{MAX_WAIT, RetryCause, backoff};
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::clock::Monotonic;
use switchyard_ports::health::AttemptFact;
use switchyard_ports::provider::{Answer, AttemptContext, Deadlines};

/// Longest part of a member's name that is said back.
const LONGEST_NAME: usize = 100;

/// An answer that began, and where it comes from.
pub(super) struct Begun {
    pub(super) answer: Answer,
    pub(super) target: TargetEntry,
    /// The dialect that the provider speaks.
    pub(super) source: Dialect,
    pub(super) losses: LossReport,
    pub(super) retried: Retried,
}

/// Whether the attempt was a retry at the same target, so that its success refunds the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retried(pub(super) Option<RetryCause>);

/// How a try at a target ended.
enum Tried {
    /// Its first content is there, in this dialect of the provider's.
    Began(Answer, Dialect, LossReport),
    /// It failed.
    Failed {
        fault: ProviderFault,
        /// Whether it was told in another dialect than the caller's.
        is_foreign: bool,
        /// Who may be asked after it.
        next: Next,
        /// Whether the same target may take another of its shared credentials.
        has_other_account: bool,
    },
    /// Nothing was sent, and nothing will be: the caller may not.
    Refused(CallError),
    /// Nothing was sent: this target can't take the call now, can't take such calls at all, or can't express it whole and must.
    Passed(CallError),
}

/// One call's tries.
pub(super) struct Attempts<'a> {
    pub(super) ports: &'a ChatPorts,
    pub(super) settings: &'a CallSettings,
    pub(super) call: &'a Arc<dyn ClientCall>,
    pub(super) request_id: &'a str,
    pub(super) course: Course,
    pub(super) admission: Admission<'a>,
    pub(super) credentials: CallerCredentials,
    pub(super) began: Monotonic,
}

impl Attempts<'_> {
    /// Tries until an answer begins or nothing is left to try. The last fault decides what the client hears.
    pub(super) async fn run(&mut self, settlement: &mut Settlement) -> Result<Begun, CallError> {
        let all = self.course.targets.clone();
        let error = match self.run_through(&all, settlement).await {
            Ok(begun) => return Ok(begun),
            Err(error) => error,
        };
        // Whoever asks for what can't be done asks all the same.
        if !settlement.is_admitted() && !is_of_limits(error.kind) {
            self.admission.of_caller_alone(settlement).await?;
        }
        Err(error)
    }

    async fn run_through(
        &mut self,
        all: &[TargetEntry],
        settlement: &mut Settlement,
    ) -> Result<Begun, CallError> {
        let mut tries = Tries::default();
        let mut targets = all.iter();
        let mut stays = false;
        let mut other_account = None;
        while settlement.attempts() < self.settings.max_attempts.max(1) {
            let other = match other_account.take() {
                Some((target, credential)) => Some((target, Some(credential))),
                None if stays => None,
                None => targets.next().map(|target| (target, None)),
            };
            let (target, credential, retried) = match other {
                Some((target, credential)) if tries.is_empty() || !self.time_left().is_zero() => {
                    (target, credential, Retried(None))
                }
                Some(_) => break,
                None => match self.again(&mut tries).await {
                    Some((target, cause)) => (target, None, Retried(Some(cause))),
                    None => break,
                },
            };
            match self.attempt(target, credential, settlement).await {
                Tried::Began(answer, source, losses) => {
                    return Ok(Begun { answer, target: target.clone(), source, losses, retried });
                }
                Tried::Failed { fault, is_foreign, next, has_other_account } => {
                    // No other target is asked then, but this one may want to be asked once more.
                    stays = !self.course.failover_on.moves_on(fault.kind);
                    let ends = next == Next::Nobody || (stays && !fault.is_asked_back());
                    // The last attempt is another target's, where there is one: its account may be better than all of these.
                    let spares_one = settlement.attempts() + 1 < self.settings.max_attempts;
                    if has_other_account && !stays && !ends && (spares_one || targets.len() == 0) {
                        let usable = target.provider.credentials.usable(self.ports.clock.monotonic());
                        other_account = usable.map(|shared| (target, ChosenCredential::from(shared)));
                    }
                    tries.failed(fault, target, Failure { is_foreign, next });
                    if ends {
                        break;
                    }
                }
                Tried::Refused(error) => return Err(error),
                Tried::Passed(_) if retried.0.is_some() => break,
                Tried::Passed(error) => tries.passed(error),
            }
        }
        Err(tries.into_error())
    }

    /// Waits for another try at the target that failed last, if its fault, the route and the retry budget allow one and the
    /// wait fits in what is left of the call's time.
    async fn again<'t>(&self, tries: &mut Tries<'t>) -> Option<(&'t TargetEntry, RetryCause)> {
        let (fault, target) = tries.last().filter(|_| tries.may_repeat())?;
        let cause = fault.retry_cause().filter(|_| self.course.failover_on.retries_same_target())?;
        if fault.is_tried_once_more() && tries.last_chances() > 1 {
            return None;
        }
        let retry = tries.retries() + 1;
        let wait = fault.retry_after.unwrap_or_else(|| backoff(cause, retry, self.ports.entropy.random()));
        if wait > MAX_WAIT || wait >= self.time_left() {
            return None;
        }
        let paid = target.provider.retry_budget.lock().unwrap_or_else(PoisonError::into_inner).take(cause);
        if !paid {
            return None;
        }
        tries.retrying();
        self.ports.clock.sleep(wait).await;
        Some((target, cause))
    }

    async fn attempt(
        &mut self,
        target: &TargetEntry,
        credential: Option<ChosenCredential>,
        settlement: &mut Settlement,
    ) -> Tried {
        let Ok(client) = &target.provider.client else { return Tried::Passed(unusable(target)) };
        if !client.offers(self.call.facts().dialect.operation()) {
            return Tried::Passed(no_such_operation(self.call.facts().dialect.operation(), target));
        }
        let prepared = match client.prepare(self.call.as_ref(), &target.model.model) {
            Ok(prepared) => prepared,
            // Another one may be able to express it.
            Err(fault) if fault.kind == FaultKind::Unsupported && self.course.targets.len() > 1 => {
                return Tried::Passed(CallError::from_fault(&fault, &target.model.public_name));
            }
            Err(fault) => {
                if let Err(error) = self.admission.of_caller_alone(settlement).await {
                    return Tried::Refused(error);
                }
                settlement.begin(target, &LossReport::default(), Admitted::default(), None);
                self.note(target, &fault);
                settlement.fail(fault.clone());
                return Tried::Failed {
                    fault,
                    is_foreign: false,
                    next: Next::Anyone,
                    has_other_account: false,
                };
            }
        };
        let (source, losses) = (prepared.dialect, prepared.losses.clone());
        if !losses.is_empty() && (self.course.strict || self.call.facts().strict) {
            return Tried::Passed(strict_refusal(&losses, target));
        }
        let credential = match credential.map_or_else(|| self.credential(target), |given| Ok(Some(given))) {
            Ok(credential) => credential,
            Err(error) => return Tried::Passed(error),
        };
        let admitted = match self.admission.to_target(&mut self.course, target, settlement).await {
            Ok(admitted) => admitted,
            Err(NotAdmitted::Target(error)) => return Tried::Passed(error),
            Err(NotAdmitted::Caller(error)) => return Tried::Refused(error),
        };
        let source_of_credential = credential.as_ref().map(|credential| credential.source);
        let received = settlement.begin(target, &losses, admitted, source_of_credential);
        let context = AttemptContext {
            request_id: self.request_id.to_owned(),
            deadlines: self.deadlines(),
            credential: credential.as_ref().map(|credential| Arc::clone(&credential.secret)),
            received: Arc::clone(&received),
        };
        match client.send(prepared, context).await {
            Ok(answer) => {
                account::accepted(credential);
                settlement.first_content(answer.status);
                Tried::Began(answer, source, losses)
            }
            Err(fault) => {
                self.note(target, &fault);
                let has_other_account = account::failed(self.ports, target, credential, &fault);
                settlement.fail(fault.clone());
                let facts = self.call.facts();
                let next = bought::next(facts.dialect.operation(), &fault, received.lock().began);
                Tried::Failed { fault, is_foreign: source != facts.dialect, next, has_other_account }
            }
        }
    }

    /// The credential that the target is called with.
    fn credential(&self, target: &TargetEntry) -> Result<Option<ChosenCredential>, CallError> {
        let chosen = self.credentials.choose(&target.provider, self.ports.clock.monotonic());
        chosen.map_err(|reason| {
            tracing::warn!(
                request.id = self.request_id,
                target = %target.model.public_name,
                reason = %reason,
                "a target is passed over"
            );
            unreadable(target)
        })
    }

    fn time_left(&self) -> Duration {
        let used = self.ports.clock.monotonic().since(self.began);
        self.settings.deadlines.total.saturating_sub(used)
    }

    fn deadlines(&self) -> Deadlines {
        let (left, Deadlines { first_content, idle, .. }) = (self.time_left(), self.settings.deadlines);
        let facts = self.call.facts();
        let is_made_first = facts.dialect.operation().is_by_the_piece() && !facts.stream;
        let first_content =
            if is_made_first { self.settings.first_of_pieces.unwrap_or(left) } else { first_content };
        Deadlines { first_content: first_content.min(left), idle: idle.min(left), total: left }
    }

    fn note(&self, target: &TargetEntry, fault: &ProviderFault) {
        macro_rules! note {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    request.id = self.request_id,
                    target = %target.model.public_name,
                    fault.kind = %fault.kind,
                    fault.status = fault.status,
                    fault.message = %fault.message,
                    $message
                )
            };
        }
        match fault.kind.blame() {
            Blame::Operator => {
                note!(warn, "attempt failed: a provider's configuration or account needs an administrator");
            }
            Blame::Ourselves => note!(error, "attempt failed by our own defect"),
            Blame::Caller | Blame::Provider => note!(info, "attempt failed"),
        };
    }
}

/// Whether a call was refused for want of what it would have used.
fn is_of_limits(kind: CallErrorKind) -> bool {
    use CallErrorKind as Kind;
    matches!(
        kind,
        Kind::RateLimited | Kind::InsufficientQuota | Kind::PriceUnknown | Kind::StorageUnavailable
    )
}

fn no_such_operation(operation: Operation, target: &TargetEntry) -> CallError {
    let message = format!(
        "`{}` can't be called for {operation}: its vendor offers none, or not in a form that is known here. Choose a model of \
         another provider.",
        target.model.public_name
    );
    CallError::new(CallErrorKind::UnsupportedFeature, message).at("model")
}

fn strict_refusal(losses: &LossReport, target: &TargetEntry) -> CallError {
    // A member's name may be the caller's own, of any length.
    let name = |loss: &Loss| loss.member.chars().take(LONGEST_NAME).collect::<String>();
    let listed: Vec<String> =
        losses.losses.iter().take(8).map(|loss| format!("`{}` ({})", name(loss), loss.reason)).collect();
    let message = format!(
        "{} can't express {}. Leave that out, choose another model, or drop the strict setting.",
        target.model.public_name,
        listed.join(", ")
    );
    let error = CallError::new(CallErrorKind::UnsupportedFeature, message);
    match losses.losses.first() {
        Some(loss) => error.at(name(loss)),
        None => error,
    }
}

/// What a fault says of the target's health.
pub(super) fn fact_of(fault: &ProviderFault) -> AttemptFact {
    match fault.kind {
        FaultKind::Rejected | FaultKind::Unsupported => AttemptFact::Lives,
        FaultKind::Throttled => AttemptFact::Throttled { retry_after: fault.retry_after },
        kind => AttemptFact::Failed(kind),
    }
}
