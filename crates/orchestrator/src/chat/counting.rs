//! Counting a prompt for a client that wants to know before it asks: no upstream is called, and nothing is recorded. It takes of the
//! caller's limits what a call takes, save tokens.

use super::admission::caller_alone;
use super::course::Course;
use super::lots::Foreseeing;
use super::metering::count_prompt;
use super::outlook::{Outlook, OutlookCall};
use super::resolution::resolve;
use super::service::ChatService;
use crate::error::{CallError, CallErrorKind};
use crate::principal::Principal;
use crate::snapshot::credentials_of;
use std::sync::Arc;
use switchyard_ports::client_call::ClientCall;

/// How many tokens a prompt has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptCount {
    /// The tokens.
    pub tokens: u64,
    /// Whether they were counted with the model's own vocabulary and nothing had to be guessed.
    pub exact: bool,
    /// The target that would be asked, by whose model was counted.
    pub target: String,
}

impl ChatService {
    /// Counts the prompt of a call by the model of the target that would be asked first.
    ///
    /// # Errors
    /// What the call itself would be refused with before anything is sent.
    pub async fn count_prompt(
        &self,
        principal: &Principal,
        call: Arc<dyn ClientCall>,
    ) -> Result<PromptCount, CallError> {
        let snapshot = self.keeper().snapshot();
        let resolved = resolve(&snapshot, principal, &call.facts().model)?;
        let permit = caller_alone(self.ports(), &snapshot, &self.keeper().users(), principal, None).await?;
        let credentials = credentials_of(&snapshot, principal);
        let outlook = Outlook {
            health: self.ports().health.as_ref(),
            limiter: self.ports().limiter.as_ref(),
            quotas: &snapshot.quotas,
            credentials: &credentials,
            call: OutlookCall::of(call.facts()),
            now: self.ports().clock.now(),
            monotonic: self.ports().clock.monotonic(),
        };
        let lots = Foreseeing { entropy: self.ports().entropy.as_ref(), ahead: 0 };
        let next = Course::of(&resolved, &snapshot, &outlook, lots)?.next(&outlook, true);
        let Some(target) = next.map(|step| step.target) else {
            return Err(CallError::new(
                CallErrorKind::UpstreamUnavailable,
                "There is no target to count for.",
            ));
        };
        call.canonical().map_err(|invalid| {
            let error = CallError::new(CallErrorKind::InvalidRequest, invalid.message);
            match invalid.param {
                Some(param) => error.at(param),
                None => error,
            }
        })?;
        let tokenizer = Arc::clone(&self.ports().tokenizer);
        let public_name = target.model.public_name.clone();
        // It may load a vocabulary, and a prompt may be long.
        let counting = tokio::task::spawn_blocking(move || {
            // The slot is held for as long as there is work, even if the client has left.
            let _permit = permit;
            count_prompt(tokenizer.as_ref(), &target.provider.vendor, &target.model.model, call.as_ref())
        });
        match counting.await {
            Ok((tokens, exact)) => Ok(PromptCount { tokens, exact, target: public_name }),
            Err(error) => {
                tracing::error!(error = %error, "a prompt could not be counted");
                Err(CallError::new(CallErrorKind::Internal, "The prompt could not be counted."))
            }
        }
    }
}
