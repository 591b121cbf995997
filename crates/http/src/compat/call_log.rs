//! The log of calls as the document of the virtual-key proxy has it.

use super::multi_llm::TextError;
use crate::api::ApiError;
use crate::extract::Administrator;
use crate::gateway::{BARE, Door, GatewayError, exact};
use actix_web::{HttpRequest, ResponseError, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::cmp::Reverse;
use switchyard_domain::chat::Dialect;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{CallFilter, CallRecord, Outcome, RefusedCall, UsageEvent};
use switchyard_orchestrator::error::{CallError, CallErrorKind};
use switchyard_orchestrator::usage::{CallHistory, Sight};
use utoipa::ToSchema;

const USUAL: u32 = 10;
const MOST: u32 = 1000;
/// As many of one millisecond as have room in the digits of a timestamp.
const MOST_OF_A_MOMENT: usize = 999;

/// Which part of the log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Calls before this moment, as RFC 3339 has it: the `timestamp` of the last one that is known
    last_timestamp: Option<String>,
    /// So many: 10 if absent, 1000 at most
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
    /// When it began. Where the page ends within a millisecond, the digits of the last one behind it tell the next page how many of
    /// them are known.
    timestamp: String,
    method: &'static str,
    endpoint: String,
    /// The model that it ended at; the one that was asked for where it was refused.
    model: String,
    /// Empty where it was refused before anybody was asked.
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
            endpoint: endpoint(last.address.as_deref(), &last.dialect),
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

impl From<&RefusedCall> for LogLine {
    fn from(call: &RefusedCall) -> Self {
        let kind = CallErrorKind::parse(&call.reason).unwrap_or(CallErrorKind::Internal);
        Self {
            timestamp: call.at.to_string(),
            method: "POST",
            endpoint: endpoint(call.address.as_deref(), &call.dialect),
            model: call.model.clone(),
            provider: String::new(),
            status: told(CallError::new(kind, ""), call.address.as_deref()),
            duration_ms: call.duration_ms,
            input_tokens: 0,
            output_tokens: 0,
            total_cost: exact(NanoUsd::ZERO),
        }
    }
}

/// The address at which a call came. Older records have none: there the one stands at which calls of the dialect come, and a chat comes
/// at two.
fn endpoint(address: Option<&str>, dialect: &str) -> String {
    let paths = [
        (Dialect::OPENAI_CHAT, BARE),
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
    let known = || paths.into_iter().find(|(known, _)| known.0 == dialect).map(|(_, path)| path);
    // A program that embeds the library has no address.
    address.or_else(known).unwrap_or(dialect).to_owned()
}

fn status(last: &UsageEvent) -> u16 {
    match last.outcome {
        Outcome::Complete => 200,
        // A stream that broke off had begun with it.
        Outcome::Partial if last.stream && last.first_content_ms.is_some() => 200,
        Outcome::ClientClosed => 499,
        // The last fault decides what a client hears.
        _ => {
            let error = match last.fault.as_deref().map(FaultKind::parse) {
                Some(kind) => {
                    let fault = ProviderFault::new(kind.unwrap_or(FaultKind::ServerError), "");
                    CallError::from_fault(&ProviderFault { status: last.status, ..fault }, "")
                }
                // Its record could not be made safe, so its answer was withheld.
                None => CallError::new(CallErrorKind::StorageUnavailable, ""),
            };
            told(error, last.address.as_deref())
        }
    }
}

/// The status of a failure at an address.
fn told(error: CallError, address: Option<&str>) -> u16 {
    GatewayError::of_call(error, Door::of(address.unwrap_or_default())).status_code().as_u16()
}

/// The newest lines before a moment, each with its own.
async fn newest(
    history: &CallHistory,
    to: Option<Timestamp>,
    most: u32,
) -> Result<Vec<(Timestamp, LogLine)>, ApiError> {
    let filter = CallFilter { to, ..CallFilter::default() };
    let calls = history.page(Sight::Everybodys, filter, None, most).await?;
    let refused = history.refused(to, most).await?;
    let served = calls.iter().map(|call| (call.last.at, LogLine::from(call)));
    let mut lines: Vec<_> = served.chain(refused.iter().map(|call| (call.at, LogLine::from(call)))).collect();
    lines.sort_by_key(|(at, _)| Reverse(*at));
    Ok(lines)
}

/// Where a page begins: before this moment, but for so many calls of its millisecond that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beginning {
    at: Timestamp,
    known: usize,
}

impl Beginning {
    fn parse(text: &str) -> Option<Self> {
        let at = Timestamp::parse(text).ok()?;
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).map(|digit| usize::from(digit - b'0'));
        let known = digits.chain(std::iter::repeat(0)).skip(3).take(3).fold(0, |sum, digit| 10 * sum + digit);
        Some(Self { at, known })
    }

    /// The timestamp that the next page begins with.
    fn text(self) -> String {
        let text = self.at.to_string();
        match text.strip_suffix('Z') {
            Some(moment) if (1..=MOST_OF_A_MOMENT).contains(&self.known) => {
                format!("{moment}{:03}Z", self.known)
            }
            _ => text,
        }
    }
}

