//! What the simulator saw and did: the ground truth about calls, tokens and cancellation.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;

use super::clock;

/// What a real provider would bill for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BilledTokens {
    /// Prompt tokens: once the head of a 200 went out, unless it is an error's, else none.
    pub prompt: u64,
    /// Completion tokens, reasoning included, of all choices: those whose last byte was sent.
    pub completion: u64,
}

/// One call as the simulator saw it. A snapshot: a call that goes on shows how far it is.
#[derive(Debug, Clone)]
pub struct RecordedCall {
    /// The number of the call, from 1, over the simulator's life.
    pub seq: u64,
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The query, without its question mark; empty where there is none.
    pub query: String,
    /// The body's `model` as sent, its script included; empty where there is none.
    pub model: String,
    /// The request's `x-request-id`.
    pub request_id: Option<String>,
    /// All request headers as sent, in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: Bytes,
    /// The body as JSON, `null` where it is none.
    pub json: Value,
    /// When the request was read whole.
    pub received_at: Instant,
    /// `received_at` in milliseconds since the Unix epoch; see [`unix_ms`](Self::unix_ms).
    pub received_unix_ms: u64,
    /// When the answer's head was sent.
    pub head_at: Option<Instant>,
    /// When the first byte of the answer's body was sent.
    pub first_byte_at: Option<Instant>,
    /// When the last byte so far of the answer was sent.
    pub last_byte_at: Option<Instant>,
    /// Bytes of the answer's body that the socket took; head and chunk framing are not counted.
    pub bytes_sent: u64,
    /// Parts of the body sent: events of a stream, of any kind; 1 for a buffered body.
    pub chunks_sent: u64,
    /// When the peer's close was seen while the call was being answered.
    pub peer_closed_at: Option<Instant>,
    /// Whether a whole, well-formed answer went out: not cut, stalled, malformed or left by the peer.
    pub completed: bool,
    /// When the call was over, one way or another.
    pub ended_at: Option<Instant>,
    /// The HTTP status of the answer; 0 while there is no head.
    pub status: u16,
    /// What a real provider would bill.
    pub billed: BilledTokens,
    /// The text of choice 0 that was sent: content or refusal, neither reasoning nor tool calls.
    pub text_sent: String,
}

impl RecordedCall {
    /// A moment of this call in milliseconds since the Unix epoch.
    pub fn unix_ms(&self, at: Instant) -> u64 {
        let later = clock::millis(at.saturating_duration_since(self.received_at));
        let earlier = clock::millis(self.received_at.saturating_duration_since(at));
        self.received_unix_ms.saturating_add(later).saturating_sub(earlier)
    }

    /// The first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// What is known of a call when its request has been read.
pub(crate) struct Arrival {
    pub(crate) seq: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) model: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) received_at: Instant,
}

/// What one step of an answer put on the wire.
#[derive(Default)]
pub(crate) struct Step<'a> {
    pub(crate) bytes: usize,
    pub(crate) tokens: u64,
    pub(crate) text: &'a str,
}

/// The pen of one call's record. Dropping it ends the call.
///
/// What goes out is written just before the socket gets it, and taken back if the socket does not take
/// it: so a client that has read its answer finds all of it in the record.
pub(crate) struct CallPen {
    call: Option<Arc<Mutex<RecordedCall>>>,
    /// Which filling of the log counts this call's end; none for a listing.
    filling: Option<u64>,
    log: Arc<CallLog>,
}

impl CallPen {
    /// A pen that writes nothing.
    pub(crate) fn idle(log: Arc<CallLog>) -> Self {
        Self { call: None, filling: None, log }
    }

    fn write(&self, change: impl FnOnce(&mut RecordedCall, Instant)) {
        if let Some(call) = &self.call {
            change(&mut lock(call), clock::now());
        }
    }

    /// The head of an answer goes out; `prompt` tokens are billed where it is a 200.
    pub(crate) fn head(&self, status: u16, prompt: u64) {
        self.write(|call, now| {
            call.status = status;
            call.head_at = Some(now);
            call.last_byte_at = Some(now);
            call.billed.prompt = if status == 200 { prompt } else { 0 };
        });
    }

    /// A part of the body goes out; with it the whole answer, if it is the `last`.
    pub(crate) fn body(&self, step: &Step<'_>, last: bool) {
        self.write(|call, now| {
            call.completed |= last;
            if step.bytes == 0 {
                return;
            }
            call.first_byte_at.get_or_insert(now);
            call.last_byte_at = Some(now);
            call.bytes_sent += step.bytes as u64;
            call.chunks_sent += 1;
            if call.status == 200 {
                call.billed.completion += step.tokens;
            }
            call.text_sent.push_str(step.text);
        });
    }

