//! Types of items, and who makes them.

/// The items that a provider makes, besides messages, reasoning and calls of the client's own tools: tools of the vendor and
/// what they gave, compacted histories, programs.
const MADE_BY_PROVIDER: &[&str] = &[
    "apply_patch_call",
    "code_interpreter_call",
    "compaction",
    "computer_call",
    "file_search_call",
    "image_generation_call",
    "local_shell_call",
    "mcp_approval_request",
    "mcp_call",
    "mcp_list_tools",
    "program",
    "program_output",
    "shell_call",
    "tool_search_call",
    "web_search_call",
];

/// Whether an item is the provider's part of the conversation, or the client's.
pub(super) fn is_made_by_provider(kind: &str) -> bool {
    MADE_BY_PROVIDER.contains(&kind)
}

/// Whether a native part is an item that an answer of this dialect may have. Parts of other dialects have other types.
pub(super) fn is_item(kind: &str) -> bool {
    is_made_by_provider(kind) || kind.ends_with("_call_output") || kind == "tool_search_output"
}
