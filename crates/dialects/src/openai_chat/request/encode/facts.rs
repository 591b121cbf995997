/// What a vendor knows of this dialect, where vendors differ. Vendor files start from [`TargetFacts::OPENAI`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetFacts {
    /// The member for the most output tokens.
    pub max_tokens: MaxTokensMember,
    /// Whether the role `developer` is known; otherwise such messages go as `system`.
    pub developer_role: bool,
    /// How usage in streams is asked for.
    pub stream_usage: StreamUsage,
    /// The member for the seed: `seed`, or Mistral's `random_seed`.
    pub seed_member: &'static str,
    /// The word for a forced call of any tool: `required`, or `any`.
    pub required_word: &'static str,
    /// How the model's reasoning of earlier turns goes back to it.
    pub reasoning: ReasoningForm,
    /// Where the proofs of that reasoning go.
    pub proofs: ProofForm,
    /// Whether it never shows what the model thinks. A vendor that takes reasoning back shows it.
    pub hides_reasoning: bool,
    /// What becomes of members of a client's own messages in which reasoning and proofs were given to it, and that the vendor
    /// does not know.
    pub unknown_members: UnknownMembers,
    /// How a mark for the prompt cache is written.
    pub cache: CacheForm,
    /// How a document that the provider shall fetch is written.
    pub documents: DocumentForm,
    /// Which ids of tool calls are accepted.
    pub tool_call_ids: ToolCallIds,
    /// Whether results of tools may hold pictures, sound and documents; otherwise a message of the user's has them.
    pub media_in_results: bool,
    /// Whether `top_k` is known.
    pub top_k: bool,
    /// Whether the first form of function calling is known; otherwise it goes as tools.
    pub legacy_functions: bool,
    /// Members at the top level that the vendor refuses: left out, and reported.
    pub refused_members: &'static [&'static str],
}

impl TargetFacts {
    /// OpenAI itself.
    pub const OPENAI: Self = Self {
        max_tokens: MaxTokensMember::MaxCompletionTokens,
        developer_role: true,
        stream_usage: StreamUsage::AsRequested,
        seed_member: "seed",
        required_word: "required",
        reasoning: ReasoningForm::Omit,
        proofs: ProofForm::Omit,
        hides_reasoning: true,
        unknown_members: UnknownMembers::LeftOut,
        cache: CacheForm::Omit,
        documents: DocumentForm::Unknown,
        tool_call_ids: ToolCallIds::Any,
        media_in_results: false,
        top_k: false,
        legacy_functions: true,
        refused_members: &[],
    };

    /// What is known of a model of the vendor's.
    pub(in crate::openai_chat) fn of_model(&self, model: &str) -> Self {
        let is_gemini = || memchr::memmem::find(&model.as_bytes().to_ascii_lowercase(), b"gemini").is_some();
        match self.proofs {
            ProofForm::ExtraContentOfGemini if !is_gemini() => Self { proofs: ProofForm::Omit, ..*self },
            _ => *self,
        }
    }
}

/// The member for the most output tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxTokensMember {
    /// The first name, which nearly all vendors know, but OpenAI's reasoning models refuse.
    MaxTokens,
    /// OpenAI's newer name.
    MaxCompletionTokens,
}

/// How usage in streams is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamUsage {
    /// The vendor does not know `stream_options` and sends usage unasked, or not at all.
    Unasked,
    /// If the request wants it.
    AsRequested,
    /// Always: who meters must ask, whether the client does or not.
    Always,
}

/// How the model's reasoning of earlier turns goes back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningForm {
    /// Not at all.
    Omit,
    /// In `reasoning_content` (DeepSeek, Z.ai, vLLM).
    ReasoningContent,
    /// In `reasoning` (OpenRouter, Groq, Cerebras, Ollama).
    Reasoning,
    /// As a `thinking` part of the content (Mistral).
    ThinkingPart,
}

/// Where the proofs of reasoning go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofForm {
    /// Nowhere.
    Omit,
    /// All of them in `reasoning_details` of the message, those of calls by the calls' ids (OpenRouter).
    ReasoningDetails,
    /// Google's own proofs of calls in `extra_content` of the call, where the model's name says that it is a Gemini: what Google's
    /// compatible endpoint takes, which is called as a server of which nothing is known.
    ExtraContentOfGemini,
}

/// What becomes of members of a client's own messages that the vendor does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownMembers {
    /// The vendor refuses them: they are left out, and told.
    LeftOut,
    /// They pass. What the vendor can't take, it says itself.
    Passed,
}

/// How a mark for the prompt cache is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheForm {
    /// Not at all: the vendor caches by itself.
    Omit,
    /// As `cache_control` of the part before it (OpenRouter).
    CacheControl,
    /// As `prompt_cache_breakpoint` of the part before it (OpenAI's newest models).
    PromptCacheBreakpoint,
}

/// How a document that the provider shall fetch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentForm {
    /// Not at all.
    Unknown,
    /// As a part of type `document_url` (Mistral).
    DocumentUrl,
    /// As the `file_data` of a `file` (OpenRouter).
    FileData,
}

/// Which ids of tool calls are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolCallIds {
    /// Any text.
    Any,
    /// Exactly nine letters and digits (Mistral): others are replaced, the same by the same.
    NineAlphanumeric,
}
