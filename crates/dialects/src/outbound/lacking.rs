use std::ops::RangeInclusive;

use switchyard_domain::chat::{ChatRequest, LossReport, Message};

use crate::codec::Unsupported;

pub(crate) const NO_PLACE: &str = "has no place in the provider's dialect";

/// Refuses a request for several choices where there can be one.
pub(crate) fn one_choice(request: &ChatRequest) -> Result<(), Unsupported> {
    if request.choices.is_some_and(|choices| choices > 1) {
        return Err(Unsupported::new("n", "The provider gives one answer at a time; ask with `n` = 1."));
    }
    Ok(())
}

/// Notes those of these parameters, in the client's words, that are set.
pub(crate) fn note_lacking(request: &ChatRequest, names: &[&str], losses: &mut LossReport) {
    for name in names.iter().filter(|name| is_set(request, name)) {
        losses.dropped(*name, NO_PLACE);
    }
}

fn is_set(request: &ChatRequest, name: &str) -> bool {
    let sampling = &request.sampling;
    match name {
        "top_k" => sampling.top_k.is_some(),
        "frequency_penalty" => sampling.frequency_penalty.is_some(),
        "presence_penalty" => sampling.presence_penalty.is_some(),
        "seed" => sampling.seed.is_some(),
        "logprobs" => sampling.logprobs == Some(true),
        "top_logprobs" => sampling.top_logprobs.is_some_and(|count| count > 0),
        "logit_bias" => !sampling.logit_bias.is_empty(),
        // Several calls in one turn are what every provider allows.
        "parallel_tool_calls" => request.parallel_tool_calls == Some(false) && !request.tools.is_empty(),
        "metadata" => !request.metadata.is_empty(),
        "user" => request.user.is_some(),
        // The vendor's own choice is what comes of saying nothing.
        "service_tier" => request.service_tier.as_ref().is_some_and(|tier| tier != "auto"),
        "reasoning.summary" => request.reasoning.summary.is_some(),
        _ => false,
    }
}

/// Notes a wish not to see the reasoning, where the provider shows all there is.
pub(crate) fn note_visible(request: &ChatRequest, losses: &mut LossReport) {
    if request.reasoning.visible == Some(false) {
        losses.dropped("reasoning.visible", "the provider shows all that the model thinks");
    }
}

/// The nearest decimal that the provider takes.
pub(crate) fn within(name: &str, value: f64, range: RangeInclusive<f64>, losses: &mut LossReport) -> f64 {
    let nearest = value.max(*range.start()).min(*range.end());
    if nearest != value {
        losses.degraded(name, format!("goes as {nearest}, the nearest that the provider takes"));
    }
    nearest
}

/// Notes the name of who speaks.
pub(crate) fn note_name(message: &Message, index: usize, losses: &mut LossReport) {
    if message.name.is_some() {
        losses.dropped(format!("messages[{index}].name"), "the provider knows no names of people");
    }
}
