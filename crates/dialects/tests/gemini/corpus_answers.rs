//! Every recorded answer, whole or streamed.

use std::collections::BTreeSet;

use serde_json::Value;
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::gemini::Gemini;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, Part, Signature};
use switchyard_testkit::corpus::{self, Exchange};

use crate::tools::{collect, events_of, read_stream};

/// Whether a stream came as one list, as the server was not asked for events.
pub(crate) fn is_list(exchange: &Exchange) -> bool {
    exchange.response.body.trim_start().starts_with('[')
}

pub(crate) fn events(exchange: &Exchange) -> Result<Vec<ChatEvent>, String> {
    let body = exchange.answer();
    if exchange.stream && !is_list(exchange) {
        let (events, finished) = read_stream(&body)?;
        return if finished { Ok(events) } else { Err("the stream has no end".to_owned()) };
    }
    let decoded = Gemini::GOOGLE.decode(&body).map_err(|fault| fault.to_string())?;
    if decoded.usage_corrected { Err("a count was corrected".to_owned()) } else { Ok(decoded.events) }
}

pub(crate) fn answers() -> Vec<Exchange> {
    let exchanges = corpus::of("gemini").unwrap();
    exchanges.into_iter().filter(|exchange| exchange.expected.ok == Some(true)).collect()
}

/// The proofs of an answer, those within native parts too.
fn proofs(answer: &ChatAnswer) -> Vec<Signature> {
    let mut proofs = Vec::new();
    for part in answer.choices.iter().flat_map(|choice| &choice.parts) {
        match part {
            Part::ToolCall(call) => proofs.extend(call.signature.clone()),
            Part::Signature(signature) => proofs.push(signature.clone()),
            Part::Reasoning(reasoning) => proofs.extend(reasoning.signature.clone()),
            Part::Native { json, .. } => {
                let part: Value = serde_json::from_str(json.as_str()).unwrap();
                let proof = part["thoughtSignature"].as_str();
                proofs.extend(proof.map(|proof| Signature::new(Signature::GOOGLE, proof)));
            }
            _ => {}
        }
    }
    proofs
}

#[test]
fn every_answer_has_a_model_and_its_proofs_as_they_came() {
    let mut count = 0;
    for exchange in answers() {
        let got = collect(events(&exchange).unwrap());
        assert!(!got.model.is_empty(), "{}", exchange.id);
        let proofs = proofs(&got);
        for proof in &proofs {
            assert_eq!(proof.issuer, Signature::GOOGLE);
            assert!(exchange.response.body.contains(&proof.value), "{}", exchange.id);
        }
        let sent = exchange.response.body.matches("\"thoughtSignature\"").count();
        assert_eq!(proofs.len(), sent, "{}", exchange.id);
        count += sent;
    }
    assert_eq!(count, 134);
}

/// The texts that Google says its sources stand for.
fn segments(exchange: &Exchange) -> BTreeSet<String> {
    let bodies = if exchange.stream && !is_list(exchange) {
        events_of(&exchange.answer())
    } else {
        vec![exchange.answer()]
    };
    let mut found = BTreeSet::new();
    for body in bodies {
        let chunk: Value = serde_json::from_slice(&body).unwrap();
        let supports = &chunk["candidates"][0]["groundingMetadata"]["groundingSupports"];
        for support in supports.as_array().into_iter().flatten() {
            found.insert(support["segment"]["text"].as_str().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn the_spans_of_sources_are_the_texts_that_google_says_they_are() {
    let mut spans = 0;
    for exchange in answers().iter().filter(|exchange| exchange.response.body.contains("groundingSupports")) {
        let segments = segments(exchange);
        let got = collect(events(exchange).unwrap());
        for choice in &got.choices {
            let text: Vec<char> = choice.text().chars().collect();
            for (start, end) in choice.citations.iter().filter_map(|citation| citation.span) {
                let cited: String = text[start as usize..end as usize].iter().collect();
                assert!(segments.contains(&cited), "{}: {cited:?} is none of {segments:?}", exchange.id);
                spans += 1;
            }
        }
    }
    assert_eq!(spans, 32);
}
