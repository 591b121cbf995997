//! Trying targets in the order of the plan: at most so many attempts, each at a target not tried yet while one remains, then
//! again at the one that may be asked first while its retry budget pays.

use super::account::{self, OtherAccounts};
use super::admission::{Admission, Admitted, NotAdmitted};
use super::bought::{self, Next};
use super::course::{Course, Step};
use super::draining::Gone;
use super::lots::Taking;
use super::outlook::{Outlook, OutlookCall};
use super::passed::Passed;
use super::refusals::{held_back, no_such_operation, strict_refusal, unreadable, unusable};
use super::retrying::{Paid, Retried};
use super::service::{CallSettings, ChatPorts};
use super::settlement::Settlement;
use super::tries::{Failure, Tries};
use crate::error::{CallError, CallErrorKind};
use crate::snapshot::{CallerCredentials, ChosenCredential, TargetEntry};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::fault::{Blame, FaultKind, ProviderFault};
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::retry::{MAX_WAIT, RetryCause, backoff, scatter};
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::clock::Monotonic;
use switchyard_ports::health::{Account, AttemptFact, HeldBack, HeldBackFor, Occasion, WatchedAttempt};
use switchyard_ports::provider::{Answer, AttemptContext, Deadlines, Prepared, Provider};

/// An answer that began, and where it comes from.
pub(super) struct Begun {
    pub(super) answer: Answer,
    pub(super) target: Arc<TargetEntry>,
    /// The dialect that the provider speaks.
    pub(super) source: Dialect,
    pub(super) losses: LossReport,
    pub(super) retried: Retried,
    /// The attempt as the target's health sees it.
    pub(super) watched: Box<dyn WatchedAttempt>,
    /// Why this target: the word of the rule that put it there, or what failed before it.
    pub(super) reason: String,
}

/// How a try at a target ended.
enum Tried {
    /// Its first content is there.
    Began(Box<Began>),
    /// It failed.
    Failed {
        fault: ProviderFault,
        /// Whether it was told in another dialect than the caller's.
        is_foreign: bool,
        /// Whether it was made with an account of the caller's own.
        is_own: bool,
        /// Who may be asked after it.
        next: Next,
        /// What else can be asked with, of the target's shared credentials.
        others: OtherAccounts,
    },
    /// Nothing was sent, and nothing will be: the caller may not.
    Refused(CallError),
    /// Nothing was sent: this target can't take the call now, can't take such calls at all, or can't express it whole and must.
    Passed(CallError),
    /// Nothing was sent: the target is left alone.
    HeldBack(HeldBack),
}

/// A first content.
struct Began {
    answer: Answer,
    /// The dialect of the provider.
    source: Dialect,
    losses: LossReport,
    watched: Box<dyn WatchedAttempt>,
}

/// Another try at a target that failed.
struct Retry {
    cause: RetryCause,
    wait: Duration,
}

/// What can be sent to a target.
struct Ready<'t> {
    client: &'t Arc<dyn Provider>,
    prepared: Prepared,
    credential: Option<ChosenCredential>,
}

/// One call's tries.
pub(super) struct Attempts<'a> {
    pub(super) ports: &'a ChatPorts,
    pub(super) settings: &'a CallSettings,
    pub(super) call: &'a Arc<dyn ClientCall>,
    pub(super) request_id: &'a str,
    pub(super) course: Course<Taking<'a>>,
    pub(super) admission: Admission<'a>,
    pub(super) credentials: &'a CallerCredentials,
    pub(super) began: Monotonic,
    pub(super) gone: &'a Gone,
    pub(super) passed: Passed,
}

