//! Speaks to the vendors of language models: how a provider is reached, and what its answers mean.
//!
//! This crate does not know about routes, attempts, budgets, HTTP servers or databases, and it never decides
//! whether a call is tried again: it says what happened.

mod broken;
pub mod catalogue;
mod driver;
mod factory;
mod packed;
mod sim;
mod tokenizer;
pub mod transport;
pub mod vendors;
mod vocabulary;

pub use factory::{FactorySettings, VendorFactory};
pub use tokenizer::BpeTokenizer;
pub use vocabulary::Vocabulary;
