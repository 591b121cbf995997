//! What an address answered, as it is written to whoever asked: piece by piece, so that it is held once.

use actix_web::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use switchyard_orchestrator::external::Brought;
use switchyard_orchestrator::places::Place;
use switchyard_orchestrator::room::Part;
use switchyard_ports::clock::Clock;
use switchyard_ports::external::ExternalAnswer;
use tokio::task::JoinHandle;
use utoipa::ToSchema;

/// How much of a text is written at once, in bytes before they are escaped.
const PIECE: usize = 16 * 1024;
const END: &[u8] = b"}}";
/// How long an answer without a body may be read, and how much longer for each mebibyte of one.
const READ_WITHIN: Duration = Duration::from_secs(30);

/// What an address answered.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described: `Reply` is what is written")]
pub(crate) struct ExternalReply {
    /// `success`: there was an answer, whatever its status.
    status: &'static str,
    data: ExternalData,
}

/// An address's answer.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described: `Reply` is what is written")]
pub(crate) struct ExternalData {
    /// A redirect is one like any other: it is not followed.
    status_code: u16,
    headers: BTreeMap<String, String>,
    /// JSON, or a text.
    #[schema(value_type = serde_json::Value)]
    body: serde_json::Value,
}

#[derive(Serialize)]
struct Head<'a> {
    status_code: u16,
    headers: &'a BTreeMap<String, String>,
}

/// An answer on its way to whoever asked for it, who keeps their place until it has gone. Whoever does not read it in time has it cut
/// off: it takes room that others wait for.
pub(super) struct Reply {
    held: Rc<RefCell<Option<Held>>>,
    deadline: JoinHandle<()>,
}

/// What an answer takes until it has gone.
struct Held {
    parts: Parts,
    _room: Part,
    _place: Place,
}

/// An answer was not read in time.
#[derive(Debug, thiserror::Error)]
#[error("the answer was not read in time")]
pub(super) struct NotRead;

impl Reply {
    /// `None` only for headers that JSON can't hold.
    pub(super) fn new(brought: Brought, place: Place, clock: Arc<dyn Clock>) -> Option<Self> {
        let Brought { answer, room } = brought;
        let patience = patience(answer.body.len());
        let parts = Parts::of(answer)?;
        let held = Rc::new(RefCell::new(Some(Held { parts, _room: room, _place: place })));
        let late = Rc::downgrade(&held);
        let deadline = actix_web::rt::spawn(async move {
            clock.sleep(patience).await;
            if let Some(held) = late.upgrade() {
                held.borrow_mut().take();
            }
        });
        Some(Self { held, deadline })
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.deadline.abort();
    }
}

/// How long an answer of so many bytes may be read: as long as a body of as many may come.
fn patience(bytes: usize) -> Duration {
    let mebibytes = u32::try_from(bytes.div_ceil(1024 * 1024)).unwrap_or(u32::MAX);
    READ_WITHIN.saturating_mul(mebibytes.saturating_add(1))
}

impl MessageBody for Reply {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let mut held = self.held.borrow_mut();
        Poll::Ready(match held.as_mut() {
            Some(held) => held.parts.next().map(Ok),
            None => Some(Err(NotRead.into())),
        })
    }
}

/// The pieces of a reply.
enum Parts {
    Head { head: Bytes, body: Bytes, is_json: bool },
    Json(Bytes),
    Text(Bytes),
    End,
    Nothing,
}

impl Parts {
    fn of(answer: ExternalAnswer) -> Option<Self> {
        let ExternalAnswer { status, headers, body } = answer;
        let mut shown: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in headers {
            shown.entry(name).and_modify(|before| before.extend([", ", value.as_str()])).or_insert(value);
        }
        let is_json =
            shown.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
        let is_json = is_json && serde_json::from_slice::<&RawValue>(&body).is_ok();
        let data = serde_json::to_string(&Head { status_code: status, headers: &shown }).ok()?;
        let head = format!(r#"{{"status":"success","data":{},"body":"#, data.strip_suffix('}')?);
        Some(Self::Head { head: Bytes::from(head), body, is_json })
    }
}

impl Iterator for Parts {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let (piece, then) = match std::mem::replace(self, Self::Nothing) {
            Self::Head { head, body, is_json: true } => (head, Self::Json(body)),
            Self::Head { head, body, is_json: false } => {
                let mut opened = BytesMut::from(head.as_ref());
                opened.extend_from_slice(b"\"");
                (opened.freeze(), Self::Text(body))
            }
            Self::Json(rest) if rest.len() <= PIECE => (rest, Self::End),
            Self::Json(mut rest) => (rest.split_to(PIECE), Self::Json(rest)),
            Self::Text(rest) if rest.is_empty() => (Bytes::from_static(b"\""), Self::End),
            Self::Text(mut rest) => {
                let (length, escaped) = escaped(&rest);
                drop(rest.split_to(length));
                (Bytes::from(escaped), Self::Text(rest))
            }
            Self::End => (Bytes::from_static(END), Self::Nothing),
            Self::Nothing => return None,
        };
        *self = then;
        Some(piece)
    }
}

