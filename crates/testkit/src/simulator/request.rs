//! The members of a chat completion request that decide about the answer, and the prompt's tokens.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A chat completion request, as far as the simulator reads it.
#[derive(Deserialize)]
pub(crate) struct ChatRequest<'a> {
    #[serde(borrow)]
    pub(crate) model: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) messages: Vec<Message<'a>>,
    pub(crate) stream: Option<bool>,
    pub(crate) stream_options: Option<StreamOptions>,
    pub(crate) n: Option<usize>,
    pub(crate) max_tokens: Option<usize>,
    pub(crate) max_completion_tokens: Option<usize>,
    pub(crate) stop: Option<Stop>,
    pub(crate) tools: Option<Vec<Tool>>,
    pub(crate) tool_choice: Option<Value>,
    pub(crate) response_format: Option<Value>,
    pub(crate) logprobs: Option<bool>,
    pub(crate) top_logprobs: Option<usize>,
    pub(crate) seed: Option<i64>,
    /// Responses': what shall come besides.
    pub(crate) include: Option<Value>,
    /// Responses': whether the answer is kept.
    pub(crate) store: Option<Value>,
}

/// One message.
#[derive(Deserialize)]
pub(crate) struct Message<'a> {
    #[serde(borrow)]
    pub(crate) role: Cow<'a, str>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// What a stream shall carry besides.
#[derive(Deserialize)]
pub(crate) struct StreamOptions {
    pub(crate) include_usage: Option<bool>,
}

/// Where the text shall end.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Stop {
    One(String),
    Many(Vec<String>),
}

/// A tool that may be called.
#[derive(Deserialize)]
pub(crate) struct Tool {
    pub(crate) function: Option<Function>,
}

/// A tool's name and the schema of its arguments.
#[derive(Deserialize, Clone)]
pub(crate) struct Function {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) parameters: Value,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

impl Message<'_> {
    /// The texts of the content, and how many images stand in it.
    pub(crate) fn content(&self) -> (Vec<Cow<'_, str>>, usize) {
        let Some(raw) = self.content.map(RawValue::get) else {
            return (Vec::new(), 0);
        };
        if raw.starts_with('"') {
            return (serde_json::from_str(raw).into_iter().map(|Borrowed(text)| text).collect(), 0);
        }
        let parts: Vec<Part<'_>> = serde_json::from_str(raw).unwrap_or_default();
        let images = parts.iter().filter(|part| part.kind == "image_url").count();
        (parts.into_iter().filter_map(|part| part.text).collect(), images)
    }
}

/// A string that stays in its document where it has no escapes.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

/// What the messages say, counted.
pub(crate) struct Prompt {
    /// 3, and for each message 3 + 1 for its role + its words + 85 for each image: OpenAI's known
    /// count, exact where each word is one token. Tool definitions and calls are not counted.
    pub(crate) tokens: u64,
    pub(crate) images: usize,
    /// The text of the last message.
    pub(crate) last_text: String,
}

impl ChatRequest<'_> {
    pub(crate) fn prompt(&self) -> Prompt {
        let mut prompt = Prompt { tokens: 3, images: 0, last_text: String::new() };
        for (i, message) in self.messages.iter().enumerate() {
            let (texts, images) = message.content();
            let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
            prompt.tokens += (4 + words + 85 * images) as u64;
            prompt.images += images;
            if i + 1 == self.messages.len() {
                prompt.last_text = texts.join(" ");
            }
        }
        prompt
    }

    /// Whether the last message is a tool's result.
    pub(crate) fn answers_tool(&self) -> bool {
        self.messages.last().is_some_and(|message| message.role == "tool")
    }

    /// How many messages are results of tools.
    pub(crate) fn results(&self) -> usize {
        self.messages.iter().filter(|message| message.role == "tool").count()
    }

    /// The request's limit of completion tokens.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    pub(crate) fn stops(&self) -> Vec<&str> {
        match &self.stop {
            Some(Stop::One(stop)) => vec![stop],
            Some(Stop::Many(stops)) => stops.iter().map(String::as_str).collect(),
            None => Vec::new(),
        }
    }

    /// The functions that the model may call, the forced one alone; and whether one was named.
    pub(crate) fn callable(&self) -> (Vec<Function>, bool) {
        let functions = self.tools.iter().flatten().filter_map(|tool| tool.function.clone());
        let named =
            |choice: &Value| choice.pointer("/function/name").and_then(Value::as_str).map(str::to_owned);
        match &self.tool_choice {
            Some(Value::String(word)) if word == "none" => (Vec::new(), false),
            Some(choice) => match named(choice) {
                Some(name) => (functions.filter(|f| f.name == name).collect(), true),
                None => (allowed(choice, functions.collect()), false),
            },
            None => (functions.collect(), false),
        }
    }
}

/// `{"type":"allowed_tools","allowed_tools":{"tools":[…]}}` leaves those; any other choice leaves all.
fn allowed(choice: &Value, functions: Vec<Function>) -> Vec<Function> {
    let Some(tools) = choice.pointer("/allowed_tools/tools").and_then(Value::as_array) else {
        return functions;
    };
    let names = |f: &Function| {
        tools.iter().any(|t| t.pointer("/function/name").and_then(Value::as_str) == Some(&f.name))
    };
    functions.into_iter().filter(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(messages: &str) -> Prompt {
        let body = format!(r#"{{"model":"m","messages":{messages}}}"#);
        serde_json::from_str::<ChatRequest<'_>>(&body).unwrap().prompt()
    }

    #[test]
    fn the_prompt_is_counted_by_words_roles_and_images() {
        assert_eq!(prompt(r#"[{"role":"user","content":"one two\nthree"}]"#).tokens, 3 + 4 + 3);
        assert_eq!(prompt(r#"[{"role":"assistant","content":null},{"role":"user"}]"#).tokens, 3 + 4 + 4);
        let vision = prompt(
            r#"[{"role":"system","content":"a b"},{"role":"user","content":[{"type":"text","text":"see this"},
               {"type":"image_url","image_url":{"url":"data:,"}}]}]"#,
        );
        assert_eq!((vision.tokens, vision.images), (3 + (4 + 2) + (4 + 2 + 85), 1));
        assert_eq!(vision.last_text, "see this");
    }
}
