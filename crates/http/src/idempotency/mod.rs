//! `Idempotency-Key`: a request that its caller names is carried out once, however often it is sent.
//!
//! The name belongs to the caller, and stands for one method, address and body. A whole answer is given again; of a stream, of what
//! is too long to keep, and of a secret that is shown once, a repetition learns only that it was given. What failed was not carried
//! out, so its name is free again, and so is that of a gateway call whose client left, which is cancelled there. Where it may have been
//! carried out all the same (it was sent, and no answer came), its failure is the answer, and is given again. Whatever else a client
//! left, and what is billed by the piece, is carried out to its end, and its answer kept.
//!
//! Requests without the header pass by all this: a route has a way of its own for those that have it.

mod claim;
mod hashed_payload;
mod kept_body;
mod key;

use crate::access::{Access, DeclaresAccess};
use crate::identity::Identity;
use crate::middleware::RequestId;
use crate::refusal::{Refusal, Shape};
use crate::services::Services;
use crate::words;
use actix_http::body::BoxBody;
use actix_web::dev::{Handler, Payload};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, Responder, guard, web};
use claim::{Claim, Leaving};
use futures_util::future::LocalBoxFuture;
use hashed_payload::{Content, HashedPayload};
use kept_body::KeptBody;
pub(crate) use kept_body::{MayBeDone, ShownOnce, StreamFate};
pub(crate) use key::{IDEMPOTENCY_KEY, RULE, is_key};
use std::sync::Arc;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::idempotency::{IdempotencyStore, KeptAnswer, NamedRequest, Standing};

/// Says that an answer is given again.
static IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What named requests are remembered by.
#[derive(Clone)]
pub(crate) struct Names {
    store: Arc<dyn IdempotencyStore>,
    entropy: Arc<dyn Entropy>,
}

impl Names {
    pub(crate) fn new(services: &Services) -> Self {
        Self { store: Arc::clone(&services.idempotency), entropy: Arc::clone(&services.entropy) }
    }
}

/// The way of those requests to `handler` that have a name. Work that `is_billed_whole` is not cancelled when its client leaves.
pub(crate) fn route<F, Arguments>(handler: F, is_billed_whole: bool) -> actix_web::Route
where
    F: Handler<Arguments> + DeclaresAccess<Arguments>,
    Arguments: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let leaving = match F::ACCESS {
        Access::Gateway | Access::VirtualKey if is_billed_whole => Leaving::GoesOnToItsAnswer,
        Access::Gateway | Access::VirtualKey => Leaving::GivesBack,
        _ => Leaving::GoesOn,
    };
    let has_name = guard::fn_guard(|context| context.head().headers().contains_key(&IDEMPOTENCY_KEY));
    web::post().guard(has_name).to(move |request: HttpRequest, payload: web::Payload| {
        let (payload, content) = HashedPayload::over(payload.into_inner());
        let read = read(handler.clone(), request.clone(), payload);
        answer(Box::pin(read), request, content, leaving)
    })
}

/// What a request asks for, which is done while it is waited for. Boxed, as all that follows is then built once, not for each handler.
type Work = LocalBoxFuture<'static, HttpResponse>;

/// Reads a request whole: the work that it asks for, or the answer where it can't be read.
async fn read<F, Arguments>(
    handler: F,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<Work, Box<HttpResponse>>
where
    F: Handler<Arguments>,
    Arguments: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let arguments = Arguments::from_request(&request, &mut payload).await;
    let arguments = arguments.map_err(|error| Box::new(HttpResponse::from_error(error.into())))?;
    Ok(Box::pin(async move { handler.call(arguments).await.respond_to(&request).map_into_boxed_body() }))
}

async fn answer(
    read: LocalBoxFuture<'static, Result<Work, Box<HttpResponse>>>,
    request: HttpRequest,
    content: Content,
    leaving: Leaving,
) -> HttpResponse {
    let work = match read.await {
        Ok(work) => work,
        Err(response) => return *response,
    };
    let claim = match claimed(&request, content.digest(), leaving).await {
        Ok(claim) => claim,
        Err(response) => return *response,
    };
    // Nobody asks again for what has no name here, so that nothing of it is kept.
    let leaving = if claim.is_some() { leaving } else { Leaving::GivesBack };
    let asked = request.clone();
    let carried_out = async move {
        let response = work.await;
        match claim {
            Some(claim) => keep(claim, &request, response).await,
            None => response,
        }
    };
    match leaving {
        Leaving::GivesBack => carried_out.await,
        Leaving::GoesOn | Leaving::GoesOnToItsAnswer => {
            detached(carried_out).await.unwrap_or_else(|| broken_off(&asked))
        }
    }
}

