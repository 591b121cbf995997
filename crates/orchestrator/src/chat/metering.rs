//! How many tokens an attempt used: as the provider counted, if that is credible; else as we count what was received.

use std::sync::Arc;
use switchyard_domain::chat::{ChatRequest, Message, Part, TokenUsage, Tool, UsageSource};
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::provider::ReceivedParts;
use switchyard_ports::tokenizer::Tokenizer;

/// No provider serves a prompt or an answer of this many tokens: a larger count is an error of the provider's.
const LARGEST_CREDIBLE: u64 = 64 * 1024 * 1024;
/// Tokens that frame a message, and the role's own: how OpenAI-style chat formats are counted.
const MESSAGE_FRAME: u64 = 4;
/// Tokens that prime the answer.
const ANSWER_PRIMING: u64 = 3;
/// A picture at low detail, the least that vendors bill.
const IMAGE_TOKENS: u64 = 85;
/// Text that is counted at once; longer text is counted on a blocking thread.
const QUICK_TEXT_BYTES: usize = 32 * 1024;

/// Tokens and who counted them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) usage: TokenUsage,
    pub(super) source: UsageSource,
}

/// What one attempt received, and what is needed to count it.
pub(super) struct Meter {
    pub(super) received: ReceivedParts,
    pub(super) complete: bool,
    pub(super) vendor: String,
    pub(super) model: String,
    /// The most output tokens that the caller or the model allows, over all choices.
    pub(super) max_output: Option<u64>,
}

impl Meter {
    /// Whether measuring needs no counting that could hold up a thread.
    pub(super) fn is_quick(&self, tokenizer: &dyn Tokenizer, prompt_bytes: u64) -> bool {
        let prompt = usize::try_from(prompt_bytes).unwrap_or(usize::MAX);
        !self.received.began
            || self.credible_usage().is_some()
            || (tokenizer.is_ready(&self.vendor, &self.model)
                && self.received.output_text.len().saturating_add(prompt) <= QUICK_TEXT_BYTES)
    }

    /// Measures. May load a vocabulary when [`Meter::is_quick`] said no.
    pub(super) fn measure(&self, call: &dyn ClientCall, tokenizer: &Arc<dyn Tokenizer>) -> Measured {
        if !self.received.began {
            return Measured { usage: TokenUsage::default(), source: UsageSource::None };
        }
        if let Some(usage) = self.credible_usage() {
            let source = if self.complete { UsageSource::Provider } else { UsageSource::Partial };
            return Measured { usage, source };
        }
        let counter = Counter { tokenizer: tokenizer.as_ref(), vendor: &self.vendor, model: &self.model };
        let (input, input_exact) = counter.prompt(call);
        let output = counter.tokenizer.count(&self.vendor, &self.model, &self.received.output_text);
        let usage = TokenUsage {
            input,
            output: output.tokens.min(self.max_output.unwrap_or(u64::MAX)),
            ..TokenUsage::default()
        };
        let source = if !self.complete {
            UsageSource::Partial
        } else if self.received.usage.is_none()
            && !self.received.usage_corrected
            && input_exact
            && output.exact
        {
            UsageSource::Counted
        } else {
            UsageSource::Estimated
        };
        Measured { usage, source }
    }

    /// The provider's counts, unless they are missing or absurd: corrected on reading, zero beside text, more than was
    /// allowed, or more than any model serves.
    fn credible_usage(&self) -> Option<TokenUsage> {
        let usage = self.received.usage.filter(|_| !self.received.usage_corrected)?;
        let answered = !self.received.output_text.is_empty();
        let zero = usage.input == 0 || (usage.output == 0 && answered);
        let visible = usage.output.saturating_sub(usage.reasoning);
        let over = visible > self.max_output.unwrap_or(u64::MAX);
        let impossible = usage.input > LARGEST_CREDIBLE || usage.output > LARGEST_CREDIBLE;
        (!zero && !over && !impossible).then(|| usage.clamped(LARGEST_CREDIBLE))
    }
}

struct Counter<'a> {
    tokenizer: &'a dyn Tokenizer,
    vendor: &'a str,
    model: &'a str,
}

impl Counter<'_> {
    /// The prompt's tokens and whether they are exact.
    fn prompt(&self, call: &dyn ClientCall) -> (u64, bool) {
        match call.canonical() {
            Ok(request) => self.request(&request),
            Err(_) => (call.facts().estimated_prompt_tokens(), false),
        }
    }

    fn request(&self, request: &ChatRequest) -> (u64, bool) {
        let mut total = ANSWER_PRIMING;
        let mut exact = true;
        for message in &request.messages {
            total += MESSAGE_FRAME + self.message(message, &mut exact);
        }
        for tool in &request.tools {
            total += self.text(&tool_text(tool), &mut exact);
            exact = false;
        }
        (total, exact)
    }

    fn message(&self, message: &Message, exact: &mut bool) -> u64 {
        message.parts.iter().map(|part| self.part(part, exact)).sum()
    }

    fn part(&self, part: &Part, exact: &mut bool) -> u64 {
        match part {
            Part::Text { text } | Part::Refusal { text } => self.text(text, exact),
            Part::Reasoning(reasoning) => self.text(&reasoning.text, exact),
            Part::ToolCall(call) => self.text(&call.name, exact) + self.text(&call.arguments, exact),
            Part::ToolResult(result) => result.content.iter().map(|part| self.part(part, exact)).sum(),
            Part::Image { .. } => {
                *exact = false;
                IMAGE_TOKENS
            }
            Part::Document { .. } | Part::Audio(_) | Part::Native { .. } => {
                *exact = false;
                0
            }
            Part::CacheMark { .. } => 0,
        }
    }

    fn text(&self, text: &str, exact: &mut bool) -> u64 {
        let count = self.tokenizer.count(self.vendor, self.model, text);
        *exact &= count.exact;
        count.tokens
    }
}

fn tool_text(tool: &Tool) -> String {
    match tool {
        Tool::Function { name, description, parameters, .. } => format!(
            "{name} {} {}",
            description.as_deref().unwrap_or_default(),
            parameters.as_ref().map(|json| json.as_str()).unwrap_or_default()
        ),
        Tool::Native { json, .. } => json.as_str().to_owned(),
    }
}
