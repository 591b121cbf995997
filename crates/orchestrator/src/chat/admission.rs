//! May this call begin, and may it go to this target? All limits and budgets of the caller and of the target are taken in one step, all
//! or none, before anything is sent.

use super::asking::{self, Reserve};
use super::bound::{self, Unbounded};
use super::course::Course;
use super::lots::Taking;
use super::service::ChatPorts;
use super::settlement::Settlement;
use crate::error::{CallError, CallErrorKind};
use crate::principal::Principal;
use crate::snapshot::{Snapshot, TargetEntry, UserDirectory};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::budget::BudgetWindow;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::limiter::{Ask, Demand, LimiterError, Permit, Refusal, Room, Rooms};

/// When to come back after the store of the limits did not answer.
const AFTER_OUTAGE: Duration = Duration::from_secs(5);

/// What is held for an attempt.
#[derive(Default)]
pub(super) struct Admitted {
    /// The permit of the target's limits.
    pub(super) permit: Option<Box<dyn Permit>>,
    /// What is reserved for it, where a budget of the caller or the target asks.
    pub(super) reserved: Option<NanoUsd>,
    /// When it begins, where a budget asks: the moment in whose windows money is held for it, and is charged.
    pub(super) at: Option<Timestamp>,
}

/// Why an attempt may not be made.
pub(super) enum NotAdmitted {
    /// The call as a whole may not.
    Caller(CallError),
    /// This target may not be tried.
    Target(CallError),
}

/// What is asked for one call.
pub(super) struct Admission<'a> {
    pub(super) ports: &'a ChatPorts,
    pub(super) snapshot: &'a Snapshot,
    pub(super) users: &'a UserDirectory,
    pub(super) principal: &'a Principal,
    pub(super) call: &'a dyn ClientCall,
    /// The most attempts of a call.
    pub(super) max_attempts: u32,
}

impl Admission<'_> {
    /// Takes what the attempt at `target` needs, and with the first attempt what the caller needs.
    pub(super) async fn to_target(
        &self,
        course: &mut Course<Taking<'_>>,
        target: &TargetEntry,
        settlement: &mut Settlement,
    ) -> Result<Admitted, NotAdmitted> {
        let quotas = &self.snapshot.quotas;
        let callers = asking::of_caller(quotas, self.users, self.principal);
        let targets = asking::of_target(quotas, target);
        let is_first = !settlement.is_admitted();
        if callers.is_empty() && targets.is_empty() {
            self.admitted(course, settlement, None);
            return Ok(Admitted::default());
        }
        let (now, ceiling) = (self.ports.clock.now(), self.ports.budgets.terms().unpriced_ceiling);
        let is_budgeted = asking::has_budget(&callers) || asking::has_budget(&targets);
        let price = match (bound::reserved(target, self.call, now), ceiling) {
            (Ok(price), _) | (Err(_), Some(price)) => price,
            (Err(why), None) if is_budgeted => return Err(NotAdmitted::Target(unbounded(target, why))),
            (Err(_), None) => NanoUsd::ZERO,
        };
        let reserved = is_budgeted.then_some(price);
        if !is_first {
            let needed = NanoUsd(settlement.committed().0.saturating_add(price.0));
            self.cover(settlement, needed, now, &callers).await?;
        }
        let tokens = Reserve::of(self.call.facts());
        let mut asks = Vec::with_capacity(2);
        if is_first && !callers.is_empty() {
            let others = course.others(self.max_attempts);
            let most = asking::dearest(others, self.call, ceiling, now).max(price);
            asks.push(asking::ask(Arc::clone(&callers), tokens, most));
        }
        let is_limited = !targets.is_empty();
        if is_limited {
            asks.push(asking::ask(targets, tokens, price));
        }
        let mut permits = if asks.is_empty() { Vec::new() } else { self.acquire(&asks, target).await? };
        let permit = if is_limited { permits.pop() } else { None };
        let callers_permit = permits.pop();
        let taken_at = [&permit, &callers_permit].into_iter().flatten().find_map(|permit| permit.taken_at());
        if is_first {
            self.admitted(course, settlement, callers_permit);
        } else if let Some(at) = taken_at {
            // A window may have ended since.
            let needed = NanoUsd(settlement.committed().0.saturating_add(price.0));
            self.cover(settlement, needed, at, &callers).await?;
        }
        Ok(Admitted { permit, reserved, at: taken_at.or_else(|| is_budgeted.then_some(now)) })
    }

    /// Takes what the caller needs for a call that goes to no target: it is a request, and takes a slot while it is answered. What is
    /// already taken stays.
    pub(super) async fn of_caller_alone(&self, settlement: &mut Settlement) -> Result<(), CallError> {
        if settlement.is_admitted() {
            return Ok(());
        }
        let tokens = Reserve::of(self.call.facts());
        settlement
            .admit(caller_alone(self.ports, self.snapshot, self.users, self.principal, Some(tokens)).await?);
        Ok(())
    }

    fn admitted(
        &self,
        course: &mut Course<Taking<'_>>,
        settlement: &mut Settlement,
        permit: Option<Box<dyn Permit>>,
    ) {
        if !settlement.is_admitted() {
            settlement.admit(permit);
            course.admitted();
        }
    }

    async fn cover(
        &self,
        settlement: &Settlement,
        needed: NanoUsd,
        at: Timestamp,
        callers: &Arc<[Demand]>,
    ) -> Result<(), NotAdmitted> {
        let Some(permit) = settlement.permit().filter(|_| asking::has_budget(callers)) else { return Ok(()) };
        let covered = self.ports.budgets.cover(self.ports.limiter.as_ref(), permit, needed, at).await;
        covered.map_err(|error| {
            let ask = Ask { demands: Arc::clone(callers), tokens: 0, money: needed };
            NotAdmitted::Target(refused(error, &[ask], &self.who()))
        })
    }

    async fn acquire(&self, asks: &[Ask], target: &TargetEntry) -> Result<Vec<Box<dyn Permit>>, NotAdmitted> {
        let taken = self.ports.budgets.acquire(self.ports.limiter.as_ref(), asks).await;
        taken.map_err(|error| {
            let target_only = of_target_alone(&error, &asking::of_target(&self.snapshot.quotas, target));
            if target_only {
                let who = format!("The model `{}`", target.model.public_name);
                NotAdmitted::Target(refused(error, asks, &who))
            } else {
                NotAdmitted::Caller(refused(error, asks, &self.who()))
            }
        })
    }

    fn who(&self) -> String {
        who(self.principal)
    }
}