impl Attempts<'_> {
    /// Tries until an answer begins or nothing is left to try. The last fault decides what the client hears.
    pub(super) async fn run(&mut self, settlement: &mut Settlement) -> Result<Begun, CallError> {
        let error = match self.run_through(settlement).await {
            Ok(begun) => return Ok(begun),
            Err(error) => error,
        };
        // Whoever asks for what can't be done asks all the same.
        if !settlement.is_admitted() && !is_of_limits(error.kind) {
            self.admission.of_caller_alone(settlement).await?;
        }
        Err(error)
    }

    async fn run_through(&mut self, settlement: &mut Settlement) -> Result<Begun, CallError> {
        let mut tries = Tries::default();
        let mut stays = false;
        // Those with another shared credential that was not asked with.
        let mut spares = Vec::new();
        // What is read on for whoever has left is what had begun.
        while settlement.attempts() < self.most_attempts() && !self.gone.is_gone() {
            let has_time = tries.is_empty() || !self.time_left().is_zero();
            let other = if stays { None } else { self.other(&mut spares, tries.is_empty(), settlement) };
            let (step, credential, paid) = match other {
                Some((step, credential)) if has_time => (step, credential, None),
                Some(_) => break,
                None => match self.again(&mut tries, stays).await {
                    Some((step, paid)) => (step, None, Some(paid)),
                    None => break,
                },
            };
            let retried = Retried(paid.as_ref().map(Paid::cause));
            let is_retry = retried.0.is_some();
            match self.attempt(&step, credential, paid, settlement).await {
                Tried::Began(began) => return Ok(begun(*began, step, retried, &tries)),
                Tried::Failed { fault, is_foreign, is_own, next, others } => {
                    // No other target is asked then, but this one may want to be asked once more.
                    stays = !step.failover_on().moves_on(fault.kind);
                    let ends = next == Next::Nobody || (stays && !fault.is_asked_back());
                    if others == OtherAccounts::Usable {
                        spares.push(step.clone());
                    }
                    let (fault, at) = (others.heard(fault), self.ports.clock.monotonic());
                    tries.failed(Failure { fault, step, is_foreign, is_own, next, at });
                    if ends {
                        break;
                    }
                }
                Tried::Refused(error) => return Err(error),
                Tried::Passed(_) if is_retry => tries.give_up(&step),
                Tried::Passed(error) => {
                    self.passed.refused(&step.target, &error);
                    tries.passed(error);
                }
                Tried::HeldBack(held) if is_retry => {
                    tries.waits(&step, held.wait, self.ports.clock.monotonic());
                    tries.give_up(&step);
                }
                Tried::HeldBack(held) => {
                    self.passed.held_back(&step.target, held.cause);
                    match step.occasion {
                        Occasion::Turn => self.course.hold(step),
                        _ => tries.passed(held_back(&step.target, held)),
                    }
                }
            }
        }
        Err(tries.into_error(self.ports.clock.monotonic()))
    }

    fn most_attempts(&self) -> u32 {
        self.settings.max_attempts.max(1)
    }

    /// What is tried next, other than the same once more: another credential of a target whose last one failed for itself alone, where
    /// attempts enough stay for the targets that were not asked, or where none is left; else the next target.
    fn other(
        &mut self,
        spares: &mut Vec<Step>,
        is_first: bool,
        settlement: &Settlement,
    ) -> Option<(Step, Option<ChosenCredential>)> {
        let spares_the_others = settlement.attempts() + self.course.left() < self.most_attempts();
        if let Some(spare) = spares_the_others.then(|| self.other_account(spares)).flatten() {
            return Some(spare);
        }
        match self.next(is_first) {
            Some(step) => Some((step, None)),
            None => self.other_account(spares),
        }
    }

    fn other_account(&self, spares: &mut Vec<Step>) -> Option<(Step, Option<ChosenCredential>)> {
        let now = self.ports.clock.monotonic();
        std::iter::from_fn(|| spares.pop()).find_map(|step| {
            let usable = step.target.provider.credentials.usable(now)?;
            Some((step, Some(ChosenCredential::from(usable))))
        })
    }

    /// The next target that was not tried.
    fn next(&mut self, is_first: bool) -> Option<Step> {
        let outlook = Outlook {
            health: self.ports.health.as_ref(),
            limiter: self.ports.limiter.as_ref(),
            quotas: &self.admission.snapshot.quotas,
            credentials: self.credentials,
            call: OutlookCall::of(self.call.facts()),
            now: self.ports.clock.now(),
            monotonic: self.ports.clock.monotonic(),
        };
        self.course.next(&outlook, is_first)
    }

    /// Waits for another try at a target that failed: of those whose fault, route and retry budget allow one, at the one that may be asked
    /// first, if the wait fits in what is left of the call's time. `stays` tells that only the last one may be asked.
    async fn again(&self, tries: &mut Tries, stays: bool) -> Option<(Step, Paid)> {
        let (now, random) = (self.ports.clock.monotonic(), self.ports.entropy.random());
        let retry = |failure| self.retry_of(failure, tries, now, random).map(|retry| (failure, retry));
        let mut candidates: Vec<_> = tries.repeatable(stays).filter_map(retry).collect();
        candidates.sort_by_key(|(_, retry)| retry.wait);
        let (failure, wait, paid) = candidates.into_iter().find_map(|(failure, retry)| {
            let paid = Paid::take(&failure.step.target.provider, retry.cause)?;
            Some((failure, retry.wait, paid))
        })?;
        let step = failure.step.again(failure.at);
        tries.retrying();
        self.ports.clock.sleep(wait).await;
        Some((step, paid)).filter(|_| !self.gone.is_gone())
    }

    /// What another try at a target that failed answers to, and when it may begin; `None` where there is none.
    fn retry_of(&self, failure: &Failure, tries: &Tries, now: Monotonic, random: u64) -> Option<Retry> {
        let Failure { fault, step, .. } = failure;
        let cause = fault.retry_cause().filter(|_| step.failover_on().retries_same_target())?;
        if fault.is_tried_once_more() && tries.last_chances() > 1 {
            return None;
        }
        let (asked, wait) = match failure.asked_wait(now) {
            // Those who were told the same time do not all come back at the same moment.
            Some(asked) => (asked, asked.saturating_add(scatter(random))),
            None => (Duration::ZERO, backoff(cause, tries.retries() + 1, random)),
        };
        (asked <= MAX_WAIT && wait < self.time_left()).then_some(Retry { cause, wait })
    }

    async fn attempt(
        &mut self,
        step: &Step,
        credential: Option<ChosenCredential>,
        paid: Option<Paid>,
        settlement: &mut Settlement,
    ) -> Tried {
        let target = &step.target;
        let ready = match self.ready(step, credential, settlement).await {
            Ok(ready) => ready,
            Err(tried) => return *tried,
        };
        let Ready { client, prepared, credential } = ready;
        let source_of_credential = credential.as_ref().map(|credential| credential.source);
        let account = match source_of_credential {
            Some(CredentialSource::Key | CredentialSource::User) => Account::Own,
            Some(CredentialSource::Shared) | None => Account::Shared,
        };
        let health = &self.ports.health;
        let (provider, model) = (target.provider.id, &target.model.model);
        let form = self.call.facts().answer_form();
        let mut watched = match health.begin(provider, model, account, form, step.occasion) {
            Ok(watched) => watched,
            Err(held) => return Tried::HeldBack(held),
        };
        let admitted = match self.admission.to_target(&mut self.course, target, settlement).await {
            Ok(admitted) => admitted,
            Err(not_admitted) => {
                watched.ended(AttemptFact::Nothing);
                return match not_admitted {
                    NotAdmitted::Target(error) => Tried::Passed(error),
                    NotAdmitted::Caller(error) => Tried::Refused(error),
                };
            }
        };
        if let Some(paid) = paid {
            paid.spend();
        }
        let (source, losses) = (prepared.dialect, prepared.losses.clone());
        let has_whole_time = self.has_whole_time(step, settlement);
        let why = self.passed.why(step, &self.course, settlement.attempts() == 0);
        let received = settlement.begin(target, why, &losses, admitted, source_of_credential);
        let context = AttemptContext {
            request_id: self.request_id.to_owned(),
            deadlines: self.deadlines(step),
            connect_timeout: step.timeouts().connect_ms.map(Duration::from_millis),
            credential: credential.as_ref().map(|credential| Arc::clone(&credential.secret)),
            received: Arc::clone(&received),
        };
        match client.send(prepared, context).await {
            Ok(answer) => {
                watched.first_content();
                account::accepted(credential);
                settlement.first_content(answer.status);
                Tried::Began(Box::new(Began { answer, source, losses, watched }))
            }
            Err(mut fault) => {
                if fault.kind == FaultKind::TotalTimeout && has_whole_time {
                    // Nobody else used the time up: the target gave no content in it.
                    fault.kind = FaultKind::FirstByteTimeout;
                }
                self.note(target, &fault, account);
                let told = account::failed(self.ports, target, credential, &fault);
                watched.ended(told.fact);
                settlement.fail(fault.clone());
                let facts = self.call.facts();
                let next = bought::next(facts.dialect.operation(), &fault, received.lock().began);
                Tried::Failed {
                    fault,
                    is_foreign: source != facts.dialect,
                    is_own: account == Account::Own,
                    next,
                    others: told.others,
                }
            }
        }
    }

    /// What would be sent to a target, or why nothing can be.
    async fn ready<'t>(
        &mut self,
        step: &'t Step,
        credential: Option<ChosenCredential>,
        settlement: &mut Settlement,
    ) -> Result<Ready<'t>, Box<Tried>> {
        let (target, facts) = (&step.target, self.call.facts());
        let Ok(client) = &target.provider.client else {
            return Err(Box::new(Tried::Passed(unusable(target))));
        };
        if !client.offers(facts.dialect.operation()) {
            return Err(Box::new(Tried::Passed(no_such_operation(facts.dialect.operation(), target))));
        }
        let prepared = match client.prepare(self.call.as_ref(), &target.model.model) {
            Ok(prepared) => prepared,
            // Another one may be able to express it.
            Err(fault) if fault.kind == FaultKind::Unsupported && !self.course.has_one() => {
                let error = CallError::from_fault(&fault, &target.model.public_name);
                return Err(Box::new(Tried::Passed(error)));
            }
            Err(fault) => {
                if let Err(error) = self.admission.of_caller_alone(settlement).await {
                    return Err(Box::new(Tried::Refused(error)));
                }
                let why = self.passed.why(step, &self.course, settlement.attempts() == 0);
                settlement.begin(target, why, &LossReport::default(), Admitted::default(), None);
                self.note(target, &fault, Account::Shared);
                settlement.fail(fault.clone());
                let (next, others) = (Next::Anyone, OtherAccounts::None);
                let (is_foreign, is_own) = (false, false);
                return Err(Box::new(Tried::Failed { fault, is_foreign, is_own, next, others }));
            }
        };
        if !prepared.losses.is_empty() && (step.is_strict() || facts.strict) {
            return Err(Box::new(Tried::Passed(strict_refusal(&prepared.losses, target))));
        }
        let credential = match credential {
            Some(given) => Some(given),
            None => self.credential(target).map_err(|error| Box::new(Tried::Passed(error)))?,
        };
        let failed_at = match step.occasion {
            Occasion::Retry { failed_at } => Some(failed_at),
            Occasion::Turn | Occasion::LastResort { .. } => None,
        };
        let (now, own) =
            (self.ports.clock.monotonic(), credential.as_ref().and_then(|chosen| chosen.own.as_ref()));
        if let Some(wait) = own.and_then(|own| own.rests(&target.model.model, now, failed_at)) {
            return Err(Box::new(Tried::HeldBack(HeldBack { cause: HeldBackFor::Throttling, wait })));
        }
        Ok(Ready { client, prepared, credential })
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
        let total =
            self.course.timeouts.total_ms.map_or(self.settings.deadlines.total, Duration::from_millis);
        total.saturating_sub(used)
    }

    /// Whether an attempt gets all of the time that its target, or else the call, may take.
    fn has_whole_time(&self, step: &Step, settlement: &Settlement) -> bool {
        match step.timeouts().total_ms {
            Some(own) => Duration::from_millis(own) <= self.time_left(),
            None => settlement.attempts() == 0,
        }
    }

    /// How long the steps of an attempt may take: as its target says, else its route, else the settings; and no longer than the call has
    /// left.
    fn deadlines(&self, step: &Step) -> Deadlines {
        let (timeouts, facts) = (step.timeouts(), self.call.facts());
        let left = timeouts.total_ms.map_or(Duration::MAX, Duration::from_millis).min(self.time_left());
        let is_made_first = facts.dialect.operation().is_by_the_piece() && !facts.stream;
        let first_content = match timeouts.first_content_ms.map(Duration::from_millis) {
            Some(stated) => stated,
            None if is_made_first => self.settings.first_of_pieces.unwrap_or(left),
            None => self.settings.deadlines.first_content,
        };
        let idle = timeouts.idle_ms.map_or(self.settings.deadlines.idle, Duration::from_millis);
        Deadlines { first_content: first_content.min(left), idle: idle.min(left), total: left }
    }

    fn note(&self, target: &TargetEntry, fault: &ProviderFault, account: Account) {
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
            Blame::Operator if account == Account::Own && fault.kind.is_of_account() => {
                note!(info, "attempt failed: a provider does not take the caller's own key");
            }
            Blame::Operator => {
                note!(warn, "attempt failed: a provider's configuration or account needs an administrator");
            }
            Blame::Ourselves => note!(error, "attempt failed by our own defect"),
            Blame::Caller | Blame::Provider => note!(info, "attempt failed"),
        };
    }
}

fn begun(began: Began, step: Step, retried: Retried, tries: &Tries) -> Begun {
    let Began { answer, source, losses, watched } = began;
    let reason = tries.reason().unwrap_or_else(|| step.rule.as_str().to_owned());
    Begun { answer, target: step.target, source, losses, retried, watched, reason }
}

/// Whether a call was refused for want of what it would have used.
fn is_of_limits(kind: CallErrorKind) -> bool {
    use CallErrorKind as Kind;
    matches!(
        kind,
        Kind::RateLimited | Kind::InsufficientQuota | Kind::PriceUnknown | Kind::StorageUnavailable
    )
}
