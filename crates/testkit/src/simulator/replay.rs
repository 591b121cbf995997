//! Recorded exchanges with real providers, answered again byte by byte.
//!
//! A fixture is a JSON file `ID.json`, anywhere under the fixtures folder, with
//! `response: {status, headers, body_kind, body_encoding, body}`. A request to `/x/ID/…` is answered
//! with it. Streams (`sse`, `ndjson`) go out event by event in HTTP chunks, so that the timing and
//! cutting keys of the script grammar apply to them; other bodies go out whole.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::frame::{Frame, Part};
use super::reply::{Body, Reply};

/// Headers that belong to the recorded connection, not to the answer.
const HOP_BY_HOP: [&str; 6] =
    ["connection", "content-encoding", "content-length", "keep-alive", "trailer", "transfer-encoding"];

/// Where each exchange lies.
pub(crate) struct Fixtures(HashMap<String, PathBuf>);

#[derive(Deserialize)]
struct Exchange {
    response: Recorded,
}

#[derive(Deserialize)]
struct Recorded {
    status: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body_kind: String,
    body_encoding: Option<String>,
    body: String,
}

impl Fixtures {
    /// Finds all `*.json` under a folder.
    pub(crate) fn find(folder: &Path) -> io::Result<Self> {
        let mut found = HashMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let (Some("json"), Some(id)) =
                    (path.extension().and_then(|e| e.to_str()), path.file_stem().and_then(|s| s.to_str()))
                {
                    found.insert(id.to_owned(), path);
                }
            }
        }
        Ok(Self(found))
    }

    /// The answer of an exchange, or why there is none.
    pub(crate) fn reply(&self, id: &str) -> Result<Reply, String> {
        let path = self.0.get(id).ok_or_else(|| format!("no exchange has the id {id:?}"))?;
        let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let exchange: Exchange =
            serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        exchange.response.reply()
    }
}

impl Recorded {
    fn reply(self) -> Result<Reply, String> {
        let bytes = match self.body_encoding.as_deref() {
            Some("base64") => STANDARD.decode(&self.body).map_err(|error| error.to_string())?,
            _ => self.body.into_bytes(),
        };
        let mut reply = Reply::whole(self.status, usual_content_type(&self.body_kind), Vec::new());
        for (name, value) in self.headers {
            let name = name.to_ascii_lowercase();
            if name == "content-type" {
                reply.content_type = value.into();
            } else if !HOP_BY_HOP.contains(&name.as_str()) {
                reply.headers.push((name.into(), value.into()));
            }
        }
        reply.headers.sort();
        let events = match self.body_kind.as_str() {
            "sse" => events(&bytes),
            "ndjson" => bytes.split_inclusive(|byte| *byte == b'\n').collect(),
            _ => {
                reply.body = Body::Whole(super::answer::Whole::plain(bytes));
                return Ok(reply);
            }
        };
        let frames: Vec<Frame> =
            events.into_iter().map(|event| Frame::new(Part::Content, event.to_vec())).collect();
        reply.body = Body::Frames(Box::new(frames.into_iter()));
        Ok(reply)
    }
}

fn usual_content_type(kind: &str) -> &'static str {
    match kind {
        "json" => "application/json",
        "sse" => "text/event-stream",
        "ndjson" => "application/x-ndjson",
        "eventstream" => "application/vnd.amazon.eventstream",
        _ => "text/plain",
    }
}

/// The events of a stream, each with the empty line that ends it.
fn events(bytes: &[u8]) -> Vec<&[u8]> {
    let mut events = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = [b"\n\n".as_slice(), b"\r\n\r\n"]
            .into_iter()
            .filter_map(|end| {
                rest.windows(end.len()).position(|window| window == end).map(|at| at + end.len())
            })
            .min()
            .unwrap_or(rest.len());
        let (event, after) = rest.split_at(end);
        events.push(event);
        rest = after;
    }
    events
}
