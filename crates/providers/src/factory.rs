//! Building providers from their rows.

use crate::driver::{Driver, Listing};
use crate::sim::SimProvider;
use crate::transport::egress::EgressPolicy;
use crate::transport::{Lookup, Transport, TransportBuildError, TransportSettings, Transports, Trust};
use crate::vendors::{HttpFacts, Means, Reach, Vendor, Vendors, below, calls_base};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use switchyard_ports::clock::Clock;
use switchyard_ports::provider::{InvalidProvider, Provider, ProviderConfig, ProviderFactory, VendorSummary};
use url::Url;

/// What all providers of a process share.
pub struct FactorySettings {
    /// Which addresses may be called.
    pub egress: Arc<EgressPolicy>,
    /// Whom TLS connections believe.
    pub trust: Trust,
    /// Who resolves names.
    pub lookup: Arc<dyn Lookup>,
    /// How connections are made and kept.
    pub transport: TransportSettings,
    /// Paces the simulated models and dates what providers say about waiting.
    pub clock: Arc<dyn Clock>,
    /// Where a vendor is called for providers that name no address of their own, by the vendor's key. Beats the vendor's own.
    pub base_urls: HashMap<String, String>,
}

/// The provider factory over a list of vendors.
pub struct VendorFactory {
    settings: FactorySettings,
    vendors: Vendors,
    /// The clients that are in use. A provider that is built again at the same place keeps its connections.
    built: Mutex<HashMap<Place, Weak<Driver>>>,
}

/// What people copy along with a base URL.
const ENDPOINTS: [&str; 3] = ["/chat/completions", "/responses", "/messages"];

/// A provider's name, its vendor and its address.
type Place = (String, &'static str, Url);

impl VendorFactory {
    /// A factory with these settings.
    #[must_use]
    pub fn new(settings: FactorySettings) -> Self {
        Self { settings, vendors: Vendors::default(), built: Mutex::default() }
    }

    /// The factory over other vendors than our own.
    #[must_use]
    pub fn over(mut self, vendors: Vendors) -> Self {
        self.vendors = vendors;
        self
    }

    fn over_http(
        &self,
        config: &ProviderConfig,
        vendor: &'static Vendor,
        facts: &'static HttpFacts,
    ) -> Result<Arc<dyn Provider>, InvalidProvider> {
        let base = self.base_url(config, vendor, facts)?;
        let place = (config.name.clone(), vendor.key, base);
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = built.get(&place).and_then(Weak::upgrade) {
            return Ok(driver);
        }
        let transport = self.transport(config, &place.2)?;
        let listed = facts.listing;
        let models =
            facts.hooks.map_or_else(|| below(&place.2, listed), |hooks| hooks.models(&place.2, listed));
        let elsewhere = models.origin() != place.2.origin();
        let listing = elsewhere.then(|| self.transport(config, &models)).transpose()?;
        let models = Listing { url: models, transport: listing };
        let clock = Arc::clone(&self.settings.clock);
        let means = Means { transports: self.transports(), clock: Arc::clone(&clock) };
        let authorizer = facts.hooks.and_then(|hooks| hooks.authorizer(&place.2, &means));
        let calls = calls_base(&place.2, facts.version);
        let driver = Arc::new(Driver::new(facts, transport, &calls, models, authorizer, clock));
        built.retain(|_, driver| driver.strong_count() > 0);
        built.insert(place, Arc::downgrade(&driver));
        Ok(driver)
    }

    fn transport(&self, config: &ProviderConfig, origin: &Url) -> Result<Transport, InvalidProvider> {
        self.transports().to(origin).map_err(|error| invalid(config, &refusal(error)))
    }

    fn transports(&self) -> Transports {
        let FactorySettings { egress, trust, lookup, transport, .. } = &self.settings;
        Transports {
            egress: Arc::clone(egress),
            trust: trust.clone(),
            lookup: Arc::clone(lookup),
            settings: *transport,
        }
    }

    /// Where providers of a vendor are called that name no address.
    fn default_address(&self, vendor: &Vendor) -> Option<&str> {
        self.settings.base_urls.get(vendor.key).map(String::as_str).or_else(|| vendor.base_url())
    }

    fn base_url(
        &self,
        config: &ProviderConfig,
        vendor: &Vendor,
        facts: &HttpFacts,
    ) -> Result<Url, InvalidProvider> {
        let text = own_base_url(config).or_else(|| self.default_address(vendor)).ok_or_else(|| {
            invalid(
                config,
                &format!("the vendor `{}` has no address of its own; give a `base_url`", vendor.key),
            )
        })?;
        let text = text.trim().trim_end_matches('/');
        if let Some(base) = ENDPOINTS.iter().find_map(|end| text.strip_suffix(end)) {
            return Err(invalid(config, &format!("its base URL ends too late; give `{base}`")));
        }
        let url =
            self.settings.egress.admit(text).map_err(|refusal| invalid(config, &refusal.to_string()))?;
        let unknown = |(name, _): &(Cow<'_, str>, _)| !facts.base_query.contains(&&**name);
        if url.query().is_some()
            && (facts.base_query.is_empty() || url.query_pairs().any(|pair| unknown(&pair)))
        {
            return Err(invalid(config, &query_refusal(facts)));
        }
        facts.hooks.map_or(Ok(url.clone()), |hooks| hooks.base(&url)).map_err(|why| invalid(config, &why))
    }
}

impl ProviderFactory for VendorFactory {
    fn build(&self, config: &ProviderConfig) -> Result<Arc<dyn Provider>, InvalidProvider> {
        let Some(vendor) = self.vendors.find(&config.vendor) else {
            let known: Vec<&str> = self.vendors.iter().map(|vendor| vendor.key).collect();
            let shown: String = config.vendor.chars().take(64).collect();
            return Err(invalid(
                config,
                &format!("there is no vendor `{shown}`; the vendors are {}", known.join(", ")),
            ));
        };
        match &vendor.reach {
            Reach::Http(facts) => self.over_http(config, vendor, facts),
            Reach::InProcess if own_base_url(config).is_some() => {
                Err(invalid(config, "a simulated provider is called nowhere; leave the base URL out"))
            }
            Reach::InProcess => Ok(Arc::new(SimProvider::new(Arc::clone(&self.settings.clock)))),
        }
    }

    fn vendors(&self) -> Vec<VendorSummary> {
        self.vendors
            .iter()
            .map(|vendor| VendorSummary {
                key: vendor.key,
                name: vendor.name,
                base_url: vendor.base_url(),
                called_at: self
                    .default_address(vendor)
                    .map(|text| text.trim().trim_end_matches('/').to_owned()),
                needs_credential: vendor.needs_credential(),
                is_simulated: matches!(vendor.reach, Reach::InProcess),
                dialect: vendor.dialect(),
                words: vendor.words(),
            })
            .collect()
    }
}

/// The address that a provider names itself; a blank one is none.
fn own_base_url(config: &ProviderConfig) -> Option<&str> {
    config.base_url.as_deref().filter(|url| !url.trim().is_empty())
}

fn query_refusal(facts: &HttpFacts) -> String {
    match facts.base_query {
        [] => "its base URL has a query; leave that out".to_owned(),
        names => format!("its base URL may have nothing in its query but {}", names.join(", ")),
    }
}

fn invalid(config: &ProviderConfig, why: &str) -> InvalidProvider {
    InvalidProvider(format!("Provider `{}`: {why}.", config.name))
}

fn refusal(error: TransportBuildError) -> String {
    match error {
        TransportBuildError::Egress(refusal) => refusal.to_string(),
    }
}
