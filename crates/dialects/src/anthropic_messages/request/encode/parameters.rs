use switchyard_domain::chat::ResponseFormat;

use super::Body;
use super::reasoning::Plan;
use crate::anthropic_messages::tiers::own_tier;
use crate::codec::Unsupported;
use crate::outbound::{ClaudeSampling, closed};

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
        // Models since Claude Opus 4.1 take a temperature or a nucleus (Anthropic's documentation, 2026).
        let own = ClaudeSampling::of(sampling, plan.thinks(), self.same_dialect, self.losses);
        for (name, value) in [("temperature", own.temperature), ("top_p", own.top_p)] {
            if let Some(value) = value {
                self.object.decimal(name, value);
            }
        }
        if let Some(top_k) = own.top_k {
            self.object.plain("top_k", top_k);
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

    pub(super) fn write_output(&mut self, plan: &Plan<'_>) -> Result<(), Unsupported> {
        let format = match &self.request.response_format {
            Some(ResponseFormat::JsonSchema { schema: Some(schema), description, .. }) => {
                if description.is_some() {
                    let member = "response_format.json_schema.description";
                    self.losses.dropped(member, "has no place in the provider's dialect");
                }
                // What a client of this dialect says of its objects is its own matter.
                Some(if self.same_dialect { schema.clone() } else { closed(schema, self.losses)? })
            }
            _ => None,
        };
        let nested = self.nested("output_config.");
        if format.is_none() && plan.effort.is_none() && nested.is_empty() {
            return Ok(());
        }
        let of_format = |name: &str| format.is_some() && name.starts_with("format.");
        let (inside, beside): (Vec<_>, Vec<_>) = nested.into_iter().partition(|(name, _)| of_format(name));
        self.object.object("output_config", |object| {
            if let Some(effort) = &plan.effort {
                object.text("effort", effort);
            }
            if let Some(schema) = &format {
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
        Ok(())
    }
}
