//! The application for administration: the same use cases without calls, journal or background work. The command line works
//! through it, beside a running server, which sees each change within a second.

use crate::adapters::Adapters;
use crate::builder::Builder;
use crate::embedded::start_keeper;
use crate::error::OpenError;
use crate::first_start::{followers, seeding};
use crate::identity::account_ports;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use switchyard_coordination::memory::MemoryLimiter;
use switchyard_domain::meta::Writer;
use switchyard_orchestrator::accounts::{AccountPorts, Accounts, SessionGate, session_gate};
use switchyard_orchestrator::admin::{
    AdminPorts, CredentialAdmin, DeclaredConfiguration, Followers, KeyAdmin, ProviderAdmin, ProviderPorts,
    QuotaAdmin, RouteAdmin, Seeding, SharedCredentialAdmin,
};
use switchyard_orchestrator::audit::AuditTrail;
use switchyard_orchestrator::backup::{BackupPorts, BackupWriter, Backups};
use switchyard_orchestrator::explain::{Explainer, Holding};
use switchyard_orchestrator::rekey::{Rekey, RekeyPorts};
use switchyard_orchestrator::routing::{Routing, RoutingPorts};
use switchyard_orchestrator::snapshot::ConfigurationKeeper;
use switchyard_orchestrator::usage::UsageReports;
use switchyard_ports::backup_file::BackupFile;
use switchyard_ports::repositories::{
    AuditLog, ConfigurationRepository, CredentialRepository, KeyringRepository, ProviderHealthRepository,
    QuotaRepository, UsageRepository, UserRepository, VirtualKeyRepository,
};
use switchyard_security::backup_file::PlainBackupFile;

/// The administrative use cases.
pub struct Administration {
    pub(crate) providers: Arc<ProviderAdmin>,
    pub(crate) routes: Arc<RouteAdmin>,
    pub(crate) keys: Arc<KeyAdmin>,
    pub(crate) quotas: Arc<QuotaAdmin>,
    pub(crate) usage: Arc<UsageReports>,
    pub(crate) accounts: Accounts,
    account_ports: AccountPorts,
    pub(crate) audit: Arc<AuditTrail>,
    pub(crate) credentials: Arc<CredentialAdmin>,
    pub(crate) shared_credentials: Arc<SharedCredentialAdmin>,
    pub(crate) rekey: Arc<Rekey>,
    pub(crate) declared: Arc<DeclaredConfiguration>,
    pub(crate) backup: Option<Arc<BackupWriter>>,
    pub(crate) backups: Arc<Backups>,
    pub(crate) generated_secrets: Vec<PathBuf>,
    pub(crate) holding: Holding,
    ports: AdminPorts,
    adapters: Adapters,
}

impl Administration {
    pub(crate) async fn open(mut builder: Builder) -> Result<Self, OpenError> {
        // What is administered is shared through the database.
        builder.redis = None;
        let adapters = Adapters::open(&mut builder).await?;
        let administration = Self::over(&adapters, &builder, None);
        let before = administration.ports.configuration.revision().await?;
        administration.prepare(&mut builder).await?;
        if let Some(backup) = &administration.backup {
            // What came with the product or was declared is a change as any other; a command that only looks writes nothing.
            if administration.ports.configuration.revision().await? == before {
                backup.wake();
            } else {
                backup.wake_and_begin().await;
            }
        }
        Ok(administration)
    }

