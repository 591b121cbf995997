//! What admission and routing need to know about a client's call, whatever dialect it came in.

use crate::chat::Dialect;
use crate::health::AnswerForm;
use crate::route::Needs;

/// The most tokens that frame a message and name its role.
const MOST_OF_A_FRAME: u64 = 8;
/// The most tokens that a picture is: at high detail in nine tiles, some models are billed for 48,169 of them.
const MOST_OF_AN_IMAGE: u64 = 50_000;
/// The most tokens that a vendor puts before a prompt by itself, such as how to use tools.
const MOST_OF_A_PREAMBLE: u64 = 1_000;

/// The facts of a call, taken from its body in one scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFacts {
    /// The dialect that the client speaks.
    pub dialect: Dialect,
    /// What the client asked for in `model`, as written.
    pub model: String,
    /// Whether the client wants a stream.
    pub stream: bool,
    /// Whether the client asked to see usage in the stream.
    pub wants_stream_usage: bool,
    /// The most output tokens that the client allows for one choice.
    pub max_output_tokens: Option<u64>,
    /// How many choices the client asked the provider to make. It may want to be shown fewer (`best_of`); all are billed.
    pub choices: u32,
    /// Bytes of text in the prompt, for the token estimate.
    pub prompt_text_bytes: u64,
    /// Messages in the prompt.
    pub messages: u32,
    /// Whether the messages were looked at and are nothing but texts in roles that every vendor knows, so that they need no other form
    /// at any vendor of the client's dialect: no calls of tools, and no members of some vendors alone.
    pub plain_messages: bool,
    /// Images in the prompt.
    pub images: u32,
    /// Whether more belongs to the prompt than the body tells the size of: what stands at an address or is stored with the provider,
    /// sound, films and documents, and what a tool of the vendor's own reads.
    pub has_unseen_input: bool,
    /// What the call needs of the model that answers it.
    pub needs: Needs,
    /// What the caller calls the call, for the conditions of targets.
    pub tags: Vec<String>,
    /// Whether the client wants the answer in a form that no provider gives, so that its bytes can't pass through.
    pub decodes_answer: bool,
    /// Whether the caller wants a refusal rather than a loss.
    pub strict: bool,
    /// The headers of the client that mean something to a provider of the same dialect (`anthropic-beta`), by names in lower
    /// case. To any other provider they are lost.
    pub headers: Vec<(&'static str, String)>,
}

impl CallFacts {
    /// How its answer comes.
    #[must_use]
    pub fn answer_form(&self) -> AnswerForm {
        if self.stream { AnswerForm::Streamed } else { AnswerForm::Whole }
    }

    /// A quick upper-leaning estimate of the prompt's tokens: four bytes a token, four tokens a message for its frame, a
    /// low-detail image at 85. It reserves; it never bills.
    #[must_use]
    pub fn estimated_prompt_tokens(&self) -> u64 {
        self.prompt_text_bytes.div_ceil(4) + 4 * u64::from(self.messages) + 85 * u64::from(self.images) + 3
    }

    /// The most tokens that the prompt can be at a model with this context window; what money is held for. No vocabulary makes more
    /// tokens of a text than it has bytes. `None` when neither the body nor the window says how much there is to read.
    #[must_use]
    pub fn most_prompt_tokens(&self, context_window: Option<u64>) -> Option<u64> {
        if self.has_unseen_input {
            return context_window;
        }
        let seen = self
            .prompt_text_bytes
            .saturating_add(MOST_OF_A_FRAME * u64::from(self.messages))
            .saturating_add(MOST_OF_AN_IMAGE * u64::from(self.images))
            .saturating_add(MOST_OF_A_PREAMBLE);
        Some(context_window.map_or(seen, |window| window.min(seen)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(prompt_text_bytes: u64, images: u32, has_unseen_input: bool) -> CallFacts {
        CallFacts {
            dialect: Dialect::OPENAI_CHAT,
            model: "m".to_owned(),
            stream: false,
            wants_stream_usage: false,
            max_output_tokens: None,
            choices: 1,
            prompt_text_bytes,
            messages: 1,
            images,
            has_unseen_input,
            needs: Needs::NONE,
            tags: Vec::new(),
            plain_messages: false,
            decodes_answer: false,
            strict: false,
            headers: Vec::new(),
        }
    }

    #[test]
    fn the_most_that_a_prompt_can_be_is_its_bytes_and_never_more_than_the_model_reads() {
        let text = facts(4_000, 0, false);
        assert!(text.most_prompt_tokens(None).unwrap() >= 4_000 && text.estimated_prompt_tokens() < 1_100);
        assert_eq!(text.most_prompt_tokens(Some(2_000)), Some(2_000));
        assert!(facts(0, 2, false).most_prompt_tokens(None).unwrap() > 2 * 48_169);
    }

    #[test]
    fn what_nobody_has_seen_is_as_much_as_the_model_reads_or_unknown() {
        let unseen = facts(1, 0, true);
        assert_eq!(unseen.most_prompt_tokens(Some(200_000)), Some(200_000));
        assert_eq!(unseen.most_prompt_tokens(None), None);
    }
}
