//! Answers that came whole although a stream was asked for, as the events of a stream: readers of streams find nothing in the body
//! of a plain answer. OpenAI documents of `stream` that models which have none ignore it (2026-11).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

use crate::json::{ObjectWriter, RawMembers, elements, members, object};

const DELTA: &str = "speech.audio.delta";
const SPOKEN: &str = "speech.audio.done";
const TRANSCRIBED: &str = "transcript.text.done";
const PICTURE: &str = "image_generation.completed";

/// A whole text completion: its chunks have the same shape.
pub(super) fn completion(body: &[u8]) -> Bytes {
    framed(None, BytesMut::from(String::from_utf8_lossy(body).trim().as_bytes()))
}

/// A whole transcription as its last event, with all that it says.
pub(super) fn transcription(body: &[u8]) -> Option<Bytes> {
    let body = String::from_utf8_lossy(body);
    let top = object(&body)?;
    let data = written(TRANSCRIBED, |event| {
        for (name, value) in top.iter().filter(|(name, _)| *name != "type") {
            event.plain(name, value);
        }
    });
    Some(framed(None, data))
}

/// A transcription that is plain text or subtitles, as its last event.
pub(super) fn transcribed_text(text: &[u8]) -> Bytes {
    framed(None, written(TRANSCRIBED, |event| event.text("text", &String::from_utf8_lossy(text))))
}

/// Whole pictures, each as the event that brings it. What they used together stands in the last, so that whoever adds up the events
/// adds it once.
pub(super) fn pictures(body: &[u8]) -> Option<Bytes> {
    let body = String::from_utf8_lossy(body);
    let top = object(&body)?;
    let pictures = elements(top.get("data")?)?;
    let pictures: Vec<RawMembers<'_>> = pictures.into_iter().map(members).collect::<Option<_>>()?;
    let mut out = BytesMut::new();
    for (at, picture) in (1..).zip(&pictures) {
        let data = written(PICTURE, |event| {
            for (name, value) in picture.iter().filter(|(name, _)| *name != "type") {
                event.plain(name, value);
            }
            for (name, value) in top.iter().filter(|(name, _)| picture.get(name).is_none()) {
                match name {
                    "data" | "type" => {}
                    "created" => event.plain("created_at", value),
                    "usage" if at < pictures.len() => {}
                    name => event.plain(name, value),
                }
            }
        });
        out.extend_from_slice(&framed(Some(PICTURE), data));
    }
    Some(out.freeze())
}

/// A piece of sound.
pub(super) fn sound(piece: &[u8]) -> Bytes {
    framed(None, written(DELTA, |event| event.text("audio", &STANDARD.encode(piece))))
}

/// The end of the sound. What it used nobody said.
pub(super) fn end_of_sound() -> Bytes {
    framed(None, written(SPOKEN, |_| {}))
}

fn written(kind: &str, fill: impl FnOnce(&mut ObjectWriter<'_>)) -> BytesMut {
    let mut out = BytesMut::new();
    let mut event = ObjectWriter::begin(&mut out);
    event.text("type", kind);
    fill(&mut event);
    event.end();
    out
}

/// JSON as an event. A line break in it can only stand between its values.
fn framed(name: Option<&str>, mut data: BytesMut) -> Bytes {
    data.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
    [name.as_bytes(), b"data: ", &data, b"\n\n"].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn events(stream: &[u8]) -> Vec<Value> {
        let text = str::from_utf8(stream).unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    #[test]
    fn a_transcription_becomes_its_last_event_with_all_that_it_says_on_one_line() {
        let body = "{\n  \"text\": \"caf\\u00e9\\n\",\r\n  \"usage\": {\"type\": \"duration\", \"seconds\": 9},\n  \"words\": []\n}\n";
        let expected = json!({"type": "transcript.text.done", "text": "café\n", "words": [],
            "usage": {"type": "duration", "seconds": 9}});
        let stream = transcription(body.as_bytes()).unwrap();
        assert_eq!(events(&stream), [expected]);
        assert_eq!(stream.iter().filter(|byte| **byte == b'\n').count(), 2);
        let text = json!({"type": "transcript.text.done", "text": "one\ntwo\n"});
        assert_eq!(events(&transcribed_text(b"one\ntwo\n")), [text]);
    }

    #[test]
    fn each_picture_is_an_event_and_their_usage_stands_in_the_last() {
        let body = json!({"created": 7, "size": "1x1", "data": [{"b64_json": "AA"}, {"url": "u", "revised_prompt": "r"}],
            "usage": {"input_tokens": 1, "output_tokens": 2}});
        let kind = "image_generation.completed";
        assert_eq!(
            events(&pictures(body.to_string().as_bytes()).unwrap()),
            [
                json!({"type": kind, "b64_json": "AA", "created_at": 7, "size": "1x1"}),
                json!({"type": kind, "url": "u", "revised_prompt": "r", "created_at": 7, "size": "1x1",
                    "usage": {"input_tokens": 1, "output_tokens": 2}}),
            ]
        );
    }

    #[test]
    fn sound_becomes_pieces_of_sound_and_an_end_that_invents_no_counts() {
        assert_eq!(events(&sound(&[0, 255])), [json!({"type": "speech.audio.delta", "audio": "AP8="})]);
        assert_eq!(events(&end_of_sound()), [json!({"type": "speech.audio.done"})]);
    }
}
