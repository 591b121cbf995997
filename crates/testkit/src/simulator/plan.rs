//! What an answer will say, before it is known how it goes out: the choices, cut into tokens, and the
//! numbers of its usage.

use serde_json::{Value, json};

use super::clock;
use super::grammar::UsageFault;
use super::request::{ChatRequest, Function, Prompt};
use super::schema;
use super::script::Script;
use super::words::{fragments, pieces, seed, words};

/// The most choices, and the most tool calls of a choice.
const MANY: usize = 128;
/// What `split_utf8` says where no text was scripted: sequences of two, three and four bytes.
const ALPHABETS: &str = " naïve façade žluťoučký Ελληνικά Привет 日本語 ✓ emoji 🎉 👩‍🚀 end";
const REFUSAL: &str = " I am sorry, but I can not assist with that request.";

/// The proof of all reasoning, where a dialect has proofs.
pub(crate) const PROOF: &str = "c2ltdWxhdGVkIHByb29m";

/// A whole answer.
pub(crate) struct Plan {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) fingerprint: String,
    pub(crate) choices: Vec<Choice>,
    pub(crate) prompt_tokens: u64,
    pub(crate) cached_tokens: u64,
    /// The request's limit of completion tokens.
    pub(crate) limit: Option<usize>,
    /// How many alternatives each token's log probability has; none if not asked for.
    pub(crate) logprobs: Option<usize>,
    pub(crate) include_usage: bool,
    /// Whether the proof of reasoning was asked for, where it must be.
    pub(crate) include_proof: bool,
    /// Whether the answer says that it is kept.
    pub(crate) stores: bool,
    pub(crate) usage: UsageFault,
    /// The seed of the words with which an endless answer goes on.
    pub(crate) seed: u64,
}

/// One choice of an answer; each string is one token.
pub(crate) struct Choice {
    pub(crate) reasoning: Vec<String>,
    pub(crate) said: Said,
    pub(crate) finish: String,
}

/// What a choice consists of.
pub(crate) enum Said {
    Text(Vec<String>),
    Refusal(Vec<String>),
    Calls(Vec<ToolCall>),
}

/// One tool call: a token for its name, and one for each fragment of its arguments.
pub(crate) struct ToolCall {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
}

impl ToolCall {
    /// Its arguments as an object; an empty one where they were cut off.
    pub(crate) fn input(&self) -> Value {
        serde_json::from_str(&self.arguments.concat()).unwrap_or_else(|_| json!({}))
    }
}

impl Choice {
    /// The first word of its text.
    pub(crate) fn first_word(&mut self) -> Option<&mut String> {
        match &mut self.said {
            Said::Text(pieces) | Said::Refusal(pieces) => pieces.first_mut(),
            Said::Calls(_) => None,
        }
    }

    /// Its completion tokens, reasoning included.
    pub(crate) fn tokens(&self) -> usize {
        self.reasoning.len()
            + match &self.said {
                Said::Text(pieces) | Said::Refusal(pieces) => pieces.len(),
                Said::Calls(calls) => calls.iter().map(|call| 1 + call.arguments.len()).sum(),
            }
    }
}

impl Plan {
    /// Decides what to answer; `seq` makes its ids.
    pub(crate) fn new(request: &ChatRequest<'_>, script: &Script, seq: u64) -> Self {
        let prompt = request.prompt();
        let model = request.model.split('?').next().unwrap_or_default().to_owned();
        let seed_of = |choice: usize| {
            let number = (request.seed.unwrap_or_default() + choice as i64).to_string();
            seed([model.as_str(), prompt.last_text.as_str(), number.as_str()])
        };
        let count = request.n.unwrap_or(1).clamp(1, MANY);
        let choices = (0..count).map(|i| choice(request, script, &prompt, seed_of(i), (seq, i))).collect();
        Self {
            id: format!("chatcmpl-sim{seq:08}"),
            created: clock::since_epoch().as_secs(),
            fingerprint: request.seed.map_or_else(|| "fp_sim".to_owned(), |seed| format!("fp_sim_{seed}")),
            choices,
            prompt_tokens: prompt.tokens,
            cached_tokens: script.cached.unwrap_or(0),
            limit: request.limit(),
            logprobs: request.logprobs.unwrap_or(false).then(|| request.top_logprobs.unwrap_or(0)),
            include_usage: request.stream_options.as_ref().and_then(|o| o.include_usage).unwrap_or(false),
            include_proof: request
                .include
                .as_ref()
                .and_then(Value::as_array)
                .is_some_and(|list| list.iter().any(|one| one == "reasoning.encrypted_content")),
            stores: request.store.as_ref().and_then(Value::as_bool).unwrap_or(true),
            usage: script.usage,
            seed: seed_of(count),
            model,
        }
    }

    /// The plan without what is said.
    pub(crate) fn outline(&self) -> Self {
        Self {
            id: self.id.clone(),
            model: self.model.clone(),
            fingerprint: self.fingerprint.clone(),
            choices: Vec::new(),
            ..*self
        }
    }

    /// The true completion tokens of all choices.
    pub(crate) fn completion_tokens(&self) -> usize {
        self.choices.iter().map(Choice::tokens).sum()
    }

