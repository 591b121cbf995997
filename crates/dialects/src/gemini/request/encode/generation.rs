use bytes::BytesMut;
use switchyard_domain::chat::{Json, ResponseFormat};

use super::contents::object_of;
use super::{Body, GENERATION};
use crate::codec::Unsupported;
use crate::gemini::schema::is_subset;
use crate::json::ObjectWriter;

/// More than these the provider refuses.
const MAX_STOPS: usize = 5;

impl Body<'_, '_> {
    pub(super) fn write_generation(&mut self) -> Result<(), Unsupported> {
        let mut out = BytesMut::new();
        let mut config = ObjectWriter::begin(&mut out);
        self.write_sampling(&mut config);
        self.write_stop(&mut config);
        self.write_format(&mut config);
        self.write_thinking(&mut config);
        self.nested(GENERATION).into_iter().for_each(|(name, value)| config.json(name, value));
        config.end();
        object_of(&mut self.object, "generationConfig", &out);
        Ok(())
    }

    fn write_sampling(&mut self, config: &mut ObjectWriter<'_>) {
        let request = self.request;
        let sampling = &request.sampling;
        for (name, value) in [
            ("temperature", sampling.temperature),
            ("topP", sampling.top_p),
            ("frequencyPenalty", sampling.frequency_penalty),
            ("presencePenalty", sampling.presence_penalty),
        ] {
            if let Some(value) = value {
                config.decimal(name, value);
            }
        }
        for (name, value) in [
            ("topK", sampling.top_k.map(i64::from)),
            ("seed", sampling.seed),
            ("candidateCount", request.choices.map(i64::from)),
            ("logprobs", sampling.top_logprobs.map(i64::from)),
        ] {
            if let Some(value) = value {
                config.plain(name, value);
            }
        }
        if let Some(limit) = request.max_output_tokens {
            config.plain("maxOutputTokens", limit);
        }
        if let Some(wanted) = sampling.logprobs {
            config.plain("responseLogprobs", wanted);
        }
        if !sampling.logit_bias.is_empty() {
            self.losses.dropped("logit_bias", "the provider takes none");
        }
    }

    fn write_stop(&mut self, config: &mut ObjectWriter<'_>) {
        let mut stops = self.request.stop.as_slice();
        if stops.len() > MAX_STOPS && !self.same_dialect {
            self.losses.degraded("stop", format!("the provider takes {MAX_STOPS}; the others are left out"));
            stops = stops.get(..MAX_STOPS).unwrap_or_default();
        }
        if !stops.is_empty() {
            config.array("stopSequences", |list| stops.iter().for_each(|stop| list.text(stop)));
        }
    }

    fn write_format(&mut self, config: &mut ObjectWriter<'_>) {
        let Some(format) = &self.request.response_format else { return };
        let media_type = if *format == ResponseFormat::Text { "text/plain" } else { "application/json" };
        config.text("responseMimeType", media_type);
        let ResponseFormat::JsonSchema { description, schema, .. } = format else { return };
        if description.is_some() {
            let member = "response_format.json_schema.description";
            self.losses.dropped(member, "the provider takes a schema alone");
        }
        if let Some(schema) = schema {
            config.json(member_of(schema), schema);
        }
    }
}

/// The place in which the provider takes this schema.
fn member_of(schema: &Json) -> &'static str {
    if is_subset(schema, false) { "responseSchema" } else { "responseJsonSchema" }
}
