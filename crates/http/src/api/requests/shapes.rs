//! Calls as JSON.

use serde::Serialize;
use switchyard_domain::chat::TokenUsage;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::price::LineItem;
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::usage::{CallRecord, PassedTarget, UsageEvent};
use utoipa::ToSchema;

/// A call that has ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Request)]
pub(crate) struct RequestShape {
    /// By which it is found again.
    id: String,
    /// The call.
    call_id: String,
    /// The `X-Request-ID` of its answer, which clients may choose.
    request_id: String,
    /// When its first attempt began.
    at: String,
    /// Whose call it was, by their id.
    user: Option<i64>,
    /// By which virtual key, by its id.
    virtual_key: Option<i64>,
    /// The client's dialect.
    dialect: String,
    /// What was named in `model`.
    requested_model: String,
    /// The route, where one was called.
    route: Option<String>,
    /// The provider that it ended at.
    provider: String,
    /// The model that it ended at.
    model: String,
    /// Whether a stream was asked for.
    stream: bool,
    /// Whether the model is simulated.
    simulated: bool,
    /// `complete`, `partial`, `client_closed`, `rejected`, `throttled`, `timed_out` or `failed`.
    status: &'static str,
    /// The word of its failure.
    fault: Option<String>,
    /// How many attempts it took.
    attempts_made: u32,
    /// Input tokens of all attempts.
    input_tokens: u64,
    /// Output tokens of all attempts.
    output_tokens: u64,
    /// US dollars for all attempts; absent where one of them used something at an unknown price.
    cost_usd: Option<String>,
    /// Milliseconds from the beginning of the last attempt to its first content.
    first_content_ms: Option<u64>,
    /// Milliseconds from the beginning of the first attempt to the end of the last.
    duration_ms: u64,
}

/// A call with its attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WholeRequest)]
pub(crate) struct WholeRequest {
    #[serde(flatten)]
    call: RequestShape,
    /// In their order.
    attempts: Vec<AttemptShape>,
}

/// A target that the call could have gone to and did not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PassedTarget)]
struct PassedShape {
    /// `<provider>/<model>`.
    target: String,
    /// Why, in a word: as where calls are explained, or `breaker_open`, `half_open`, `resting` or `unhealthy` for one that was better not
    /// tried, or the code of the error that it would have ended with.
    reason: String,
}

impl From<&PassedTarget> for PassedShape {
    fn from(passed: &PassedTarget) -> Self {
        Self { target: passed.target.clone(), reason: passed.reason.to_string() }
    }
}

/// One try at one target.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct AttemptShape {
    /// Its id, and its ledger entry's.
    id: String,
    /// Which of the call, from 1.
    attempt: u32,
    /// When it began.
    at: String,
    /// Why it was made at this target, as in `x-switchyard-reason`: the word of the rule that chose it, or what had failed before it and
    /// where. Absent where there was nothing to choose.
    reason: Option<String>,
    /// The targets that were passed over before it.
    passed_over: Vec<PassedShape>,
    /// The provider.
    provider: String,
    /// The model.
    model: String,
    /// How it ended.
    status: &'static str,
    /// The provider's status, where it answered.
    http_status: Option<u16>,
    /// The word of its failure.
    fault: Option<String>,
    /// What was used, by kind.
    #[schema(value_type = Object)]
    tokens: TokenUsage,
    /// Who counted it: `provider`, `counted`, `estimated`, `partial` or `none`.
    usage_source: &'static str,
    /// US dollars; absent where the price is not known.
    cost_usd: Option<String>,
    price: PriceShape,
    /// The service tier that the provider says it served.
    service_tier: Option<String>,
    /// Whose credential was used: `key`, `user` or `shared`.
    credential: Option<&'static str>,
    /// Members of the request that could not be carried.
    dropped: Option<String>,
    /// Milliseconds to the first content.
    first_content_ms: Option<u64>,
    /// Milliseconds to the end.
    duration_ms: u64,
}

