//! The least that a gateway on actix-web and reqwest can be: it takes a call, passes it on and streams the answer back.
//! What the real one costs beyond this is the price of what it does.
//!
//! `bare-proxy UPSTREAM WORKERS`, such as `bare-proxy http://127.0.0.1:8080 2`; prints where it listens.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};
use std::io::Write;

/// One for each worker, whose runtime then drives its own connections.
struct Upstream {
    base: String,
    client: reqwest::Client,
}

async fn pass(upstream: web::Data<Upstream>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let mut outbound = upstream.client.post(format!("{}{}", upstream.base, request.path())).body(body);
    for name in ["authorization", "content-type"] {
        if let Some(value) = request.headers().get(name) {
            outbound = outbound.header(name, value.as_bytes());
        }
    }
    let Ok(answer) = outbound.send().await else { return HttpResponse::BadGateway().finish() };
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut reply = HttpResponse::build(status);
    if let Some(value) = answer.headers().get("content-type") {
        reply.insert_header(("content-type", value.as_bytes()));
    }
    if let Some(length) = answer.content_length() {
        reply.no_chunking(length);
    }
    reply.streaming(answer.bytes_stream())
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(base), Some(workers)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: bare-proxy UPSTREAM WORKERS");
    };
    let client = || reqwest::ClientBuilder::new().no_proxy().tcp_nodelay(true).build();
    client()?;
    let server = HttpServer::new(move || {
        let upstream = Upstream { base: base.clone(), client: client().unwrap_or_default() };
        let limit = web::PayloadConfig::new(16 << 20);
        App::new().app_data(web::Data::new(upstream)).app_data(limit).default_service(web::to(pass))
    });
    let server = server.workers(workers.parse()?).tcp_nodelay(true).bind("127.0.0.1:0")?;
    writeln!(
        std::io::stdout(),
        "listening on {}",
        server.addrs().first().ok_or_else(|| anyhow::anyhow!("unbound"))?
    )?;
    Ok(server.run().await?)
}
