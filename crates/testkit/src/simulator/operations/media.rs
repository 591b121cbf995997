//! Pictures and sound.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Asked, event, events, instead, newer_usage, told, whole};
use crate::simulator::answer::Whole;
use crate::simulator::frame::{Frame, Part};
use crate::simulator::reply::{Body, Reply};
use crate::simulator::script::Script;
use crate::simulator::words::{seed, words};

/// Tokens of a picture.
const PICTURE_TOKENS: u64 = 272;
/// Pieces of sound, unless the script says otherwise, and the bytes of each.
const PIECES: usize = 12;
const PIECE_BYTES: usize = 1_500;
/// Bytes of a file for each second that is heard in it.
const BYTES_OF_A_SECOND: usize = 100;

/// The answer to a request for pictures.
pub(super) fn images(asked: &Asked, script: &Script) -> Reply {
    let streams = asked.is("stream") && !script.json_for_stream;
    if let Some(instead) = instead(script, streams) {
        return instead;
    }
    let prompt = asked.text("prompt").unwrap_or_default();
    let input = prompt.split_whitespace().count() as u64;
    let count = asked.number("n").unwrap_or(1);
    let usage = newer_usage(input, PICTURE_TOKENS * count, script);
    let picture = STANDARD.encode(format!("picture of {prompt}"));
    if !streams {
        let mut start = br#"{"created":1767225600,"data":["#.to_vec();
        for at in 0..count {
            let comma = if at > 0 { "," } else { "" };
            start.extend_from_slice(format!(r#"{comma}{{"b64_json":"{picture}"#).as_bytes());
            if at + 1 < count {
                start.extend_from_slice(b"\"}");
            }
        }
        let text_end = Some(start.len());
        let usage = usage.map(|usage| format!(",\"usage\":{usage}")).unwrap_or_default();
        start.extend_from_slice(format!("\"}}]{usage}}}").as_bytes());
        let mut body = Whole { text_end, ..Whole::plain(start) };
        if script.malformed_json {
            body.bytes.truncate(body.bytes.len() / 2);
        }
        let well_formed = !script.malformed_json;
        return Reply {
            prompt_tokens: input,
            well_formed,
            ..Reply::of_whole("application/json", body, script)
        };
    }
    let partial = |at: u64| {
        let kind = "image_generation.partial_image";
        let data = json!({"type": kind, "b64_json": picture, "partial_image_index": at});
        event(Some(kind), Part::Content, &data)
    };
    // Each counts for itself.
    let mut last = json!({"type": "image_generation.completed", "b64_json": picture});
    if let (Some(usage), Some(last)) = (newer_usage(input, PICTURE_TOKENS, script), last.as_object_mut()) {
        last.insert("usage".to_owned(), usage);
    }
    let last = || event(Some("image_generation.completed"), Part::Content, &last);
    let content: Vec<Frame> = (0..asked.number("partial_images").unwrap_or(2)).map(partial).collect();
    let first = content.into_iter().chain((1..count).map(|_| last())).collect();
    events(first, vec![last()], input, script)
}

/// The answer to a request for speech: bytes that are no text.
pub(super) fn speech(asked: &Asked, script: &Script) -> Reply {
    let streams = asked.text("stream_format") == Some("sse") && !script.json_for_stream;
    if let Some(instead) = instead(script, streams) {
        return instead;
    }
    let spoken = asked.text("input").unwrap_or_default();
    let input = spoken.split_whitespace().count() as u64;
    let pieces = script.tokens.unwrap_or(PIECES);
    let piece = |at: usize| -> Vec<u8> {
        let first = (seed([spoken, "", ""]) as usize).wrapping_add(at * 7);
        (0..PIECE_BYTES).map(|byte| (first.wrapping_add(byte * 31) % 256) as u8).collect()
    };
    if streams {
        let delta = |at| json!({"type": "speech.audio.delta", "audio": STANDARD.encode(piece(at))});
        let content = (0..pieces).map(|at| event(None, Part::Content, &delta(at))).collect();
        let usage = newer_usage(input, pieces as u64, script);
        let done = json!({"type": "speech.audio.done", "usage": usage});
        return events(content, vec![event(None, Part::Rest, &done)], input, script);
    }
    let content_type = match asked.text("response_format").unwrap_or("mp3") {
        "opus" => "audio/ogg",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        "pcm" => "application/octet-stream",
        _ => "audio/mpeg",
    };
    let frames = (0..pieces).map(|at| Frame::new(Part::Content, piece(at))).collect::<Vec<_>>();
    let reply = Reply::whole(200, content_type, "");
    Reply { prompt_tokens: input, body: Body::Frames(Box::new(frames.into_iter())), ..reply }
}

/// The answer to a transcription. Models whose name begins with `whisper` count seconds, others tokens.
pub(super) fn transcription(asked: &Asked, script: &Script) -> Reply {
    let streams = asked.is("stream") && !script.json_for_stream;
    if let Some(instead) = instead(script, streams) {
        return instead;
    }
    let heard: Vec<String> = match &script.text {
        Some(text) => vec![text.clone()],
        None => {
            let words = words(seed([asked.model_name(), "", ""]));
            words.take(script.tokens.unwrap_or(PIECES)).map(|word| format!(" {word}")).collect()
        }
    };
    let text = heard.concat();
    let seconds = asked.file_bytes.div_ceil(BYTES_OF_A_SECOND) as u64;
    let usage = told(seconds, heard.len() as u64, script).map(|(input, output)| {
        if asked.model.starts_with("whisper") {
            json!({"type": "duration", "seconds": input})
        } else {
            json!({"type": "tokens", "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
                "input_token_details": {"audio_tokens": input, "text_tokens": 0}})
        }
    });
    if streams {
        let delta = |word: &String| json!({"type": "transcript.text.delta", "delta": word});
        let content = heard.iter().map(|word| event(None, Part::Content, &delta(word))).collect();
        let done = json!({"type": "transcript.text.done", "text": text, "usage": usage});
        return events(content, vec![event(None, Part::Rest, &done)], 0, script);
    }
    match asked.text("response_format").unwrap_or("json") {
        "text" => Reply::whole(200, "text/plain; charset=utf-8", format!("{text}\n")),
        "srt" => Reply::whole(
            200,
            "text/plain; charset=utf-8",
            format!("1\n00:00:00,000 --> 00:00:01,000\n{text}\n"),
        ),
        "vtt" => Reply::whole(
            200,
            "text/vtt; charset=utf-8",
            format!("WEBVTT\n\n00:00.000 --> 00:01.000\n{text}\n"),
        ),
        "verbose_json" => {
            let body = json!({"task": "transcribe", "language": "english", "duration": seconds as f64 + 0.4, "text": text});
            whole(&body, 0, script)
        }
        _ => whole(&with_usage(&text, usage), 0, script),
    }
}

fn with_usage(text: &str, usage: Option<Value>) -> Value {
    match usage {
        Some(usage) => json!({"text": text, "usage": usage}),
        None => json!({"text": text}),
    }
}
