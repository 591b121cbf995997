//! From a request to its answer: who may call, what was asked for, which script applies.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::clock;
use super::connection::Request;
use super::control;
use super::delivery::{After, deliver};
use super::errors;
use super::operations::{Asked, Operation};
use super::plan::Plan;
use super::record::{Arrival, CallPen};
use super::reply::Reply;
use super::request::ChatRequest;
use super::script::Script;
use super::server::State;
use super::socket::Socket;
use super::wires::Spoken;

/// The name under which the model list has its script.
const LISTING: &str = "/v1/models";
/// How the paths end at which models are listed.
const LISTINGS: [&str; 3] = ["/models", "/foundation-models", "/api/tags"];
/// The models that are listed besides those with a script.
const MODELS: [&str; 3] = ["sim-small", "sim-large", "sim-vision"];

enum Endpoint {
    Chat(Spoken),
    Operation(Operation),
    Models,
    Replay,
    Unknown,
}

/// A request as far as it decides about its answer.
struct Call<'a> {
    request: &'a Request,
    endpoint: Endpoint,
    chat: Result<ChatRequest<'a>, serde_json::Error>,
    asked: Option<Asked>,
    seq: u64,
    received_at: Instant,
}

/// Answers one request.
pub(crate) async fn answer(socket: &mut Socket, request: Request, state: &Arc<State>) -> After {
    let keep_alive = request.keep_alive;
    if request.path.starts_with("/__") {
        let pen = CallPen::idle(Arc::clone(&state.log));
        return deliver(socket, control::answer(&request, state), &Script::default(), &pen, keep_alive).await;
    }
    let endpoint = endpoint(&request);
    let in_openai = match &endpoint {
        Endpoint::Chat(spoken) => spoken.openai(&request.body),
        _ => None,
    };
    let body = in_openai.as_deref().unwrap_or(&request.body);
    let call = Call::new(&request, endpoint, body, state);
    let script = call.script(state);
    let (script, reply) = match script {
        Ok(script) => {
            let reply = (!script.refuse).then(|| call.reply(&script, state));
            (script, reply)
        }
        Err(why) => {
            let error = errors::body("invalid_request_error", Some("sim_script_invalid"), None, &why);
            (Arc::default(), Some(Reply::json(400, &error)))
        }
    };
    let pen = call.open(state);
    match reply {
        Some(reply) => deliver(socket, reply, &script, &pen, keep_alive).await,
        None => After::Close,
    }
}

impl<'a> Call<'a> {
    /// A call whose request is `body` in OpenAI's words.
    fn new(request: &'a Request, endpoint: Endpoint, body: &'a [u8], state: &State) -> Self {
        let is_other = matches!(endpoint, Endpoint::Operation(_));
        Self {
            request,
            endpoint,
            asked: if is_other { Asked::of(request) } else { None },
            chat: serde_json::from_slice(body),
            seq: state.last_seq.fetch_add(1, Ordering::Relaxed) + 1,
            received_at: clock::now(),
        }
    }

    /// The name under which the call's script stands, with what the caller wrote after it.
    fn model(&self) -> &str {
        match (&self.endpoint, &self.chat) {
            (Endpoint::Chat(_), Ok(chat)) => &chat.model,
            (Endpoint::Operation(_), _) => self.asked.as_ref().map_or("", |asked| &asked.model),
            (Endpoint::Models, _) => LISTING,
            _ => "",
        }
    }

    /// The call's script, from the book, the model's query and the header, each over the one before; or
    /// why there is none.
    fn script(&self, state: &State) -> Result<Arc<Script>, String> {
        let (name, query) = self.model().split_once('?').unwrap_or((self.model(), ""));
        let mut script = state.book.next(name);
        let header = self.request.header("x-sim-script").unwrap_or_default();
        for text in [query, header].into_iter().filter(|text| !text.is_empty()) {
            Arc::make_mut(&mut script).apply(text).map_err(|error| error.to_string())?;
        }
        Ok(script)
    }

    fn open(&self, state: &State) -> CallPen {
        if !state.records {
            return CallPen::idle(Arc::clone(&state.log));
        }
        let listing = matches!(self.endpoint, Endpoint::Models);
        let arrival = Arrival {
            seq: self.seq,
            method: self.request.method.clone(),
            path: self.request.path.clone(),
            query: self.request.query.clone(),
            model: if listing { String::new() } else { self.model().to_owned() },
            headers: self.request.headers.clone(),
            body: self.request.body.clone(),
            received_at: self.received_at,
        };
        state.log.open(arrival, listing)
    }

    fn reply(&self, script: &Script, state: &State) -> Reply {
        let path = &self.request.path;
        let reply = match (&self.endpoint, &self.chat) {
            (Endpoint::Replay, _) => return replay(path, state),
            (Endpoint::Unknown, _) => unknown(path),
            _ if !allowed(self.request, state) => Reply::json(401, &errors::wrong_key(bearer(self.request))),
            (Endpoint::Models, _) => Reply::models(path, &models(state), script),
            (Endpoint::Chat(spoken), Ok(chat)) => {
                let plan = Plan::new(chat, script, self.seq);
                Reply::chat(spoken.wire, plan, chat.stream.unwrap_or(false), script)
            }
            (Endpoint::Operation(operation), _) => match &self.asked {
                Some(asked) => operation.reply(asked, script, self.seq),
                None => unread("it is neither JSON nor a form"),
            },
            (Endpoint::Chat(_), Err(error)) => unread(&error.to_string()),
        };
        reply.with_vendor_headers(self.seq, self.received_at)
    }
}

fn unread(why: &str) -> Reply {
    let message = format!("We could not parse the body of your request: {why}");
    Reply::json(400, &errors::body("invalid_request_error", None, None, &message))
}

fn endpoint(request: &Request) -> Endpoint {
    let path = request.path.as_str();
    match request.method.as_str() {
        _ if path.starts_with("/x/") => Endpoint::Replay,
        "POST" => {
            let other = || Operation::at(path).map_or(Endpoint::Unknown, Endpoint::Operation);
            Spoken::at(path).map_or_else(other, Endpoint::Chat)
        }
        "GET" if LISTINGS.iter().any(|end| path.ends_with(end)) => Endpoint::Models,
        _ => Endpoint::Unknown,
    }
}

fn bearer(request: &Request) -> Option<&str> {
    request.header("authorization").and_then(|value| value.strip_prefix("Bearer "))
}

fn allowed(request: &Request, state: &State) -> bool {
    state.required_key.as_deref().is_none_or(|key| bearer(request) == Some(key))
}

fn models(state: &State) -> Vec<String> {
    let scripted = state.book.models().into_iter().filter(|name| name != LISTING);
    MODELS.into_iter().map(str::to_owned).chain(scripted).collect()
}

fn replay(path: &str, state: &State) -> Reply {
    let id = path.split('/').nth(2).unwrap_or_default();
    let fixtures = state.fixtures.as_ref().ok_or_else(|| "no fixtures folder was given".to_owned());
    fixtures.and_then(|fixtures| fixtures.reply(id)).unwrap_or_else(|why| {
        Reply::json(404, &errors::body("invalid_request_error", Some("sim_no_such_exchange"), None, &why))
    })
}

fn unknown(path: &str) -> Reply {
    let message = format!("Invalid URL ({path})");
    Reply::json(404, &errors::body("invalid_request_error", None, None, &message))
}
