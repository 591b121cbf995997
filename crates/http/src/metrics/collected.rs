use super::labels::{Attempt, ProviderOnly, Tokens};
use crate::services::LogLosses;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use switchyard_orchestrator::chat::AttemptCount;
use switchyard_orchestrator::status::{Status, StatusFacts};

/// What the use cases count themselves, read when a scraper asks.
pub(super) struct Collected {
    status: Arc<Status>,
    log_losses: LogLosses,
}

impl Collected {
    pub(super) fn new(status: Arc<Status>, log_losses: LogLosses) -> Self {
        Self { status, log_losses }
    }
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collected")
    }
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let attempts = self.status.statistics().attempts();
        write_attempts(&mut encoder, &attempts)?;
        write_usage(&mut encoder, &attempts)?;
        let unpriced = self.status.statistics().unpriced();
        counter(
            &mut encoder,
            "unpriced_attempts",
            "Attempts that used tokens at an unknown price",
            unpriced,
        )?;
        let lost = self.log_losses.count();
        counter(&mut encoder, "log_lines_dropped", "Lines of the log that nobody took in time", lost)?;
        write_benched(&mut encoder, self.status.benched_credentials())?;
        write_state(&mut encoder, &self.status.facts())
    }
}

type Attempts = [(String, &'static str, AttemptCount)];

fn write_attempts(encoder: &mut DescriptorEncoder<'_>, attempts: &Attempts) -> fmt::Result {
    let counts = attempts
        .iter()
        .map(|(provider, outcome, count)| (Attempt { provider: provider.clone(), outcome }, count.attempts));
    counters(encoder, "upstream_attempts", "Attempts at providers, by how they ended", counts)
}

fn write_usage(encoder: &mut DescriptorEncoder<'_>, attempts: &Attempts) -> fmt::Result {
    let mut sums: BTreeMap<&str, AttemptCount> = BTreeMap::new();
    for (provider, _, count) in attempts {
        let sum = sums.entry(provider).or_default();
        sum.input_tokens += count.input_tokens;
        sum.output_tokens += count.output_tokens;
        sum.cost_nano_usd = sum.cost_nano_usd.saturating_add(count.cost_nano_usd);
    }
    let tokens = sums.iter().flat_map(|(provider, sum)| {
        let label = |direction| Tokens { provider: (*provider).to_owned(), direction };
        [(label("input"), sum.input_tokens), (label("output"), sum.output_tokens)]
    });
    counters(encoder, "tokens", "Tokens, as they are billed", tokens)?;
    let cost = sums.iter().map(|(provider, sum)| {
        let provider = (*provider).to_owned();
        (ProviderOnly { provider }, u64::try_from(sum.cost_nano_usd).unwrap_or(0))
    });
    counters(encoder, "cost_nano_usd", "Cost of priced attempts in nano-USD", cost)
}

fn write_benched(encoder: &mut DescriptorEncoder<'_>, benched: Vec<(String, u64)>) -> fmt::Result {
    let kind = ConstGauge::new(0_u64).metric_type();
    let help = "Shared keys that the provider does not take";
    let mut family = encoder.encode_descriptor("credentials_benched", help, None, kind)?;
    for (provider, count) in benched {
        ConstGauge::new(count).encode(family.encode_family(&ProviderOnly { provider })?)?;
    }
    Ok(())
}

fn write_state(encoder: &mut DescriptorEncoder<'_>, facts: &StatusFacts) -> fmt::Result {
    gauge(encoder, "calls_in_flight", "Calls that are being answered", facts.calls_in_flight)?;
    gauge(encoder, "journal_backlog", "Usage records that wait for the ledger", facts.journal_backlog)?;
    gauge(
        encoder,
        "journal_writable",
        "Whether usage can be recorded, hence calls are served",
        u64::from(facts.journal_writable),
    )?;
    gauge(
        encoder,
        "database_connected",
        "Whether the database answered last",
        u64::from(facts.database_connected),
    )?;
    if let Some(is_connected) = facts.shared_store_connected {
        let help = "Whether the Redis that processes share limits through answers";
        gauge(encoder, "redis_connected", help, u64::from(is_connected))?;
        gauge(encoder, "processes", "Processes that share limits through Redis", u64::from(facts.processes))?;
    }
    gauge(encoder, "draining", "Whether the server is ending", u64::from(facts.draining))?;
    gauge(
        encoder,
        "configuration_revision",
        "The configuration's revision",
        u64::try_from(facts.revision).unwrap_or(0),
    )?;
    counter(encoder, "journal_damaged", "Usage records that could not be read", facts.journal_damaged)?;
    counter(encoder, "ledger_events", "Usage events that reached the ledger", facts.events_written)
}

fn counters<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (L, u64)>,
) -> fmt::Result {
    let kind = ConstCounter::new(0_u64).metric_type();
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for (labels, value) in values {
        ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}
