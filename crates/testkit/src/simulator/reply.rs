//! Which answer a call gets: the one asked for, or what its script puts in its place.

use std::borrow::Cow;
use std::time::Instant;

use serde_json::Value;

use super::answer::Whole;
use super::clock;
use super::encoding::Encoder;
use super::errors::Told;
use super::faults;
use super::frame::{Frame, Frames, Part};
use super::plan::Plan;
use super::script::Script;
use super::wires::Wire;

const HTML: &str =
    "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>\n<body><h1>It works!</h1></body></html>\n";

/// A header to send.
pub(crate) type Header = (Cow<'static, str>, Cow<'static, str>);

/// A body to send.
pub(crate) enum Body {
    /// At once, its length known.
    Whole(Whole),
    /// Part by part, in chunks.
    Frames(Frames),
}

/// An answer to send.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: Cow<'static, str>,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Body,
    /// The prompt's tokens, billed once the head of a 200 is out.
    pub(crate) prompt_tokens: u64,
    /// Whether a client can make sense of the whole body.
    pub(crate) well_formed: bool,
}

impl Reply {
    pub(crate) fn whole(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type: content_type.into(),
            headers: Vec::new(),
            body: Body::Whole(Whole::plain(body)),
            prompt_tokens: 0,
            well_formed: true,
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::whole(status, "application/json", body.to_string())
    }

    /// The answer to a call.
    pub(crate) fn chat(wire: Wire, plan: Plan, streams: bool, script: &Script) -> Self {
        if let Some(instead) = Self::instead(wire, script, streams) {
            return instead;
        }
        let prompt_tokens = if script.error_event_first { 0 } else { plan.prompt_tokens };
        let as_stream = if streams { !script.json_for_stream } else { script.sse_for_json };
        let (content_type, body) = if as_stream {
            (wire.stream_type(), Body::Frames(faults::stream(wire, plan, script)))
        } else {
            ("application/json", buffered(faults::buffered(wire, plan, script), script))
        };
        let well_formed = as_stream || !script.malformed_json;
        let reply = Self {
            status: 200,
            content_type: content_type.into(),
            headers: Vec::new(),
            body,
            prompt_tokens,
            well_formed,
        };
        reply.encoded(script)
    }

    /// The answer to a listing of models.
    pub(crate) fn models(path: &str, names: &[String], script: &Script) -> Self {
        Self::instead(Wire::OpenAiChat, script, false).unwrap_or_else(|| {
            let mut whole = Whole::plain(Wire::listing(path, names).to_string());
            if script.malformed_json {
                whole.bytes.truncate(whole.bytes.len() / 2);
            }
            let well_formed = !script.malformed_json;
            let reply = Self {
                body: buffered(whole, script),
                well_formed,
                ..Self::whole(200, "application/json", "")
            };
            reply.encoded(script)
        })
    }

    /// A body that is sent as one, made huge, endless or compressed where the script wants it.
    pub(crate) fn of_whole(content_type: &'static str, whole: Whole, script: &Script) -> Self {
        let reply = Self { body: buffered(whole, script), ..Self::whole(200, content_type, "") };
        reply.encoded(script)
    }

    /// What the script wants said in place of any answer.
    pub(crate) fn instead(wire: Wire, script: &Script, streams: bool) -> Option<Self> {
        let status = script.status.unwrap_or(200);
        if let Some(redirect) = script.redirect {
            let mut reply = Self::whole(redirect, "text/html", "");
            let location = script.location.clone().unwrap_or_else(|| "/redirected".to_owned());
            reply.headers.push(("location".into(), location.into()));
            return Some(reply);
        }
        let mut reply = if script.html {
            Self::whole(status, "text/html; charset=utf-8", HTML)
        } else if status != 200 || script.error_in_200 || (script.error_event_first && !streams) {
            let told = if status == 200 { Told::within(script) } else { Told::of(script, status) };
            let (body, header) = wire.error(&told);
            let mut reply = Self::json(status, &body);
            reply.headers.extend(header.map(|(name, value)| (name.into(), value.into())));
            reply
        } else {
            return None;
        };
        if let Some(after) = &script.retry_after {
            reply.headers.push(("retry-after".into(), after.clone().into()));
        }
        Some(reply.encoded(script))
    }

    fn encoded(mut self, script: &Script) -> Self {
        let Some((encoder, name)) = Encoder::of(script) else {
            return self;
        };
        self.headers.push(("content-encoding".into(), name.into()));
        self.body = match self.body {
            Body::Whole(whole) => {
                let bytes = encoder.whole(&whole.bytes, script.truncated_gzip);
                Body::Whole(whole.encoded(bytes))
            }
            Body::Frames(frames) => {
                Body::Frames(encoder.frames(frames, script.truncated_gzip, script.gzip_bomb.is_none()))
            }
        };
        self.well_formed &= !script.truncated_gzip;
        self
    }

    /// Adds the headers that OpenAI sends with every answer.
    pub(crate) fn with_vendor_headers(mut self, seq: u64, received_at: Instant) -> Self {
        let took = clock::millis(clock::now().saturating_duration_since(received_at));
        let remaining = if self.status == 429 { "0" } else { "9999" };
        self.headers.extend([
            ("openai-organization".into(), "sim-org".into()),
            ("openai-processing-ms".into(), took.to_string().into()),
            ("openai-version".into(), "2020-10-01".into()),
            ("x-ratelimit-limit-requests".into(), "10000".into()),
            ("x-ratelimit-limit-tokens".into(), "2000000".into()),
            ("x-ratelimit-remaining-requests".into(), remaining.into()),
            ("x-ratelimit-remaining-tokens".into(), "1999993".into()),
            ("x-ratelimit-reset-requests".into(), "6ms".into()),
            ("x-ratelimit-reset-tokens".into(), "0s".into()),
            ("x-request-id".into(), format!("req_sim{seq:08}").into()),
        ]);
        self
    }
}

/// A buffered body, made huge or endless where the script wants it; one that shall be torn apart goes
/// out as a frame, since those can.
fn buffered(whole: Whole, script: &Script) -> Body {
    let size = script.huge_body.or(script.gzip_bomb);
    if script.endless || size.is_some() {
        Body::Frames(faults::swollen(whole, size))
    } else if script.split_utf8 {
        let Whole { bytes, marks, text, .. } = whole;
        let frame = Frame { tokens: marks.len() as u64, text, ..Frame::new(Part::Content, bytes) };
        Body::Frames(Box::new(std::iter::once(frame)))
    } else {
        Body::Whole(whole)
    }
}
