//! Providers that do what a test tells them, call by call.

mod act;
mod answering;
mod factory;

pub use act::{Act, End};
pub use factory::{PLACED, ScriptedFactory, SentCall};
