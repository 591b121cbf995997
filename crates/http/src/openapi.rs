//! The API document, made from the handlers themselves.
//!
//! What makes it is as large as all handlers together, and makes the same text each time. So the binary carries the text, which
//! stands in `docs/openapi.json`; a test compares it with what the handlers say.

use crate::access::{Access, Public};
use crate::envelope::Envelope;
use crate::middleware::RequestId;
use crate::refusal::{Refusal, Shape};
use crate::routes::{self, Endpoint, Routes};
use crate::{api, compat, docs, gateway, ops, packed};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use std::sync::OnceLock;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{RefOr, Required};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchyard",
        description = "One address for every model: any client dialect in, any provider out.",
    ),
    paths(
        api::documented::register,
        api::documented::log_in,
        api::documented::refresh,
        api::documented::log_out,
        api::documented::me,
        api::documented::change_password,
        api::documented::follow_link,
        api::documented::list_sessions,
        api::documented::end_session,
        api::documented::end_others,
        api::documented::list_users,
        api::documented::one_user,
        api::documented::change_user,
        api::documented::reset_password,
        api::documented::list_keys,
        api::documented::create_key,
        api::documented::own_key,
        api::documented::one_key,
        api::documented::change_key,
        api::documented::rotate_key,
        api::documented::remove_key,
        api::documented::own_keys,
        api::documented::store_keys,
        api::documented::system_keys,
        api::documented::test_key,
        api::documented::forget_key,
        api::documented::list_routes,
        api::documented::create_route,
        api::documented::one_route,
        api::documented::change_route,
        api::documented::remove_route,
        api::documented::list_versions,
        api::documented::roll_back_route,
        api::documented::select_target,
        api::documented::show_state,
        api::documented::dry_run,
        api::documented::list_vendors,
        api::documented::list_providers,
        api::documented::create_provider,
        api::documented::one_provider,
        api::documented::change_provider,
        api::documented::remove_provider,
        api::documented::test_provider,
        api::documented::test_unsaved,
        api::documented::discover_models,
        api::documented::one_model,
        api::documented::put_model,
        api::documented::remove_model,
        api::documented::list_credentials,
        api::documented::add_credential,
        api::documented::replace_credential,
        api::documented::remove_credential,
        api::documented::test_credential,
        api::documented::list_audit,
        api::documented::seal_anew,
        api::documented::export,
        api::documented::plan,
        api::documented::apply,
        api::documented::back_up,
        api::documented::restore,
        api::documented::show_usage,
        api::documented::show_usage_csv,
        api::documented::list_requests,
        api::documented::one_request,
        api::documented::verify_ledger,
        api::documented::show_status,
        api::documented::explain_call,
        compat::documented::list_managed_routes,
        compat::documented::create_managed_route,
        compat::documented::one_managed_route,
        compat::documented::change_managed_route,
        compat::documented::remove_managed_route,
        compat::documented::select_node,
        compat::documented::show_turns,
        compat::documented::register,
        compat::documented::log_in,
        compat::documented::refresh,
        compat::documented::profile,
        compat::documented::generate_key,
        compat::documented::save_keys,
        compat::documented::reload_config,
        compat::documented::restore_providers,
        compat::documented::call_log,
        compat::documented::list_managed_providers,
        compat::documented::create_managed_provider,
        compat::documented::one_managed_provider,
        compat::documented::change_managed_provider,
        compat::documented::remove_managed_provider,
        compat::documented::test_managed_provider,
        compat::documented::test_direct,
        compat::documented::state_managed_health,
        compat::documented::server_stats,
        compat::documented::server_log,
        compat::documented::external_get,
        compat::documented::external_post,
        compat::documented::external_put,
        compat::documented::external_delete,
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
        (name = "accounts", description = "People: registering, signing in, sessions, and who administers them"),
        (name = "virtual keys", description = "The keys that calls are made with"),
        (name = "keys", description = "One's own keys at providers"),
        (name = "routes", description = "The names that clients call, and where their calls go"),
        (name = "configuration", description = "What administrators change and auditors see"),
        (name = "usage", description = "What was used and what it cost, call by call and in sum, and what a call would be"),
        (name = "external", description = "Calls of other addresses on behalf of whoever is signed in"),
        (name = "gateway", description = "Calls with a virtual key"),
        (name = "operations", description = "Whether the server lives and can take calls"),
    ),
    modifiers(&VirtualKey, &NamedRequests),
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
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token of somebody who is signed in"))
            .build();
        components.add_security_scheme("bearer_token", SecurityScheme::Http(bearer));
        let said = "Changing requests carry `X-CSRF-Token` besides, with the value of the cookie `csrf_access_token`";
        let cookie = ApiKeyValue::with_description("access_token_cookie", said);
        components.add_security_scheme("session_cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let said = "Taken once, beside `X-CSRF-Token` with the value of the cookie `csrf_refresh_token`";
        let cookie = ApiKeyValue::with_description("refresh_token_cookie", said);
        components.add_security_scheme("refresh_cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let query = ApiKeyValue::with_description("key", "A virtual key, where Google's clients put it");
        components.add_security_scheme("query_key", SecurityScheme::ApiKey(ApiKey::Query(query)));
    }
}

/// Every `POST` of somebody may be named, see [`Routes`]: what that may answer is said here for all of them.
struct NamedRequests;

impl Modify for NamedRequests {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let is_named = |endpoint: &&Endpoint| endpoint.method == "POST" && endpoint.access != Access::Public;
        for endpoint in routes::table().iter().filter(is_named) {
            let item = document.paths.paths.get_mut(&endpoint.path.replace(":.*", ""));
            let Some(operation) = item.and_then(|item| item.post.as_mut()) else { continue };
            let responses = &mut operation.responses.responses;
            // Whoever says nothing of themselves is refused everywhere, in the surface's shape.
            let Some(RefOr::T(refusal)) = responses.get("401").cloned() else { continue };
            for (status, said) in [
                ("400", "The `Idempotency-Key` is none"),
                ("409", "The `Idempotency-Key` belongs to another request, or to one that is being answered"),
                ("503", "It is not known whether the `Idempotency-Key` was used"),
            ] {
                let mut refusal = refusal.clone();
                said.clone_into(&mut refusal.description);
                responses.entry(status.to_owned()).or_insert(RefOr::T(refusal));
            }
            operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
        }
    }
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A name of the caller's own, under which the request is carried out once within 24 hours",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,255}$"))))
        .build()
}

/// The document as the handlers make it: indented JSON with a final line end. Only tests ask for it.
#[must_use]
pub fn json() -> String {
    let mut text = Document::openapi().to_pretty_json().unwrap_or_else(|error| {
        tracing::error!(error = %error, "the API document could not be written");
        String::new()
    });
    text.push('\n');
    text
}

/// The document as it was kept, packed.
static KEPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

pub(crate) fn mount(routes: &mut Routes) {
    routes.get("/openapi.json", document);
}

/// The text for clients that don't take it packed; unpacked once.
fn plain(packed: &[u8]) -> Option<Bytes> {
    static PLAIN: OnceLock<Option<Bytes>> = OnceLock::new();
    PLAIN.get_or_init(|| packed::unpacked(packed).map(Bytes::from)).clone()
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operations",
    responses((status = 200, description = "An OpenAPI document", body = serde_json::Value))
)]
async fn document(_: Public, request: HttpRequest, id: RequestId) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "public, max-age=300"));
    packed::answered(answer, &request, "application/json", Bytes::from_static(KEPT), plain)
        .unwrap_or_else(|| Refusal::defect().respond(Shape::Surface(Envelope::Canonical), &id))
}
