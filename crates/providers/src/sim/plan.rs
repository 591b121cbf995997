//! What a simulated model is going to answer, decided before the first token: by its temper, the prompt and the seed.

use super::instance::instance_of;
use super::models::{Model, Temper};
use super::prose;
use super::seed::Seed;
use std::time::Duration;
use switchyard_domain::chat::{
    ChatRequest, Delta, FinishReason, Message, Part, ResponseFormat, Role, TokenUsage, Tool, ToolCallKind,
    ToolChoice, ToolChoiceMode,
};
use switchyard_domain::fault::{FaultKind, ProviderFault};

/// More choices than this nobody can look at.
const MOST_CHOICES: u32 = 8;

/// The most tokens of a choice, as real models have a limit too: an answer is held whole, and an echo would be as long as its
/// prompt.
const MOST_TOKENS: usize = 8192;

/// An answer, decided.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) model: &'static Model,
    pub(super) id: String,
    pub(super) choices: Vec<Choice>,
    pub(super) usage: TokenUsage,
    pub(super) ending: Ending,
}

/// How the answer ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// As it should.
    Whole,
    /// With a failure before anything was said.
    Refused(ProviderFault),
    /// With a failure in the middle, once so many tokens of each choice were said.
    Cut(usize),
}

/// One choice: a delta for each token.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) deltas: Vec<Delta>,
    pub(super) finish: FinishReason,
}

impl Plan {
    pub(super) fn of(model: &'static Model, request: &ChatRequest) -> Self {
        let seed = seed_of(request);
        let wanted = request.choices.unwrap_or(1).clamp(1, MOST_CHOICES);
        let choices: Vec<Choice> =
            (0..wanted).map(|index| choice(model, request, seed.with(u64::from(index)))).collect();
        let output = choices.iter().map(|choice| choice.deltas.len() as u64).sum();
        let usage = TokenUsage { input: prompt_tokens(request), output, ..TokenUsage::default() };
        let id = format!("sim-{:016x}", seed.clone().next());
        let ending = match model.temper {
            Temper::Flaky => flaky_ending(request, &seed, &choices),
            _ => Ending::Whole,
        };
        Self { model, id, choices, usage, ending }
    }
}

fn seed_of(request: &ChatRequest) -> Seed {
    let texts = request.messages.iter().flat_map(texts_of).map(String::as_str);
    let seed = Seed::of(texts);
    seed.with(request.sampling.seed.unwrap_or(0).unsigned_abs())
}

fn texts_of(message: &Message) -> impl Iterator<Item = &String> {
    message.parts.iter().flat_map(|part| match part {
        Part::Text { text } | Part::Refusal { text } => std::slice::from_ref(text).iter(),
        Part::ToolCall(call) => std::slice::from_ref(&call.arguments).iter(),
        _ => [].iter(),
    })
}

/// Three tokens, and for each message four and its words: the way of the chat formats.
fn prompt_tokens(request: &ChatRequest) -> u64 {
    let words =
        |message: &Message| -> usize { texts_of(message).map(|text| prose::tokens(text).count()).sum() };
    3 + request.messages.iter().map(|message| 4 + words(message) as u64).sum::<u64>()
}

fn last_words(request: &ChatRequest) -> String {
    let asked = request.messages.iter().rev().find(|message| message.role == Role::User);
    asked
        .map(|message| texts_of(message).map(String::as_str).collect::<Vec<_>>().join("\n"))
        .unwrap_or_default()
}

fn choice(model: &Model, request: &ChatRequest, mut seed: Seed) -> Choice {
    if let Some(call) = tool_call(request, &mut seed) {
        return limited(call, FinishReason::ToolCalls, request.max_output_tokens);
    }
    let mut text = match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema, .. }) => {
            instance_of(schema.as_ref().map(|json| json.as_str())).to_string()
        }
        Some(ResponseFormat::JsonObject) => r#"{"simulated": true}"#.to_owned(),
        _ => spoken(model, request, &mut seed),
    };
    let stops = request.stop.iter().filter(|stop| !stop.is_empty());
    if let Some(at) = stops.filter_map(|stop| text.find(stop.as_str())).min() {
        text.truncate(at);
    }
    let deltas = prose::tokens(&text).map(|token| Delta::Text(token.to_owned()));
    limited(deltas, FinishReason::Stop, request.max_output_tokens)
}