/// The beginning of a text within JSON, and how many bytes of the text that is. What is no UTF-8 is replaced.
fn escaped(rest: &[u8]) -> (usize, String) {
    let piece = rest.get(..PIECE).unwrap_or(rest);
    let is_last = piece.len() == rest.len();
    let (mut taken, mut text) = (0, String::new());
    for chunk in piece.utf8_chunks() {
        let (valid, invalid) = (chunk.valid(), chunk.invalid());
        text.push_str(valid);
        taken += valid.len();
        // The piece may end within a character, which then begins the next one.
        let is_cut = !is_last && taken + invalid.len() == piece.len() && taken > 0;
        if invalid.is_empty() || is_cut {
            continue;
        }
        text.push('\u{fffd}');
        taken += invalid.len();
    }
    let quoted = serde_json::to_string(&text).unwrap_or_default();
    let inner = quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"'));
    (taken, inner.unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use switchyard_domain::ids::UserId;
    use switchyard_orchestrator::places::{Places, PlacesTaken};
    use switchyard_orchestrator::room::Room;
    use switchyard_testkit::clock::ManualClock;

    fn written(kind: &str, body: &[u8]) -> (Value, usize, usize) {
        let headers = vec![("content-type".to_owned(), kind.to_owned()), ("x".to_owned(), "1".to_owned())];
        let headers = [headers, vec![("x".to_owned(), "2".to_owned())]].concat();
        let answer = ExternalAnswer { status: 203, headers, body: Bytes::copy_from_slice(body) };
        let pieces: Vec<Bytes> = Parts::of(answer).unwrap().collect();
        let longest = pieces.iter().map(Bytes::len).max().unwrap();
        let whole = pieces.concat();
        (serde_json::from_slice(&whole).unwrap(), longest, whole.len())
    }

    #[test]
    fn a_reply_is_the_status_the_headers_and_the_body() {
        let (reply, ..) = written("application/json", b" {\"a\":[1,2]}\n");
        assert_eq!(
            reply,
            json!({"status": "success", "data": {
                "status_code": 203,
                "headers": {"content-type": "application/json", "x": "1, 2"},
                "body": {"a": [1, 2]},
            }})
        );
        for (kind, body, text) in [
            ("text/plain", "{\"a\":1}".as_bytes(), "{\"a\":1}"),
            ("application/json", b"{\"a\":1", "{\"a\":1"),
            ("text/plain", b"", ""),
            ("text/plain", b"a\x00\"\\\n\xffb", "a\u{0}\"\\\n\u{fffd}b"),
        ] {
            assert_eq!(written(kind, body).0["data"]["body"], json!(text), "{body:?}");
        }
    }

    #[test]
    fn a_text_is_read_as_one_wherever_its_pieces_end() {
        for ahead in 0..5 {
            let text =
                [vec![b'x'; ahead], "a\u{1f600}\u{e9}".repeat(9_000).into_bytes(), vec![0xf0, 0x9f]].concat();
            let wanted = String::from_utf8_lossy(&text).into_owned();
            assert_eq!(written("text/plain", &text).0["data"]["body"], json!(wanted), "{ahead}");
        }
        let broken: Vec<u8> =
            (0..100_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(written("text/plain", &broken).0["data"]["body"], json!(String::from_utf8_lossy(&broken)));
    }

    #[test]
    fn what_grows_when_it_is_escaped_is_never_held_whole() {
        let (reply, longest, whole) = written("text/plain", &vec![1; 1024 * 1024]);
        assert_eq!(reply["data"]["body"].as_str().unwrap().len(), 1024 * 1024);
        assert!(whole > 6 * 1024 * 1024 && longest <= 6 * PIECE, "{longest} of {whole}");
        let list = format!("[{}1]", "1,".repeat(512 * 1024));
        let (reply, longest, whole) = written("application/json", list.as_bytes());
        assert_eq!(reply["data"]["body"].as_array().unwrap().len(), 512 * 1024 + 1);
        assert!(whole > list.len() && longest <= PIECE, "{longest} of {whole}");
    }

    #[actix_web::test]
    async fn an_answer_that_is_not_read_in_time_is_cut_off_and_gives_its_room_back() {
        let clock = Arc::new(ManualClock::default());
        let (places, room) = (Places::new(9, 1), Room::of(5));
        let (place, part) = (places.take(UserId(1)).unwrap(), room.take(UserId(1), 5).await);
        let answer = ExternalAnswer { status: 200, headers: Vec::new(), body: Bytes::from_static(b"hello") };
        let brought = Brought { answer, room: part };
        let mut reply = Reply::new(brought, place, Arc::clone(&clock) as _).unwrap();
        let mut context = Context::from_waker(std::task::Waker::noop());
        let first = Pin::new(&mut reply).poll_next(&mut context);
        assert!(matches!(first, Poll::Ready(Some(Ok(_)))));
        clock.until_sleeping(1).await;
        clock.advance(2 * READ_WITHIN - Duration::from_millis(1));
        tokio::task::yield_now().await;
        assert_eq!(places.take(UserId(1)).err(), Some(PlacesTaken::Own), "there is time");
        clock.advance(Duration::from_millis(1));
        room.take(UserId(2), 5).await;
        assert!(places.take(UserId(1)).is_ok());
        let cut = Pin::new(&mut reply).poll_next(&mut context);
        assert!(matches!(cut, Poll::Ready(Some(Err(_)))), "and no clean end");
    }
}
