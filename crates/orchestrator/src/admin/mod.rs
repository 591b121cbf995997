//! Administration: providers, routes and virtual keys. Each write is validated, sealed where it holds a secret, written in a
//! transaction, and visible to the writer when the function returns.

mod credentials;
mod declare;
mod followers;
mod in_turn;
mod index;
mod keys;
mod providers;
mod quotas;
mod reload;
mod routes;
mod seeds;
mod shared_credentials;

pub use credentials::{CredentialAdmin, CredentialEntry, EmptySecret, UNREADABLE};
pub use declare::{
    Applied, DeclaredConfiguration, DocumentFormat, Drift, ObjectKind, OfSettings, Plan, PlannedObject, Step,
    yaml_bounds,
};
pub(crate) use declare::{Kept, KeptProvider, Rules, declared};
pub use followers::Followers;
pub(crate) use index::Index;
pub use keys::{CreatedKey, KeyAdmin, KeyChange, KeyRequest, KeyState, MOST_KEYS, MOST_UNUSED_KEYS};
pub use providers::{
    CredentialSight, Discovered, FactSource, ModelState, ProviderAdmin, ProviderChange, ProviderPorts,
    ProviderRequest, ProviderState, ProviderTest, Removal, UnsavedProvider,
};
pub use quotas::{QuotaAdmin, QuotaRequest, QuotaState};
pub use reload::{FileNow, FileReader, Reloading, at_its_line};
pub use routes::{RouteAdmin, RouteChange, RouteState, VersionState};
pub use seeds::Seeding;
pub use shared_credentials::{ProviderRef, SharedCredentialAdmin, SharedCredentialEntry};

use crate::backup::BackupWriter;
use crate::error::AdminError;
use crate::snapshot::ConfigurationKeeper;
use std::collections::BTreeMap;
use std::sync::Arc;
use switchyard_domain::audit::{AuditAction, AuditOutcome, AuditRecord};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{AuditLog, Author, ConfigurationRepository, RepositoryError};

/// What every administrative use case needs.
#[derive(Clone)]
pub struct AdminPorts {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Providers and routes.
    pub configuration: Arc<dyn ConfigurationRepository>,
    /// The log of what people did.
    pub audit: Arc<dyn AuditLog>,
    /// What calls read; absent where no calls are served (the command line).
    pub keeper: Option<Arc<ConfigurationKeeper>>,
    /// What keeps the backup; absent where everything is in memory.
    pub backup: Option<Arc<BackupWriter>>,
}

impl AdminPorts {
    fn author(&self, by: &Writer) -> Author {
        Author { by: by.clone(), at: self.clock.now() }
    }

    /// Writes down that somebody did something to an object that is not changed by it.
    async fn note(
        &self,
        action: AuditAction,
        object: String,
        details: BTreeMap<String, String>,
        by: &Writer,
    ) -> Result<(), RepositoryError> {
        let record = AuditRecord {
            at: self.clock.now(),
            actor: by.name.to_string(),
            action,
            object,
            outcome: AuditOutcome::Done,
            address: by.address,
            request_id: by.request_id.clone(),
            details,
        };
        self.audit.record(record).await
    }

    /// Waits until the write is what calls read. The write stands whether or not it can be read back at once: calls see it as
    /// soon as the database answers again. The backup has it then too.
    async fn read_own_write(&self) {
        if let Some(keeper) = &self.keeper
            && let Err(error) = keeper.refresh().await
        {
            tracing::warn!(error = %error, "a change was written but can't be read back yet");
        }
        if let Some(backup) = &self.backup {
            let seen = self.keeper.as_ref().map(|keeper| keeper.snapshot().revision);
            backup.keep_current(seen).await;
        }
    }

    /// Writes the backup, as a provider was tested. What stands in the way of it is logged.
    async fn back_up_test(&self) {
        if let Some(backup) = &self.backup {
            backup.write_after_test().await;
        }
    }
}

/// What the configuration file declares, switched off or not, is the file's to change: whatever anybody else wrote would be undone when it
/// is read again.
fn refuse_declared(is_declared: bool, what: impl FnOnce() -> String, by: &Writer) -> Result<(), AdminError> {
    if is_declared && by.owner != Owner::File {
        return Err(AdminError::FileOwned { what: what() });
    }
    Ok(())
}

/// A text that somebody sent, as messages repeat it: not more of it than tells them which one is meant.
fn shown(text: &str) -> String {
    text.chars().take(100).filter(|c| !c.is_control()).collect()
}

/// Refuses limits that would let nothing pass, and those that a database can't hold.
fn check_limits(limits: &Limits, param: &str) -> Result<(), AdminError> {
    if limits.admits_nothing() {
        return Err(AdminError::invalid(param, "a limit is at least 1; leave it out for no limit"));
    }
    if limits.tpm.is_some_and(|tokens| i64::try_from(tokens).is_err()) {
        return Err(AdminError::invalid(
            param,
            format!("a limit is {} at most; leave it out for no limit", i64::MAX),
        ));
    }
    Ok(())
}
