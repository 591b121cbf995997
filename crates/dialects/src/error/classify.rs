use std::time::Duration;

use switchyard_domain::fault::{FaultKind, ProviderFault};

use super::ProviderError;

/// What the headers of an answer say about trying again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryHints {
    /// `retry-after-ms` or `retry-after`.
    pub retry_after: Option<Duration>,
    /// `x-should-retry`.
    pub should_retry: Option<bool>,
}

/// The fault of an attempt that was answered with an error status. `credential` is what was sent.
#[must_use]
pub fn fault(status: u16, body: &[u8], hints: RetryHints, credential: Option<&str>) -> ProviderFault {
    let error = ProviderError::read(body, credential);
    ProviderFault {
        kind: classify(status, &error),
        status: Some(status),
        code: error.code,
        class: error.kind,
        param: error.param,
        message: error.message,
        is_quoted: true,
        retry_after: hints.retry_after,
        should_retry: hints.should_retry,
    }
}

/// Whose fault an error is. `status` is that of the HTTP answer; an error inside a 200 is judged by what it says.
#[must_use]
pub fn classify(status: u16, error: &ProviderError) -> FaultKind {
    match status {
        300..400 => FaultKind::Redirect,
        400.. => by_status(status, error),
        _ => match error.status {
            Some(status) => by_status(status, error),
            None => by_words(error),
        },
    }
}

fn by_status(status: u16, error: &ProviderError) -> FaultKind {
    match status {
        403 if error.moderated => FaultKind::Rejected,
        401 | 403 => FaultKind::AuthFailed,
        402 => FaultKind::QuotaExhausted,
        408 | 425 => FaultKind::Transient,
        429 if is_quota(error) => FaultKind::QuotaExhausted,
        429 => FaultKind::Throttled,
        // xAI and Google answer a wrong key so: `xai-responses-03354a21a5`, `google-generatecontent-e6dfb1c86d` (2026).
        400 if is_bad_key(error) => FaultKind::AuthFailed,
        400 if is_spent(error) => FaultKind::QuotaExhausted,
        // Bedrock says so of a model that failed behind it: no fault of the caller's.
        424 => FaultKind::ServerError,
        400..500 => FaultKind::Rejected,
        _ => FaultKind::ServerError,
    }
}

/// For an error that comes without any status, in the middle of a stream.
fn by_words(error: &ProviderError) -> FaultKind {
    let says = |words: &[&str]| words.iter().any(|word| has_word(error, word));
    if is_quota(error) || is_spent(error) {
        FaultKind::QuotaExhausted
    } else if says(&["rate_limit", "ratelimit", "too_many_requests", "resource_exhausted", "throttl"]) {
        FaultKind::Throttled
    } else if is_bad_key(error) || says(&["authentication", "permission", "unauthorized"]) {
        FaultKind::AuthFailed
    } else if says(&[
        "invalid",
        "content_filter",
        "not_found",
        "unsupported",
        "tool_use_failed",
        "context_length",
        "too_large",
    ]) {
        FaultKind::Rejected
    } else {
        FaultKind::ServerError
    }
}

/// Whether only the operator's account heals it. By the code alone: Google says "you exceeded your current quota" of a
/// limit by the minute too (`google-generatecontent-49fd2fb525`, 2026).
fn is_quota(error: &ProviderError) -> bool {
    ["insufficient_quota", "billing", "insufficient_balance", "credit"]
        .iter()
        .any(|word| has_word(error, word))
}

/// Anthropic says of a spent account only in words that the request is no good (its documentation of errors, 2026; not
/// recorded).
fn is_spent(error: &ProviderError) -> bool {
    ["credit balance is too low", "specified API usage limits"]
        .iter()
        .any(|words| error.message.contains(words))
}

/// How vendors that have no code for it begin to say that a key is no good: xAI (`xai-responses-03354a21a5`, 2026), Google
/// (`google-generatecontent-e6dfb1c86d`, 2026; of a key that ran out: github.com/continuedev/continue/issues/11336, 2026-11-21).
const BAD_KEY: &[&str] = &["Incorrect API key provided", "API key not valid", "API key expired"];

