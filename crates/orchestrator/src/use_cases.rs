//! What surfaces call, together.

use crate::accounts::{Accounts, SessionGate};
use crate::admin::{
    CredentialAdmin, DeclaredConfiguration, KeyAdmin, ProviderAdmin, Reloading, RouteAdmin,
    SharedCredentialAdmin,
};
use crate::audit::AuditTrail;
use crate::backup::Backups;
use crate::chat::ChatService;
use crate::external::ExternalCalls;
use crate::insight::Insight;
use crate::models::ModelList;
use crate::principal::Authenticator;
use crate::rekey::Rekey;
use crate::status::Status;
use std::sync::Arc;
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::idempotency::IdempotencyStore;

/// The use cases that serve callers, and what an edge needs beside them. Only an argument list: whatever answers a request asks
/// for the one use case that it calls.
#[derive(Clone)]
pub struct UseCases {
    /// Chat calls.
    pub chat: Arc<ChatService>,
    /// The models that a caller may use.
    pub models: Arc<ModelList>,
    /// Who calls.
    pub authenticator: Arc<Authenticator>,
    /// Who is signed in.
    pub sessions: Arc<SessionGate>,
    /// People.
    pub accounts: Accounts,
    /// Virtual keys.
    pub keys: Arc<KeyAdmin>,
    /// Routes.
    pub routes: Arc<RouteAdmin>,
    /// Reading the configuration again.
    pub reloading: Arc<Reloading>,
    /// Configuration as a document.
    pub declared: Arc<DeclaredConfiguration>,
    /// The backup of providers and routes.
    pub backups: Arc<Backups>,
    /// The state of the server.
    pub status: Arc<Status>,
    /// What people look at.
    pub insight: Insight,
    /// Calls to addresses that people name.
    pub external: Arc<ExternalCalls>,
    /// People's own keys at providers.
    pub credentials: Arc<CredentialAdmin>,
    /// Providers.
    pub providers: Arc<ProviderAdmin>,
    /// The keys that providers' calls share.
    pub shared_credentials: Arc<SharedCredentialAdmin>,
    /// What people did.
    pub audit: Arc<AuditTrail>,
    /// Sealing anew what is stored.
    pub rekey: Arc<Rekey>,
    /// Which named requests were answered.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids of requests.
    pub entropy: Arc<dyn Entropy>,
}
