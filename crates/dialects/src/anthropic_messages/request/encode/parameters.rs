use switchyard_domain::chat::ResponseFormat;

use super::Body;
use super::reasoning::Plan;
use crate::anthropic_messages::tiers::own_tier;
use crate::codec::Unsupported;

/// The least nucleus that the vendor takes from a model that thinks.
const LEAST_TOP_P: f64 = 0.95;

impl Body<'_, '_> {
    /// Refuses what must not be left out.
    pub(super) fn refuse_parameters(&self) -> Result<(), Unsupported> {
        if self.request.choices.is_some_and(|choices| choices > 1) {
            return Err(Unsupported::new("n", "the provider gives one answer; ask several times instead"));
        }
        let without_schema = matches!(
            &self.request.response_format,
            Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema { schema: None, .. })
        );
        if without_schema {
            let message = "the provider can be held to JSON by a schema only; give one (`json_schema`)";
            return Err(Unsupported::new("response_format", message));
        }
        Ok(())
    }

    pub(super) fn write_parameters(&mut self, plan: &Plan<'_>) {
        self.write_sampling(plan);
        self.write_stops();
        let request = self.request;
        if !request.metadata.is_empty() {
            self.losses.dropped("metadata", "the provider keeps no labels");
        }
        let nested = self.nested("metadata.");
        if request.user.is_some() || !nested.is_empty() {
            self.object.object("metadata", |metadata| {
                if let Some(user) = &request.user {
                    metadata.text("user_id", user);
                }
                nested.iter().for_each(|(name, value)| metadata.json(name, value));
            });
        }
        match request.service_tier.as_deref().map(|word| (word, own_tier(word))) {
            Some((_, Some(own))) => self.object.text("service_tier", own),
            Some((word, None)) if self.same_dialect => self.object.text("service_tier", word),
            Some(_) => self.losses.dropped("service_tier", "the provider has no such tier"),
            None => {}
        }
        if request.stream.is_some() {
            self.object.plain("stream", true);
        }
    }

    fn write_sampling(&mut self, plan: &Plan<'_>) {
        let sampling = &self.request.sampling;
        let thinks = plan.thinks();
        if let Some(temperature) = sampling.temperature {
            if thinks && temperature != 1.0 {
                self.losses.dropped("temperature", "a model that thinks has a fixed one");
            } else if temperature > 1.0 {
                self.losses.degraded("temperature", "goes as 1, the provider's highest");
                self.object.plain("temperature", 1);
            } else {
                self.object.decimal("temperature", temperature);
            }
        }
        if let Some(top_p) = sampling.top_p {
            if thinks && top_p < LEAST_TOP_P {
                self.losses.dropped("top_p", "a model that thinks takes none below 0.95");
            } else if sampling.temperature.is_some() && !self.same_dialect {
                // Models since Claude Opus 4.1 take one of the two (Anthropic's documentation, 2026).
                self.losses.dropped("top_p", "the provider takes it or a temperature, not both");
            } else {
                self.object.decimal("top_p", top_p);
            }
        }
        match sampling.top_k {
            Some(_) if thinks => self.losses.dropped("top_k", "a model that thinks takes none"),
            Some(top_k) => self.object.plain("top_k", top_k),
            None => {}
        }
        let asked = |value: Option<f64>| value.is_some_and(|value| value != 0.0);
        for (name, is_asked) in [
            ("frequency_penalty", asked(sampling.frequency_penalty)),
            ("presence_penalty", asked(sampling.presence_penalty)),
            ("seed", sampling.seed.is_some()),
            ("logprobs", sampling.logprobs == Some(true)),
            ("top_logprobs", sampling.top_logprobs.is_some_and(|count| count > 0)),
            ("logit_bias", !sampling.logit_bias.is_empty()),
        ] {
            if is_asked {
                self.losses.dropped(name, "the provider has no such parameter");
            }
        }
    }

    fn write_stops(&mut self) {
        // The vendor refuses those of white space alone.
        let (good, blank): (Vec<_>, Vec<_>) =
            self.request.stop.iter().enumerate().partition(|(_, stop)| !stop.trim().is_empty());
        for (index, _) in blank {
            self.losses.dropped(format!("stop[{index}]"), "the provider takes none of white space alone");
        }
        if !good.is_empty() {
            self.object.array("stop_sequences", |list| good.iter().for_each(|(_, stop)| list.text(stop)));
        }
    }

    pub(super) fn write_output(&mut self, plan: &Plan<'_>) {
        let format = match &self.request.response_format {
            Some(ResponseFormat::JsonSchema { schema: Some(schema), description, .. }) => {
                if description.is_some() {
                    let member = "response_format.json_schema.description";
                    self.losses.dropped(member, "has no place in the provider's dialect");
                }
                Some(schema)
            }
            _ => None,
        };
        let nested = self.nested("output_config.");
        if format.is_none() && plan.effort.is_none() && nested.is_empty() {
            return;
        }
        let of_format = |name: &str| format.is_some() && name.starts_with("format.");
        let (inside, beside): (Vec<_>, Vec<_>) = nested.into_iter().partition(|(name, _)| of_format(name));
        self.object.object("output_config", |object| {
            if let Some(effort) = &plan.effort {
                object.text("effort", effort);
            }
            if let Some(schema) = format {
                object.object("format", |object| {
                    object.text("type", "json_schema");
                    object.json("schema", schema);
                    for (name, value) in &inside {
                        object.json(name.trim_start_matches("format."), value);
                    }
                });
            }
            beside.iter().for_each(|(name, value)| object.json(name, value));
        });
    }
}