/// The answer to a request whose own way was cut off by a defect.
fn broken_off(request: &HttpRequest) -> HttpResponse {
    let refusal =
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong here.");
    refusal.respond(Shape::at(request.path(), request.headers()), &RequestId::noted(request))
}

/// Lets a request be carried out to its end, whether or not its client waits for that. `None` where it broke off.
async fn detached(carried_out: impl Future<Output = HttpResponse> + 'static) -> Option<HttpResponse> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    actix_web::rt::spawn(async move {
        // Who left is answered no more, but what their answer was is noted by now.
        let _nobody_waits = sender.send(carried_out.await);
    });
    receiver.await.ok()
}

/// The claim of a request's name; the answer where there is none to be had. Nobody in particular has no names.
async fn claimed(
    request: &HttpRequest,
    body: [u8; 32],
    leaving: Leaving,
) -> Result<Option<Claim>, Box<HttpResponse>> {
    let caller = Identity::of_request(request).filter(|caller| caller.id.is_some());
    let Some(caller) = caller else { return Ok(None) };
    let refuse = |status, code, message: &'static str| {
        let id = RequestId::noted(request);
        let refusal = Refusal::new(status, code, message);
        Err(Box::new(refusal.respond(Shape::at(request.path(), request.headers()), &id)))
    };
    let Some(name) = key::name(request.headers(), caller) else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", RULE);
    };
    let Some(names) = request.app_data::<Names>() else { return Ok(None) };
    let named = NamedRequest {
        name,
        caller: key::caller(caller),
        content: key::content(request, body),
        claim: names.entropy.new_id(),
    };
    match names.store.claim(&named).await {
        Ok(Standing::Claimed) => Ok(Some(Claim::new(Arc::clone(&names.store), named, leaving))),
        Ok(Standing::Answered(answer)) => Err(Box::new(again(answer))),
        Ok(Standing::InFlight) => refuse(
            StatusCode::CONFLICT,
            "idempotency_in_flight",
            "The request with this `Idempotency-Key` is still being answered. Try again when it has ended.",
        ),
        Ok(Standing::Spent) => refuse(
            StatusCode::CONFLICT,
            "conflict",
            "The request with this `Idempotency-Key` has been answered, and its answer is not kept: a stream, or a long or \
             secret one. A new request needs another key.",
        ),
        Ok(Standing::Different) => refuse(
            StatusCode::CONFLICT,
            "conflict",
            "This `Idempotency-Key` belongs to another request: one with another address or another body.",
        ),
        Err(error) => {
            tracing::warn!(error = %error, "a named request can't be answered once only, so it is not answered");
            refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "storage_unavailable",
                "It can't be found out now whether this request was answered before. Try again later.",
            )
        }
    }
}

/// A kept answer.
fn again(answer: KeptAnswer) -> HttpResponse {
    let mut response =
        HttpResponseBuilder::new(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK));
    for (name, value) in &answer.headers {
        let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value));
        if let (Ok(name), Ok(value)) = pair {
            response.append_header((name, value));
        }
    }
    response.insert_header((IDEMPOTENT_REPLAYED.clone(), "true"));
    response.body(answer.body)
}

/// Follows an answer to its end, and keeps it where it can be given again.
async fn keep(claim: Claim, request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    // What failed was not carried out, unless nobody knows.
    if !response.status().is_success() && !response.extensions().contains::<MayBeDone>() {
        claim.give_back();
        return response;
    }
    let response = words::of_surface(response, request.path(), &RequestId::noted(request));
    let (response, body) = response.into_parts();
    let head = kept_body::Head::of(&response);
    match KeptBody::whole_or_followed(claim, head, body).await {
        Ok(whole) => response.set_body(whole),
        Err(followed) => response.set_body(BoxBody::new(followed)),
    }
}
