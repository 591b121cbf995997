//! Members that are refused for their names, in every dialect.

use super::RequestError;
use crate::scan::Node;

/// The members of calls and the fields of forms that have no meaning here, and are refused rather than sent on to a provider for
/// which they have one (the API references of those who have them, 2026-11).
pub(crate) const NOT_FOR_CLIENTS: &[&str] = &[
    // These would have another model answer than the one that was judged and has the price: Anthropic's beta
    // `server-side-fallback`, OpenRouter, Perplexity, LiteLLM.
    "content_policy_fallbacks",
    "context_window_fallbacks",
    "fallbacks",
    "model_list",
    "models",
    "preset",
    "route",
    "specific_deployment",
    // These would make another gateway send the call elsewhere, or with another key: LiteLLM's, and vLLM's `kv_transfer_params`,
    // which names a host to read from.
    "api_base",
    "api_key",
    "api_version",
    "aws_access_key_id",
    "aws_bedrock_runtime_endpoint",
    "aws_role_name",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_sts_endpoint",
    "aws_web_identity_token",
    "azure_ad_token",
    "base_url",
    "custom_llm_provider",
    "extra_body",
    "extra_headers",
    "kv_transfer_params",
    "litellm_credential_name",
    "user_config",
    "vertex_credentials",
];

/// How many of them name another model.
const ANOTHER_MODEL: usize = 8;

/// The members that a call is admitted, routed, carried or priced by. Providers written in Go take their names in any case, the last
/// one winning: one beside ours would undo what we read and write.
const READ: &[&str] = &[
    "model",
    "messages",
    "stream",
    "max_tokens",
    "n",
    "input",
    "prompt",
    "tools",
    "system",
    "contents",
    "content",
    "requests",
    "stream_options",
    "max_completion_tokens",
    "max_output_tokens",
    "generationConfig",
    "generation_config",
    "systemInstruction",
    "system_instruction",
    "instructions",
    "functions",
    "response_format",
    "service_tier",
    "serviceTier",
    "best_of",
    "size",
    "quality",
    "speed",
];

/// What a client is told of what names another model.
pub(crate) const CHOOSES_A_MODEL: &str = "is not accepted here, as it has another model answer than the one that the call names, \
                                          which is what is permitted and priced; a route with several targets fails over";

/// Refuses an object that has a member of such a name.
pub(crate) fn check_names(path: &str, object: Node<'_>) -> Result<(), RequestError> {
    for member in object.members() {
        let name = member.name();
        if let Some(message) = objection(&name, member.value()) {
            let at = if path.is_empty() { name.into_owned() } else { format!("{path}.{name}") };
            return Err(RequestError::new(at, message));
        }
    }
    Ok(())
}

/// Whether a name is one of these but for the case of its letters, as Go sees it: beside ASCII's, two letters of Unicode fold to one
/// of ASCII. Names of another length cost no look at their letters.
pub(crate) fn place_among(names: &[&str], name: &str) -> Option<usize> {
    if name.is_ascii() {
        names.iter().position(|known| known.len() == name.len() && known.eq_ignore_ascii_case(name))
    } else {
        names.iter().position(|known| known.chars().map(folded).eq(name.chars().map(folded)))
    }
}

fn folded(letter: char) -> char {
    match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

fn objection(name: &str, value: Node<'_>) -> Option<&'static str> {
    if let Some(read) = place_among(READ, name).and_then(|at| READ.get(at)) {
        let message = "differs from a known member in the case of its letters alone, and some providers would read it as that";
        return (*read != name).then_some(message);
    }
    match place_among(NOT_FOR_CLIENTS, name) {
        Some(at) if at >= ANOTHER_MODEL => Some("is not accepted here"),
        // SDKs send `null` for what was not given.
        Some(_) => (!value.is_null()).then_some(CHOOSES_A_MODEL),
        None => chooses_within(name, value).then_some(CHOOSES_A_MODEL),
    }
}

/// Members that may name other models among much else: Groq's, Vercel's, OpenRouter's (their API references, 2026-11).
fn chooses_within(name: &str, value: Node<'_>) -> bool {
    let has = |object: Node<'_>, name: &str| object.get(name).is_some_and(|value| !value.is_null());
    match name {
        "compound_custom" => has(value, "models"),
        "providerOptions" => {
            value.get("gateway").is_some_and(|gateway| has(gateway, "models") || has(gateway, "byok"))
        }
        "plugins" => value.elements().any(|plugin| plugin.get("id").is_some_and(|id| id.is_text("fusion"))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Document, ScanLimits};

    fn refused(body: &str) -> Option<String> {
        let document = Document::scan(body.to_owned().into(), ScanLimits::default()).unwrap();
        check_names("", document.root()).err().and_then(|error| error.param)
    }

    #[test]
    fn a_known_name_in_other_letters_is_refused_wherever_it_stands() {
        for name in [
            "Model",
            "MODEL",
            "mODEL",
            "Stream",
            "\u{17f}tream",
            "N",
            "Max_Tokens",
            "max_to\u{212a}ens",
            "Messages",
            "me\u{17f}\u{17f}ages",
            "Input",
            "generationconfig",
            "Contents",
            "BEST_OF",
            "Fallbacks",
            "Api_Key",
        ] {
            let body = format!(r#"{{"{name}":"x","model":"m"}}"#);
            assert_eq!(refused(&body).as_deref(), Some(name));
            assert_eq!(refused(&format!(r#"{{"model":"m","{name}":1}}"#)).as_deref(), Some(name));
        }
        assert_eq!(refused(r#"{"m":1,"\u004dodel":"x"}"#).as_deref(), Some("Model"));
    }

    #[test]
    fn names_that_are_like_no_other_pass() {
        let body = r#"{"model":"m","mödel":1,"models2":1,"modem":1,"x":{"Model":1,"fallbacks":[]},"max-tokens":1,"Top_P":1,
            "generationConfig":{},"service_tier":"auto","":1}"#;
        assert_eq!(refused(body), None);
    }

    #[test]
    fn what_names_another_model_is_refused_unless_it_says_nothing() {
        for (body, param) in [
            (r#"{"fallbacks":[{"model":"b"}]}"#, Some("fallbacks")),
            (r#"{"fallbacks":"default"}"#, Some("fallbacks")),
            (r#"{"models":["b"]}"#, Some("models")),
            (r#"{"route":"fallback"}"#, Some("route")),
            (r#"{"preset":"p"}"#, Some("preset")),
            (r#"{"models":null,"route":null,"fallbacks":null}"#, None),
            (r#"{"api_key":null}"#, Some("api_key")),
            (r#"{"kv_transfer_params":{"remote_host":"h"}}"#, Some("kv_transfer_params")),
            (r#"{"compound_custom":{"models":{"answering_model":"b"}}}"#, Some("compound_custom")),
            (r#"{"compound_custom":{"tools":{}}}"#, None),
            (r#"{"providerOptions":{"gateway":{"models":["b"]}}}"#, Some("providerOptions")),
            (r#"{"providerOptions":{"gateway":{"byok":{}}}}"#, Some("providerOptions")),
            (r#"{"providerOptions":{"gateway":{"caching":"auto"}}}"#, None),
            (r#"{"plugins":[{"id":"web"},{"id":"fusion"}]}"#, Some("plugins")),
            (r#"{"plugins":[{"id":"web"}],"provider":{"order":["a"]}}"#, None),
        ] {
            assert_eq!(refused(body).as_deref(), param, "{body}");
        }
    }
}