/// The caller's own demands for what no provider is asked for, or could be.
pub(super) async fn caller_alone(
    ports: &ChatPorts,
    snapshot: &Snapshot,
    users: &UserDirectory,
    principal: &Principal,
    tokens: Option<Reserve>,
) -> Result<Option<Box<dyn Permit>>, CallError> {
    let demands = asking::of_caller(&snapshot.quotas, users, principal);
    if demands.is_empty() {
        return Ok(None);
    }
    let tokens = tokens.map_or(0, |tokens| tokens.under(&demands));
    let asks = [Ask { demands, tokens, money: NanoUsd::ZERO }];
    let taken = ports.budgets.acquire(ports.limiter.as_ref(), &asks).await;
    taken.map(|mut permits| permits.pop()).map_err(|error| refused(error, &asks, &who(principal)))
}

fn who(principal: &Principal) -> String {
    match principal {
        Principal::Key(key) => format!("The key `{}`", key.name),
        Principal::User(entry) => format!("The user `{}`", entry.user.username),
        _ => "This server".to_owned(),
    }
}

fn of_target_alone(error: &LimiterError, targets: &[Demand]) -> bool {
    matches!(error, LimiterError::Refused(refusal) if targets.iter().any(|demand| demand.scope == refusal.scope))
}

/// A call whose price nobody can bound is not let near a budget.
fn unbounded(target: &TargetEntry, why: Unbounded) -> CallError {
    let model = &target.model.public_name;
    let (at, message) = match why {
        Unbounded::Price => (
            "model",
            format!(
                "`{model}` has no known price, and this call is under a budget, which it could overrun. Choose another model; an \
                 administrator can set a price for it, or what to reserve for such calls (UNPRICED_CALL_CEILING_USD)."
            ),
        ),
        Unbounded::Input => (
            "model",
            format!(
                "This call brings what only the provider can measure (a file, an address, sound, a stored conversation or a hosted \
                 tool), and how much `{model}` can read is not known, so that it could overrun the budget that it is under. Send \
                 text instead; an administrator can state the model's context window, or what to reserve for such calls \
                 (UNPRICED_CALL_CEILING_USD)."
            ),
        ),
        Unbounded::Output => (
            "max_tokens",
            format!(
                "How long an answer of `{model}` may be is not known, so that this call could overrun the budget that it is under. \
                 Set an output limit such as `max_tokens`; an administrator can state the model's longest output, or what to \
                 reserve for such calls (UNPRICED_CALL_CEILING_USD)."
            ),
        ),
    };
    CallError::new(CallErrorKind::PriceUnknown, message).at(at)
}

