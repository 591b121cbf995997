//! The simulator's own endpoints, for tests that run it as a process: `GET /__calls`,
//! `DELETE /__calls`, `POST /__script`, `DELETE /__script`.

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::Request;
use super::errors;
use super::record::RecordedCall;
use super::reply::Reply;
use super::script::Script;
use super::server::State;

/// `POST /__script`: the model's script, or (without a model) the default; or scripts for the model's
/// next calls.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    model: Option<String>,
    script: Option<String>,
    #[serde(default)]
    queue: Vec<String>,
}

/// Answers a request to a path under `/__`.
pub(crate) fn answer(request: &Request, state: &State) -> Reply {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/__calls") => Reply::json(200, &Value::Array(state.log.calls().iter().map(call).collect())),
        ("DELETE", "/__calls") => {
            state.log.take();
            Reply::json(200, &json!({}))
        }
        ("POST", "/__script") => match order(&request.body, state) {
            Ok(()) => Reply::json(200, &json!({})),
            Err(why) => Reply::json(400, &errors::body("invalid_request_error", None, None, &why)),
        },
        ("DELETE", "/__script") => {
            state.book.clear();
            Reply::json(200, &json!({}))
        }
        _ => Reply::json(404, &errors::body("invalid_request_error", None, None, "no such control")),
    }
}

fn order(body: &[u8], state: &State) -> Result<(), String> {
    let order: Order = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let parse = |text: &String| Script::parse(text).map_err(|error| error.to_string());
    let script = order.script.as_ref().map(parse).transpose()?;
    let queue: Vec<Script> = order.queue.iter().map(parse).collect::<Result<_, _>>()?;
    match (order.model, script) {
        (Some(model), script) => {
            if let Some(script) = script {
                state.book.set(&model, script);
            }
            state.book.enqueue(&model, queue);
        }
        (None, Some(script)) => state.book.set_default(script),
        (None, None) => return Err("give a script, a model, or both".to_owned()),
    }
    Ok(())
}

/// A call as JSON; moments in milliseconds since the Unix epoch.
fn call(call: &RecordedCall) -> Value {
    let ms = |at: Option<Instant>| at.map(|at| call.unix_ms(at));
    json!({
        "seq": call.seq, "method": call.method, "path": call.path, "model": call.model,
        "request_id": call.request_id, "headers": call.headers, "json": call.json,
        "received_ms": call.received_unix_ms, "head_ms": ms(call.head_at), "first_byte_ms": ms(call.first_byte_at),
        "last_byte_ms": ms(call.last_byte_at), "peer_closed_ms": ms(call.peer_closed_at), "ended_ms": ms(call.ended_at),
        "bytes_sent": call.bytes_sent, "chunks_sent": call.chunks_sent, "completed": call.completed,
        "status": call.status, "text_sent": call.text_sent,
        "billed": {"prompt": call.billed.prompt, "completion": call.billed.completion},
    })
}