/// A page: so many lines, of which the last one tells where the next page begins.
async fn page(
    history: &CallHistory,
    beginning: Option<Beginning>,
    most: usize,
) -> Result<Vec<LogLine>, ApiError> {
    let to = beginning.map(|Beginning { at, known }| Timestamp(at.0.saturating_add(i64::from(known > 0))));
    let known = beginning.map_or(0, |beginning| beginning.known);
    // One more shows whether the page ends within a millisecond.
    let asked = u32::try_from(known + most + 1).unwrap_or(u32::MAX);
    let mut lines = newest(history, to, asked).await?;
    let of = |lines: &[(Timestamp, LogLine)], moment| lines.iter().filter(|(at, _)| *at == moment).count();
    let passed = beginning.map_or(0, |beginning| of(&lines, beginning.at).min(known));
    lines.drain(..passed);
    let next = lines.get(most).map(|(at, _)| *at);
    lines.truncate(most);
    let last = lines.last().map(|(at, _)| *at).filter(|last| next == Some(*last));
    if let Some(at) = last {
        let before = beginning.filter(|beginning| beginning.at == at).map_or(0, |_| passed);
        let known = before + of(&lines, at);
        if let Some((_, line)) = lines.last_mut() {
            line.timestamp = Beginning { at, known }.text();
        }
    }
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

/// Calls, the newest first. A call is there within a second of its end. Of those that were refused before anything was sent (an unknown
/// model, a limit, a budget) the newest are kept, and not each of many.
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
    let beginning = last_timestamp.as_deref().map(|text| Beginning::parse(text).ok_or(())).transpose();
    let beginning = beginning.map_err(|()| {
        ApiError::bad_request("`lastTimestamp` is a time as RFC 3339 has it, such as 2030-01-01T00:00:00Z.")
    })?;
    Ok(web::Json(LogAnswer { logs: page(&history, beginning, limit.min(MOST) as usize).await? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_tells_how_many_of_its_millisecond_are_known() {
        for (text, known) in [
            ("2026-11-22T12:00:59Z", 0),
            ("2026-11-22T12:00:59.043Z", 0),
            ("2026-11-22T12:00:59.0431Z", 100),
            ("2026-11-22T12:00:59.043007Z", 7),
            ("2026-11-22T12:00:59.043007999+01:00", 7),
        ] {
            assert_eq!(Beginning::parse(text).map(|beginning| beginning.known), Some(known), "{text}");
        }
        assert_eq!(Beginning::parse("2026-11-22T12:00:59.Z"), None);
        let at = Timestamp::parse("2026-11-22T12:00:59.043Z").unwrap();
        for known in [1, 42, MOST_OF_A_MOMENT] {
            let beginning = Beginning { at, known };
            assert_eq!(Beginning::parse(&beginning.text()), Some(beginning), "{}", beginning.text());
        }
        for known in [0, MOST_OF_A_MOMENT + 1] {
            assert_eq!(Beginning { at, known }.text(), "2026-11-22T12:00:59.043Z");
        }
    }
}
