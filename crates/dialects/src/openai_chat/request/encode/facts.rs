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
    /// How a mark for the prompt cache is written.
    pub cache: CacheForm,
    /// How a document that the provider shall fetch is written.
    pub documents: DocumentForm,
    /// Which ids of tool calls are accepted.
    pub tool_call_ids: ToolCallIds,
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
        cache: CacheForm::Omit,
        documents: DocumentForm::Unknown,
        tool_call_ids: ToolCallIds::Any,
        legacy_functions: true,
        refused_members: &[],
    };
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
    /// In `reasoning`, its proof in `reasoning_details` (OpenRouter; Groq and Ollama take the text).
    Reasoning,
    /// As a `thinking` part of the content (Mistral).
    ThinkingPart,
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
