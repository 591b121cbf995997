//! The models behind `/llm/chat`: what the settings name becomes a route and providers of its own, which serve nobody's other calls.

use crate::error::OpenError;
use crate::settings::{Settings, SharedModelSettings};
use secrecy::SecretString;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use switchyard_domain::declared::{Declared, DeclaredModel, DeclaredProvider, DeclaredRoute, DeclaredTarget};
use switchyard_domain::limits::Limits;
use switchyard_domain::name::Name;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_orchestrator::admin::OfSettings;
use switchyard_orchestrator::snapshot::{ApartProvider, SetApart};

/// The names of the providers.
const GEMINI: &str = "llm-gemini";
const GROK: &str = "llm-grok";
const NGROK: &str = "llm-ngrok";

/// The second of Google's models, which no setting names.
const GEMMA: &str = "gemma-3-27b";

const ADVICE: &str = "No model is configured for this route. Set GEMINI_API_KEY, GROK_API_KEY or XAI_API_KEY, or NGROK_BASE_URL, \
                      and start again; or add a provider with its key and make it a target of the route.";

/// A provider as the settings have it.
#[derive(Clone, Debug)]
struct Model {
    api_key: Option<Arc<SecretString>>,
    model: String,
    /// Where it is; absent means where its vendor is.
    base_url: Option<String>,
    /// Whether calls to it would come back to this server without end.
    is_own_listener: bool,
    /// Whether somebody wrote a setting of it.
    is_asked_for: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct SharedModels {
    route: String,
    is_route_asked_for: bool,
    gemini: Model,
    grok: Model,
    ngrok: Model,
}

impl Default for SharedModels {
    fn default() -> Self {
        let model = |model: &str, base_url: Option<&str>| Model {
            api_key: None,
            model: model.to_owned(),
            base_url: base_url.map(str::to_owned),
            is_own_listener: false,
            is_asked_for: false,
        };
        Self {
            route: "auto".to_owned(),
            is_route_asked_for: false,
            gemini: model("gemini-2.5-flash", None),
            grok: model("grok-beta", None),
            ngrok: model("gemini-2.5-flash", Some("http://localhost:8080/v1")),
        }
    }
}

impl From<&Settings> for SharedModels {
    fn from(settings: &Settings) -> Self {
        let SharedModelSettings { route, is_route_given, gemini, grok, ngrok } = &settings.shared_models;
        let at_vendor = |model: &crate::settings::SharedModel| Model {
            api_key: model.api_key.clone().map(Arc::new),
            model: model.model.clone(),
            base_url: None,
            is_own_listener: model.is_own_listener,
            is_asked_for: model.api_key.is_some(),
        };
        Self {
            route: route.clone(),
            is_route_asked_for: *is_route_given,
            gemini: at_vendor(gemini),
            grok: at_vendor(grok),
            ngrok: Model {
                api_key: ngrok.api_key.clone().map(Arc::new),
                model: ngrok.model.clone(),
                base_url: Some(versioned(&ngrok.base_url)),
                is_own_listener: ngrok.is_own_listener,
                is_asked_for: ngrok.is_base_url_given || ngrok.api_key.is_some(),
            },
        }
    }
}

impl SharedModels {
    /// The route and its providers. Of xAI there is nothing until it has a key; the tunnel is off until somebody says where it ends.
    ///
    /// # Errors
    /// [`OpenError::Setting`] where the route's name can be none.
    pub(crate) fn declared(&self) -> Result<Declared, OpenError> {
        let mut providers = vec![
            provider(GEMINI, "gemini", &self.gemini, &[&self.gemini.model, GEMMA])?,
            provider(NGROK, "ngrok", &self.ngrok, &[&self.ngrok.model])?,
        ];
        if let Some(ngrok) = providers.last_mut() {
            ngrok.enabled &= self.ngrok.is_asked_for;
        }
        // The limits of the makers' free tiers.
        let mut targets = vec![
            target(GEMINI, &self.gemini.model, 1, (Some(5), Some(250_000), Some(20)))?,
            target(NGROK, &self.ngrok.model, 2, (Some(120), None, Some(650)))?,
            target(GEMINI, GEMMA, 3, (Some(30), Some(15_000), Some(14_400)))?,
        ];
        if self.gemini.model == GEMMA {
            targets.pop();
        }
        if self.grok.is_asked_for {
            providers.push(provider(GROK, "xai", &self.grok, &[&self.grok.model])?);
            targets.push(target(GROK, &self.grok.model, 4, (None, None, None))?);
        }
        let name = named(&self.route)?;
        let (mode, strategy) = (RouteMode::Multi, Strategy::Failover);
        let route = DeclaredRoute { mode, strategy, targets, ..DeclaredRoute::new(name) };
        Ok(Declared { whole: false, providers, routes: vec![route] })
    }

    /// The names of those that a setting asks for.
    ///
    /// # Errors
    /// As for [`SharedModels::declared`].
    pub(crate) fn asked_for(&self) -> Result<HashSet<Name>, OpenError> {
        let models = [(GEMINI, &self.gemini), (GROK, &self.grok), (NGROK, &self.ngrok)];
        let of_models = models.into_iter().filter(|(_, model)| model.is_asked_for).map(|(name, _)| name);
        let of_route = self.is_route_asked_for.then_some(self.route.as_str());
        of_models.chain(of_route).map(named).collect()
    }