    pub(crate) fn over(
        adapters: &Adapters,
        builder: &Builder,
        keeper: Option<Arc<ConfigurationKeeper>>,
    ) -> Self {
        let settings = &builder.accounts;
        let account_ports = account_ports(adapters, settings, keeper.clone());
        let backup = adapters.backup_file.as_ref().map(|file| backup_writer(adapters, file));
        let ports = admin_ports(adapters, keeper, backup.clone());
        let besides = ProviderPorts {
            factory: Arc::clone(&adapters.factory),
            vault: Arc::clone(&adapters.vault),
            prices: Arc::clone(&adapters.prices),
            health: Arc::clone(&adapters.database) as Arc<dyn ProviderHealthRepository>,
        };
        let providers = Arc::new(ProviderAdmin::new(ports.clone(), besides));
        let declared = DeclaredConfiguration::new(ports.clone(), Arc::clone(&providers));
        let declared = Arc::new(declared.with_settings(adapters.shared_models.of_settings()));
        let quotas = Arc::new(QuotaAdmin::new(
            ports.clone(),
            Arc::clone(&adapters.database) as Arc<dyn QuotaRepository>,
            Arc::clone(&adapters.database) as Arc<dyn VirtualKeyRepository>,
            Arc::clone(&adapters.database) as Arc<dyn UserRepository>,
            Arc::clone(&adapters.database) as Arc<dyn UsageRepository>,
        ));
        Self {
            credentials: Arc::new(CredentialAdmin::new(
                ports.clone(),
                Arc::clone(&adapters.database) as Arc<dyn CredentialRepository>,
                Arc::clone(&providers),
                Arc::clone(&adapters.vault),
            )),
            shared_credentials: Arc::new(SharedCredentialAdmin::new(
                ports.clone(),
                Arc::clone(&providers),
                Arc::clone(&adapters.vault),
            )),
            rekey: Arc::new(Rekey::new(RekeyPorts {
                clock: Arc::clone(&adapters.clock),
                keyring: Arc::clone(&adapters.database) as Arc<dyn KeyringRepository>,
                credentials: Arc::clone(&adapters.database) as Arc<dyn CredentialRepository>,
                audit: Arc::clone(&adapters.database) as Arc<dyn AuditLog>,
                vault: Arc::clone(&adapters.vault),
                rotation: Arc::clone(&adapters.rotation),
                backup: backup.clone(),
            })),
            backups: Arc::new(Backups::new(backup.clone(), Arc::clone(&declared))),
            declared,
            backup,
            providers,
            routes: Arc::new(RouteAdmin::new(ports.clone())),
            keys: Arc::new(
                KeyAdmin::new(
                    ports.clone(),
                    Arc::clone(&adapters.database) as Arc<dyn VirtualKeyRepository>,
                    Arc::clone(&adapters.mint),
                    Arc::clone(&quotas),
                )
                .with_most_keys(settings.most_keys),
            ),
            quotas,
            accounts: Accounts::new(&account_ports, settings),
            account_ports,
            usage: Arc::new(UsageReports::new(Arc::clone(&adapters.database) as Arc<dyn UsageRepository>)),
            audit: Arc::new(AuditTrail::new(
                Arc::clone(&adapters.database) as Arc<dyn AuditLog>,
                Arc::clone(&adapters.audit_seal),
                adapters.checkpoints.clone(),
                Arc::clone(&adapters.clock),
            )),
            generated_secrets: adapters.generated_secrets.clone(),
            holding: Holding {
                unpriced_ceiling: builder.budgets.unpriced_ceiling,
                max_attempts: builder.calls.max_attempts,
            },
            ports,
            adapters: adapters.clone(),
        }
    }

    /// What comes with the product, for a database that lacks it.
    ///
    /// # Errors
    /// [`OpenError::Seeds`], a defect of the build.
    pub fn seeding(&self) -> Result<Seeding, OpenError> {
        seeding(
            self.ports.clone(),
            Arc::clone(&self.providers),
            Arc::clone(&self.routes),
            &self.adapters.shared_models,
        )
    }

    /// What follows the settings of the models behind `/llm/chat`.
    pub(crate) fn followers(&self) -> Result<Followers, OpenError> {
        followers(
            self.ports.clone(),
            Arc::clone(&self.providers),
            Arc::clone(&self.routes),
            &self.adapters.shared_models,
        )
    }

    /// Seeds an empty database and applies what a file declares.
    pub(crate) async fn prepare(&self, builder: &mut Builder) -> Result<(), OpenError> {
        self.seeding()?.at_start().await?;
        self.make_first_administrator(builder).await?;
        let Some(said) = builder.declared.take() else { return Ok(()) };
        let applied = self.declared.apply_file(said.declared, said.says_nothing, &Writer::FILE).await?;
        for conflict in &applied.conflicts {
            tracing::warn!(
                "the configuration file declares what can't be taken over, which is left alone: {conflict}"
            );
        }
        for loss in &applied.losses {
            tracing::warn!("the configuration file changes what it does not name: {loss}");
        }
        tracing::debug!(?applied, "declared configuration applied");
        Ok(())
    }

    async fn make_first_administrator(&self, builder: &mut Builder) -> Result<(), OpenError> {
        let Some((username, password)) = builder.first_administrator.take() else { return Ok(()) };
        let made = self.accounts.registration.first_administrator(&username, &password, &Writer::SEED).await;
        match made.map_err(OpenError::FirstAdministrator)? {
            Some(id) => tracing::info!("the administrator {username} was made (user {id})"),
            None => tracing::debug!("there is an administrator: the one of the settings is not made"),
        }
        Ok(())
    }

