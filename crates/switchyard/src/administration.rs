//! The application for administration: the same use cases without calls, journal or background work. The command line works
//! through it, beside a running server, which sees each change within a second.

use crate::adapters::Adapters;
use crate::builder::Builder;
use crate::embedded::start_keeper;
use crate::error::OpenError;
use crate::first_start::seed_if_empty;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use switchyard_coordination::memory::CooldownHealth;
use switchyard_orchestrator::admin::{
    AdminPorts, DeclaredConfiguration, KeyAdmin, ProviderAdmin, QuotaAdmin, RouteAdmin,
};
use switchyard_orchestrator::explain::Explainer;
use switchyard_orchestrator::snapshot::ConfigurationKeeper;
use switchyard_orchestrator::usage::UsageReports;
use switchyard_ports::repositories::{
    ConfigurationRepository, QuotaRepository, UsageRepository, VirtualKeyRepository,
};

/// The administrative use cases.
pub struct Administration {
    pub(crate) providers: Arc<ProviderAdmin>,
    pub(crate) routes: Arc<RouteAdmin>,
    pub(crate) keys: Arc<KeyAdmin>,
    pub(crate) quotas: Arc<QuotaAdmin>,
    pub(crate) usage: Arc<UsageReports>,
    pub(crate) generated_secrets: Vec<PathBuf>,
    adapters: Adapters,
}

impl Administration {
    pub(crate) async fn open(mut builder: Builder) -> Result<Self, OpenError> {
        let adapters = Adapters::open(&mut builder).await?;
        let administration = Self::over(&adapters, None);
        administration.prepare(&mut builder, &adapters, None).await?;
        Ok(administration)
    }

    pub(crate) fn over(adapters: &Adapters, keeper: Option<Arc<ConfigurationKeeper>>) -> Self {
        let ports = AdminPorts {
            clock: Arc::clone(&adapters.clock),
            configuration: Arc::clone(&adapters.database) as Arc<dyn ConfigurationRepository>,
            keeper,
        };
        Self {
            providers: Arc::new(ProviderAdmin::new(
                ports.clone(),
                Arc::clone(&adapters.factory),
                Arc::clone(&adapters.vault),
            )),
            routes: Arc::new(RouteAdmin::new(ports.clone())),
            quotas: Arc::new(QuotaAdmin::new(
                ports.clone(),
                Arc::clone(&adapters.database) as Arc<dyn QuotaRepository>,
                Arc::clone(&adapters.database) as Arc<dyn VirtualKeyRepository>,
                Arc::clone(&adapters.database) as Arc<dyn UsageRepository>,
            )),
            keys: Arc::new(KeyAdmin::new(
                ports,
                Arc::clone(&adapters.database) as Arc<dyn VirtualKeyRepository>,
                Arc::clone(&adapters.mint),
            )),
            usage: Arc::new(UsageReports::new(Arc::clone(&adapters.database) as Arc<dyn UsageRepository>)),
            generated_secrets: adapters.generated_secrets.clone(),
            adapters: adapters.clone(),
        }
    }

    /// Seeds an empty database and applies what a file declares.
    pub(crate) async fn prepare(
        &self,
        builder: &mut Builder,
        adapters: &Adapters,
        keeper: Option<Arc<ConfigurationKeeper>>,
    ) -> Result<(), OpenError> {
        seed_if_empty(&self.providers, &self.routes).await?;
        let Some(declared) = builder.declared.take() else { return Ok(()) };
        let ports = AdminPorts {
            clock: Arc::clone(&adapters.clock),
            configuration: Arc::clone(&adapters.database) as Arc<dyn ConfigurationRepository>,
            keeper,
        };
        let configuration =
            DeclaredConfiguration::new(ports, Arc::clone(&self.providers), Arc::clone(&self.routes));
        let applied = configuration.apply(&declared).await?;
        for conflict in &applied.conflicts {
            tracing::warn!(
                "the configuration file declares what can't be taken over, which is left alone: {conflict}"
            );
        }
        tracing::debug!(?applied, "declared configuration applied");
        Ok(())
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

    /// Tells what would become of a call. Loads the configuration.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn explainer(&self) -> Result<Explainer, OpenError> {
        let keeper = Arc::new(start_keeper(&self.adapters).await?);
        let clock = Arc::clone(&self.adapters.clock);
        let health = Arc::new(CooldownHealth::new(Arc::clone(&clock)));
        Ok(Explainer::new(keeper, clock, health))
    }

    /// The files of secrets that were made by this start; to be backed up.
    pub fn generated_secrets(&self) -> impl Iterator<Item = &Path> {
        self.generated_secrets.iter().map(PathBuf::as_path)
    }
}