fn refused(error: LimiterError, asks: &[Ask], who: &str) -> CallError {
    match error {
        LimiterError::Refused(refusal) if is_money(refusal.kind) => over_budget(&refusal, asks, who),
        LimiterError::Refused(refusal) => {
            let who = subject(&refusal, who);
            let tokens = asks.first().map_or(0, |ask| ask.tokens);
            let mut error = CallError::new(CallErrorKind::RateLimited, limit_message(&refusal, &who, tokens));
            error.retry_after = Some(refusal.retry_after);
            error.rooms = rooms(&refusal);
            error
        }
        LimiterError::Unseeded(_) | LimiterError::Unavailable(_) => {
            tracing::error!(%error, "a call is refused: its limits can't be checked");
            let message = "Limits can't be checked at the moment, so no call is served. Try again shortly.";
            let mut error = CallError::new(CallErrorKind::StorageUnavailable, message);
            error.retry_after = Some(AFTER_OUTAGE);
            error
        }
    }
}

/// What a refused call has left of the limit that refused it, if that is the caller's own: nothing.
fn rooms(refusal: &Refusal) -> Option<Box<Rooms>> {
    let is_own = matches!(refusal.scope.0.split(':').next(), Some("key" | "user"));
    let room =
        Some(Room { limit: refusal.limit, remaining: 0, reset: refusal.retry_after }).filter(|_| is_own);
    match refusal.kind {
        LimitKind::Requests => Some(Box::new(Rooms { requests: room, tokens: None })),
        LimitKind::Tokens => Some(Box::new(Rooms { requests: None, tokens: room })),
        _ => None,
    }
}

fn is_money(kind: LimitKind) -> bool {
    matches!(kind, LimitKind::Budget | LimitKind::BudgetHeld)
}

/// Whose limit it is. A caller is told of others' limits only what concerns the caller.
fn subject(refusal: &Refusal, who: &str) -> String {
    match refusal.scope.0.split(':').next() {
        Some("user") => "The owner of this key".to_owned(),
        Some("global") => "This server".to_owned(),
        _ => who.to_owned(),
    }
}

fn over_budget(refusal: &Refusal, asks: &[Ask], who: &str) -> CallError {
    let is_met = |demand: &&Demand| demand.scope == refusal.scope;
    let met = asks.iter().find_map(|ask| Some((ask.demands.iter().find(is_met)?, ask.money)));
    let budget = met.and_then(|(demand, money)| Some((demand.allowance.as_ref()?.budget(), money)));
    let stated = budget.map_or_else(|| "a budget".to_owned(), |(budget, _)| format!("a budget of {budget}"));
    let who = subject(refusal, who);
    let refused = |message: String, retry_after| CallError {
        retry_after,
        ..CallError::new(CallErrorKind::InsufficientQuota, message)
    };
    if refusal.kind == LimitKind::BudgetHeld {
        let message = format!(
            "{who} has {stated}, and calls that are running hold what is left of it. Try again when they have ended."
        );
        return refused(message, Some(refusal.retry_after));
    }
    if let Some((_, money)) = budget.filter(|(budget, money)| *money > budget.amount) {
        let message = format!(
            "{who} has {stated}, and this call alone may cost {money} USD, which is held until its cost is known. A lower output limit \
             makes a call cheaper; an administrator can raise the budget."
        );
        return refused(message, None);
    }
    let is_endless = budget.is_none_or(|(budget, _)| budget.window == BudgetWindow::Total);
    let when = if is_endless {
        "It does not begin anew; an administrator can raise it".to_owned()
    } else {
        let seconds = refusal.retry_after.as_millis().div_ceil(1000).max(1);
        format!("It begins anew in {seconds} s; an administrator can raise it")
    };
    let message = format!(
        "{who} has {stated}, of which too little is left for the most that this call may cost. {when}. A lower output \
         limit makes a call cheaper."
    );
    refused(message, (!is_endless).then_some(refusal.retry_after))
}

fn limit_message(refusal: &Refusal, who: &str, tokens: u64) -> String {
    let Refusal { kind, limit, .. } = refusal;
    let what = kind.describe();
    if *kind == LimitKind::Tokens && tokens > *limit {
        return format!(
            "{who} has a limit of {limit} {what}, and this call alone may use {tokens}: its prompt by estimate and its \
             output limit. Shorten the prompt or lower `max_tokens`."
        );
    }
    let wait = refusal.retry_after.as_millis().div_ceil(1000).max(1);
    format!("{who} is at its limit of {limit} {what}. Try again in {wait} s.")
}
