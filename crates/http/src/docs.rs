//! The interactive page over the API document. Its files are in the binary: nothing is loaded from elsewhere.

use crate::access::Public;
use crate::middleware::RequestId;
use crate::refusal::{Refusal, Shape};
use crate::routes::Routes;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use utoipa_swagger_ui::Config;

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
        let (page, _) = bundled("index.html")?;
        let page = String::from_utf8(page)
            .ok()?
            .replace("=\"./", "=\"/docs/")
            .replace("=\"index.css", "=\"/docs/index.css");
        Some(Bytes::from(page))
    });
    match page {
        Some(page) => respond(page.clone(), "text/html; charset=utf-8"),
        None => Refusal::defect().respond(Shape::Plain, &id),
    }
}

/// What the page is made of.
async fn file(_: Public, name: web::Path<String>, id: RequestId) -> HttpResponse {
    match FILES.iter().find(|file| **file == *name).and_then(|name| bundled(name)) {
        Some((bytes, media_type)) => respond(Bytes::from(bytes), &media_type),
        None => {
            Refusal::new(StatusCode::NOT_FOUND, "not_found", "There is no such file of the documentation.")
                .respond(Shape::Plain, &id)
        }
    }
}

/// A file of the page, and its media type.
fn bundled(name: &str) -> Option<(Vec<u8>, String)> {
    static CONFIG: OnceLock<Arc<Config<'static>>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        // A credential that somebody tries stays in the page's memory, and no judge elsewhere is asked about the document.
        let config = Config::from("/openapi.json").persist_authorization(false).validator_url("none");
        Arc::new(config.try_it_out_enabled(true))
    });
    let file = utoipa_swagger_ui::serve(name, Arc::clone(config)).ok().flatten()?;
    Some((file.bytes.into_owned(), file.content_type))
}

fn respond(bytes: Bytes, media_type: &str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, CACHING))
        .body(bytes)
}