    /// What follows the settings.
    pub(crate) fn of_settings(&self) -> OfSettings {
        OfSettings {
            providers: [GEMINI, GROK, NGROK].into_iter().filter_map(|name| Name::new(name).ok()).collect(),
            routes: Name::new(self.route.as_str()).into_iter().collect(),
        }
    }

    /// The settings that name the models of its providers.
    ///
    /// # Errors
    /// Never, as their names are ours.
    pub(crate) fn model_settings() -> Result<HashMap<Name, &'static str>, OpenError> {
        let settings = [(GEMINI, "GEMINI_MODEL"), (GROK, "GROK_MODEL"), (NGROK, "NGROK_MODEL")];
        settings.into_iter().map(|(provider, setting)| Ok((named(provider)?, setting))).collect()
    }

    /// The providers that came with the second edition of what an empty database gets.
    ///
    /// # Errors
    /// Never, as their names are ours.
    pub(crate) fn of_second_edition() -> Result<Vec<Name>, OpenError> {
        [GEMINI, NGROK].into_iter().map(named).collect()
    }

    /// What calls are to know of them.
    pub(crate) fn set_apart(&self) -> SetApart {
        let apart = |name: &str, vendor: &str, model: &Model| ApartProvider {
            name: name.to_owned(),
            vendor: vendor.to_owned(),
            base_url: model.base_url.clone(),
            api_key: model.api_key.clone(),
        };
        SetApart {
            route: self.route.clone(),
            providers: vec![
                apart(GEMINI, "gemini", &self.gemini),
                apart(GROK, "xai", &self.grok),
                apart(NGROK, "ngrok", &self.ngrok),
            ],
            advice: Arc::from(ADVICE),
        }
    }
}

/// The documented call goes to `{base}/v1/chat/completions`.
fn versioned(base_url: &str) -> String {
    let base_url = base_url.trim_end_matches('/');
    if base_url.ends_with("/v1") { base_url.to_owned() } else { format!("{base_url}/v1") }
}

fn named(name: &str) -> Result<Name, OpenError> {
    Name::new(name).map_err(|error| OpenError::Setting(format!("SWITCHYARD_LLM_CHAT_ROUTE: {error}")))
}

fn provider(name: &str, vendor: &str, of: &Model, models: &[&str]) -> Result<DeclaredProvider, OpenError> {
    let mut listed: Vec<DeclaredModel> = Vec::new();
    for model in models {
        if listed.iter().all(|known| known.model != *model) {
            listed.push(DeclaredModel { model: (*model).to_owned(), ..DeclaredModel::default() });
        }
    }
    Ok(DeclaredProvider {
        name: named(name)?,
        owner: None,
        vendor: vendor.to_owned(),
        base_url: of.base_url.clone(),
        api_key: None,
        api_keys: Vec::new(),
        models: listed,
        enabled: !of.is_own_listener,
    })
}

/// Requests and tokens of a minute, and requests of a day.
type Quota = (Option<u32>, Option<u64>, Option<u32>);

fn target(
    provider: &str,
    model: &str,
    priority: u32,
    (rpm, tpm, rpd): Quota,
) -> Result<DeclaredTarget, OpenError> {
    let limits = Limits { rpm, tpm, rpd, concurrency: None };
    Ok(DeclaredTarget { priority, limits, ..DeclaredTarget::new(named(provider)?, model) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(declared: &Declared) -> Vec<String> {
        let route = declared.routes.first().unwrap();
        let targets = route.targets.iter().map(|target| {
            let Limits { rpm, tpm, rpd, .. } = target.limits;
            let model = target.models.first().unwrap();
            format!("{} {model} {} {rpm:?} {tpm:?} {rpd:?}", target.provider, target.priority)
        });
        targets.collect()
    }

    #[test]
    fn the_documented_rows_are_the_route_of_nobodys_settings() {
        let declared = SharedModels::default().declared().unwrap();
        let expected = [
            "llm-gemini gemini-2.5-flash 1 Some(5) Some(250000) Some(20)",
            "llm-ngrok gemini-2.5-flash 2 Some(120) None Some(650)",
            "llm-gemini gemma-3-27b 3 Some(30) Some(15000) Some(14400)",
        ];
        assert_eq!(shown(&declared), expected);
        assert_eq!(declared.routes.first().unwrap().name.as_str(), "auto");
        let enabled: Vec<bool> = declared.providers.iter().map(|provider| provider.enabled).collect();
        assert_eq!(enabled, [true, false], "nothing is known to listen at the end of the tunnel");
    }

    #[test]
    fn xai_comes_last_once_it_has_a_key_and_a_tunnel_that_is_this_server_stays_off() {
        let mut shared = SharedModels::default();
        shared.grok.is_asked_for = true;
        (shared.ngrok.is_asked_for, shared.ngrok.is_own_listener) = (true, true);
        shared.gemini.model = GEMMA.to_owned();
        let declared = shared.declared().unwrap();
        assert_eq!(shown(&declared).last().unwrap(), "llm-grok grok-beta 4 None None None");
        assert_eq!(shown(&declared).len(), 3, "one model is one target");
        assert!(!declared.providers[1].enabled && declared.providers[2].enabled);
        let names = shared.asked_for().unwrap();
        assert!(
            names.len() == 2 && names.iter().all(|name| ["llm-grok", "llm-ngrok"].contains(&name.as_str()))
        );
    }

    #[test]
    fn the_tunnels_address_gets_its_version_once() {
        for given in ["http://a:1", "http://a:1/", "http://a:1/v1", "http://a:1/v1/"] {
            assert_eq!(versioned(given), "http://a:1/v1");
        }
    }
}
