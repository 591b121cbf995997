//! The API document, made from the handlers themselves.

use crate::access::Public;
use crate::routes::Routes;
use crate::{docs, gateway, ops};
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use bytes::Bytes;
use std::sync::OnceLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchyard",
        description = "One address for every model: any client dialect in, any provider out.",
    ),
    paths(
        gateway::documented::chat_completions,
        gateway::documented::chat_completions_of_key,
        gateway::documented::responses,
        gateway::documented::messages,
        gateway::documented::count_prompt,
        gateway::documented::generate,
        gateway::documented::generate_at_v1,
        gateway::documented::list_of_models,
        gateway::documented::one_model,
        gateway::documented::embeddings,
        gateway::documented::completions,
        gateway::documented::moderations,
        gateway::documented::images,
        gateway::documented::speech,
        gateway::documented::transcriptions,
        gateway::documented::list,
        gateway::documented::one,
        ops::documented::health,
        ops::documented::api_health,
        ops::documented::live,
        ops::documented::ready,
        ops::documented::ping,
        document,
        docs::page,
    ),
    tags(
        (name = "gateway", description = "Calls with a virtual key"),
        (name = "operations", description = "Whether the server lives and can take calls"),
    ),
    modifiers(&VirtualKey),
)]
struct Document;

struct VirtualKey;

impl Modify for VirtualKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A virtual key; also taken in `x-api-key`, `x-goog-api-key` and `api-key`"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("virtual_key", SecurityScheme::Http(scheme));
        let query = ApiKeyValue::with_description("key", "A virtual key, where Google's clients put it");
        components.add_security_scheme("query_key", SecurityScheme::ApiKey(ApiKey::Query(query)));
    }
}

/// The document, as indented JSON with a final line end.
#[must_use]
pub fn json() -> String {
    let mut text = Document::openapi().to_pretty_json().unwrap_or_else(|error| {
        tracing::error!(error = %error, "the API document could not be written");
        String::new()
    });
    text.push('\n');
    text
}

pub(crate) fn mount(routes: &mut Routes) {
    routes.get("/openapi.json", document);
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operations",
    responses((status = 200, description = "An OpenAPI document", body = serde_json::Value))
)]
async fn document(_: Public) -> HttpResponse {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| Bytes::from(json())).clone();
    HttpResponse::Ok()
        .insert_header(ContentType::json())
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(text)
}
