//! What people look at: usage, calls, the server's state, and what would become of a call.

use crate::explain::Explainer;
use crate::overview::Overview;
use crate::routing::Routing;
use crate::usage::{BooksProof, CallHistory, UsageReports};
use std::sync::Arc;

/// The use cases that only look. Only an argument list: whatever answers a request asks for the one that it calls.
#[derive(Clone)]
pub struct Insight {
    /// Sums of usage.
    pub reports: Arc<UsageReports>,
    /// Calls one by one.
    pub history: Arc<CallHistory>,
    /// The proof of the books.
    pub proof: Arc<BooksProof>,
    /// The state of the server.
    pub overview: Arc<Overview>,
    /// What would become of a call.
    pub explainer: Arc<Explainer>,
    /// Which target comes next in a route, and how all of them are.
    pub routing: Arc<Routing>,
}
