//! How many tokens an attempt used: as the provider counted, if that is credible; else as we count what was received. What else
//! than tokens counts is in `piecework`.

use super::piecework;
use std::panic::{AssertUnwindSafe, catch_unwind};
use switchyard_domain::chat::{ChatRequest, Message, Part, TokenUsage, Tool, UsageSource};
use switchyard_domain::embedding::EmbeddingInput;
use switchyard_domain::operation::Operation;
use switchyard_domain::output::OutputLimit;
use switchyard_ports::client_call::{Canonical, ClientCall};
use switchyard_ports::provider::{Received, ReceivedParts};
use switchyard_ports::tokenizer::Tokenizer;

/// No provider serves a prompt or an answer of this many tokens: a larger count is an error of the provider's.
const LARGEST_CREDIBLE: u64 = 64 * 1024 * 1024;
/// How far a provider's count may be above twice our own, which may be by another model's vocabulary.
const COUNTING_SLACK: u64 = 64;
/// Tokens that frame a message, and the role's own: how OpenAI-style chat formats are counted.
const MESSAGE_FRAME: u64 = 4;
/// Tokens that prime the answer.
const ANSWER_PRIMING: u64 = 3;
/// A picture at low detail, the least that vendors bill.
const IMAGE_TOKENS: u64 = 85;
/// English text has about so many bytes in a token.
const BYTES_PER_TOKEN: u64 = 4;
/// Text that is counted at once; longer text is counted on a blocking thread.
const QUICK_TEXT_BYTES: usize = 32 * 1024;

/// Tokens and who counted them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) usage: TokenUsage,
    pub(super) source: UsageSource,
    /// Whether nothing is missing that a provider bills: only then is there a cost.
    pub(super) is_whole: bool,
}

impl Measured {
    /// Of an attempt that may have used something, of which nobody saw anything.
    pub(super) fn unknown() -> Self {
        Self { usage: TokenUsage::default(), source: UsageSource::Estimated, is_whole: false }
    }

    fn whole(usage: TokenUsage, source: UsageSource) -> Self {
        Self { usage, source, is_whole: true }
    }
}

/// Our own count of a prompt and its answer.
struct Counted {
    input: u64,
    output: u64,
    exact: bool,
}

/// What one attempt received, and what is needed to count it.
pub(super) struct Meter<'a> {
    pub(super) received: &'a Received,
    pub(super) is_complete: bool,
    pub(super) vendor: &'a str,
    pub(super) model: &'a str,
    /// How long the answer may be, where that is known.
    pub(super) limit: Option<OutputLimit>,
    pub(super) operation: Operation,
}

/// What can be said of an attempt at once.
enum Known {
    /// This much was used.
    Used(Measured),
    /// The provider worked and did not say, credibly, how much: it must be counted.
    Uncounted,
    /// The provider claims more output than was allowed, which is believed as far as it delivered more.
    Disputed(TokenUsage),
    /// The provider counted before the answer broke off, and said more afterwards.
    Outdated(TokenUsage),
}

