//! The models behind `/llm/chat`, which serve no user's own calls.

use super::ServerSettings;
use crate::settings::listen::is_loopback;
use crate::settings::problem::Problem;
use crate::settings::table;
use crate::settings::values::Values;
use secrecy::SecretString;
use std::net::IpAddr;
use url::{Host, Url};

/// A model at a vendor.
#[derive(Clone, Debug)]
pub struct SharedModel {
    /// Absent: it is not offered.
    pub api_key: Option<SecretString>,
    /// The upstream model id.
    pub model: String,
    /// Whether its vendor's address is this server, whose calls would then come back to it without end: the provider is off.
    pub is_own_listener: bool,
}

/// The model behind a tunnel.
#[derive(Clone, Debug)]
pub struct NgrokModel {
    /// Its key, if it wants one.
    pub api_key: Option<SecretString>,
    /// The upstream model id.
    pub model: String,
    /// Where the tunnel ends.
    pub base_url: String,
    /// Whether someone named that place; the default one is only a guess.
    pub is_base_url_given: bool,
    /// Whether it is this server, whose calls would then come back to it without end: the provider is off.
    pub is_own_listener: bool,
}

/// The models behind `/llm/chat`.
#[derive(Clone, Debug)]
pub struct SharedModelSettings {
    /// The route that chooses among them.
    pub route: String,
    /// Whether someone named it.
    pub is_route_given: bool,
    /// Google's.
    pub gemini: SharedModel,
    /// xAI's.
    pub grok: SharedModel,
    /// The one behind a tunnel.
    pub ngrok: NgrokModel,
}

impl SharedModelSettings {
    pub(in crate::settings) fn read(values: &Values, server: &ServerSettings) -> Result<Self, Problem> {
        let base_url = values.required(&table::NGROK_BASE_URL)?;
        let is_own = |url: Option<String>| url.is_some_and(|url| is_own_listener(&url, server));
        Ok(Self {
            route: values.required(&table::LLM_CHAT_ROUTE)?,
            is_route_given: values.is_set(&table::LLM_CHAT_ROUTE),
            gemini: SharedModel {
                api_key: values.optional(&table::GEMINI_API_KEY)?,
                model: values.required(&table::GEMINI_MODEL)?,
                is_own_listener: is_own(values.optional(&table::GEMINI_BASE_URL)?),
            },
            grok: SharedModel {
                api_key: values.optional(&table::GROK_API_KEY)?,
                model: values.required(&table::GROK_MODEL)?,
                is_own_listener: is_own(values.optional(&table::XAI_BASE_URL)?),
            },
            ngrok: NgrokModel {
                api_key: values.optional(&table::NGROK_API_KEY)?,
                model: values.required(&table::NGROK_MODEL)?,
                is_base_url_given: values.of(&table::NGROK_BASE_URL).is_some(),
                is_own_listener: is_own_listener(&base_url, server),
                base_url,
            },
        })
    }
}

/// Whether a call to the URL would come back to this server.
fn is_own_listener(base_url: &str, server: &ServerSettings) -> bool {
    let Ok(url) = Url::parse(base_url) else { return false };
    let names_this_machine = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => is_loopback(IpAddr::V4(ip)) || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => is_loopback(IpAddr::V6(ip)) || ip.is_unspecified(),
        None => false,
    };
    server.listen.addresses().iter().any(|address| {
        let is_same_ip =
            url.host_str().is_some_and(|host| host.trim_matches(['[', ']']) == address.ip().to_string());
        let is_reached_locally = is_loopback(address.ip()) || address.ip().is_unspecified();
        url.port_or_known_default() == Some(address.port())
            && (is_same_ip || names_this_machine && is_reached_locally)
    })
}
