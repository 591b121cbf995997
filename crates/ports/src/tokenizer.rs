//! Counting tokens ourselves, where a provider did not.

/// A count and how good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCount {
    /// Tokens.
    pub tokens: u64,
    /// Whether the model's own tokenizer counted; otherwise it is an estimate by length.
    pub exact: bool,
}

/// Counts tokens. The first count for a vocabulary loads it (tens of milliseconds), which belongs on a blocking thread.
pub trait Tokenizer: Send + Sync {
    /// Tokens of `text` for `model` of `vendor`.
    fn count(&self, vendor: &str, model: &str, text: &str) -> TokenCount;
    /// Whether `count` would answer without loading anything.
    fn is_ready(&self, vendor: &str, model: &str) -> bool;
}