impl Meter<'_> {
    /// Whether measuring needs no counting that could hold up a thread.
    pub(super) fn is_quick(&self, tokenizer: &dyn Tokenizer, call: &dyn ClientCall) -> bool {
        let received = self.received.lock();
        if let Known::Used(_) = self.known(&received) {
            return true;
        }
        let bytes = received.output_text.len().saturating_add(prompt_bytes(call));
        bytes <= QUICK_TEXT_BYTES && tokenizer.is_ready(self.vendor, self.model)
    }

    /// The tokens, as far as they are known without counting.
    pub(super) fn known_tokens(&self) -> Option<u64> {
        match self.known(&self.received.lock()) {
            Known::Used(measured) => Some(measured.usage.total()),
            Known::Uncounted | Known::Disputed(_) | Known::Outdated(_) => None,
        }
    }

    /// Measures. May load a vocabulary when [`Meter::is_quick`] said no.
    pub(super) fn measure(&self, call: &dyn ClientCall, tokenizer: &dyn Tokenizer) -> Measured {
        let (received, known) = {
            let received = self.received.lock();
            match self.known(&received) {
                Known::Used(measured) => return measured,
                known => (received.clone(), known),
            }
        };
        let counted = self.count(call, tokenizer, &received.output_text);
        let limit = self.limit.map_or(u64::MAX, OutputLimit::visible);
        let complete = |source| if self.is_complete { source } else { UsageSource::Partial };
        match known {
            Known::Disputed(usage) if counted.output > limit => {
                let visible = usage.output.saturating_sub(usage.reasoning);
                if visible <= counted.output.saturating_mul(2).saturating_add(COUNTING_SLACK) {
                    return Measured::whole(usage, complete(UsageSource::Provider));
                }
                let usage =
                    TokenUsage { input: counted.input, output: counted.output, ..TokenUsage::default() };
                return Measured::whole(usage, complete(UsageSource::Estimated));
            }
            Known::Outdated(usage) => {
                let output = usage.output.max(counted.output.min(limit));
                return Measured::whole(TokenUsage { output, ..usage }, UsageSource::Partial);
            }
            _ => {}
        }
        let output = counted.output.min(limit);
        // Of counts that leave out the answer, what they have of the prompt is believed.
        let counted_last = received.usage.filter(|usage| !received.usage_corrected && usage.output == 0);
        let is_credible = |said: &TokenUsage| (1..=LARGEST_CREDIBLE).contains(&said.input);
        let said = received.prompt.filter(is_credible).or(counted_last.filter(is_credible));
        let usage = match said {
            Some(said) => TokenUsage { output, reasoning: 0, ..said.clamped(LARGEST_CREDIBLE) },
            None => TokenUsage { input: counted.input, output, ..TokenUsage::default() },
        };
        let silent = received.usage.is_none() && !received.usage_corrected;
        let exact = silent && counted.exact;
        let source = complete(if exact { UsageSource::Counted } else { UsageSource::Estimated });
        Measured { usage, source, is_whole: piecework::is_by_text(self.operation) }
    }

    /// Counts prompt and answer. Tokenizers read whatever a stranger wrote: a defect of theirs that panics must cost exactness,
    /// never the record of what was used.
    fn count(&self, call: &dyn ClientCall, tokenizer: &dyn Tokenizer, answer: &str) -> Counted {
        let counting = AssertUnwindSafe(|| {
            let counter = Counter { tokenizer, vendor: self.vendor, model: self.model };
            let (input, input_exact) = counter.prompt(call);
            let output = tokenizer.count(self.vendor, self.model, answer);
            Counted { input, output: output.tokens, exact: input_exact && output.exact }
        });
        catch_unwind(counting).unwrap_or_else(|_| {
            tracing::error!(
                provider.vendor = self.vendor,
                model = self.model,
                "counting tokens panicked; the usage is estimated by length"
            );
            let output = (answer.len() as u64).div_ceil(BYTES_PER_TOKEN);
            Counted { input: call.facts().estimated_prompt_tokens(), output, exact: false }
        })
    }

    fn known(&self, received: &ReceivedParts) -> Known {
        if !received.began {
            return Known::Used(Measured::whole(TokenUsage::default(), UsageSource::None));
        }
        let Some(usage) = credible_usage(received) else {
            let counted = piecework::counted(self.operation, &received.units);
            let source = if self.is_complete { UsageSource::Counted } else { UsageSource::Partial };
            return counted.map_or(Known::Uncounted, |usage| Known::Used(Measured::whole(usage, source)));
        };
        if self.is_over(&usage) {
            return Known::Disputed(usage);
        }
        if !self.is_complete && received.output_text.len() > received.text_at_usage {
            return Known::Outdated(usage);
        }
        let usage = TokenUsage { units: usage.units.max(received.units), ..usage };
        let source = if self.is_complete { UsageSource::Provider } else { UsageSource::Partial };
        Known::Used(Measured::whole(usage, source))
    }

    /// Whether it is more than was allowed, or more than any model thinks. Reasoning beyond the limit is believed of every vendor, also
    /// where none is known to reason so: it is on the bill (recorded exchange doubleword-chat_completions-27475db8d9 has a limit of 64,
    /// and 241 tokens of reasoning).
    fn is_over(&self, usage: &TokenUsage) -> bool {
        let limit = self.limit.filter(|_| piecework::is_by_text(self.operation));
        limit.is_some_and(|limit| {
            let visible = usage.output.saturating_sub(usage.reasoning);
            visible > limit.visible() || usage.output > limit.imaginable()
        })
    }
}

/// The provider's counts, unless they are missing or absurd: corrected on reading, zero beside text, or more than any model
/// serves.
fn credible_usage(received: &ReceivedParts) -> Option<TokenUsage> {
    let usage = received.usage.filter(|_| !received.usage_corrected)?;
    let answered = !received.output_text.is_empty();
    if piecework::is_credible(&usage) {
        return Some(usage);
    }
    let zero = usage.input == 0 || (usage.output == 0 && answered);
    let impossible = usage.input > LARGEST_CREDIBLE || usage.output > LARGEST_CREDIBLE;
    (!zero && !impossible).then(|| usage.clamped(LARGEST_CREDIBLE))
}

/// How much there is to read before a prompt is counted: tools and pictures are in its body, not in its text.
fn prompt_bytes(call: &dyn ClientCall) -> usize {
    let text = usize::try_from(call.facts().prompt_text_bytes).unwrap_or(usize::MAX);
    call.wire().map_or(text, |wire| wire.bytes.len().max(text))
}

/// The tokens of a call's prompt, and whether they are exact.
pub(super) fn count_prompt(
    tokenizer: &dyn Tokenizer,
    vendor: &str,
    model: &str,
    call: &dyn ClientCall,
) -> (u64, bool) {
    Counter { tokenizer, vendor, model }.prompt(call)
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
            Ok(Canonical::Chat(request)) => self.request(&request),
            Ok(Canonical::Embedding(request)) => self.inputs(&request.inputs),
            Ok(Canonical::Verbatim) | Err(_) => (call.facts().estimated_prompt_tokens(), false),
        }
    }

    fn inputs(&self, inputs: &[EmbeddingInput]) -> (u64, bool) {
        let mut exact = true;
        let tokens = inputs.iter().map(|input| match input {
            EmbeddingInput::Text(text) => self.text(text, &mut exact),
            EmbeddingInput::Tokens(tokens) => tokens.len() as u64,
        });
        (tokens.sum(), exact)
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
            Part::Document(_) | Part::Audio(_) | Part::Native { .. } => {
                *exact = false;
                0
            }
            Part::CacheMark { .. } | Part::Signature(_) => 0,
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
