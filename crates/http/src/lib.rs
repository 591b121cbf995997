//! The HTTP surfaces of Switchyard: requests in, use cases called, answers out.
//!
//! This crate does not know about databases, providers, ciphers, settings or the process: it is given the use cases and
//! how to listen, and what it can't find in a request or in a use case's answer it does not say.

pub mod access;
mod api;
mod app;
mod compat;
mod connection;
pub mod cookies;
mod docs;
mod envelope;
pub mod explained;
mod extract;
mod fallback;
mod gateway;
mod idempotency;
mod identity;
mod metrics;
mod middleware;
pub mod offline;
mod offline_form;
pub mod openapi;
mod ops;
mod packed;
mod provenance;
pub mod recent_log;
mod refusal;
pub mod routes;
pub mod server;
pub mod services;
mod version;
mod words;