    /// The usage that the answer tells when it has `completion` tokens; nothing where it shall be missing.
    pub(crate) fn usage(&self, completion: usize) -> Option<Value> {
        let reasoning: usize = self.choices.iter().map(|c| c.reasoning.len()).sum();
        let (prompt, total) = (self.prompt_tokens as i64, self.prompt_tokens as i64 + completion as i64);
        let over = self.limit.unwrap_or(completion) as i64 + 1_000;
        let huge = 1 << 53;
        let numbers = match self.usage {
            UsageFault::Missing => return None,
            UsageFault::Normal | UsageFault::Unasked | UsageFault::EveryChunk => {
                (prompt, completion as i64, total)
            }
            UsageFault::Zero => (0, 0, 0),
            UsageFault::Negative => (-1, -1, -1),
            UsageFault::Huge => (huge, huge, huge),
            UsageFault::OverMax => (prompt, over, prompt + over),
        };
        Some(json!({
            "prompt_tokens": numbers.0, "completion_tokens": numbers.1, "total_tokens": numbers.2,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": reasoning.min(completion), "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
        }))
    }
}

/// The tokens that a choice may still have.
struct Budget {
    left: usize,
    /// Whether all that was wanted fitted.
    whole: bool,
}

impl Budget {
    fn fit(&mut self, tokens: &mut Vec<String>) {
        self.whole &= tokens.len() <= self.left;
        tokens.truncate(self.left);
        self.left -= tokens.len();
    }

    fn fit_calls(&mut self, calls: &mut Vec<ToolCall>) {
        let wanted = calls.len();
        calls.retain_mut(|call| {
            let opens = self.left > 0;
            self.left = self.left.saturating_sub(1);
            self.fit(&mut call.arguments);
            opens
        });
        self.whole &= calls.len() == wanted;
    }
}

fn choice(
    request: &ChatRequest<'_>,
    script: &Script,
    prompt: &Prompt,
    seed: u64,
    ids: (u64, usize),
) -> Choice {
    let mut budget = Budget { left: request.limit().unwrap_or(usize::MAX), whole: true };
    let thought = words(seed.rotate_left(17)).take(script.reasoning.unwrap_or(0));
    let mut reasoning: Vec<String> = match &script.thoughts {
        Some(text) => pieces(text),
        None => thought.map(|word| format!(" {word}")).collect(),
    };
    budget.fit(&mut reasoning);
    let (functions, named) = request.callable();
    let mut calls = if script.steps.is_empty() {
        unscripted_calls(request, script, &functions, ids)
    } else {
        step(script, request.results(), &functions, ids).into_iter().collect()
    };
    let mut finish = "stop";
    let said = if script.refusal {
        let mut refusal = pieces(REFUSAL);
        budget.fit(&mut refusal);
        Said::Refusal(refusal)
    } else if !calls.is_empty() {
        // OpenAI says `stop` where `tool_choice` named the function: openai-chat_completions-1ac606f7dc.
        finish = if named { "stop" } else { "tool_calls" };
        budget.fit_calls(&mut calls);
        Said::Calls(calls)
    } else {
        let mut text = text(request, script, prompt, seed);
        budget.fit(&mut text);
        Said::Text(text)
    };
    let finish = if budget.whole { finish } else { "length" };
    Choice { reasoning, said, finish: script.finish.clone().unwrap_or_else(|| finish.to_owned()) }
}

/// Calls of the tools in turn, unless the request brings a result or the script says something else.
fn unscripted_calls(
    request: &ChatRequest<'_>,
    script: &Script,
    functions: &[Function],
    ids: (u64, usize),
) -> Vec<ToolCall> {
    if request.answers_tool() || script.text.is_some() {
        return Vec::new();
    }
    let call = |(i, function): (usize, &Function)| {
        let arguments = match schema::minimal(&function.parameters) {
            Value::Null => json!({}),
            arguments => arguments,
        };
        tool_call(&function.name, &arguments, ids, i)
    };
    let count = script.calls.unwrap_or(1).clamp(1, MANY);
    functions.iter().cycle().take(count).enumerate().map(call).collect()
}

/// The scripted call whose turn it is after `results` results, if its tool is offered.
fn step(script: &Script, results: usize, functions: &[Function], ids: (u64, usize)) -> Option<ToolCall> {
    let (name, arguments) = script.steps.get(results)?;
    let offered = functions.iter().any(|function| function.name == *name);
    offered.then(|| tool_call(name, &json!(arguments), ids, 0))
}

fn tool_call(name: &str, arguments: &Value, (seq, choice): (u64, usize), index: usize) -> ToolCall {
    let id = format!("call_sim{seq:08}x{choice}x{index}");
    ToolCall { id, name: name.to_owned(), arguments: fragments(&arguments.to_string()) }
}

fn text(request: &ChatRequest<'_>, script: &Script, prompt: &Prompt, seed: u64) -> Vec<String> {
    if let Some(structured) = script.text.is_none().then(|| structured(request)).flatten() {
        return fragments(&structured.to_string());
    }
    let stops = request.stops();
    let generated = || words(seed).take(script.tokens.unwrap_or(12)).map(|word| format!(" {word}"));
    let whole = match &script.text {
        Some(text) => text.clone(),
        None if script.split_utf8 => ALPHABETS.to_owned(),
        None if request.answers_tool() => format!(" The tool answered: {}", prompt.last_text),
        None if prompt.images > 0 => {
            let s = if prompt.images == 1 { "" } else { "s" };
            format!(" saw {} image{s}{}", prompt.images, generated().collect::<String>())
        }
        None if stops.is_empty() => return generated().collect(),
        None => generated().collect(),
    };
    let end = stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| whole.find(*stop)).min();
    pieces(end.and_then(|end| whole.get(..end)).unwrap_or(&whole))
}

fn structured(request: &ChatRequest<'_>) -> Option<Value> {
    let format = request.response_format.as_ref()?;
    match format.get("type")?.as_str()? {
        "json_object" => Some(json!({"answer": "text"})),
        "json_schema" => Some(schema::minimal(format.pointer("/json_schema/schema").unwrap_or(&Value::Null))),
        _ => None,
    }
}
