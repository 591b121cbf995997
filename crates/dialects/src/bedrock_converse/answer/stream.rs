use std::collections::BTreeMap;

use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, Delta, Json};

use super::error::{is_failure, of_frame};
use super::reader::{Reader, is_server_tool, native, picture, proof};
use crate::codec::{StreamReader, Taken};
use crate::error::ProviderError;
use crate::json::{
    ObjectWriter, RawMembers, elements, integer, keep, members, object, text, without_lone_surrogates,
};

/// More open blocks than any model has.
const MAX_BLOCKS: usize = 256;

/// Reads the frames of one stream in turn.
#[derive(Debug, Default)]
pub(in crate::bedrock_converse) struct StreamDecoder {
    reader: Reader,
    /// The blocks that were begun and not yet ended, by their numbers.
    open: BTreeMap<i64, Block>,
    /// Whether the last frame came, which counts.
    done: bool,
}

/// What must be known of an open block.
#[derive(Debug, Default)]
struct Block {
    /// Which call it is.
    call: Option<u32>,
    /// Whether anything came of the call's arguments.
    has_arguments: bool,
    /// How many characters of text there were before it.
    from: u32,
    /// What its text rests on; these come before the text.
    citations: Vec<Json>,
    /// The proof of its reasoning.
    signature: String,
    /// What the vendor's own tool was given, or gave.
    server: Option<Server>,
    /// The format of the picture that it is.
    picture: String,
}

#[derive(Debug)]
struct Server {
    kind: &'static str,
    /// How it began.
    start: Json,
    input: String,
    content: Vec<Json>,
}

impl StreamReader for StreamDecoder {
    fn event(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        if self.done {
            return Ok(Taken::Done);
        }
        let name = name.map(String::from_utf8_lossy).unwrap_or_default();
        let data = String::from_utf8_lossy(data);
        let data = without_lone_surrogates(data.trim());
        if is_failure(&name) {
            return Err(of_frame(&name, &data));
        }
        let Some(top) = object(&data) else { return Ok(Taken::Malformed) };
        let number = top.get("contentBlockIndex").and_then(integer).unwrap_or_default();
        match name.as_ref() {
            "messageStart" => self.reader.start(out),
            "contentBlockStart" => {
                if let Some(start) = top.get("start").and_then(members) {
                    self.begin(number, &start, out);
                }
            }
            "contentBlockDelta" => {
                if let Some(delta) = top.get("delta").and_then(members) {
                    self.delta(number, &delta, out);
                }
            }
            "contentBlockStop" => self.close(number, out),
            "messageStop" => {
                self.finish(out);
                let word = top.get("stopReason").and_then(text).unwrap_or_default();
                let fields = top.get("additionalModelResponseFields");
                self.reader.end(&word, fields, out);
                if let Some(fields) = fields {
                    let name = "additionalModelResponseFields".to_owned();
                    out.push(ChatEvent::Extension { name, value: keep(fields) });
                }
            }
            "metadata" => {
                // It counts, and nothing comes after it.
                self.done = self.reader.is_ended();
                self.reader.beside(&top, out);
            }
            _ => return Ok(Taken::Unknown),
        }
        Ok(Taken::Chunk)
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) {
        let numbers: Vec<i64> = self.open.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.close(number, out));
    }

    fn is_finished(&self) -> bool {
        self.reader.is_ended()
    }

    fn usage_corrected(&self) -> bool {
        self.reader.usage_corrected()
    }
}

impl StreamDecoder {
    /// The open block of a number. Blocks of text begin without a word.
    fn block(&mut self, number: i64) -> &mut Block {
        let from = self.reader.characters;
        if self.open.len() >= MAX_BLOCKS && !self.open.contains_key(&number) {
            self.open.pop_first();
        }
        self.open.entry(number).or_insert_with(|| Block { from, ..Block::default() })
    }