/// Whether the operator's key is no good. A client may write of keys too, in the name of a function for instance, and its
/// words come back in the refusal: hence by the code, or by the message's beginning where nothing else is named as the reason.
fn is_bad_key(error: &ProviderError) -> bool {
    if has_word(error, "invalid_api_key") || has_word(error, "authentication_error") {
        return true;
    }
    let begins = |phrase: &&str| {
        error.message.get(..phrase.len()).is_some_and(|start| start.eq_ignore_ascii_case(phrase))
    };
    error.param.is_none() && error.code.as_deref().is_none_or(says_nothing) && BAD_KEY.iter().any(begins)
}

/// Codes that are the status once more: its number, or its name at xAI.
fn says_nothing(code: &str) -> bool {
    code == "invalid-argument" || code.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_word(error: &ProviderError, word: &str) -> bool {
    [&error.code, &error.kind].into_iter().flatten().any(|said| said.to_ascii_lowercase().contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, body: &str) -> FaultKind {
        fault(status, body.as_bytes(), RetryHints::default(), None).kind
    }

    #[test]
    fn each_status_has_its_kind() {
        for (status, expected) in [
            (301, FaultKind::Redirect),
            (400, FaultKind::Rejected),
            (401, FaultKind::AuthFailed),
            (402, FaultKind::QuotaExhausted),
            (403, FaultKind::AuthFailed),
            (404, FaultKind::Rejected),
            (408, FaultKind::Transient),
            (409, FaultKind::Rejected),
            (413, FaultKind::Rejected),
            (422, FaultKind::Rejected),
            (424, FaultKind::ServerError),
            (425, FaultKind::Transient),
            (429, FaultKind::Throttled),
            (500, FaultKind::ServerError),
            (503, FaultKind::ServerError),
            (529, FaultKind::ServerError),
        ] {
            assert_eq!(kind(status, r#"{"error":{"message":"m"}}"#), expected, "{status}");
        }
    }

    #[test]
    fn a_spent_account_is_told_from_a_throttle_by_its_code() {
        let spent = r#"{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        assert_eq!(kind(429, spent), FaultKind::QuotaExhausted);
        let minute = r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"}}"#;
        assert!(ProviderError::read(minute.as_bytes(), None).message.contains("current quota"));
        assert_eq!(kind(429, minute), FaultKind::Throttled);
    }

    #[test]
    fn a_spent_account_is_known_by_anthropics_words_too() {
        for message in [
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade.",
            "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
        ] {
            let body = format!(
                r#"{{"type":"error","error":{{"type":"invalid_request_error","message":"{message}"}}}}"#
            );
            assert_eq!(kind(400, &body), FaultKind::QuotaExhausted);
            assert_eq!(kind(200, &body), FaultKind::QuotaExhausted);
        }
    }

    #[test]
    fn each_of_anthropics_types_has_its_kind_without_a_status() {
        for (word, expected) in [
            ("invalid_request_error", FaultKind::Rejected),
            ("authentication_error", FaultKind::AuthFailed),
            ("billing_error", FaultKind::QuotaExhausted),
            ("permission_error", FaultKind::AuthFailed),
            ("not_found_error", FaultKind::Rejected),
            ("request_too_large", FaultKind::Rejected),
            ("rate_limit_error", FaultKind::Throttled),
            ("api_error", FaultKind::ServerError),
            ("timeout_error", FaultKind::ServerError),
            ("overloaded_error", FaultKind::ServerError),
        ] {
            let body = format!(r#"{{"type":"error","error":{{"type":"{word}","message":"m"}}}}"#);
            assert_eq!(kind(200, &body), expected, "{word}");
        }
    }

    #[test]
    fn a_request_that_speaks_of_keys_is_no_bad_key() {
        for body in [
            r#"{"error":{"message":"Invalid schema for function 'rotate_api_key': In context=(), 'required' is required to be supplied. Missing 'name'.","type":"invalid_request_error","param":"tools[0].function.parameters","code":"invalid_function_parameters"}}"#,
            r#"{"error":{"message":"Invalid schema for function 'rotate_api_key'. Missing 'name'","type":"invalid_request_error","param":null,"code":null}}"#,
            r#"{"error":{"message":"tools.0.input_schema: api key: invalid type","type":"invalid_request_error"}}"#,
            r#"{"error":{"message":"API key not valid is no value of an enum","type":"invalid_request_error","param":"tools[0]"}}"#,
            r#"{"error":{"message":"Invalid API key in the text","type":"invalid_request_error","code":"invalid_prompt"}}"#,
        ] {
            assert_eq!(kind(400, body), FaultKind::Rejected, "{body}");
            assert_eq!(kind(200, body), FaultKind::Rejected, "{body}");
        }
    }

    #[test]
    fn a_flagged_input_is_the_callers_fault_though_it_comes_as_403() {
        let flagged = r#"{"error":{"code":403,"message":"anthropic/claude requires moderation. Your input was flagged for \"violence\".","metadata":{"reasons":["violence"],"flagged_input":"how to","provider_name":"Anthropic","model_slug":"anthropic/claude"}}}"#;
        assert_eq!(kind(403, flagged), FaultKind::Rejected);
        assert_eq!(kind(200, flagged), FaultKind::Rejected);
        for forbidden in [
            r#"{"error":{"code":403,"message":"Key limit exceeded","metadata":{"provider_name":"x"}}}"#,
            r#"{"error":{"code":403,"message":"m","metadata":{"reasons":[],"flagged_input":null}}}"#,
        ] {
            assert_eq!(kind(403, forbidden), FaultKind::AuthFailed, "{forbidden}");
        }
    }

    #[test]
    fn a_wrong_key_is_the_operators_fault_even_as_400() {
        let xai = r#"{"code":"invalid-argument","error":"Incorrect API key provided. You can obtain an API key from https://console.x.ai."}"#;
        let google = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}"#;
        assert_eq!(kind(400, xai), FaultKind::AuthFailed);
        assert_eq!(kind(400, google), FaultKind::AuthFailed);
        assert_eq!(
            kind(400, r#"{"code":"invalid-argument","error":"Model not found: x"}"#),
            FaultKind::Rejected
        );
    }

    #[test]
    fn an_error_inside_a_200_is_judged_by_its_words() {
        for (body, expected) in [
            (r#"{"error":{"message":"m","code":"content_filter","status":400}}"#, FaultKind::Rejected),
            (
                r#"{"error":{"message":"m","type":"invalid_request_error","code":"tool_use_failed"}}"#,
                FaultKind::Rejected,
            ),
            (r#"{"error":{"message":"m","code":502}}"#, FaultKind::ServerError),
            (r#"{"error":{"message":"m","code":429}}"#, FaultKind::Throttled),
            (r#"{"error":{"message":"m","type":"rate_limit_exceeded"}}"#, FaultKind::Throttled),
            (r#"{"error":{"message":"m","code":"insufficient_quota"}}"#, FaultKind::QuotaExhausted),
            (r#"{"error":{"message":"m","type":"overloaded_error"}}"#, FaultKind::ServerError),
            (r#"{"error":"something broke"}"#, FaultKind::ServerError),
        ] {
            assert_eq!(kind(200, body), expected, "{body}");
        }
    }

    #[test]
    fn the_hints_of_the_headers_come_along() {
        let hints = RetryHints { retry_after: Some(Duration::from_secs(2)), should_retry: Some(false) };
        let fault = fault(503, b"", hints, None);
        assert_eq!((fault.retry_after, fault.should_retry), (hints.retry_after, hints.should_retry));
        assert_eq!(fault.status, Some(503));
    }
}
