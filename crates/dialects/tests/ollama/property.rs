//! Any request is written as a sound body or refused, and any bytes are read.

use proptest::prelude::*;
use serde_json::Value;
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::ollama::Ollama;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_testkit::corpus;

use crate::canonical::{request, strings, text, texts};

proptest! {
    #[test]
    fn any_request_keeps_its_words_or_is_refused(request in request(), same: bool) {
        let source = if same { Dialect::OLLAMA } else { Dialect::ANTHROPIC_MESSAGES };
        let mut losses = LossReport::default();
        match Ollama.encode(&request, &request.model, source, &mut losses) {
            Err(refusal) => prop_assert!(refusal.param.is_some() && !refusal.message.is_empty()),
            Ok(body) => {
                let body: Value = serde_json::from_slice(&body).unwrap();
                prop_assert!(body["stream"].is_boolean() && body["messages"].is_array());
                let mut found = Vec::new();
                strings(&body["messages"], &mut found);
                for text in texts(&request) {
                    prop_assert!(found.iter().any(|found| found.contains(text)), "{:?} is lost", text);
                }
                for message in body["messages"].as_array().unwrap() {
                    prop_assert!(message["content"].is_string());
                    for call in message["tool_calls"].as_array().into_iter().flatten() {
                        prop_assert!(call["function"]["arguments"].is_object());
                    }
                }
                prop_assert!(losses.losses.iter().all(|loss| !loss.member.is_empty() && !loss.reason.is_empty()));
            }
        }
    }

    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>, line in text()) {
        let _ = Ollama.decode(&bytes);
        let mut reader = Ollama.reader(1);
        let mut out = Vec::new();
        let _ = reader.event(None, &bytes, &mut out);
        let _ = reader.event(Some(b"x"), line.as_bytes(), &mut out);
        reader.finish(&mut out);
    }

    #[test]
    fn any_damage_to_what_was_recorded_is_read(at in 0.0..1.0_f64, byte: u8, pick in 0_usize..23) {
        let exchanges = recorded();
        let mut bytes = exchanges[pick % exchanges.len()].clone();
        let place = ((bytes.len() - 1) as f64 * at) as usize;
        bytes[place] = byte;
        let _ = Ollama.decode(&bytes);
        let mut reader = Ollama.reader(1);
        let mut out = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            if reader.event(None, line, &mut out).is_err() {
                break;
            }
        }
        reader.finish(&mut out);
    }
}

fn recorded() -> &'static [Vec<u8>] {
    static RECORDED: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    RECORDED.get_or_init(|| corpus::of("ollama").unwrap().iter().map(|exchange| exchange.answer()).collect())
}
