use super::claim::{Claim, Leaving};
use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, SET_COOKIE, TRANSFER_ENCODING,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use switchyard_ports::idempotency::{Finish, KeptAnswer, LONGEST_BODY};

/// How a stream of events ends: an error within it looks like an end from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct StreamFate(Rc<Cell<bool>>);

impl StreamFate {
    /// Marks an answer as such a stream.
    pub(crate) fn of(response: &mut HttpResponseBuilder) -> Self {
        let fate = Self::default();
        response.extensions_mut().insert(fate.clone());
        fate
    }

    /// It broke off.
    pub(crate) fn broke_off(&self) {
        self.0.set(true);
    }

    fn is_broken(&self) -> bool {
        self.0.get()
    }
}

/// Marks an answer that shows a secret for the only time, which is kept nowhere: a repetition learns only that it was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownOnce;

impl ShownOnce {
    /// Marks an answer as such a one.
    pub(crate) fn mark(response: &mut HttpResponseBuilder) {
        response.extensions_mut().insert(Self);
    }
}

/// Marks a failure of which nobody knows whether what was asked for is done: it is not to be done a second time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MayBeDone;

impl MayBeDone {
    /// Marks an answer as such a one.
    pub(crate) fn mark(response: &mut HttpResponseBuilder) {
        response.extensions_mut().insert(Self);
    }
}

/// What is kept of an answer beside its body.
pub(super) struct Head {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    is_secret: bool,
    stream: Option<StreamFate>,
}

impl Head {
    pub(super) fn of<B>(response: &HttpResponse<B>) -> Self {
        let own = response.headers().iter().filter(|(name, _)| !is_of_this_time(name));
        Self {
            status: response.status().as_u16(),
            headers: own.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect(),
            is_secret: response.headers().contains_key(SET_COOKIE)
                || response.extensions().contains::<ShownOnce>(),
            stream: response.extensions().get::<StreamFate>().cloned(),
        }
    }

    fn can_be_kept(&self) -> bool {
        let media_type = self.headers.iter().find(|(name, _)| *name == CONTENT_TYPE.as_str());
        let is_events = media_type.is_some_and(|(_, value)| value.starts_with(b"text/event-stream"));
        !self.is_secret && self.stream.is_none() && !is_events
    }

    fn with(&mut self, body: Bytes) -> Finish {
        Finish::Answered(KeptAnswer { status: self.status, headers: std::mem::take(&mut self.headers), body })
    }
}

/// What says something about this connection or this moment.
fn is_of_this_time(name: &HeaderName) -> bool {
    [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, DATE, SET_COOKIE].contains(name)
        || name.as_str().starts_with("x-ratelimit-")
}

/// A body that is made as it is read, read as far as one is kept: whole, or with more to come, which is told.
async fn gathered(mut body: BoxBody) -> (BoxBody, bool) {
    if body.size() != BodySize::Stream {
        return (body, false);
    }
    let (mut pieces, mut length) = (VecDeque::new(), 0);
    while length <= LONGEST_BODY {
        match std::future::poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
            Some(Ok(piece)) => {
                length += piece.len();
                pieces.push_back(piece);
            }
            Some(Err(_)) => return (BoxBody::new(Begun { pieces, rest: None }), true),
            None => {
                let mut whole = BytesMut::with_capacity(length);
                pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
                return (BoxBody::new(whole.freeze()), false);
            }
        }
    }
    (BoxBody::new(Begun { pieces, rest: Some(body) }), true)
}

/// A body whose beginning was read already. Where the rest is missing it breaks off.
struct Begun {
    pieces: VecDeque<Bytes>,
    rest: Option<BoxBody>,
}

impl MessageBody for Begun {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        match (this.pieces.pop_front(), &mut this.rest) {
            (Some(piece), _) => Poll::Ready(Some(Ok(piece))),
            (None, Some(rest)) => Pin::new(rest).poll_next(cx),
            (None, None) => Poll::Ready(Some(Err("the answer broke off".into()))),
        }
    }
}

/// A body that is kept, as far as it can be, while it goes out. The client sees its end when that is noted.
pub(super) struct KeptBody {
    body: BoxBody,
    claim: Option<Claim>,
    head: Head,
    copy: Option<BytesMut>,
    noting: Option<LocalBoxFuture<'static, ()>>,
}

impl KeptBody {
    /// Notes an answer that is there whole, and gives its body back; one that is still to come is followed.
    pub(super) async fn whole_or_followed(
        claim: Claim,
        mut head: Head,
        body: BoxBody,
    ) -> Result<BoxBody, Self> {
        let copy = head.can_be_kept().then(BytesMut::new);
        let (body, is_over) = match (claim.leaving(), copy.is_some()) {
            // Its client may leave at any time and come again: what became of it is noted before they hear of it.
            (Leaving::GoesOn, true) => gathered(body).await,
            _ => (body, false),
        };
        if is_over {
            claim.finish(Finish::Spent).await;
            return Ok(body);
        }
        let length = match body.size() {
            BodySize::None => Some(0),
            BodySize::Sized(length) => Some(length),
            BodySize::Stream => None,
        };
        let body = match (length, copy.is_some()) {
            (Some(length), true) if length <= LONGEST_BODY as u64 => match body.try_into_bytes() {
                Ok(bytes) => {
                    claim.finish(head.with(bytes.clone())).await;
                    return Ok(BoxBody::new(bytes));
                }
                Err(body) => body,
            },
            (Some(_), _) => {
                claim.finish(Finish::Spent).await;
                return Ok(body);
            }
            (None, _) => body,
        };
        Err(Self { body, claim: Some(claim), head, copy, noting: None })
    }

    fn note(&mut self, piece: &Bytes) {
        let Some(copy) = &mut self.copy else { return };
        if copy.len() + piece.len() > LONGEST_BODY {
            self.copy = None;
        } else {
            copy.extend_from_slice(piece);
        }
    }

    /// The body came to its end.
    fn end(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        if self.head.stream.as_ref().is_some_and(StreamFate::is_broken) {
            return;
        }
        let finish = match self.copy.take() {
            Some(copy) => self.head.with(copy.freeze()),
            None => Finish::Spent,
        };
        self.noting = Some(claim.finish(finish).boxed_local());
    }
}

impl MessageBody for KeptBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        loop {
            if let Some(noting) = &mut this.noting {
                ready!(noting.poll_unpin(cx));
                this.noting = None;
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                Some(Ok(piece)) => {
                    this.note(&piece);
                    return Poll::Ready(Some(Ok(piece)));
                }
                Some(Err(error)) => {
                    this.claim = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    this.end();
                    if this.noting.is_none() {
                        return Poll::Ready(None);
                    }
                }
            }
        }
    }
}
