//! The adapters behind the ports, chosen by the builder.

use crate::builder::{Builder, SecretSource};
use crate::error::OpenError;
use crate::identity::Identity;
use crate::keyring_check::{check_keyring, look_at_keyring, look_at_secret_key, take_over_audit_log};
use crate::shared_models::SharedModels;
use crate::sharing::Sharing;
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use switchyard_coordination::memory::MemoryHealth;
use switchyard_ports::audit_seal::{AuditSeal, CheckpointStore};
use switchyard_ports::backup_file::BackupFile;
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::external::ExternalApi;
use switchyard_ports::health::Health;
use switchyard_ports::prices::PriceBook;
use switchyard_ports::provider::ProviderFactory;
use switchyard_ports::tokenizer::Tokenizer;
use switchyard_ports::vault::{KeyRotation, Vault};
use switchyard_ports::virtual_keys::KeyMint;
use switchyard_providers::catalogue::Catalogue;
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose as EgressPurpose};
use switchyard_providers::transport::external::ExternalTransport;
use switchyard_providers::transport::{FewLookups, SystemLookup, TransportSettings, Transports, Trust};
use switchyard_providers::{BpeTokenizer, FactorySettings, VendorFactory};
use switchyard_repositories::Database;
use switchyard_security::audit::ChainSeal;
use switchyard_security::backup_file::PlainBackupFile;
use switchyard_security::checkpoints::CheckpointFile;
use switchyard_security::derive::{Purpose, SubKey};
use switchyard_security::entropy::OsEntropy;
use switchyard_security::keyring::Keyring;
use switchyard_security::secrets::{KeyringFile, SecretStore, Secrets};
use switchyard_security::vault::KeyringVault;
use switchyard_security::virtual_keys::PepperedMint;

/// Names that people's calls of other addresses look up at once.
const EXTERNAL_LOOKUPS: usize = 8;

/// What both the serving and the administrating application stand on.
#[derive(Clone)]
pub(crate) struct Adapters {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) database: Arc<Database>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) rotation: Arc<dyn KeyRotation>,
    pub(crate) mint: Arc<dyn KeyMint>,
    pub(crate) prices: Arc<dyn PriceBook>,
    pub(crate) factory: Arc<dyn ProviderFactory>,
    pub(crate) external: Arc<dyn ExternalApi>,
    pub(crate) tokenizer: Arc<dyn Tokenizer>,
    pub(crate) identity: Identity,
    pub(crate) sharing: Sharing,
    pub(crate) health: Arc<dyn Health>,
    pub(crate) audit_seal: Arc<dyn AuditSeal>,
    pub(crate) checkpoints: Option<Arc<dyn CheckpointStore>>,
    pub(crate) backup_file: Option<Arc<dyn BackupFile>>,
    pub(crate) generated_secrets: Vec<PathBuf>,
    pub(crate) shares_credentials: bool,
    pub(crate) shared_models: SharedModels,
}

impl Adapters {
    /// Opens the database, migrates it, takes or makes the secrets, and checks that they are the data's.
    pub(crate) async fn open(builder: &mut Builder) -> Result<Self, OpenError> {
        let database = Database::open(builder.database.clone()).await?;
        database.migrate_up().await?;
        let secrets = take_secrets(builder)?;
        let (vault, secrets) = apart(secrets);
        check_keyring(&vault, &database, builder.clock.now()).await?;
        let seal = Arc::new(chain_seal(builder, &secrets.secret_key));
        let database = database.with_audit_seal(Arc::clone(&seal) as _);
        if builder.takes_over_audit_log {
            take_over_audit_log(&database, seal.as_ref(), builder.clock.now()).await?;
        }
        Self::over(builder, database, vault, seal, secrets)
    }

    /// The same over a database that is open and current, with secrets that are there. Writes nothing.
    pub(crate) async fn inspect(builder: &mut Builder, database: Database) -> Result<Self, OpenError> {
        let secrets = take_secrets(builder)?;
        let (vault, secrets) = apart(secrets);
        look_at_keyring(&vault, &database).await?;
        let seal = Arc::new(chain_seal(builder, &secrets.secret_key));
        look_at_secret_key(&database, seal.as_ref()).await?;
        Self::over(builder, database.with_audit_seal(Arc::clone(&seal) as _), vault, seal, secrets)
    }

