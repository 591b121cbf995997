use switchyard_domain::chat::ResponseFormat;

use super::Body;
use crate::bedrock_converse::model::{Maker, Version};
use crate::codec::Unsupported;
use crate::json::ObjectWriter;
use crate::outbound::{ClaudeSampling, NO_PLACE, closed, within};

const TIERS: &[&str] = &["priority", "default", "flex", "reserved"];

impl Body<'_, '_> {
    pub(super) fn write_parameters(&mut self) -> Result<(), Unsupported> {
        self.write_inference_config();
        self.top_k();
        self.write_output_config()?;
        let request = self.request;
        if !request.metadata.is_empty() {
            self.taken.push("requestMetadata");
            self.object.object("requestMetadata", |labels| {
                request.metadata.iter().for_each(|(name, label)| labels.text(name, label));
            });
        }
        match request.service_tier.as_deref() {
            None | Some("auto") => {}
            Some(tier) if TIERS.contains(&tier) => {
                self.taken.push("serviceTier");
                self.object.object("serviceTier", |object| object.text("type", tier));
            }
            Some(_) => self.losses.dropped("service_tier", "the provider knows no such tier"),
        }
        Ok(())
    }

    fn write_inference_config(&mut self) {
        let request = self.request;
        let (temperature, top_p) = self.sampling();
        let is_said = temperature.is_some()
            || top_p.is_some()
            || request.max_output_tokens.is_some()
            || !request.stop.is_empty();
        if !is_said {
            return;
        }
        self.object.object("inferenceConfig", |config| {
            if let Some(most) = request.max_output_tokens {
                config.plain("maxTokens", most);
            }
            for (name, value) in [("temperature", temperature), ("topP", top_p)] {
                if let Some(value) = value {
                    config.decimal(name, value);
                }
            }
            if !request.stop.is_empty() {
                config.array("stopSequences", |list| request.stop.iter().for_each(|stop| list.text(stop)));
            }
        });
        // Otherwise it does not say which one it met.
        const PATHS: &str = "additionalModelResponseFieldPaths";
        let asks =
            self.request.extensions.iter().any(|(name, _)| self.origin.is_same_dialect() && name == PATHS);
        if matches!(self.maker, Maker::Claude(_)) && !request.stop.is_empty() && !asks {
            self.taken.push(PATHS);
            self.object.array(PATHS, |list| list.text("/stop_sequence"));
        }
    }

    /// The temperature and the nucleus that the model takes.
    fn sampling(&mut self) -> (Option<f64>, Option<f64>) {
        let wish = &self.request.sampling;
        if let Maker::Claude(version) = self.maker {
            let takes_both = self.origin.is_same_dialect() || version.is_some_and(Version::takes_both);
            let own = ClaudeSampling::of(wish, self.thinks, takes_both, self.losses);
            return (own.temperature, own.top_p);
        }
        let losses = &mut *self.losses;
        let mut temperature = wish.temperature;
        if self.thinks && temperature.is_some_and(|value| value != 1.0) {
            losses.dropped("temperature", "a model that thinks takes none");
            temperature = None;
        }
        let mut within = |name, value: Option<f64>| value.map(|value| within(name, value, 0.0..=1.0, losses));
        (within("temperature", temperature), within("top_p", wish.top_p))
    }

    fn top_k(&mut self) {
        let Some(count) = self.request.sampling.top_k else { return };
        match self.maker {
            // Told with the other ways to be sampled.
            Maker::Claude(_) if self.thinks => {}
            Maker::Claude(_) | Maker::Mistral => self.fields.add("top_k", count.to_string()),
            Maker::Nova { .. } => self.fields.add("inferenceConfig", format!(r#"{{"topK":{count}}}"#)),
            Maker::Cohere => self.fields.add("k", count.to_string()),
            Maker::GptOss | Maker::Other => self.losses.dropped("top_k", NO_PLACE),
        }
    }

    fn write_output_config(&mut self) -> Result<(), Unsupported> {
        let format = match &self.request.response_format {
            None | Some(ResponseFormat::Text) => None,
            Some(ResponseFormat::JsonSchema { name, description, schema: Some(schema), .. }) => {
                Some((name, description.as_deref(), schema))
            }
            Some(_) => {
                let message = "The provider gives JSON by a schema only; send one.";
                return Err(Unsupported::new("response_format", message));
            }
        };
        let format = match format {
            Some((name, description, schema)) => {
                let is_claude = matches!(self.maker, Maker::Claude(_)) && !self.origin.is_same_dialect();
                let schema = if is_claude { closed(schema, self.losses)? } else { schema.clone() };
                Some((name, description, schema))
            }
            None => None,
        };
        let effort = self.effort;
        if format.is_none() && effort.is_none() {
            return Ok(());
        }
        self.taken.push("outputConfig");
        self.object.object("outputConfig", |config| {
            if let Some((name, description, schema)) = &format {
                config.object("textFormat", |format| {
                    format.text("type", "json_schema");
                    format.object("structure", |structure| {
                        structure.object("jsonSchema", |object| {
                            write_schema(object, name, *description, schema.as_str());
                        });
                    });
                });
            }
            if let Some(effort) = effort {
                config.text("effort", effort);
            }
        });
        Ok(())
    }
}

/// The schema is a text here, not an object.
fn write_schema(object: &mut ObjectWriter<'_>, name: &str, description: Option<&str>, schema: &str) {
    if !name.is_empty() {
        object.text("name", name);
    }
    if let Some(description) = description {
        object.text("description", description);
    }
    object.text("schema", schema);
}
