//! The interactive page over the API document. Its files are in the binary: nothing is loaded from elsewhere.

use crate::access::Public;
use crate::envelope::Envelope;
use crate::middleware::RequestId;
use crate::packed;
use crate::refusal::{Refusal, Shape};
use crate::routes::Routes;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use utoipa_swagger_ui::{Config, SwaggerFile};

/// The page styles its own elements, and draws from pictures in its style sheet. Scripts come from here alone, and are files.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page asks for.
const FILES: [&str; 7] = [
    "swagger-ui.css",
    "index.css",
    "favicon-16x16.png",
    "favicon-32x32.png",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "swagger-initializer.js",
];

/// They change with the binary only, but have the same names in all versions.
const CACHING: &str = "public, max-age=300";

pub(crate) fn mount(routes: &mut Routes) {
    routes.get("/docs", page);
    routes.get("/docs/{file:.*}", file);
}

/// The page to read and try the API on.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "operations",
    responses((status = 200, description = "A page", body = String, content_type = "text/html"))
)]
pub(crate) async fn page(_: Public, id: RequestId) -> HttpResponse {
    static PAGE: OnceLock<Option<Bytes>> = OnceLock::new();
    // The page is served without a slash at its end, where its own relative addresses would miss their files.
    let page = PAGE.get_or_init(|| {
        let page = unpacked(&bundled("index.html")?)?;
        let page = String::from_utf8(page)
            .ok()?
            .replace("=\"./", "=\"/docs/")
            .replace("=\"index.css", "=\"/docs/index.css");
        Some(Bytes::from(page))
    });
    match page {
        Some(page) => respond().insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(page.clone()),
        None => defect(&id),
    }
}

/// What the page is made of.
async fn file(_: Public, request: HttpRequest, name: web::Path<String>, id: RequestId) -> HttpResponse {
    let Some(file) = FILES.iter().find(|file| **file == *name).and_then(|name| bundled(name)) else {
        return Refusal::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is no such file of the documentation.",
        )
        .respond(Shape::Surface(Envelope::Canonical), &id);
    };
    let answer = if file.gzpipped {
        let plain = |packed: &[u8]| packed::unpacked(packed).map(Bytes::from);
        packed::answered(respond(), &request, &file.content_type, Bytes::from(file.bytes.into_owned()), plain)
    } else {
        let mut answer = respond();
        answer
            .insert_header((CONTENT_TYPE, file.content_type.as_str()))
            .insert_header((VARY, "Accept-Encoding"));
        Some(answer.body(file.bytes.into_owned()))
    };
    answer.unwrap_or_else(|| defect(&id))
}

/// A file of the page, packed as it lies in the binary.
fn bundled(name: &str) -> Option<SwaggerFile<'static>> {
    static CONFIG: OnceLock<Arc<Config<'static>>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        // A credential that somebody tries stays in the page's memory, and no judge elsewhere is asked about the document.
        let config = Config::from("/openapi.json").persist_authorization(false).validator_url("none");
        Arc::new(config.try_it_out_enabled(true))
    });
    utoipa_swagger_ui::serve(name, Arc::clone(config)).ok().flatten()
}

/// The file's own bytes; `None` if it was packed wrongly.
fn unpacked(file: &SwaggerFile<'_>) -> Option<Vec<u8>> {
    if file.gzpipped { packed::unpacked(&file.bytes) } else { Some(file.bytes.to_vec()) }
}

fn defect(id: &RequestId) -> HttpResponse {
    Refusal::defect().respond(Shape::Surface(Envelope::Canonical), id)
}

fn respond() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_SECURITY_POLICY, POLICY)).insert_header((CACHE_CONTROL, CACHING));
    answer
}
