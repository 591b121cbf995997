//! Reading the catalogue's data file, which `scripts/import_prices.py` writes.

use super::model::{CatalogueModel, Mode, Unit, UnitPrice};
use super::{Catalogue, Index};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::price::{
    DailyWindow, DatedRates, ModelPrice, PriceSource, PriceTier, Rates, ServiceRates, ServiceTier, Weekdays,
};
use switchyard_domain::provider::Capabilities;
use switchyard_domain::time::Day;

const FORMAT: u32 = 2;

/// Why bytes are no catalogue. A catalogue with one bad row is refused whole: the row that is missing would be a price that
/// is not known, without anybody noticing.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not what was packed into the binary.
    #[error("the price catalogue does not unpack: {0}")]
    Packing(#[from] std::io::Error),
    /// Not the JSON that the importer writes.
    #[error("the price catalogue does not parse: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Written by another version of the importer.
    #[error("the price catalogue has format {0}; this build reads format {FORMAT}")]
    Format(u32),
    /// The day of the import is no date.
    #[error("the price catalogue has no date of import")]
    Imported,
    /// A row says something impossible.
    #[error("the price catalogue's row {vendor}/{id}: {problem}")]
    Row {
        /// The vendor's key.
        vendor: Box<str>,
        /// The upstream id.
        id: Box<str>,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Its id or an alias stands there twice.
    #[error("an id or alias stands twice at the vendor")]
    Duplicate,
    /// A price below nothing.
    #[error("a price is negative")]
    Negative,
    /// A start that is no date.
    #[error("`from` is no date")]
    From,
    /// A part of the day that is not `HH:MM-HH:MM`.
    #[error("`daily` is no part of a day")]
    Daily,
    /// Days of the week that are none, or that belong to no part of the day.
    #[error("`weekdays` are no days of a `daily` part")]
    Weekdays,
    /// Tiers out of order.
    #[error("tiers do not ascend")]
    Tiers,
}

/// A list that the data come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Origin {
    /// The package.
    pub package: Box<str>,
    /// Its version.
    pub version: Box<str>,
    /// Where it is published.
    pub registry: Box<str>,
    /// Its licence, by SPDX name.
    pub licence: Box<str>,
    /// Its copyright line.
    pub notice: Box<str>,
}

