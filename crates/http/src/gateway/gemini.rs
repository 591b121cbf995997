use super::call::{DialectCall, Place};
use super::counting::{CountedBody, count};
use super::dialects::{GEMINI, gemini_embeddings};
use super::error::GatewayError;
use super::models::unknown;
use super::operation::JsonOperation;
use super::schema::{CallFailures, CallParams};
use super::serve::serve;
use crate::extract::{CallHeaders, GatewayBody, GatewayCaller};
use crate::middleware::RequestId;
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use switchyard_dialects::codec::Address;
use switchyard_dialects::gemini::count_tokens::{self, CountedTokens};
use switchyard_dialects::gemini::embeddings::Texts;
use switchyard_dialects::gemini::models::{ModelEntry, write_list, write_one};
use switchyard_orchestrator::chat::ChatService;
use switchyard_orchestrator::models::{ModelList, PublicModel};
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::clock::Clock;

const NO_ACTION: &str = "There is nothing at this address. What to do stands behind the model and a colon: `generateContent`, \
                         `streamGenerateContent`, `countTokens`, `embedContent` or `batchEmbedContents`.";

/// What is served for every model. Which of it a model can do is only known to its provider.
const METHODS: &[&str] =
    &["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"];

/// What follows the colon of a Gemini path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Generate,
    Stream,
    Count,
    Embed(Texts),
}

impl Action {
    /// The model and the action of a path such as `gemini-2.5-flash:generateContent`. Names may have colons and slashes.
    pub(super) fn of(call: &str) -> Option<(&str, Self)> {
        let (model, action) = call.rsplit_once(':')?;
        let action = match action {
            "generateContent" => Self::Generate,
            "streamGenerateContent" => Self::Stream,
            "countTokens" => Self::Count,
            "embedContent" => Self::Embed(Texts::One),
            "batchEmbedContents" => Self::Embed(Texts::Several),
            _ => return None,
        };
        (!model.is_empty()).then_some((model, action))
    }
}

/// Answers in Google's dialect: `:generateContent`, `:streamGenerateContent` (server-sent events with `?alt=sse`, else one JSON
/// array), `:countTokens`, `:embedContent` and `:batchEmbedContents`.
///
/// Members that are not known here go to a provider of the same dialect as they are.
#[utoipa::path(
    post,
    path = "/v1beta/models/{call}",
    tag = "gateway",
    security(("virtual_key" = []), ("query_key" = [])),
    params(
        ("call" = String, Path, description = "The model and what to do, such as `gemini-2.5-flash:generateContent`"),
        ("alt" = Option<String>, Query, description = "`sse` for a stream of events"),
        CallParams,
    ),
    request_body(content = serde_json::Value, description = "Google's request: `contents` at least; `content` or `requests` for vectors"),
    responses(
        (status = 200, description = "The answer, its events, or its pieces in an array", body = serde_json::Value),
        CallFailures,
    )
)]
#[expect(clippy::too_many_arguments, reason = "an extractor each")]
pub(crate) async fn generate(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    call: web::Path<String>,
    request: HttpRequest,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let (address, query) = ("/v1beta/models", request.query_string());
    let asked = Asked { address, call: &call, query, body: body.0, headers };
    answer(&chat, &caller.0, asked, &id, clock.as_ref()).await
}

/// The same at `v1`, the other version that Google's SDKs call.
#[utoipa::path(
    post,
    path = "/v1/models/{id}",
    tag = "gateway",
    security(("virtual_key" = []), ("query_key" = [])),
    params(
        ("id" = String, Path, description = "The model and what to do, such as `gemini-2.5-flash:generateContent`"),
        ("alt" = Option<String>, Query, description = "`sse` for a stream of events"),
    ),
    request_body(content = serde_json::Value, description = "Google's request: `contents` at least; `content` or `requests` for vectors"),
    responses(
        (status = 200, description = "The answer, its events, or its pieces in an array", body = serde_json::Value),
        CallFailures,
    )
)]
#[expect(clippy::too_many_arguments, reason = "an extractor each")]
pub(crate) async fn generate_at_v1(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    call: web::Path<String>,
    request: HttpRequest,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let (address, query) = ("/v1/models", request.query_string());
    let asked = Asked { address, call: &call, query, body: body.0, headers };
    answer(&chat, &caller.0, asked, &id, clock.as_ref()).await
}

/// What a request of this dialect says.
struct Asked<'a> {
    address: &'static str,
    call: &'a str,
    query: &'a str,
    body: Bytes,
    headers: CallHeaders,
}

