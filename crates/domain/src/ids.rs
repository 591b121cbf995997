//! Typed identifiers. Configuration objects that people administer have small integers; runtime records have UUIDs
//! (version 7, minted behind the entropy port). The types keep a provider's id from ever standing in for a route's.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! integer_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

integer_ids! {
    /// A configured account at a vendor.
    ProviderId;
    /// A sealed vendor secret.
    CredentialId;
    /// A model row of a provider.
    ProviderModelId;
    /// A public model name that clients call.
    RouteId;
    /// A provider and model inside a route.
    TargetId;
    /// A secret that we issued to a client.
    VirtualKeyId;
    /// A person who signs in.
    UserId;
}

uuid_ids! {
    /// One client request, from admission to settlement.
    CallId;
    /// One try at one target; also the id of its usage event and ledger entry, which makes recording idempotent.
    AttemptId;
    /// A signing in and all the tokens that were refreshed from it.
    SessionId;
}
