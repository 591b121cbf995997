//! The use cases of Switchyard: what happens between a client's call and its settlement, and how configuration becomes the
//! snapshot that calls read.
//!
//! This crate does not know about HTTP, SQL, files, ciphers, or any vendor or dialect: it reaches the world through the ports
//! that it is given, and a call's own bytes stay opaque to it.

pub mod accounts;
pub mod admin;
pub mod audit;
pub mod backup;
pub mod chat;
pub mod error;
pub mod explain;
pub mod external;
pub mod health_checks;
pub mod insight;
pub mod misread;
pub mod models;
pub mod overview;
pub mod places;
pub mod principal;
pub mod rekey;
pub mod room;
pub mod routing;
pub mod snapshot;
pub mod status;
pub mod tasks;
pub mod usage;
mod use_cases;

pub use use_cases::UseCases;
