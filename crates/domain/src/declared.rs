//! Configuration as a file declares it: providers and routes by name. One use case turns it into rows whose owner is the
//! file; what is absent from the file is then disabled, never deleted.

use crate::fault::FailoverOn;
use crate::limits::Limits;
use crate::name::Name;
use crate::price::Rates;
use crate::route::{RouteMode, Strategy};
use secrecy::SecretString;
use serde::Deserialize;

/// Everything that a file declares.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Declared {
    /// Providers.
    pub providers: Vec<DeclaredProvider>,
    /// Routes.
    pub routes: Vec<DeclaredRoute>,
}

/// A provider. The loader resolves `api_key: ${VARIABLE}` and `api_key_file` before this is built.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredProvider {
    /// Its name.
    pub name: Name,
    /// The vendor's key.
    pub vendor: String,
    /// Where it is called; absent means the vendor's own.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Its first shared credential; absent leaves a stored one alone, as it leaves those at further places.
    #[serde(default)]
    pub api_key: Option<SecretString>,
    /// All of its shared credentials, in order, in place of `api_key`: those at further places are forgotten. Empty leaves stored
    /// ones alone.
    #[serde(default)]
    pub api_keys: Vec<SecretString>,
    /// Its models.
    #[serde(default)]
    pub models: Vec<DeclaredModel>,
    /// Whether calls may go to it.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A model of a declared provider.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredModel {
    /// The upstream id.
    pub model: String,
    /// Prices that beat the catalogue, in nano-USD per million tokens (2 USD a million is 2000000000).
    #[serde(default)]
    pub rates: Option<Rates>,
    /// Limits on calls to it.
    #[serde(default)]
    pub limits: Limits,
    /// The most tokens of a prompt and its answer.
    #[serde(default)]
    pub context_window: Option<u64>,
    /// The most output tokens.
    #[serde(default)]
    pub max_output_tokens: Option<u64>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredRoute {
    /// Its name.
    pub name: Name,
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
    /// Its targets, in order.
    pub targets: Vec<DeclaredTarget>,
    /// Whether calls may use it.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A target of a declared route.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredTarget {
    /// The provider's name.
    pub provider: Name,
    /// The upstream model id.
    pub model: String,
    /// Its share among equals.
    #[serde(default = "one")]
    pub weight: u32,
    /// Lower is tried first.
    #[serde(default)]
    pub priority: u32,
    /// Limits on calls through it.
    #[serde(default)]
    pub limits: Limits,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}
