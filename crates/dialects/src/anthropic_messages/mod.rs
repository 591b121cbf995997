//! The dialect of Anthropic's messages (`POST /v1/messages`), both ways.
//!
//! How its members stand in the canonical form:
//!
//! | here | there |
//! |---|---|
//! | `system`, and messages of the role `system` | messages of the role system; at the front they become `system` |
//! | `max_tokens` (required) | `max_output_tokens`; a default where there is none, and thinking on top of it |
//! | `tool_result` blocks of a user | parts of one message, which is of the role tool if there is nothing else in it |
//! | consecutive messages of one role | one message here; results of tools come first in it |
//! | `input` of a call (an object) | `arguments` (a text); what is no object goes as `{"input": text}` and is reported |
//! | `thinking`, `redacted_thinking` with their proofs | parts for reasoning, block by block, in place |
//! | `cache_control` of a block or a tool | a cache mark after the part; the tool's `cache` |
//! | `cache_control` of the request, `container`, `mcp_servers`, ... | extensions |
//! | `thinking`, `output_config.effort` | the wish for reasoning |
//! | `output_config.format`, `output_format` | an answer by schema; one of any JSON is refused, there is no like |
//! | `tool_choice.disable_parallel_tool_use` | `parallel_tool_calls`, turned round |
//! | `metadata.user_id` | `user` |
//! | `service_tier`: `auto`, `standard_only` | `auto`, `default` |
//! | a document's `title`, `context`, `citations.enabled` | `filename`, `context`, `cited`; a source in chunks also as one text |
//! | `citations` of a block of text in an answer | citations whose span is the block |
//! | blocks of the vendor's own tools, and unknown ones | native parts |
//! | `caller` of a call, if it is not the model itself | the choice's extension `tool_use_callers`; in requests, of the message |
//! | `stop_reason` `pause_turn`, `model_context_window_exceeded` | stop, length; the word itself in the extension `stop_reason` |
//! | `usage.server_tool_use`, `usage.service_tier`, `stop_details`, ... | extensions of the answer |
//!
//! **Proofs.** The vendor refuses thinking whose proof it did not make, and an assistant's turn in a tool loop that does not
//! begin with the thinking that belongs to it. So its own blocks go back byte for byte, and others' are left out and reported.
//! A client, on the other hand, is given every proof, so that it comes back: others' stand behind a mark, those of texts and
//! calls, for which there is no place, in `redacted_thinking` blocks after them; only that of the last text
//! is left out, behind which nothing would follow, since Claude Code prints what the last block says. What a client sends back
//! of others' is taken out of its own bytes too, before they go to a provider of this dialect.
//!
//! **Beta headers** are not written here. Requests of other dialects never need one. A client's own request may: for
//! `file` sources and `container_upload` (`files-api-2025-04-14`), `mcp_servers` (`mcp-client-2025-11-20`), `context_management`
//! (`context-management-2025-06-27`) and what else its header `anthropic-beta` names, which the surface passes on.

mod answer;
mod citation;
mod client_history;
mod codec;
pub mod count_tokens;
mod error;
mod finish;
pub mod models;
mod places;
mod read;
mod request;
mod said;
mod stream;
mod tiers;
mod usage;

pub use codec::{AnthropicMessages, AnthropicMessagesClient};