/// At which price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptPrice)]
struct PriceShape {
    /// `catalogue`, `override` (the operator's), `simulated`, `reserved` (nobody knew a price: a budget was charged what it held), or
    /// `unknown`.
    source: &'static str,
    /// The version of the price.
    version: Option<String>,
    /// The lines of the bill.
    lines: Vec<LineShape>,
}

/// A line of a bill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillLine)]
struct LineShape {
    /// The kind of token.
    #[schema(value_type = String)]
    kind: serde_json::Value,
    /// How many.
    tokens: u64,
    /// US dollars for a million.
    price_usd_per_million: String,
}

/// Some of the calls, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestPage {
    pub(super) items: Vec<RequestShape>,
    /// What `after` takes to go on; absent at the end.
    pub(super) next: Option<String>,
}

impl From<&CallRecord> for RequestShape {
    fn from(call: &CallRecord) -> Self {
        let last = &call.last;
        let first = call.attempts().next().unwrap_or(last);
        let sum = |of: fn(&UsageEvent) -> u64| call.attempts().map(of).fold(0, u64::saturating_add);
        let before = u64::try_from(last.at.since(first.at).as_millis()).unwrap_or(u64::MAX);
        Self {
            id: last.id.to_string(),
            call_id: last.call.to_string(),
            request_id: last.request_id.clone(),
            at: first.at.to_string(),
            user: last.user.map(|user| user.0),
            virtual_key: last.key.map(|key| key.0),
            dialect: last.dialect.clone(),
            requested_model: last.requested_model.clone(),
            route: last.route.clone(),
            provider: last.provider_name.clone(),
            model: last.model.clone(),
            stream: last.stream,
            simulated: last.simulated,
            status: last.outcome.as_str(),
            fault: last.fault.clone(),
            attempts_made: last.attempt,
            input_tokens: sum(|attempt| attempt.usage.input),
            output_tokens: sum(|attempt| attempt.usage.output),
            cost_usd: call.cost().map(|cost| cost.to_string()),
            first_content_ms: last.first_content_ms,
            duration_ms: last.duration_ms.saturating_add(before),
        }
    }
}

impl From<&CallRecord> for WholeRequest {
    fn from(call: &CallRecord) -> Self {
        let before = std::iter::once(None).chain(call.attempts().map(Some));
        let attempts = call.attempts().zip(before).map(|(event, before)| AttemptShape::of(event, before));
        Self { call: call.into(), attempts: attempts.collect() }
    }
}

impl AttemptShape {
    fn of(event: &UsageEvent, before: Option<&UsageEvent>) -> Self {
        Self {
            id: event.id.to_string(),
            attempt: event.attempt,
            at: event.at.to_string(),
            reason: before.and_then(UsageEvent::failure).or_else(|| event.rule.as_deref().map(str::to_owned)),
            passed_over: event.passed_over.iter().map(PassedShape::from).collect(),
            provider: event.provider_name.clone(),
            model: event.model.clone(),
            status: event.outcome.as_str(),
            http_status: event.status,
            fault: event.fault.clone(),
            tokens: event.usage,
            usage_source: event.usage_source.as_str(),
            cost_usd: event.cost.map(|cost| cost.to_string()),
            price: PriceShape {
                source: event.price_source().unwrap_or("unknown"),
                version: event.price_version.clone(),
                lines: event.lines.iter().map(LineShape::from).collect(),
            },
            service_tier: event.service_tier.clone(),
            credential: event.credential.map(CredentialSource::as_str),
            dropped: event.dropped.clone(),
            first_content_ms: event.first_content_ms,
            duration_ms: event.duration_ms,
        }
    }
}

impl From<&LineItem> for LineShape {
    fn from(line: &LineItem) -> Self {
        Self {
            kind: serde_json::json!(line.kind),
            tokens: line.tokens,
            price_usd_per_million: NanoUsd(line.price.0).to_string(),
        }
    }
}
