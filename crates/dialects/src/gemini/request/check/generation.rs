use super::{Checked, Gathered};
use crate::gemini::members::{fields, no_twins, whole};
use crate::request::{
    CHOOSES_A_MODEL, MAX_OUTPUT_TOKENS, RequestError, boolean, decimal, has_circular_reference, word,
};
use crate::scan::{Kind, Node};
use switchyard_domain::route::Need;

/// What Google allows.
const MAX_CHOICES: i64 = 8;
const MAX_STOPS: usize = 5;
const MAX_STOP_BYTES: usize = 1024;

pub(super) fn check(path: &str, value: Node<'_>, gathered: &mut Gathered) -> Checked {
    if value.kind() != Kind::Object {
        return Err(RequestError::new(path, "must be an object"));
    }
    no_twins(path, value)?;
    for (name, value) in fields(value) {
        let at = format!("{path}.{name}");
        match name.as_ref() {
            "temperature" => decimal(&at, value, 0.0, 2.0)?,
            "topP" => decimal(&at, value, 0.0, 1.0)?,
            "presencePenalty" | "frequencyPenalty" => decimal(&at, value, -2.0, 2.0)?,
            "topK" => drop(integer(&at, value, 0, u32::MAX.into())?),
            "seed" => drop(integer(&at, value, i32::MIN.into(), i32::MAX.into())?),
            "logprobs" => drop(integer(&at, value, 0, 20)?),
            "candidateCount" => {
                gathered.choices = u32::try_from(integer(&at, value, 1, MAX_CHOICES)?).ok();
            }
            "maxOutputTokens" => {
                // The bound fits.
                let limit = integer(&at, value, 1, MAX_OUTPUT_TOKENS as i64)?;
                gathered.max_output_tokens = u64::try_from(limit).ok();
            }
            "responseLogprobs" => drop(boolean(&at, value)?),
            "responseMimeType" => word(&at, value)?,
            "responseSchema" | "responseJsonSchema" => check_schema(&at, value, gathered)?,
            "stopSequences" => check_stops(&at, value)?,
            "thinkingConfig" => check_thinking(&at, value)?,
            // Vertex's: by them it answers with a model of its or the client's choice (its API reference, 2026-11).
            "routingConfig" | "modelConfig" | "modelSelectionConfig" => {
                return Err(RequestError::new(at, CHOOSES_A_MODEL));
            }
            _ => {}
        }
    }
    Ok(())
}

fn integer(path: &str, value: Node<'_>, least: i64, most: i64) -> Result<i64, RequestError> {
    whole(value)
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| RequestError::new(path, format!("must be an integer from {least} to {most}")))
}

fn check_schema(path: &str, value: Node<'_>, gathered: &mut Gathered) -> Checked {
    if value.kind() != Kind::Object {
        return Err(RequestError::new(path, "must be an object"));
    }
    if has_circular_reference(value) {
        return Err(RequestError::new(path, "has a `$ref` that leads back to itself"));
    }
    // The schema is part of what the model reads.
    gathered.text_bytes += value.span().len() as u64;
    gathered.needs = gathered.needs.and(Need::JsonSchema, true);
    Ok(())
}

fn check_stops(path: &str, value: Node<'_>) -> Checked {
    let is_good = |stop: Node<'_>| stop.text_len().is_some_and(|length| length <= MAX_STOP_BYTES);
    let good = value.kind() == Kind::Array
        && value.elements().take(MAX_STOPS + 1).count() <= MAX_STOPS
        && value.elements().all(is_good);
    let message = || format!("must be up to {MAX_STOPS} strings of at most {MAX_STOP_BYTES} bytes");
    if good { Ok(()) } else { Err(RequestError::new(path, message())) }
}

fn check_thinking(path: &str, value: Node<'_>) -> Checked {
    if value.kind() != Kind::Object {
        return Err(RequestError::new(path, "must be an object"));
    }
    no_twins(path, value)?;
    for (name, value) in fields(value) {
        let at = format!("{path}.{name}");
        match name.as_ref() {
            "includeThoughts" => drop(boolean(&at, value)?),
            "thinkingBudget" => drop(integer(&at, value, -1, i32::MAX.into())?),
            "thinkingLevel" => word(&at, value)?,
            _ => {}
        }
    }
    Ok(())
}