    fn begin(&mut self, number: i64, start: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        let server = |kind, raw: &RawValue| {
            Some(Server { kind, start: keep(raw), input: String::new(), content: Vec::new() })
        };
        if let Some((raw, call)) = start.get("toolUse").and_then(|raw| Some((raw, members(raw)?))) {
            if is_server_tool(&call) {
                self.block(number).server = server("toolUse", raw);
            } else {
                let index = self.reader.begin_call(&call, out);
                self.block(number).call = index;
            }
        } else if let Some(raw) = start.get("toolResult") {
            self.block(number).server = server("toolResult", raw);
        } else if let Some(image) = start.get("image").and_then(members) {
            let format = image.get("format").and_then(text).unwrap_or_default().into_owned();
            self.block(number).picture = format;
        }
    }

    fn delta(&mut self, number: i64, delta: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        let block = self.block(number);
        let inside = |name: &str| delta.get(name).and_then(members);
        if let Some(said) = delta.get("text").and_then(text) {
            self.reader.push(Delta::Text(said.into_owned()), out);
        } else if let Some(input) = inside("toolUse").and_then(|call| call.get("input").and_then(text)) {
            match (&mut block.server, block.call) {
                (Some(server), _) => server.input.push_str(&input),
                (None, Some(index)) if !input.is_empty() => {
                    block.has_arguments = true;
                    self.reader.push(Delta::Arguments { index, fragment: input.into_owned() }, out);
                }
                _ => {}
            }
        } else if let Some(reasoning) = inside("reasoningContent") {
            if let Some(value) = reasoning.get("signature").and_then(text) {
                block.signature.push_str(&value);
            }
            if let Some(said) = reasoning.get("text").and_then(text) {
                self.reader.push(Delta::Reasoning(said.into_owned()), out);
            }
            if let Some(hidden) = reasoning.get("redactedContent").and_then(text) {
                self.reader.push(Delta::RedactedReasoning(proof(hidden)), out);
            }
        } else if let Some(citation) = delta.get("citation") {
            block.citations.push(keep(citation));
        } else if let Some(results) = delta.get("toolResult").and_then(elements) {
            if let Some(server) = &mut block.server {
                server.content.extend(results.into_iter().map(keep));
            }
        } else if let Some(image) = inside("image") {
            let format = block.picture.clone();
            let bytes =
                image.get("source").and_then(members).and_then(|source| source.get("bytes").and_then(text));
            if let Some(base64) = bytes {
                self.reader.push(picture(&format, base64), out);
            }
        }
    }

    fn close(&mut self, number: i64, out: &mut Vec<ChatEvent>) {
        let Some(block) = self.open.remove(&number) else { return };
        if let Some(index) = block.call.filter(|_| !block.has_arguments) {
            // A whole answer says of a call without arguments that they are an empty object; a stream says nothing.
            self.reader.push(Delta::Arguments { index, fragment: "{}".to_owned() }, out);
        }
        if !block.signature.is_empty() {
            self.reader.push(Delta::ReasoningSignature(proof(block.signature)), out);
        }
        for citation in &block.citations {
            self.reader.cite(&citation.0, block.from, out);
        }
        if let Some((kind, json)) = block.server.and_then(|server| Some((server.kind, server.whole()?))) {
            self.reader.push(native(kind, json), out);
        }
    }
}

impl Server {
    /// The block as it stands in a whole answer.
    fn whole(&self) -> Option<Json> {
        let start = members(&self.start.0)?;
        let mut out = bytes::BytesMut::new();
        let mut block = ObjectWriter::begin(&mut out);
        block.object(self.kind, |object| {
            for (name, value) in start.iter() {
                object.plain(name, value.get());
            }
            if self.kind == "toolUse" {
                let input = if self.input.trim().is_empty() { "{}" } else { &self.input };
                match Json::parse(input) {
                    Ok(input) => object.json("input", &input),
                    Err(_) => object.text("input", &self.input),
                }
            } else {
                object.array("content", |list| {
                    for piece in &self.content {
                        list.element().extend_from_slice(piece.as_str().as_bytes());
                    }
                });
            }
        });
        block.end();
        Json::parse(String::from_utf8_lossy(&out)).ok()
    }
}