async fn answer(
    chat: &ChatService,
    principal: &Principal,
    asked: Asked<'_>,
    id: &RequestId,
    clock: &dyn Clock,
) -> Result<HttpResponse, GatewayError> {
    let Some((model, action)) = Action::of(asked.call) else {
        return Err(GatewayError::unknown(NO_ACTION).in_dialect(GEMINI));
    };
    match action {
        Action::Count => return counted(chat, principal, asked.body, model).await,
        Action::Embed(texts) => {
            let model = Some(model.to_owned());
            let call = JsonOperation::read(gemini_embeddings(texts), model, asked.body, asked.headers)?;
            return serve(chat, principal, call, id, clock, asked.address).await;
        }
        Action::Generate | Action::Stream => {}
    }
    let stream = action == Action::Stream;
    let place = Place {
        model: Some(model.to_owned()),
        stream: Some(stream),
        reframes: stream && !wants_events(asked.query),
        tells_cost: false,
    };
    let (address, call) = (asked.address, DialectCall::read(GEMINI, place, asked.body, asked.headers)?);
    serve(chat, principal, call, id, clock, address).await
}

async fn counted(
    chat: &ChatService,
    principal: &Principal,
    body: Bytes,
    model: &str,
) -> Result<HttpResponse, GatewayError> {
    let address = Address { model: Some(model), stream: None };
    let counted = CountedBody {
        codec: GEMINI,
        body,
        check: &|body, limits| count_tokens::check(body, address, limits),
        decode: &|checked| count_tokens::decode(&checked.document, address),
        write: |total| count_tokens::write(CountedTokens { total, cached: 0 }),
    };
    count(chat, principal, counted).await
}

fn wants_events(query: &str) -> bool {
    query.split('&').any(|pair| pair == "alt=sse")
}

/// The models and routes that the caller may use, as Google lists them.
#[utoipa::path(
    get,
    path = "/v1beta/models",
    tag = "gateway",
    security(("virtual_key" = []), ("query_key" = [])),
    responses(
        (status = 200, description = "`{\"models\": [...]}`", body = serde_json::Value),
        (status = 401, description = "No virtual key, or none of ours", body = serde_json::Value),
    )
)]
pub(crate) async fn list_of_models(caller: GatewayCaller, models: web::Data<ModelList>) -> HttpResponse {
    listed(&models.for_principal(&caller.0))
}

/// These models, as Google lists them.
pub(super) fn listed(models: &[PublicModel]) -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::json()).body(write_list(models.iter().map(entry)))
}

/// A model, as Google shows it.
pub(super) fn shown(model: &PublicModel) -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::json()).body(write_one(&entry(model)))
}

/// One model or route, as Google shows it.
#[utoipa::path(
    get,
    path = "/v1beta/models/{call}",
    tag = "gateway",
    security(("virtual_key" = []), ("query_key" = [])),
    params(("call" = String, Path, description = "The name; its slashes may stand as they are")),
    responses(
        (status = 200, description = "The model", body = serde_json::Value),
        (status = 401, description = "No virtual key, or none of ours", body = serde_json::Value),
        (status = 404, description = "Unknown, or not for this key", body = serde_json::Value),
    )
)]
pub(crate) async fn one_model(
    caller: GatewayCaller,
    id: web::Path<String>,
    models: web::Data<ModelList>,
) -> Result<HttpResponse, GatewayError> {
    match models.find(&caller.0, &id) {
        Some(model) => Ok(shown(&model)),
        None => Err(unknown(&id).in_dialect(GEMINI)),
    }
}

fn entry(model: &PublicModel) -> ModelEntry<'_> {
    ModelEntry {
        name: &model.id,
        display_name: None,
        description: None,
        input_token_limit: None,
        output_token_limit: None,
        methods: METHODS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_stands_behind_the_last_colon() {
        for (call, expected) in [
            ("gemini-2.5-flash:generateContent", Some(("gemini-2.5-flash", Action::Generate))),
            ("ollama/llama3:8b:streamGenerateContent", Some(("ollama/llama3:8b", Action::Stream))),
            ("m:countTokens", Some(("m", Action::Count))),
            (":generateContent", None),
            ("m:predict", None),
            ("m", None),
        ] {
            assert_eq!(Action::of(call), expected, "{call}");
        }
    }

    #[test]
    fn what_is_listed_of_a_model_is_what_is_served() {
        for method in METHODS {
            assert!(Action::of(&format!("m:{method}")).is_some(), "{method}");
            assert!(NO_ACTION.contains(&format!("`{method}`")), "{method}");
        }
        assert_eq!(METHODS.len(), NO_ACTION.matches('`').count() / 2);
    }

    #[test]
    fn events_are_asked_for_by_name() {
        assert!(wants_events("alt=sse") && wants_events("a=b&alt=sse"));
        assert!(!wants_events("") && !wants_events("alt=json") && !wants_events("xalt=sse"));
    }
}
