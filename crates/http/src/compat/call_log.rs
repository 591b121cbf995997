//! The log of calls as the document of the virtual-key proxy has it.

use super::multi_llm::TextError;
use crate::api::ApiError;
use crate::extract::Administrator;
use crate::gateway::exact;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use switchyard_domain::chat::Dialect;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{CallFilter, CallRecord, Outcome, UsageEvent};
use switchyard_orchestrator::usage::{CallHistory, Sight};
use utoipa::ToSchema;

const USUAL: u32 = 10;
const MOST: u32 = 1000;

/// Which part of the log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Calls before this moment, as RFC 3339 has it: the `timestamp` of the last one that is known
    last_timestamp: Option<String>,
    /// At most so many: 10 if absent, 1000 at most
    limit: Option<u32>,
}

/// Calls, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = CallLog)]
pub(crate) struct LogAnswer {
    logs: Vec<LogLine>,
}

/// A call. What was said in it is not kept.
#[derive(Serialize, ToSchema)]
#[schema(as = CallLogLine)]
struct LogLine {
    /// When it began.
    timestamp: String,
    method: &'static str,
    endpoint: String,
    /// The model that it ended at.
    model: String,
    provider: String,
    /// The status that its client saw; 499 where the client left.
    status: u16,
    duration_ms: u64,
    #[serde(rename = "inputTokens")]
    input_tokens: u64,
    #[serde(rename = "outputTokens")]
    output_tokens: u64,
    /// In US dollars; `null` where a price is not known.
    #[serde(rename = "totalCost")]
    #[schema(value_type = Option<f64>)]
    total_cost: Option<Box<RawValue>>,
}

impl From<&CallRecord> for LogLine {
    fn from(call: &CallRecord) -> Self {
        let sum = |of: fn(&UsageEvent) -> u64| call.attempts().map(of).fold(0, u64::saturating_add);
        let last = &call.last;
        Self {
            timestamp: last.at.to_string(),
            method: "POST",
            endpoint: endpoint(last),
            model: last.model.clone(),
            provider: last.provider_name.clone(),
            status: status(last),
            duration_ms: sum(|attempt| attempt.duration_ms),
            input_tokens: sum(|attempt| attempt.usage.input),
            output_tokens: sum(|attempt| attempt.usage.output),
            total_cost: call.cost().and_then(exact),
        }
    }
}

/// The address at which calls of a dialect come, as far as a record tells: a chat comes at two.
fn endpoint(event: &UsageEvent) -> String {
    let paths = [
        (Dialect::OPENAI_CHAT, "/chat/completions"),
        (Dialect::OPENAI_RESPONSES, "/v1/responses"),
        (Dialect::ANTHROPIC_MESSAGES, "/v1/messages"),
        (Dialect::GEMINI, "/v1beta/models"),
        (Dialect::GEMINI_EMBEDDINGS, "/v1beta/models"),
        (Dialect::GEMINI_EMBED_CONTENT, "/v1beta/models"),
        (Dialect::OPENAI_EMBEDDINGS, "/v1/embeddings"),
        (Dialect::OPENAI_COMPLETIONS, "/v1/completions"),
        (Dialect::OPENAI_MODERATIONS, "/v1/moderations"),
        (Dialect::OPENAI_IMAGES, "/v1/images/generations"),
        (Dialect::OPENAI_SPEECH, "/v1/audio/speech"),
        (Dialect::OPENAI_TRANSCRIPTIONS, "/v1/audio/transcriptions"),
    ];
    let known = paths.into_iter().find(|(dialect, _)| dialect.0 == event.dialect);
    // A program that embeds the library has no address.
    known.map_or_else(|| event.dialect.clone(), |(_, path)| path.to_owned())
}

fn status(event: &UsageEvent) -> u16 {
    match event.outcome {
        // A stream that broke off had begun with it.
        Outcome::Complete | Outcome::Partial => 200,
        Outcome::ClientClosed => 499,
        Outcome::Rejected => event
            .status
            .filter(|status| (400..500).contains(status) && ![401, 403].contains(status))
            .unwrap_or(400),
        Outcome::Throttled => 429,
        Outcome::TimedOut => 504,
        Outcome::Failed => 502,
    }
}

/// Calls, the newest first. A call is there within a second of its end.
#[utoipa::path(
    get,
    path = "/api/logs",
    tag = "usage",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(LogQuery),
    responses(
        (status = 200, body = LogAnswer),
        (status = 400, body = TextError),
        (status = 401, body = TextError),
        (status = 403, body = TextError),
        (status = 503, body = TextError),
    )
)]
pub(crate) async fn call_log(
    _: Administrator,
    request: HttpRequest,
    history: web::Data<CallHistory>,
) -> Result<web::Json<LogAnswer>, ApiError> {
    let query = web::Query::<LogQuery>::from_query(request.query_string());
    let LogQuery { last_timestamp, limit } = query
        .map_err(|_| {
            ApiError::bad_request("`limit` is a number, `lastTimestamp` a time, and each stands there once.")
        })?
        .into_inner();
    let limit = limit.unwrap_or(USUAL);
    if limit == 0 {
        return Err(ApiError::bad_request("`limit` is at least 1."));
    }
    let to = last_timestamp.as_deref().map(Timestamp::parse).transpose();
    let to = to.map_err(|_| {
        ApiError::bad_request("`lastTimestamp` is a time as RFC 3339 has it, such as 2030-01-01T00:00:00Z.")
    })?;
    let filter = CallFilter { to, ..CallFilter::default() };
    let calls = history.page(Sight::Everybodys, filter, None, limit.min(MOST)).await?;
    Ok(web::Json(LogAnswer { logs: calls.iter().map(LogLine::from).collect() }))
}
