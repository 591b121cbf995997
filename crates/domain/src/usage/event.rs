//! Usage events and ledger entries.

use crate::chat::{TokenUsage, UsageSource};
use crate::ids::{AttemptId, CallId, ProviderId, TargetId, UserId, VirtualKeyId};
use crate::money::NanoUsd;
use crate::price::{LineItem, PriceSource};
use crate::provider::CredentialSource;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The whole answer was delivered.
    Complete,
    /// The answer was cut after the client had some of it, or is longer than what is taken of one.
    Partial,
    /// The client left.
    ClientClosed,
    /// The provider refused the request.
    Rejected,
    /// The provider throttled.
    Throttled,
    /// No answer in time.
    TimedOut,
    /// Any other failure.
    Failed,
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::Complete,
        Self::Partial,
        Self::ClientClosed,
        Self::Rejected,
        Self::Throttled,
        Self::TimedOut,
        Self::Failed,
    ];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::ClientClosed => "client_closed",
            Self::Rejected => "rejected",
            Self::Throttled => "throttled",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether such an attempt is one of the day's requests to its provider, its model and its target of a route. One that failed is
    /// not: a quota of a day is of answers. One that its client left is: nobody knows what became of it, and leaving in time must not
    /// be a way around the quota.
    #[must_use]
    pub fn counts_for_the_day(self) -> bool {
        match self {
            Self::Complete | Self::Partial | Self::ClientClosed => true,
            Self::Rejected | Self::Throttled | Self::TimedOut | Self::Failed => false,
        }
    }

    /// The stored words of those that [count for the day](Self::counts_for_the_day).
    pub fn of_the_day() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(|outcome| outcome.counts_for_the_day()).map(Self::as_str)
    }
}

/// How much of a provider's word for a service tier is kept. Known words are shorter.
pub const MAX_SERVICE_TIER_CHARS: usize = 40;

/// The version of the price of what nobody could price and a budget was charged for as it was reserved.
pub const RESERVED_PRICE: &str = "reserved";

/// A target that a call could have gone to and did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedTarget {
    /// `<provider>/<model>`.
    pub target: String,
    /// Why, in a stable word, such as `lacks_tools`, `limit_spent` or `breaker_open`.
    pub reason: Cow<'static, str>,
}

/// The most targets that are told as passed over before one attempt.
pub const MAX_PASSED_TARGETS: usize = 32;

/// What happened in one attempt. Its id makes recording idempotent: an event that is written twice counts once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageEvent {
    /// The attempt.
    pub id: AttemptId,
    /// The call that it belongs to.
    pub call: CallId,
    /// Which attempt of the call, from 1.
    pub attempt: u32,
    /// Whether this attempt's end was the call's end.
    pub is_final: bool,
    /// The request id that the client saw.
    pub request_id: String,
    /// When the attempt began.
    pub at: Timestamp,
    /// Who pays; absent for calls without a key (loopback demo, embedding program).
    pub key: Option<VirtualKeyId>,
    /// The client's dialect.
    pub dialect: String,
    /// What the client asked for in `model`.
    pub requested_model: String,
    /// The route's name, where a route was called.
    pub route: Option<String>,
    /// The provider.
    pub provider: ProviderId,
    /// The provider's name then.
    pub provider_name: String,
    /// The upstream model id.
    pub model: String,
    /// Whether the client wanted a stream.
    pub stream: bool,
    /// Whether the model is simulated; left out of cost totals unless asked for.
    pub simulated: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The provider's status, where it answered.
    pub status: Option<u16>,
    /// The fault's word, where it failed.
    pub fault: Option<String>,
    /// Tokens.
    pub usage: TokenUsage,
    /// Who counted them.
    pub usage_source: UsageSource,
    /// The cost; absent when the price is not known.
    pub cost: Option<NanoUsd>,
    /// The version of the price that was used.
    pub price_version: Option<String>,
    /// The bill's lines.
    pub lines: Vec<LineItem>,
    /// Members that could not be carried, as in `x-switchyard-dropped`.
    pub dropped: Option<String>,
    /// Milliseconds to the first content.
    pub first_content_ms: Option<u64>,
    /// Milliseconds to the end.
    pub duration_ms: u64,
    /// The service tier that the provider says it served, in its word, cut to [`MAX_SERVICE_TIER_CHARS`]. Journals from before it
    /// was noted lack it.
    #[serde(default)]
    pub service_tier: Option<String>,
    /// Whose call it was: the user's who signed in, or whose key it is. Journals from before users lack it.
    #[serde(default)]
    pub user: Option<UserId>,
    /// Whose credential was used; absent where none was, and in journals from before it was noted.
    #[serde(default)]
    pub credential: Option<CredentialSource>,
    /// The address at which the call came, as far as it is the same for all models; absent for programs that embed the library, and in
    /// journals from before it was noted.
    #[serde(default)]
    pub address: Option<String>,
    /// Through which target of a route it went; absent where a model was named, and in journals from before it was noted.
    #[serde(default)]
    pub target: Option<TargetId>,
    /// The word of the rule that chose its target among several, for the first attempt of a call. Absent where there was nothing to choose,
    /// and in journals from before it was noted.
    #[serde(default)]
    pub rule: Option<Cow<'static, str>>,
    /// The targets that were passed over before it, [`MAX_PASSED_TARGETS`] at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedTarget>,
}

impl UsageEvent {
    /// Whether something was used, hence owed. A zero that the provider reported is owed too.
    #[must_use]
    pub fn is_billed(&self) -> bool {
        self.usage_source != UsageSource::None
    }

    /// What went wrong, and where; `None` where nothing did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.fault.as_ref().map(|fault| format!("{fault} at {}/{}", self.provider_name, self.model))
    }

    /// The word for where its price came from; `None` where it has none.
    #[must_use]
    pub fn price_source(&self) -> Option<&'static str> {
        let version = self.price_version.as_deref()?;
        Some(if version == RESERVED_PRICE { "reserved" } else { PriceSource::of_version(version).as_str() })
    }

    /// The ledger entry of this attempt: present when something was used. A zero that the provider reported is an entry; an
    /// attempt that used nothing is none.
    #[must_use]
    pub fn ledger_entry(&self) -> Option<LedgerEntry> {
        if !self.is_billed() {
            return None;
        }
        Some(LedgerEntry {
            id: self.id,
            call: self.call,
            at: self.at,
            key: self.key,
            user: self.user,
            provider: self.provider,
            model: self.model.clone(),
            amount: self.cost,
            price_version: self.price_version.clone(),
            usage_source: self.usage_source,
            lines: self.lines.clone(),
        })
    }
}

/// What an attempt cost to whom. Append-only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The attempt.
    pub id: AttemptId,
    /// The call.
    pub call: CallId,
    /// When the attempt began.
    pub at: Timestamp,
    /// Who pays.
    pub key: Option<VirtualKeyId>,
    /// Whose call it was.
    pub user: Option<UserId>,
    /// The provider.
    pub provider: ProviderId,
    /// The upstream model id.
    pub model: String,
    /// The amount; absent when the price is not known, never zero for that reason.
    pub amount: Option<NanoUsd>,
    /// The version of the price that was used.
    pub price_version: Option<String>,
    /// Who counted the tokens.
    pub usage_source: UsageSource,
    /// The bill's lines.
    pub lines: Vec<LineItem>,
}
