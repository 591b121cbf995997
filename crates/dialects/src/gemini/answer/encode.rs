use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{
    ChatAnswer, Choice, FinishReason, Json, Part, Reasoning, Signature, TokenUsage,
};

use super::chunk::{ABOUT_SERVICE, is_block};
use crate::codec::AnswerForm;
use crate::gemini::citations::{self, GROUNDING, Places, RECITED};
use crate::gemini::parts::{About, Medium, NATIVE, write_call, write_native, write_said};
use crate::gemini::{finish, logprobs, proofs, usage};
use crate::json::{ArrayWriter, ObjectWriter, text};
use crate::logprobs::joined_logprobs;

/// Names that mean something else where members without canonical form are written.
const TAKEN: &[&str] = &[
    "candidates",
    "content",
    "error",
    "finishReason",
    "index",
    "logprobsResult",
    "modelVersion",
    "responseId",
    "usageMetadata",
];

/// Writes an answer as Google does.
pub(in crate::gemini) fn encode(answer: &ChatAnswer, form: &AnswerForm<'_>) -> Bytes {
    let mut out = BytesMut::with_capacity(1024);
    let mut object = ObjectWriter::begin(&mut out);
    if !is_blocked(answer) {
        object.array("candidates", |list| {
            for choice in &answer.choices {
                list.object(|candidate| {
                    write_content(candidate, |list| write_parts(list, &choice.parts));
                    candidate.plain("index", choice.index);
                    let mut places = Places::default();
                    if !choice.citations.is_empty() {
                        places.push(&choice.text());
                    }
                    let refused = choice.parts.iter().any(|part| matches!(part, Part::Refusal { .. }));
                    write_tail(candidate, choice, &places, refused);
                    if let Some(logprobs) = joined_logprobs(&choice.logprobs) {
                        logprobs::write(candidate, &logprobs);
                    }
                });
            }
        });
    }
    let id = if answer.id.is_empty() { form.fallback_id } else { &answer.id };
    let model = if answer.model.is_empty() { form.fallback_model } else { &answer.model };
    write_beside(&mut object, answer);
    write_names(&mut object, id, model);
    object.end();
    out.freeze()
}

/// Whether the prompt was refused: there is no candidate then.
pub(in crate::gemini) fn is_blocked(answer: &ChatAnswer) -> bool {
    let is_silent = |choice: &Choice| {
        choice.parts.is_empty()
            && choice.finish.as_ref().is_none_or(|reason| *reason == FinishReason::ContentFilter)
    };
    let feedback = answer.extensions.iter().find(|(name, _)| name == "promptFeedback");
    feedback.is_some_and(|(_, feedback)| is_block(feedback)) && answer.choices.iter().all(is_silent)
}

/// Writes the content of a candidate.
pub(in crate::gemini) fn write_content(
    candidate: &mut ObjectWriter<'_>,
    parts: impl FnOnce(&mut ArrayWriter<'_>),
) {
    candidate.object("content", |content| {
        content.array("parts", parts);
        content.text("role", "model");
    });
}

/// Writes what a candidate says besides its content, save its log probabilities. `refused` says that it holds a refusal.
pub(in crate::gemini) fn write_tail(
    candidate: &mut ObjectWriter<'_>,
    choice: &Choice,
    places: &Places,
    refused: bool,
) {
    let extension = |wanted: &str| choice.extensions.iter().find(|(name, _)| name == wanted);
    if let Some(reason) = &choice.finish {
        let native = extension(finish::NATIVE_WORD).and_then(|(_, word)| text(&word.0));
        candidate.text("finishReason", finish::word_given(reason, native.as_deref(), refused));
    }
    for (name, value) in &choice.extensions {
        if name != finish::NATIVE_WORD && !TAKEN.contains(&name.as_str()) {
            candidate.json(name, value);
        }
    }
    if extension(GROUNDING).or_else(|| extension(RECITED)).is_none() {
        citations::write(candidate, &choice.citations, places);
    }
}

/// Writes what an answer says besides its candidates.
pub(in crate::gemini) fn write_beside(object: &mut ObjectWriter<'_>, answer: &ChatAnswer) {
    let is_about_service = |name: &str| ABOUT_SERVICE.iter().any(|(_, known)| *known == name);
    if let Some(counts) = &answer.usage {
        write_usage(object, counts, &answer.extensions);
    }
    for (name, value) in &answer.extensions {
        if !is_about_service(name) && !TAKEN.contains(&name.as_str()) {
            object.json(name, value);
        }
    }
}

fn write_usage(object: &mut ObjectWriter<'_>, counts: &TokenUsage, extensions: &[(String, Json)]) {
    object.object("usageMetadata", |metadata| {
        usage::write(metadata, counts);
        for (member, name) in ABOUT_SERVICE {
            let word = extensions.iter().find(|(known, _)| known == name).and_then(|(_, word)| text(&word.0));
            match word.as_deref() {
                // OpenAI's word for it.
                Some("default") => metadata.text(member, "standard"),
                Some(word) => metadata.text(member, word),
                None => {}
            }
        }
    });
}

/// Writes what every piece of an answer ends with.
pub(in crate::gemini) fn write_names(object: &mut ObjectWriter<'_>, id: &str, model: &str) {
    object.text("modelVersion", model);
    object.text("responseId", id);
}

/// Writes parts. Each proof goes into the part that it belongs to.
pub(in crate::gemini) fn write_parts(list: &mut ArrayWriter<'_>, parts: &[Part]) {
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        let takes_proof = matches!(part, Part::Text { .. }) || Medium::of(part).is_some();
        let next = parts.next_if(|next| takes_proof && matches!(next, Part::Signature(_)));
        let proof = match next {
            Some(Part::Signature(signature)) => Some(signature),
            _ => None,
        };
        write_part(list, part, proof);
    }
}

fn write_part(list: &mut ArrayWriter<'_>, part: &Part, proof: Option<&Signature>) {
    let proof = proof.map(proofs::written);
    let about = About { proof: proof.as_deref(), ..About::default() };
    match part {
        Part::Text { text } | Part::Refusal { text } => write_said(list, text, about),
        Part::Reasoning(reasoning) => write_thought(list, reasoning),
        Part::Signature(signature) => {
            let proof = proofs::written(signature);
            write_said(list, "", About { proof: Some(&proof), ..About::default() });
        }
        Part::ToolCall(call) => {
            let proof = call.signature.as_ref().map(proofs::written);
            write_call(list, &call.id, call, About { proof: proof.as_deref(), ..About::default() });
        }
        Part::Native { kind, json } if NATIVE.contains(&kind.as_str()) => write_native(list, json),
        Part::Image { .. } | Part::Audio(_) | Part::Document(_) => {
            if let Some(medium) = Medium::of(part) {
                list.object(|object| medium.write(object, true, about));
            }
        }
        // They are of other dialects, or no part of an answer.
        Part::Native { .. } | Part::ToolResult(_) | Part::CacheMark { .. } => {}
    }
}

fn write_thought(list: &mut ArrayWriter<'_>, reasoning: &Reasoning) {
    let proof = reasoning.signature.as_ref().map(|signature| {
        if reasoning.redacted {
            proofs::written_redacted(signature).into()
        } else {
            proofs::written(signature)
        }
    });
    write_said(
        list,
        &reasoning.text,
        About { is_thought: true, proof: proof.as_deref(), ..About::default() },
    );
}