#[derive(Deserialize)]
struct Document<'a> {
    format: u32,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    imported: Cow<'a, str>,
    sources: Box<[Origin]>,
    #[serde(borrow)]
    models: Vec<Row<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    #[serde(borrow)]
    vendor: Cow<'a, str>,
    id: Box<str>,
    #[serde(default)]
    aliases: Box<[Box<str>]>,
    mode: Option<Mode>,
    context_window: Option<u64>,
    max_output_tokens: Option<u64>,
    #[serde(default)]
    can: Vec<Ability>,
    #[serde(default)]
    cannot: Vec<Ability>,
    #[serde(borrow)]
    prices: Vec<Set<'a>>,
    #[serde(rename = "sources")]
    _sources: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set<'a> {
    #[serde(borrow)]
    from: Option<Cow<'a, str>>,
    #[serde(borrow)]
    daily: Option<Cow<'a, str>>,
    weekdays: Option<Vec<u8>>,
    rates: Rates,
    #[serde(default)]
    tiers: Vec<Tier>,
    #[serde(default)]
    service: BTreeMap<Service, ServicePrice>,
    #[serde(default)]
    units: BTreeMap<Unit, i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tier {
    above: u64,
    rates: Rates,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Service {
    Priority,
    Flex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServicePrice {
    rates: Rates,
    #[serde(default)]
    tiers: Vec<Tier>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ability {
    Vision,
    Tools,
    JsonSchema,
    Reasoning,
    AudioInput,
}

impl Catalogue {
    /// Reads a catalogue file.
    ///
    /// # Errors
    /// [`CatalogueError`] when it is of another format or any row is impossible.
    pub fn from_json(bytes: &[u8]) -> Result<Self, CatalogueError> {
        let document: Document<'_> = serde_json::from_slice(bytes)?;
        if document.format != FORMAT {
            return Err(CatalogueError::Format(document.format));
        }
        let imported = Day::parse(&document.imported).map_err(|_| CatalogueError::Imported)?;
        let version: Arc<str> = (*document.version).into();
        let mut vendors = HashSet::new();
        let models = document
            .models
            .into_iter()
            .map(|row| row.into_model(&version, &mut vendors))
            .collect::<Result<Box<[_]>, _>>()?;
        let index = index(&models)?;
        Ok(Self { version, imported, origins: document.sources, models, index })
    }
}

fn index(models: &[CatalogueModel]) -> Result<Index, CatalogueError> {
    let mut index = Index::new();
    for (position, model) in models.iter().enumerate() {
        let ids = index.entry(Arc::clone(&model.vendor)).or_default();
        for id in std::iter::once(model.id()).chain(model.aliases()) {
            if ids.insert(id.into(), position).is_some() {
                return Err(refuse(model.vendor(), id, Problem::Duplicate));
            }
        }
    }
    Ok(index)
}

fn refuse(vendor: &str, id: &str, problem: Problem) -> CatalogueError {
    CatalogueError::Row { vendor: vendor.into(), id: id.into(), problem }
}

impl Row<'_> {
    fn into_model(
        self,
        version: &Arc<str>,
        vendors: &mut HashSet<Arc<str>>,
    ) -> Result<CatalogueModel, CatalogueError> {
        let vendor = shared(&self.vendor, vendors);
        let (mut sets, mut units) = (Vec::with_capacity(self.prices.len()), Vec::new());
        for set in self.prices {
            units.push(set.unit_prices());
            sets.push(set.dated_rates().map_err(|problem| refuse(&vendor, &self.id, problem))?);
        }
        let negative = units.iter().flatten().any(|unit| unit.price < NanoUsd::ZERO);
        if negative {
            return Err(refuse(&vendor, &self.id, Problem::Negative));
        }
        let price = ModelPrice { version: Arc::clone(version), source: PriceSource::Catalogue, sets };
        Ok(CatalogueModel {
            vendor,
            id: self.id,
            aliases: self.aliases,
            mode: self.mode,
            context_window: self.context_window,
            max_output_tokens: self.max_output_tokens,
            capabilities: capabilities(&self.can, &self.cannot),
            price: (!price.sets.is_empty()).then(|| Arc::new(price)),
            units: units.into(),
        })
    }
}

/// One copy of each vendor's key for its thousand models.
fn shared(text: &str, seen: &mut HashSet<Arc<str>>) -> Arc<str> {
    if let Some(known) = seen.get(text) {
        return Arc::clone(known);
    }
    let fresh: Arc<str> = text.into();
    seen.insert(Arc::clone(&fresh));
    fresh
}

fn capabilities(can: &[Ability], cannot: &[Ability]) -> Capabilities {
    let mut known = Capabilities::default();
    let told = can.iter().map(|ability| (ability, true)).chain(cannot.iter().map(|ability| (ability, false)));
    for (ability, able) in told {
        let member = match ability {
            Ability::Vision => &mut known.vision,
            Ability::Tools => &mut known.tools,
            Ability::JsonSchema => &mut known.json_schema,
            Ability::Reasoning => &mut known.reasoning,
            Ability::AudioInput => &mut known.audio_input,
        };
        *member = Some(able);
    }
    known
}

impl Set<'_> {
    fn unit_prices(&self) -> Box<[UnitPrice]> {
        self.units.iter().map(|(&unit, &price)| UnitPrice { unit, price: NanoUsd(price) }).collect()
    }

    /// The rates, with those units that calls are billed by.
    fn with_pieces(&self) -> Rates {
        let unit = |unit| self.units.get(&unit).copied().map(NanoUsd);
        Rates {
            per_image: unit(Unit::ImageOutput),
            per_million_characters: unit(Unit::MillionCharacters),
            per_audio_hour: unit(Unit::AudioHour),
            ..self.rates
        }
    }

    fn dated_rates(&self) -> Result<DatedRates, Problem> {
        let from = self.from.as_deref().map(Day::parse).transpose().map_err(|_| Problem::From)?;
        let service = self.service.iter().map(|(tier, price)| price.of_tier(*tier));
        Ok(DatedRates {
            from: from.map(Day::start),
            until: None,
            daily: self.window()?,
            rates: credible(self.with_pieces())?,
            tiers: price_tiers(&self.tiers)?,
            service: service.collect::<Result<_, _>>()?,
        })
    }

    fn window(&self) -> Result<Option<DailyWindow>, Problem> {
        let weekdays = match &self.weekdays {
            Some(days) => Weekdays::of(days).ok_or(Problem::Weekdays)?,
            None => Weekdays::ALL,
        };
        match self.daily.as_deref() {
            Some(text) => window(text, weekdays).map(Some).ok_or(Problem::Daily),
            None if self.weekdays.is_some() => Err(Problem::Weekdays),
            None => Ok(None),
        }
    }
}

impl ServicePrice {
    fn of_tier(&self, tier: Service) -> Result<ServiceRates, Problem> {
        let tier = match tier {
            Service::Priority => ServiceTier::Priority,
            Service::Flex => ServiceTier::Flex,
        };
        Ok(ServiceRates { tier, rates: credible(self.rates)?, tiers: price_tiers(&self.tiers)? })
    }
}

fn price_tiers(tiers: &[Tier]) -> Result<Vec<PriceTier>, Problem> {
    if !tiers.is_sorted_by(|lower, upper| lower.above < upper.above) {
        return Err(Problem::Tiers);
    }
    let tiers = tiers.iter();
    tiers.map(|tier| Ok(PriceTier { above_input_tokens: tier.above, rates: credible(tier.rates)? })).collect()
}

fn credible(rates: Rates) -> Result<Rates, Problem> {
    if rates.has_negative() { Err(Problem::Negative) } else { Ok(rates) }
}

/// `16:30-00:30` in minutes since midnight UTC; `24:00` is the end of the day.
fn window(text: &str, weekdays: Weekdays) -> Option<DailyWindow> {
    let (start, end) = text.split_once('-')?;
    let end = if end == "24:00" { 24 * 60 } else { minute(end)? };
    Some(DailyWindow { start: minute(start)?, end, weekdays })
}

fn minute(clock: &str) -> Option<u16> {
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}
