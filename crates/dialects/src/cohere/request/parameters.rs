use switchyard_domain::chat::ResponseFormat;

use super::Body;
use crate::outbound::{NO_PLACE, note_visible, within};
use crate::reasoning::{budget_of_effort, is_off};

/// The most candidates.
const MOST_CANDIDATES: u32 = 500;

impl Body<'_, '_> {
    pub(super) fn write_parameters(&mut self) {
        let request = self.request;
        self.write_format();
        if let Some(most) = request.max_output_tokens {
            self.object.plain("max_tokens", most);
        }
        if !request.stop.is_empty() {
            self.object.array("stop_sequences", |list| request.stop.iter().for_each(|stop| list.text(stop)));
        }
        self.write_sampling();
        self.write_thinking();
    }

    fn write_sampling(&mut self) {
        let sampling = &self.request.sampling;
        let zero_to_one = 0.0..=1.0;
        for (name, member, value, range) in [
            ("temperature", "temperature", sampling.temperature, 0.0..=f64::MAX),
            ("top_p", "p", sampling.top_p, 0.01..=0.99),
            ("frequency_penalty", "frequency_penalty", sampling.frequency_penalty, zero_to_one.clone()),
            ("presence_penalty", "presence_penalty", sampling.presence_penalty, zero_to_one),
        ] {
            if let Some(value) = value {
                self.object.decimal(member, within(name, value, range, self.losses));
            }
        }
        if let Some(count) = sampling.top_k {
            let count = within("top_k", count.into(), 0.0..=MOST_CANDIDATES.into(), self.losses);
            self.object.plain("k", count);
        }
        if let Some(seed) = sampling.seed {
            if seed < 0 {
                self.losses.dropped("seed", "the provider takes none below zero");
            } else {
                self.object.plain("seed", seed);
            }
        }
        if let Some(logprobs) = sampling.logprobs {
            self.object.plain("logprobs", logprobs);
        }
    }

    fn write_format(&mut self) {
        let (schema, description) = match &self.request.response_format {
            None | Some(ResponseFormat::Text) => return,
            Some(ResponseFormat::JsonObject) => (None, None),
            Some(ResponseFormat::JsonSchema { schema, description, .. }) => {
                (schema.as_ref(), description.as_ref())
            }
        };
        if description.is_some() {
            self.losses.dropped("response_format.description", NO_PLACE);
        }
        self.object.object("response_format", |format| {
            format.text("type", "json_object");
            if let Some(schema) = schema {
                format.json("json_schema", schema);
            }
        });
    }

    fn write_thinking(&mut self) {
        let wish = &self.request.reasoning;
        if is_off(wish) {
            return self.object.object("thinking", |thinking| thinking.text("type", "disabled"));
        }
        let word = wish.effort.as_ref().map(|effort| effort.0.as_str());
        if word.is_none() && wish.budget_tokens.is_none() && wish.mode.is_none() {
            return;
        }
        note_visible(self.request, self.losses);
        let made = word.map(budget_of_effort);
        if let (Some(word), Some(made), None) = (word, made, wish.budget_tokens) {
            self.losses
                .degraded("reasoning", format!("the effort `{word}` goes as a budget of {made} tokens"));
        }
        self.object.object("thinking", |thinking| {
            thinking.text("type", "enabled");
            if let Some(budget) = wish.budget_tokens.or(made) {
                thinking.plain("token_budget", budget);
            }
        });
    }
}
