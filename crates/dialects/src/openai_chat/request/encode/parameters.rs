use switchyard_domain::chat::{ReasoningWish, ResponseFormat};

use super::{Body, MaxTokensMember, ReasoningForm, StreamUsage};
use crate::reasoning::{effort_of_budget, is_off};

impl Body<'_, '_> {
    pub(super) fn write_parameters(&mut self) {
        let request = self.request;
        self.write_sampling();
        let member = match self.facts.max_tokens {
            MaxTokensMember::MaxTokens => "max_tokens",
            MaxTokensMember::MaxCompletionTokens => "max_completion_tokens",
        };
        self.plain(member, request.max_output_tokens);
        self.plain("n", request.choices);
        if !request.stop.is_empty() && self.may("stop") {
            self.object.array("stop", |list| request.stop.iter().for_each(|stop| list.text(stop)));
        }
        self.write_response_format();
        self.write_reasoning();
        self.write_stream();
        if !request.metadata.is_empty() && self.may("metadata") {
            self.object.object("metadata", |labels| {
                request.metadata.iter().for_each(|(name, label)| labels.text(name, label));
            });
        }
        self.word("user", request.user.as_deref());
        self.word("service_tier", request.service_tier.as_deref());
    }

    fn write_sampling(&mut self) {
        let sampling = &self.request.sampling;
        for (name, value) in [
            ("temperature", sampling.temperature),
            ("top_p", sampling.top_p),
            ("frequency_penalty", sampling.frequency_penalty),
            ("presence_penalty", sampling.presence_penalty),
        ] {
            if let Some(value) = value
                && self.may(name)
            {
                self.object.decimal(name, value);
            }
        }
        if self.facts.top_k {
            self.plain("top_k", sampling.top_k);
        } else if sampling.top_k.is_some() {
            self.losses.dropped("top_k", "the provider does not know it");
        }
        self.plain(self.facts.seed_member, sampling.seed);
        self.plain("logprobs", sampling.logprobs);
        self.plain("top_logprobs", sampling.top_logprobs);
        if !sampling.logit_bias.is_empty() && self.may("logit_bias") {
            self.object.object("logit_bias", |biases| {
                sampling.logit_bias.iter().for_each(|(token, bias)| biases.plain(token, bias));
            });
        }
    }

    fn write_reasoning(&mut self) {
        let wish = &self.request.reasoning;
        let mut effort = wish.effort.as_ref().map(|effort| effort.0.as_str());
        match wish.budget_tokens {
            Some(_) if effort.is_some() => {}
            Some(tokens) if tokens > 0 => {
                let word = effort_of_budget(tokens);
                self.losses.degraded(
                    "reasoning",
                    format!("a budget of {tokens} tokens goes as the effort `{word}`"),
                );
                effort = Some(word);
            }
            _ if effort.is_none() && is_off(wish) => {
                self.losses.degraded("reasoning", "whether it reasons is the model's own matter");
            }
            _ if effort.is_none() && wish.mode.is_some() => {
                self.losses
                    .degraded("reasoning", "whether and how hard it reasons is the model's own matter");
            }
            _ => {}
        }
        if wish.summary.is_some() {
            self.losses.dropped("reasoning.summary", "has no place in the provider's dialect");
        } else {
            self.note_visible(wish);
        }
        self.word("reasoning_effort", effort);
    }

    /// Notes a wish to read what the model thinks, or not to, where it may come out otherwise: nothing in this dialect says it.
    fn note_visible(&mut self, wish: &ReasoningWish) {
        let Some(visible) = wish.visible.filter(|_| !is_off(wish)) else { return };
        let shows = self.facts.reasoning != ReasoningForm::Omit;
        let member = "reasoning.visible";
        match (visible, shows, self.facts.hides_reasoning) {
            (true, true, _) | (false, false, true) => {}
            (true, false, true) => {
                self.losses.dropped(member, "the provider shows nothing of what the model thinks");
            }
            (false, true, _) => self.losses.dropped(member, "the provider shows all that the model thinks"),
            (_, false, false) => {
                let reason = "whether it shows what the model thinks is the provider's own matter";
                self.losses.degraded(member, reason);
            }
        }
    }

    pub(super) fn plain(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value
            && self.may(name)
        {
            self.object.plain(name, value);
        }
    }

    fn word(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value
            && self.may(name)
        {
            self.object.text(name, value);
        }
    }

    fn write_response_format(&mut self) {
        let Some(format) = &self.request.response_format else { return };
        if !self.may("response_format") {
            return;
        }
        self.object.object("response_format", |object| match format {
            ResponseFormat::Text => object.text("type", "text"),
            ResponseFormat::JsonObject => object.text("type", "json_object"),
            ResponseFormat::JsonSchema { name, description, schema, strict } => {
                object.text("type", "json_schema");
                object.object("json_schema", |object| {
                    object.text("name", name);
                    if let Some(description) = description {
                        object.text("description", description);
                    }
                    if let Some(schema) = schema {
                        object.json("schema", schema);
                    }
                    if let Some(strict) = strict {
                        object.plain("strict", strict);
                    }
                });
            }
        });
    }

    fn write_stream(&mut self) {
        let Some(options) = self.request.stream else { return };
        self.object.plain("stream", true);
        if !self.writes_stream_options() {
            return;
        }
        let include_usage = options.include_usage || self.facts.stream_usage == StreamUsage::Always;
        let extensions = if self.same_dialect { self.request.extensions.as_slice() } else { &[] };
        let others = extensions
            .iter()
            .filter_map(|(name, value)| name.strip_prefix("stream_options.").map(|name| (name, value)));
        if include_usage || others.clone().next().is_some() {
            self.object.object("stream_options", |object| {
                if include_usage {
                    object.plain("include_usage", true);
                }
                others.for_each(|(name, value)| object.json(name, value));
            });
        }
    }

    pub(super) fn writes_stream_options(&self) -> bool {
        self.request.stream.is_some() && self.facts.stream_usage != StreamUsage::Unasked
    }
}
