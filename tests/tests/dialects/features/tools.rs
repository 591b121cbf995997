use super::answers::{Stop, all, call, stopped};
use crate::ask::asking;
use crate::case::{Answered, BOTH, Case, Ending, Feature, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "tools",
    about: "a function with its description and schema; a call with its id and arguments",
    cases: &[Case {
        name: "",
        script: "",
        forms: BOTH,
        first: None,
        ask,
        told,
        ending: Ending::Answer(answer),
        outcome: whole,
    }],
    untold: &[],
};

/// A function that a model may call.
#[derive(Clone, Copy)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    /// Its only argument.
    pub(super) argument: &'static str,
}

pub(super) const WEATHER: Tool =
    Tool { name: "get_weather", description: "The weather of a city", argument: "city" };
pub(super) const TIME: Tool = Tool { name: "get_time", description: "The time in a zone", argument: "zone" };

impl Tool {
    pub(super) fn schema(self) -> Value {
        let argument = self.argument;
        json!({"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]})
    }

    /// As a client's SDK sends it.
    fn offered(self, client: Client) -> Value {
        let Self { name, description, .. } = self;
        let schema = self.schema();
        match client {
            Client::Chat => function(name, description, &schema),
            Client::Responses => {
                json!({"type": "function", "name": name, "description": description, "parameters": schema})
            }
            Client::Anthropic => json!({"name": name, "description": description, "input_schema": schema}),
            Client::Gemini => {
                json!({"name": name, "description": description, "parametersJsonSchema": schema})
            }
        }
    }
}

fn function(name: &str, description: &str, schema: &Value) -> Value {
    json!({"type": "function", "function": {"name": name, "description": description, "parameters": schema}})
}

/// The members of a request that offers tools.
pub(super) fn offer(client: Client, tools: &[Tool]) -> Value {
    let offered: Vec<Value> = tools.iter().map(|tool| tool.offered(client)).collect();
    match client {
        Client::Gemini => json!({"tools": [{"functionDeclarations": offered}]}),
        _ => json!({"tools": offered}),
    }
}

/// The `at`th tool, where each vendor looks for it.
pub(super) fn is_offered(cell: Cell, at: usize, tool: Tool) -> Seen {
    let Tool { name, description, .. } = tool;
    let schema = tool.schema();
    match cell.vendor {
        Vendor::Chat | Vendor::Ollama | Vendor::Cohere => {
            seen! {format!("/tools/{at}") => (function(name, description, &schema))}
        }
        Vendor::Responses => seen! {
            format!("/tools/{at}/type") => "function",
            format!("/tools/{at}/name") => name,
            format!("/tools/{at}/description") => description,
            format!("/tools/{at}/parameters") => schema,
        },
        Vendor::Anthropic => seen! {
            format!("/tools/{at}") => {"name": name, "description": description, "input_schema": schema},
        },
        Vendor::Gemini => {
            // Whoever asks in another dialect is put into the words that older models know, too.
            let member = if cell.is_verbatim() { "parametersJsonSchema" } else { "parameters" };
            seen! {
                format!("/tools/0/functionDeclarations/{at}") =>
                    {"name": name, "description": description, member: schema},
            }
        }
        Vendor::Bedrock => seen! {
            format!("/toolConfig/tools/{at}/toolSpec") =>
                {"name": name, "description": description, "inputSchema": {"json": schema}},
        },
    }
}

fn ask(client: Client) -> Value {
    asking(client, "What is the weather in Bern?", offer(client, &[WEATHER]))
}

fn told(cell: Cell) -> Seen {
    is_offered(cell, 0, WEATHER)
}

/// The id that the simulator gives to a call.
pub(super) fn id_of(seq: u64, at: usize) -> String {
    format!("call_sim{seq:08}x0x{at}")
}

pub(super) fn answer(Answered { cell, call: sent, .. }: Answered<'_>) -> Seen {
    let input = json!({"city": "text"});
    all([call(cell.client, 0, &id_of(sent.seq, 0), WEATHER.name, &input), stopped(cell.client, Stop::Calls)])
}