    /// How far the record is, to go back to.
    pub(crate) fn progress(&self) -> Option<Progress> {
        self.call.as_ref().map(|call| {
            let call = lock(call);
            Progress {
                times: [call.head_at, call.first_byte_at, call.last_byte_at],
                counts: [call.bytes_sent, call.chunks_sent],
                completed: call.completed,
                status: call.status,
                billed: call.billed,
                text: call.text_sent.len(),
            }
        })
    }

    /// What was written since did not go out after all.
    pub(crate) fn back_to(&self, progress: Option<Progress>) {
        let Some(progress) = progress else { return };
        self.write(|call, _| {
            [call.head_at, call.first_byte_at, call.last_byte_at] = progress.times;
            [call.bytes_sent, call.chunks_sent] = progress.counts;
            (call.completed, call.status, call.billed) =
                (progress.completed, progress.status, progress.billed);
            call.text_sent.truncate(progress.text);
        });
    }

    /// The peer's close was seen.
    pub(crate) fn peer_closed(&self) {
        self.write(|call, now| call.peer_closed_at = Some(now));
    }
}

/// How far a record was.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    times: [Option<Instant>; 3],
    counts: [u64; 2],
    completed: bool,
    status: u16,
    billed: BilledTokens,
    text: usize,
}

impl Drop for CallPen {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            lock(&call).ended_at = Some(clock::now());
            self.log.ended(self.filling);
        }
    }
}

#[derive(Default)]
struct Calls {
    all: Vec<Arc<Mutex<RecordedCall>>>,
    listings: Vec<Arc<Mutex<RecordedCall>>>,
    /// How many of `all` are over.
    ended: usize,
    /// How often the log was emptied.
    filling: u64,
}

/// The log of all calls.
#[derive(Default)]
pub(crate) struct CallLog {
    calls: Mutex<Calls>,
    /// Told at each arrival and each end.
    pub(crate) changed: tokio::sync::Notify,
    pub(crate) bell: std::sync::Condvar,
    /// The mutex that `bell` waits on; it guards nothing.
    pub(crate) waiting: Mutex<()>,
}

impl CallLog {
    /// Opens the record of a call; model listings are kept apart, since health checks make them.
    pub(crate) fn open(self: &Arc<Self>, arrival: Arrival, listing: bool) -> CallPen {
        let mut calls = lock(&self.calls);
        let request_id =
            arrival.headers.iter().find(|(name, _)| name == "x-request-id").map(|(_, v)| v.clone());
        let call = Arc::new(Mutex::new(RecordedCall {
            seq: arrival.seq,
            method: arrival.method,
            path: arrival.path,
            query: arrival.query,
            model: arrival.model,
            request_id,
            headers: arrival.headers,
            body: arrival.body,
            json: Value::Null,
            received_at: arrival.received_at,
            received_unix_ms: clock::millis(clock::since_epoch()),
            head_at: None,
            first_byte_at: None,
            last_byte_at: None,
            bytes_sent: 0,
            chunks_sent: 0,
            peer_closed_at: None,
            completed: false,
            ended_at: None,
            status: 0,
            billed: BilledTokens::default(),
            text_sent: String::new(),
        }));
        let list = if listing { &mut calls.listings } else { &mut calls.all };
        list.push(Arc::clone(&call));
        let filling = (!listing).then_some(calls.filling);
        drop(calls);
        self.tell();
        CallPen { call: Some(call), filling, log: Arc::clone(self) }
    }

    fn ended(&self, filling: Option<u64>) {
        let mut calls = lock(&self.calls);
        if filling == Some(calls.filling) {
            calls.ended += 1;
        }
        drop(calls);
        self.tell();
    }

    fn tell(&self) {
        self.changed.notify_waiters();
        drop(lock(&self.waiting));
        self.bell.notify_all();
    }

    /// All calls but model listings, in the order of arrival.
    pub(crate) fn calls(&self) -> Vec<RecordedCall> {
        let calls = lock(&self.calls).all.clone();
        snapshots(&calls)
    }

    /// All model listings.
    pub(crate) fn listings(&self) -> Vec<RecordedCall> {
        let calls = lock(&self.calls).listings.clone();
        snapshots(&calls)
    }

    /// Empties the log; the calls (without listings) that it had. Those that go on are seen no more.
    pub(crate) fn take(&self) -> Vec<RecordedCall> {
        let mut calls = lock(&self.calls);
        calls.listings.clear();
        calls.ended = 0;
        calls.filling += 1;
        let taken = std::mem::take(&mut calls.all);
        drop(calls);
        snapshots(&taken)
    }

    /// How many calls there are; those that are over only, where `ended` is set.
    pub(crate) fn count(&self, ended: bool) -> usize {
        let calls = lock(&self.calls);
        if ended { calls.ended } else { calls.all.len() }
    }
}

fn snapshots(calls: &[Arc<Mutex<RecordedCall>>]) -> Vec<RecordedCall> {
    calls
        .iter()
        .map(|call| {
            let mut call = lock(call).clone();
            call.json = serde_json::from_slice(&call.body).unwrap_or(Value::Null);
            call
        })
        .collect()
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
