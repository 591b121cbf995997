use switchyard_domain::chat::{ChatRequest, Json, ResponseFormat};

use super::Body;
use crate::json::ObjectWriter;
use crate::outbound::{NO_PLACE, note_visible};
use crate::reasoning::{effort_of_budget, is_off};

/// The levels that a model with levels knows; any other model refuses them: `think value "high" is not supported for this
/// model` (ollama/ollama, 2025).
const LEVELS: &[&str] = &["low", "medium", "high"];

/// The models with levels, by what stands in their names.
const WITH_LEVELS: &[&str] = &["gpt-oss"];

impl Body<'_, '_> {
    pub(super) fn write_parameters(&mut self) {
        self.write_think();
        self.write_format();
        self.write_options();
        let sampling = &self.request.sampling;
        if let Some(logprobs) = sampling.logprobs {
            self.object.plain("logprobs", logprobs);
        }
        if let Some(count) = sampling.top_logprobs {
            self.object.plain("top_logprobs", count);
        }
    }

    fn write_think(&mut self) {
        let wish = &self.request.reasoning;
        if is_off(wish) {
            return self.object.plain("think", false);
        }
        let word = wish.effort.as_ref().map(|effort| effort.0.as_str());
        let level = word.or_else(|| wish.budget_tokens.map(effort_of_budget));
        if level.is_none() && wish.mode.is_none() {
            return;
        }
        note_visible(self.request, self.losses);
        if wish.budget_tokens.is_some() && word.is_none() {
            self.losses.degraded("reasoning", "the provider knows no budget of reasoning");
        }
        let Some(level) = level else { return self.object.plain("think", true) };
        if !WITH_LEVELS.iter().any(|name| self.model.contains(name)) {
            if word.is_some() {
                self.losses.degraded("reasoning", "the model can be told to think, but not how hard");
            }
            return self.object.plain("think", true);
        }
        let nearest = match level {
            "minimal" => "low",
            "xhigh" | "max" => "high",
            level if LEVELS.contains(&level) => level,
            _ => "medium",
        };
        if nearest != level {
            self.losses.degraded("reasoning", format!("goes as `{nearest}`"));
        }
        self.object.text("think", nearest);
    }

    fn write_format(&mut self) {
        match &self.request.response_format {
            None | Some(ResponseFormat::Text) => {}
            Some(ResponseFormat::JsonObject) => self.object.text("format", "json"),
            Some(ResponseFormat::JsonSchema { schema, description, .. }) => {
                if description.is_some() {
                    self.losses.dropped("response_format.description", NO_PLACE);
                }
                match schema {
                    Some(schema) => self.object.json("format", schema),
                    None => self.object.text("format", "json"),
                }
            }
        }
    }

    fn write_options(&mut self) {
        let request = self.request;
        let own = request.extensions.iter().filter(|_| self.origin.is_same_dialect());
        let own: Vec<(&str, &Json)> =
            own.filter_map(|(name, value)| Some((name.strip_prefix("options.")?, value))).collect();
        let is_said = !request.stop.is_empty()
            || request.max_output_tokens.is_some()
            || request.sampling.temperature.is_some()
            || request.sampling.top_p.is_some()
            || request.sampling.top_k.is_some()
            || request.sampling.frequency_penalty.is_some()
            || request.sampling.presence_penalty.is_some()
            || request.sampling.seed.is_some();
        if is_said || !own.is_empty() {
            self.object.object("options", |options| {
                write_sampling(options, request);
                own.iter().for_each(|(name, value)| options.json(name, value));
            });
        }
    }
}

fn write_sampling(options: &mut ObjectWriter<'_>, request: &ChatRequest) {
    let sampling = &request.sampling;
    for (name, value) in [
        ("temperature", sampling.temperature),
        ("top_p", sampling.top_p),
        ("frequency_penalty", sampling.frequency_penalty),
        ("presence_penalty", sampling.presence_penalty),
    ] {
        if let Some(value) = value {
            options.decimal(name, value);
        }
    }
    if let Some(count) = sampling.top_k {
        options.plain("top_k", count);
    }
    if let Some(seed) = sampling.seed {
        options.plain("seed", seed);
    }
    if let Some(most) = request.max_output_tokens {
        options.plain("num_predict", most);
    }
    if !request.stop.is_empty() {
        options.array("stop", |list| request.stop.iter().for_each(|stop| list.text(stop)));
    }
}