    /// Who presents a token, for the people whom the keeper keeps.
    pub(crate) fn session_gate(&self, keeper: &Arc<ConfigurationKeeper>) -> Arc<SessionGate> {
        session_gate(&self.account_ports, Arc::clone(keeper))
    }

    /// People.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Providers.
    #[must_use]
    pub fn providers(&self) -> &ProviderAdmin {
        &self.providers
    }

    /// Routes.
    #[must_use]
    pub fn routes(&self) -> &RouteAdmin {
        &self.routes
    }

    /// Virtual keys.
    #[must_use]
    pub fn keys(&self) -> &KeyAdmin {
        &self.keys
    }

    /// Limits and budgets of scopes.
    #[must_use]
    pub fn quotas(&self) -> &QuotaAdmin {
        &self.quotas
    }

    /// Usage and the ledger.
    #[must_use]
    pub fn usage(&self) -> &UsageReports {
        &self.usage
    }

    /// Credentials of users and virtual keys.
    #[must_use]
    pub fn credentials(&self) -> &Arc<CredentialAdmin> {
        &self.credentials
    }

    /// The shared credentials of providers.
    #[must_use]
    pub fn shared_credentials(&self) -> &Arc<SharedCredentialAdmin> {
        &self.shared_credentials
    }

    /// Sealing anew what is stored.
    #[must_use]
    pub fn rekey(&self) -> &Arc<Rekey> {
        &self.rekey
    }

    /// Configuration as a document.
    #[must_use]
    pub fn declared(&self) -> &Arc<DeclaredConfiguration> {
        &self.declared
    }

    /// The backup of providers and routes.
    #[must_use]
    pub fn backups(&self) -> &Arc<Backups> {
        &self.backups
    }

    /// The same, written to another file than the settings name.
    #[must_use]
    pub fn backups_to(&self, path: PathBuf) -> Backups {
        let file: Arc<dyn BackupFile> = Arc::new(PlainBackupFile::new(path));
        Backups::new(Some(backup_writer(&self.adapters, &file)), Arc::clone(&self.declared))
    }

    /// The same, restored from another file than the settings name.
    #[must_use]
    pub fn backups_from(&self, path: PathBuf) -> Backups {
        self.backups.reading(Arc::new(PlainBackupFile::new(path)))
    }

    /// The log of what people did.
    #[must_use]
    pub fn audit(&self) -> &Arc<AuditTrail> {
        &self.audit
    }

    /// Tells what would become of a call. Loads the configuration.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn explainer(&self) -> Result<Explainer, OpenError> {
        let (keeper, ports) = self.looking().await?;
        Ok(Explainer::new(keeper, ports, self.holding))
    }

    /// Looks at routes. Loads the configuration; nothing is known of what the targets did to a running server.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn routing(&self) -> Result<Routing, OpenError> {
        let (keeper, ports) = self.looking().await?;
        Ok(Routing::new(keeper, ports))
    }

    async fn looking(&self) -> Result<(Arc<ConfigurationKeeper>, RoutingPorts), OpenError> {
        let keeper = Arc::new(start_keeper(&self.adapters).await?);
        let clock = Arc::clone(&self.adapters.clock);
        let entropy = Arc::clone(&self.adapters.entropy);
        let health = Arc::clone(&self.adapters.health);
        let limiter = Arc::new(MemoryLimiter::new(Arc::clone(&clock)));
        Ok((keeper, RoutingPorts { clock, entropy, health, limiter }))
    }

    /// The files of secrets that were made by this start; to be backed up.
    pub fn generated_secrets(&self) -> impl Iterator<Item = &Path> {
        self.generated_secrets.iter().map(PathBuf::as_path)
    }
}

fn backup_writer(adapters: &Adapters, file: &Arc<dyn BackupFile>) -> Arc<BackupWriter> {
    Arc::new(BackupWriter::new(BackupPorts {
        clock: Arc::clone(&adapters.clock),
        configuration: Arc::clone(&adapters.database) as Arc<dyn ConfigurationRepository>,
        audit: Arc::clone(&adapters.database) as Arc<dyn AuditLog>,
        vault: Arc::clone(&adapters.vault),
        file: Arc::clone(file),
    }))
}

fn admin_ports(
    adapters: &Adapters,
    keeper: Option<Arc<ConfigurationKeeper>>,
    backup: Option<Arc<BackupWriter>>,
) -> AdminPorts {
    AdminPorts {
        clock: Arc::clone(&adapters.clock),
        configuration: Arc::clone(&adapters.database) as Arc<dyn ConfigurationRepository>,
        audit: Arc::clone(&adapters.database) as Arc<dyn AuditLog>,
        keeper,
        backup,
    }
}
