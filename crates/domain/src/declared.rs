//! Configuration as a document declares it: providers and routes by name. One use case turns it into rows whose owner is the
//! file; what is absent from the document is then disabled, never deleted. What is stored is written as such a document again.

mod of_stored;

use crate::fault::FailoverOn;
use crate::limits::Limits;
use crate::meta::Owner;
use crate::name::Name;
use crate::notes::Notes;
use crate::price::Rates;
use crate::provider::Capabilities;
use crate::route::{OnDisconnect, RouteMode, Strategy, TargetModels, Timeouts, When};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Everything that a document declares. It is written without secrets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Declared {
    /// Whether this is all that there is, as an export is: what came with the product, nobody changed, and is not in it, is switched off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// Providers.
    pub providers: Vec<DeclaredProvider>,
    /// Routes.
    pub routes: Vec<DeclaredRoute>,
}

impl Declared {
    /// The same, all of it the file's, whatever it says of owners: what a server's own file names and others own by now is a
    /// conflict that is told, and never undone by the next start. It is not all that there is: what came with the product and follows the
    /// settings is the settings' matter at each start.
    #[must_use]
    pub fn of_the_file(mut self) -> Self {
        self.whole = false;
        self.providers.iter_mut().for_each(|provider| provider.owner = None);
        self.routes.iter_mut().for_each(|route| route.owner = None);
        self
    }
}

/// A provider. The loader resolves `api_key: ${VARIABLE}` and `api_key_file` before this is built.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredProvider {
    /// Its name.
    pub name: Name,
    /// The vendor's key.
    pub vendor: String,
    /// Whose it is; absent means the file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Where it is called; absent means the vendor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Its first shared credential; absent leaves a stored one alone, as it leaves those at further places. Never written.
    #[serde(default, skip_serializing)]
    pub api_key: Option<SecretString>,
    /// All of its shared credentials, in order, in place of `api_key`: those at further places are forgotten. Empty leaves stored
    /// ones alone. Never written.
    #[serde(default, skip_serializing)]
    pub api_keys: Vec<SecretString>,
    /// Its models.
    #[serde(default)]
    pub models: Vec<DeclaredModel>,
    /// Whether calls may go to it.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A model of a declared provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredModel {
    /// The upstream id.
    pub model: String,
    /// Prices that beat the catalogue, in nano-USD per million tokens (2 USD a million is 2000000000).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<Rates>,
    /// Limits on calls to it.
    #[serde(default, skip_serializing_if = "Limits::is_none")]
    pub limits: Limits,
    /// The most tokens of a prompt and its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// The most output tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// What it can do; what is not said is as the catalogue knows it.
    #[serde(default, skip_serializing_if = "Capabilities::is_unknown")]
    pub capabilities: Capabilities,
    /// Whether calls may go to it.
    #[serde(default = "yes")]
    pub enabled: bool,
}

impl Default for DeclaredModel {
    /// A model without a name, of which nothing is said.
    fn default() -> Self {
        Self {
            model: String::new(),
            rates: None,
            limits: Limits::NONE,
            context_window: None,
            max_output_tokens: None,
            capabilities: Capabilities::UNKNOWN,
            enabled: true,
        }
    }
}

/// A route. What it says is also what is kept of each of its versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredRoute {
    /// Its name.
    pub name: Name,
    /// Whose it is; absent means the file's. What is kept of a version does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// How it chooses.
    #[serde(default)]
    pub mode: RouteMode,
    /// How equals share.
    #[serde(default)]
    pub strategy: Strategy,
    /// Which faults move on.
    #[serde(default)]
    pub failover_on: FailoverOn,
    /// Whether a loss is refused.
    #[serde(default)]
    pub strict: bool,
    /// How long the steps of its calls may take.
    #[serde(default, skip_serializing_if = "Timeouts::is_default")]
    pub timeouts: Timeouts,
    /// What becomes of a call whose client has gone.
    #[serde(default)]
    pub on_disconnect: OnDisconnect,
    /// The route whose targets are tried after its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Name>,
    /// What its operator keeps with it.
    #[serde(default, skip_serializing_if = "Notes::is_empty")]
    pub config: Notes,
    /// Its targets, in order.
    pub targets: Vec<DeclaredTarget>,
    /// Whether calls may use it.
    #[serde(default = "yes")]
    pub enabled: bool,
}

impl DeclaredRoute {
    /// The same, without the models of its targets that their providers do not list: no call goes there. A target that names no other
    /// goes whole.
    #[must_use]
    pub fn naming_only(mut self, is_listed: impl Fn(&Name, &str) -> bool) -> Self {
        self.targets.retain_mut(|target| {
            let listed = |model: &str| is_listed(&target.provider, model).then(|| model.to_owned());
            let Some(models) = target.models.renamed(listed) else { return false };
            target.models = models;
            true
        });
        self
    }

    /// One of which nothing is said but its name: without targets, switched on, all else by default.
    #[must_use]
    pub fn new(name: Name) -> Self {
        Self {
            name,
            owner: None,
            mode: RouteMode::default(),
            strategy: Strategy::default(),
            failover_on: FailoverOn::default(),
            strict: false,
            timeouts: Timeouts::DEFAULT,
            on_disconnect: OnDisconnect::default(),
            fallback: None,
            config: Notes::default(),
            targets: Vec::new(),
            enabled: true,
        }
    }
}

/// A target of a declared route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredTarget {
    /// The provider's name.
    pub provider: Name,
    /// The models that it serves there: one, a list of which the first is for calls that name none, or an empty list for all of the
    /// provider's.
    #[serde(rename = "model")]
    pub models: TargetModels,
    /// Its share among equals.
    #[serde(default = "one")]
    pub weight: u32,
    /// Lower is tried first.
    #[serde(default)]
    pub priority: u32,
    /// How it shares with its equals, where that is not as in the route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Limits on calls through it.
    #[serde(default, skip_serializing_if = "Limits::is_none")]
    pub limits: Limits,
    /// Which calls it takes.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// How long the steps of calls to it may take.
    #[serde(default, skip_serializing_if = "Timeouts::is_default")]
    pub timeouts: Timeouts,
    /// What its operator keeps with it.
    #[serde(default, skip_serializing_if = "Notes::is_empty")]
    pub metadata: Notes,
    /// Whether calls may use it.
    #[serde(default = "yes")]
    pub enabled: bool,
}

impl DeclaredTarget {
    /// One of which nothing is said but where it leads.
    #[must_use]
    pub fn new(provider: Name, models: impl Into<TargetModels>) -> Self {
        Self {
            provider,
            models: models.into(),
            weight: one(),
            priority: 0,
            strategy: None,
            limits: Limits::NONE,
            when: When::default(),
            timeouts: Timeouts::DEFAULT,
            metadata: Notes::default(),
            enabled: true,
        }
    }
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}
