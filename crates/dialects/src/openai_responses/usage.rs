//! Counts of tokens as this dialect names them. They are read with those of the other dialect of OpenAI.

use switchyard_domain::chat::TokenUsage;

use crate::json::ObjectWriter;

/// Writes the members of a `usage` object, all of which OpenAI's SDKs require.
pub(super) fn write(object: &mut ObjectWriter<'_>, usage: &TokenUsage) {
    object.plain("input_tokens", usage.input);
    object.object("input_tokens_details", |details| {
        details.plain("cache_write_tokens", usage.cache_write.saturating_add(usage.cache_write_1h));
        details.plain("cached_tokens", usage.cached_input);
    });
    object.plain("output_tokens", usage.output);
    object.object("output_tokens_details", |details| details.plain("reasoning_tokens", usage.reasoning));
    object.plain("total_tokens", usage.total());
}
