use switchyard_domain::chat::{Json, ResponseFormat};

use super::Body;
use crate::json::{ObjectWriter, elements, text};
use crate::openai_responses::codec::ProofsWanted;
use crate::reasoning::{effort_of_budget, is_off};

/// What is asked to be included where log probabilities are wanted.
const LOGPROBS: &str = "message.output_text.logprobs";

/// What is asked to be included where reasoning must come with its proof.
const PROOFS: &str = "reasoning.encrypted_content";

impl<'r> Body<'r, '_> {
    /// The members of this dialect inside of an object, if the request came in it.
    fn nested(&self, prefix: &str) -> Vec<(&'r str, &'r Json)> {
        let extensions: &'r [(String, Json)] =
            if self.target.is_same_dialect() { &self.request.extensions } else { &[] };
        let inside =
            extensions.iter().filter_map(|(name, value)| name.strip_prefix(prefix).map(|name| (name, value)));
        inside.filter(|(name, _)| !name.contains('.')).collect()
    }

    pub(super) fn write_parameters(&mut self) {
        let request = self.request;
        self.write_sampling();
        if let Some(most) = request.max_output_tokens {
            self.object.plain("max_output_tokens", most);
        }
        if !request.stop.is_empty() {
            self.losses.dropped("stop", "the provider's dialect has no texts to stop at");
        }
        self.write_text();
        self.write_reasoning();
        self.write_include();
        if request.stream.is_some() {
            self.object.plain("stream", true);
            let options = self.nested("stream_options.");
            if !options.is_empty() {
                self.object.object("stream_options", |object| write_all(object, &options));
            }
        }
        if !request.metadata.is_empty() {
            self.object.object("metadata", |labels| {
                request.metadata.iter().for_each(|(name, label)| labels.text(name, label));
            });
        }
        for (name, word) in [("user", &request.user), ("service_tier", &request.service_tier)] {
            if let Some(word) = word {
                self.object.text(name, word);
            }
        }
        if !self.target.is_same_dialect() && self.target.vendor.stores {
            // Whoever asked in another dialect did not ask for the conversation to be kept.
            self.object.plain("store", false);
        }
    }

    fn write_sampling(&mut self) {
        let sampling = &self.request.sampling;
        for (name, value) in [("temperature", sampling.temperature), ("top_p", sampling.top_p)] {
            if let Some(value) = value {
                self.object.decimal(name, value);
            }
        }
        if let Some(count) = sampling.top_logprobs {
            self.object.plain("top_logprobs", count);
        }
        for (name, is_given) in [
            ("top_k", sampling.top_k.is_some()),
            ("frequency_penalty", sampling.frequency_penalty.is_some()),
            ("presence_penalty", sampling.presence_penalty.is_some()),
            ("seed", sampling.seed.is_some()),
            ("logit_bias", !sampling.logit_bias.is_empty()),
        ] {
            if is_given {
                self.losses.dropped(name, "has no place in the provider's dialect");
            }
        }
    }

    fn write_text(&mut self) {
        let format = self.request.response_format.as_ref();
        let (inside, besides) = (self.nested("text.format."), self.nested("text."));
        if format.is_none() && besides.is_empty() {
            return;
        }
        self.object.object("text", |object| {
            if let Some(format) = format {
                object.object("format", |object| {
                    write_format(object, format);
                    write_all(object, &inside);
                });
            }
            write_all(object, &besides);
        });
    }

    fn write_reasoning(&mut self) {
        let wish = &self.request.reasoning;
        let mut effort = wish.effort.as_ref().map(|effort| effort.0.as_str());
        match wish.budget_tokens {
            Some(_) if effort.is_some() => {}
            Some(tokens) if tokens > 0 => {
                let word = effort_of_budget(tokens);
                let reason = format!("a budget of {tokens} tokens goes as the effort `{word}`");
                self.losses.degraded("reasoning", reason);
                effort = Some(word);
            }
            _ if effort.is_none() && is_off(wish) => {
                self.losses.degraded("reasoning", "whether it reasons is the model's own matter");
            }
            _ => {}
        }
        let shown = (wish.visible == Some(true) && !is_off(wish)).then_some("auto");
        let summary = wish.summary.as_deref().or(shown);
        let besides = self.nested("reasoning.");
        if effort.is_none() && summary.is_none() && besides.is_empty() {
            return;
        }
        self.object.object("reasoning", |object| {
            for (name, word) in [("effort", effort), ("summary", summary)] {
                if let Some(word) = word {
                    object.text(name, word);
                }
            }
            write_all(object, &besides);
        });
    }

    fn write_include(&mut self) {
        let request = self.request;
        let given = request.extensions.iter().find(|(name, _)| name == "include");
        let given = given.filter(|_| self.target.is_same_dialect()).map(|(_, list)| list);
        let mut wanted: Vec<String> = given
            .and_then(|list| elements(&list.0))
            .unwrap_or_default()
            .into_iter()
            .filter_map(|one| text(one).map(std::borrow::Cow::into_owned))
            .collect();
        if request.sampling.logprobs == Some(true) {
            wanted.push(LOGPROBS.to_owned());
        }
        if self.wants_proofs() {
            wanted.push(PROOFS.to_owned());
        }
        if !wanted.is_empty() {
            self.object.array("include", |list| wanted.iter().for_each(|one| list.text(one)));
        }
    }

    /// Whether proofs are asked for on behalf of a client that can't ask itself, but gives back what it was given.
    fn wants_proofs(&self) -> bool {
        let wish = &self.request.reasoning;
        !self.target.is_same_dialect()
            && match self.target.vendor.proofs {
                ProofsWanted::Never => false,
                ProofsWanted::WithReasoning => !wish.is_empty() && !is_off(wish),
                ProofsWanted::Always => true,
            }
    }
}

/// Writes the form of an answer.
pub(in crate::openai_responses) fn write_format(object: &mut ObjectWriter<'_>, format: &ResponseFormat) {
    match format {
        ResponseFormat::Text => object.text("type", "text"),
        ResponseFormat::JsonObject => object.text("type", "json_object"),
        ResponseFormat::JsonSchema { name, description, schema, strict } => {
            object.text("type", "json_schema");
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
        }
    }
}

fn write_all(object: &mut ObjectWriter<'_>, members: &[(&str, &Json)]) {
    members.iter().for_each(|(name, value)| object.json(name, value));
}