fn limited(mut deltas: impl Iterator<Item = Delta>, finish: FinishReason, most: Option<u64>) -> Choice {
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST_TOKENS).min(MOST_TOKENS);
    let said = deltas.by_ref().take(most).collect();
    let finish = if deltas.next().is_some() { FinishReason::Length } else { finish };
    Choice { deltas: said, finish }
}

fn spoken(model: &Model, request: &ChatRequest, seed: &mut Seed) -> String {
    match model.temper {
        Temper::Prose { least, most } => {
            let sentences = least + seed.below(most - least + 1);
            prose::paragraphs(seed, sentences)
        }
        Temper::Markdown => prose::markdown(seed),
        Temper::Flaky => prose::paragraphs(seed, 3),
        Temper::Echo => echo(request),
    }
}

/// What the model was given, line by line, so that a test sees what arrived.
fn echo(request: &ChatRequest) -> String {
    let parameters = serde_json::json!({
        "max_output_tokens": request.max_output_tokens,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "seed": request.sampling.seed,
        "stop": request.stop,
        "choices": request.choices,
        "messages": request.messages.len(),
    });
    format!("model: {}\nparameters: {parameters}\nmessage: {}", request.model, last_words(request))
}

/// A call, where the request forces one: of the named tool, or of the first.
fn tool_call(request: &ChatRequest, seed: &mut Seed) -> Option<impl Iterator<Item = Delta> + use<>> {
    let answers_tool = request.messages.last().is_some_and(|message| message.role == Role::Tool);
    let forced = match request.tool_choice.as_ref()? {
        ToolChoice::Mode(ToolChoiceMode::Required) if !answers_tool => None,
        ToolChoice::Function(name) => Some(name),
        _ => return None,
    };
    let (name, schema) = request.tools.iter().find_map(|tool| match tool {
        Tool::Function { name, parameters, .. } if forced.is_none_or(|forced| forced == name) => {
            Some((name.clone(), parameters.as_ref()))
        }
        _ => None,
    })?;
    let (id, kind) = if request.legacy_functions {
        (String::new(), ToolCallKind::LegacyFunction)
    } else {
        (format!("call_{:016x}", seed.next()), ToolCallKind::Function)
    };
    let arguments = instance_of(schema.map(|json| json.as_str())).to_string();
    let fragments = prose::tokens(&arguments);
    let mut deltas = vec![Delta::ToolCall { index: 0, id, name, kind }];
    deltas.extend(fragments.map(|fragment| Delta::Arguments { index: 0, fragment: fragment.to_owned() }));
    Some(deltas.into_iter())
}

/// By a word of the prompt (`429`, `500`, `cut`, `ok`), else by the seed: of eight prompts three are throttled, two fail and
/// one is cut.
fn flaky_ending(request: &ChatRequest, seed: &Seed, choices: &[Choice]) -> Ending {
    let asked = last_words(request);
    let says =
        |word: &str| asked.split(|c: char| !c.is_alphanumeric()).any(|part| part.eq_ignore_ascii_case(word));
    let by_seed = seed.with(8).below(8);
    let half = || choices.iter().map(|choice| choice.deltas.len()).max().unwrap_or(0).div_ceil(2);
    if says("429") {
        Ending::Refused(throttled())
    } else if says("500") {
        Ending::Refused(failed())
    } else if says("cut") {
        Ending::Cut(half())
    } else if says("ok") {
        Ending::Whole
    } else {
        match by_seed {
            0..3 => Ending::Refused(throttled()),
            3..5 => Ending::Refused(failed()),
            5 => Ending::Cut(half()),
            _ => Ending::Whole,
        }
    }
}

fn throttled() -> ProviderFault {
    ProviderFault {
        status: Some(429),
        code: Some("rate_limit_exceeded".to_owned()),
        retry_after: Some(Duration::from_secs(1)),
        ..ProviderFault::new(FaultKind::Throttled, "Simulated: too many requests.")
    }
}

fn failed() -> ProviderFault {
    ProviderFault {
        status: Some(500),
        code: Some("server_error".to_owned()),
        ..ProviderFault::new(FaultKind::ServerError, "Simulated: the model failed.")
    }
}