    fn over(
        builder: &Builder,
        database: Database,
        vault: KeyringVault,
        audit_seal: Arc<dyn AuditSeal>,
        secrets: OpenSecrets,
    ) -> Result<Self, OpenError> {
        let clock = Arc::clone(&builder.clock);
        let catalogue = Catalogue::built_in().map_err(|error| OpenError::Catalogue(error.to_string()))?;
        let allow = AllowList::parse(&builder.egress_allow)
            .map_err(|error| OpenError::Setting(format!("SWITCHYARD_EGRESS_ALLOW: {error}")))?;
        let settings = factory_settings(builder, &allow, Arc::clone(&clock))?;
        let external = ExternalTransport::new(Transports {
            egress: Arc::new(EgressPolicy::new(EgressPurpose::External, &allow, false)),
            trust: settings.trust.clone(),
            lookup: Arc::new(FewLookups::new(EXTERNAL_LOOKUPS)),
            settings: settings.transport,
        });
        let factory = VendorFactory::new(settings);
        let factory = factory.over(builder.vendors.clone());
        let vault = Arc::new(vault);
        let database = Arc::new(database);
        let (vault, entropy): (_, Arc<dyn Entropy>) = (vault, Arc::new(OsEntropy::new(Arc::clone(&clock))));
        let sealing = Arc::clone(&vault) as Arc<dyn Vault>;
        let sharing = match &builder.redis {
            None => Sharing::alone(&clock),
            Some(redis) => Sharing::through(redis, &clock, &sealing, &entropy)?,
        };
        let health = Arc::new(MemoryHealth::new(Arc::clone(&clock), Arc::clone(&entropy)));
        let checkpoints = builder.checkpoints.clone().map(|path| Arc::new(CheckpointFile::new(path)) as _);
        let backup_file = builder.backup_file.clone().map(|path| Arc::new(PlainBackupFile::new(path)) as _);
        Ok(Self {
            audit_seal,
            checkpoints,
            backup_file,
            shares_credentials: builder.shares_credentials,
            shared_models: builder.shared_models.clone(),
            entropy,
            mint: Arc::new(PepperedMint::new(&SubKey::of(&secrets.secret_key, Purpose::VirtualKeyPepper))),
            vault: sealing,
            rotation: vault,
            prices: catalogue,
            factory: Arc::new(factory),
            external: Arc::new(external),
            tokenizer: Arc::new(BpeTokenizer::new(builder.vendors.clone())),
            identity: Identity::new(&secrets, builder.password_cost, Arc::clone(&sharing.throttle))?,
            sharing,
            health,
            generated_secrets: secrets.generated,
            clock,
            database,
        })
    }
}

fn vault_of(keyring: Keyring, file: Option<KeyringFile>) -> KeyringVault {
    match file {
        Some(file) => KeyringVault::over_file(keyring, file),
        None => KeyringVault::new(keyring),
    }
}

/// The secrets but for the keyring, which the vault has.
pub(crate) struct OpenSecrets {
    pub(crate) secret_key: SecretString,
    pub(crate) jwt_secret: SecretString,
    pub(crate) jwt_secret_previous: Option<SecretString>,
    generated: Vec<PathBuf>,
}

fn apart(secrets: Secrets) -> (KeyringVault, OpenSecrets) {
    let Secrets { secret_key, jwt_secret, jwt_secret_previous, keyring, keyring_file, generated } = secrets;
    let open = OpenSecrets { secret_key, jwt_secret, jwt_secret_previous, generated };
    (vault_of(keyring, keyring_file), open)
}

fn chain_seal(builder: &Builder, secret_key: &SecretString) -> ChainSeal {
    let older = builder.older_secret_keys.iter();
    older.fold(ChainSeal::new(secret_key), |seal, older| seal.with_older(older))
}

pub(crate) fn factory_settings(
    builder: &Builder,
    allow: &AllowList,
    clock: Arc<dyn Clock>,
) -> Result<FactorySettings, OpenError> {
    Ok(FactorySettings {
        egress: Arc::new(EgressPolicy::new(EgressPurpose::Provider, allow, builder.loopback_upstreams)),
        trust: Trust::load([]).map_err(|error| OpenError::Setting(error.to_string()))?,
        lookup: Arc::new(SystemLookup),
        transport: TransportSettings {
            connect_timeout: builder.connect_timeout,
            ..TransportSettings::default()
        },
        clock,
        base_urls: builder.base_urls.clone(),
    })
}

fn take_secrets(builder: &mut Builder) -> Result<Secrets, OpenError> {
    match std::mem::replace(&mut builder.secrets, SecretSource::Ephemeral) {
        SecretSource::Ephemeral => Ok(Secrets::ephemeral()),
        SecretSource::Directory { path, given } => Ok(SecretStore::load_or_generate(&path, *given)?),
    }
}
