//! What exists in Switchyard and what is true about it: chat, embeddings, routes and their plan, prices and cost, limits, budgets,
//! keys, people, usage, money, ids and time, as plain data and arithmetic.
//!
//! This crate does not know about sockets, files, databases, clocks, randomness, async, or any vendor or wire format: it
//! is told the time, it is given ids, and it computes the same answer for the same arguments every time.

pub mod audit;
pub mod budget;
pub mod call;
pub mod chat;
pub mod credential;
pub mod declaration;
pub mod declared;
pub mod difference;
pub mod embedding;
pub mod fault;
pub mod health;
pub mod ids;
pub mod limits;
pub mod meta;
pub mod money;
pub mod name;
pub mod notes;
pub mod operation;
pub mod output;
pub mod price;
pub mod provider;
pub mod provider_health;
pub mod quota;
pub mod retry;
pub mod role;
pub mod route;
pub mod spelling;
pub mod time;
pub mod usage;
pub mod user;
pub mod virtual_key;
pub mod wire;
