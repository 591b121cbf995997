//! A tokenizer that counts words.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;
use switchyard_ports::tokenizer::{TokenCount, Tokenizer};

/// A word is a token. Its vocabulary is loaded by the first count, unless it was made ready.
#[derive(Debug)]
pub struct WordTokenizer {
    exact: bool,
    loaded: AtomicBool,
    panics: bool,
    counted_on: Mutex<Vec<ThreadId>>,
}

impl WordTokenizer {
    /// A tokenizer whose counts are exact or estimates, and whose vocabulary is loaded or not.
    #[must_use]
    pub fn new(exact: bool, loaded: bool) -> Self {
        Self { exact, loaded: AtomicBool::new(loaded), panics: false, counted_on: Mutex::default() }
    }

    /// The same, but every count panics.
    #[must_use]
    pub fn panicking(self) -> Self {
        Self { panics: true, ..self }
    }

    /// The threads that counted, in order.
    #[must_use]
    pub fn counted_on(&self) -> Vec<ThreadId> {
        self.counted_on.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tokenizer for WordTokenizer {
    fn count(&self, _vendor: &str, _model: &str, text: &str) -> TokenCount {
        self.loaded.store(true, Ordering::Release);
        self.counted_on.lock().unwrap_or_else(PoisonError::into_inner).push(std::thread::current().id());
        assert!(!self.panics, "a tokenizer that was told to panic");
        TokenCount { tokens: text.split_whitespace().count() as u64, exact: self.exact }
    }

    fn is_ready(&self, _vendor: &str, _model: &str) -> bool {
        self.loaded.load(Ordering::Acquire)
    }
}
