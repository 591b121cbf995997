use switchyard_domain::chat::{ChatRequest, EffortLevel, ReasoningMode, ResponseFormat};

use super::Read;
use crate::gemini::members::{fields, whole};
use crate::gemini::schema;
use crate::request::{RequestError, keep, text, wrong};
use crate::scan::{Kind, Node};

/// The name of a schema, where a dialect wants one and this has none.
const SCHEMA_NAME: &str = "response";

const JSON: &str = "application/json";

/// How the answer shall look, of which several members tell a part.
#[derive(Default)]
struct Form<'d> {
    media_type: Option<Node<'d>>,
    openapi: Option<Node<'d>>,
    json_schema: Option<Node<'d>>,
}

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Read {
    if value.kind() != Kind::Object {
        return Err(wrong("generationConfig", "must be an object"));
    }
    let mut form = Form::default();
    for (name, value) in fields(value) {
        let path = format!("generationConfig.{name}");
        let sampling = &mut request.sampling;
        match name.as_ref() {
            "temperature" => sampling.temperature = Some(decimal(&path, value)?),
            "topP" => sampling.top_p = Some(decimal(&path, value)?),
            "topK" => sampling.top_k = Some(natural(&path, value)?),
            "frequencyPenalty" => sampling.frequency_penalty = Some(decimal(&path, value)?),
            "presencePenalty" => sampling.presence_penalty = Some(decimal(&path, value)?),
            "seed" => sampling.seed = Some(integer(&path, value)?),
            "responseLogprobs" => sampling.logprobs = Some(boolean(&path, value)?),
            "logprobs" => sampling.top_logprobs = Some(natural(&path, value)?),
            "candidateCount" => request.choices = Some(natural(&path, value)?),
            "maxOutputTokens" => request.max_output_tokens = Some(natural(&path, value)?.into()),
            "stopSequences" if value.kind() == Kind::Array => {
                request.stop = value.elements().map(|stop| text(&path, stop)).collect::<Result<_, _>>()?;
            }
            "stopSequences" => return Err(wrong(path, "must be a list of strings")),
            "thinkingConfig" => read_thinking(&path, value, request)?,
            "responseMimeType" => form.media_type = Some(value),
            "responseSchema" => form.openapi = Some(value),
            "responseJsonSchema" => form.json_schema = Some(value),
            _ => request.extensions.push((path, keep(value))),
        }
    }
    form.read(request);
    Ok(())
}

impl Form<'_> {
    fn read(self, request: &mut ChatRequest) {
        let is = |word: &str| self.media_type.is_some_and(|media_type| media_type.is_text(word));
        let schema = self.json_schema.map(keep).or_else(|| self.openapi.map(schema::read));
        request.response_format = match schema {
            Some(schema) if is(JSON) || self.media_type.is_none() => Some(ResponseFormat::JsonSchema {
                name: SCHEMA_NAME.to_owned(),
                description: None,
                schema: Some(schema),
                strict: None,
            }),
            None if is(JSON) => Some(ResponseFormat::JsonObject),
            None if is("text/plain") => Some(ResponseFormat::Text),
            // One of a list of words, which nobody else can ask for.
            _ => None,
        };
        if request.response_format.is_none() {
            let members = [
                ("responseMimeType", self.media_type),
                ("responseSchema", self.openapi),
                ("responseJsonSchema", self.json_schema),
            ];
            for (name, value) in members {
                let value = value.map(|value| (format!("generationConfig.{name}"), keep(value)));
                request.extensions.extend(value);
            }
        }
    }
}

fn read_thinking(path: &str, value: Node<'_>, request: &mut ChatRequest) -> Read {
    if value.kind() != Kind::Object {
        return Err(wrong(path, "must be an object"));
    }
    for (name, value) in fields(value) {
        let path = format!("{path}.{name}");
        let wish = &mut request.reasoning;
        match name.as_ref() {
            "includeThoughts" => wish.visible = Some(boolean(&path, value)?),
            "thinkingLevel" => wish.effort = Some(EffortLevel(text(&path, value)?.to_ascii_lowercase())),
            "thinkingBudget" => match integer(&path, value)? {
                -1 => wish.mode = Some(ReasoningMode::Adaptive),
                budget => {
                    let budget = u64::try_from(budget);
                    wish.budget_tokens = Some(budget.map_err(|_| wrong(&path, "must be -1 or more"))?);
                }
            },
            _ => request.extensions.push((path, keep(value))),
        }
    }
    Ok(())
}

fn decimal(path: &str, value: Node<'_>) -> Result<f64, RequestError> {
    value.as_f64().ok_or_else(|| wrong(path, "must be a number"))
}

fn integer(path: &str, value: Node<'_>) -> Result<i64, RequestError> {
    whole(value).ok_or_else(|| wrong(path, "must be an integer"))
}

fn natural(path: &str, value: Node<'_>) -> Result<u32, RequestError> {
    u32::try_from(integer(path, value)?).map_err(|_| wrong(path, "must be an integer, not negative"))
}

fn boolean(path: &str, value: Node<'_>) -> Result<bool, RequestError> {
    value.as_bool().ok_or_else(|| wrong(path, "must be true or false"))
}
