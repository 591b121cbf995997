//! Usage events and ledger entries as rows.

use super::choices::ChoiceRow;
use crate::error::{Fault, corrupt};
use crate::schema::{ledger_entries, usage_events};
use crate::stored::{count, from_json, json, number, optional, word};
use diesel::prelude::*;
use switchyard_domain::chat::{TokenUsage, UsageSource};
use switchyard_domain::ids::{AttemptId, CallId, ProviderId, TargetId, UserId, VirtualKeyId};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{LedgerEntry, Outcome, UsageEvent};
use uuid::Uuid;

/// An event's row. The bill's lines stand in the ledger alone.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = usage_events, treat_none_as_default_value = false)]
pub(super) struct EventRow {
    pub(super) id: Vec<u8>,
    pub(super) call_id: Vec<u8>,
    pub(super) attempt: i64,
    pub(super) is_final: bool,
    pub(super) request_id: String,
    pub(super) at: i64,
    pub(super) key_id: Option<i64>,
    pub(super) dialect: String,
    pub(super) requested_model: String,
    pub(super) route: Option<String>,
    pub(super) provider_id: i64,
    pub(super) provider_name: String,
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) simulated: bool,
    pub(super) outcome: String,
    pub(super) status: Option<i32>,
    pub(super) fault: Option<String>,
    pub(super) input_tokens: i64,
    pub(super) output_tokens: i64,
    pub(super) token_details: Option<String>,
    pub(super) usage_source: String,
    pub(super) cost: Option<i64>,
    pub(super) price_version: Option<String>,
    pub(super) dropped: Option<String>,
    pub(super) first_content_ms: Option<i64>,
    pub(super) duration_ms: i64,
    pub(super) service_tier: Option<String>,
    pub(super) user_id: Option<i64>,
    pub(super) credential: Option<String>,
    pub(super) address: Option<String>,
    pub(super) target_id: Option<i64>,
}

/// A ledger entry's row.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = ledger_entries, treat_none_as_default_value = false)]
pub(super) struct LedgerRow {
    pub(super) id: Vec<u8>,
    pub(super) call_id: Vec<u8>,
    pub(super) at: i64,
    pub(super) key_id: Option<i64>,
    pub(super) provider_id: i64,
    pub(super) model: String,
    pub(super) amount: Option<i64>,
    pub(super) price_version: Option<String>,
    pub(super) usage_source: String,
    pub(super) lines: String,
    pub(super) user_id: Option<i64>,
}

/// An event, what it cost, if it used anything, and how its target was chosen, if there was a choice.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) event: EventRow,
    pub(super) entry: Option<LedgerRow>,
    pub(super) choice: Option<ChoiceRow>,
}

/// The rows of a batch, each event once, by id: writers that hold the same events take their rows in the same order.
pub(super) fn pairs(events: &[UsageEvent]) -> Result<Vec<Pair>, Fault> {
    let mut events: Vec<&UsageEvent> = events.iter().collect();
    events.sort_by_key(|event| event.id);
    events.dedup_by_key(|event| event.id);
    let mut pairs = Vec::with_capacity(events.len());
    for event in events {
        let entry = event.ledger_entry().map(LedgerRow::new).transpose()?;
        pairs.push(Pair { event: EventRow::new(event)?, entry, choice: ChoiceRow::of(event)? });
    }
    Ok(pairs)
}

/// A text as both databases take it: PostgreSQL refuses NUL, and one refused event would block all after it.
pub(super) fn text(value: &str) -> String {
    owned_text(value.to_owned())
}

fn owned_text(value: String) -> String {
    if value.contains('\0') { value.replace('\0', "\u{fffd}") } else { value }
}

pub(super) fn optional_text(value: Option<&String>) -> Option<String> {
    value.map(|value| text(value))
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.into_bytes().to_vec()
}

/// A stored id.
pub(super) fn uuid(bytes: &[u8]) -> Result<Uuid, Fault> {
    Uuid::from_slice(bytes).map_err(corrupt)
}

impl EventRow {
    fn new(event: &UsageEvent) -> Result<Self, Fault> {
        let (input_tokens, output_tokens) = (count(event.usage.input), count(event.usage.output));
        let plain = TokenUsage {
            input: input_tokens.unsigned_abs(),
            output: output_tokens.unsigned_abs(),
            ..TokenUsage::default()
        };
        let has_details = event.usage != plain;
        Ok(Self {
            id: bytes(event.id.0),
            call_id: bytes(event.call.0),
            attempt: i64::from(event.attempt),
            is_final: event.is_final,
            request_id: text(&event.request_id),
            at: event.at.0,
            key_id: event.key.map(|key| key.0),
            dialect: text(&event.dialect),
            requested_model: text(&event.requested_model),
            route: optional_text(event.route.as_ref()),
            provider_id: event.provider.0,
            provider_name: text(&event.provider_name),
            model: text(&event.model),
            stream: event.stream,
            simulated: event.simulated,
            outcome: event.outcome.as_str().to_owned(),
            status: event.status.map(i32::from),
            fault: optional_text(event.fault.as_ref()),
            input_tokens,
            output_tokens,
            token_details: has_details.then(|| json(&event.usage)).transpose()?,
            usage_source: event.usage_source.as_str().to_owned(),
            cost: event.cost.map(|cost| cost.0),
            price_version: optional_text(event.price_version.as_ref()),
            dropped: optional_text(event.dropped.as_ref()),
            first_content_ms: event.first_content_ms.map(count),
            duration_ms: count(event.duration_ms),
            service_tier: optional_text(event.service_tier.as_ref()),
            user_id: event.user.map(|user| user.0),
            credential: event.credential.map(|source| source.as_str().to_owned()),
            address: optional_text(event.address.as_ref()),
            target_id: event.target.map(|target| target.0),
        })
    }

    /// The event again, with the bill's lines from its ledger entry.
    pub(super) fn into_event(self, lines: Option<&str>) -> Result<UsageEvent, Fault> {
        let usage = match &self.token_details {
            Some(details) => from_json(details, "token_details")?,
            None => TokenUsage {
                input: number(self.input_tokens, "input_tokens")?,
                output: number(self.output_tokens, "output_tokens")?,
                ..TokenUsage::default()
            },
        };
        Ok(UsageEvent {
            id: AttemptId(uuid(&self.id)?),
            call: CallId(uuid(&self.call_id)?),
            attempt: number(self.attempt, "attempt")?,
            is_final: self.is_final,
            request_id: self.request_id,
            at: Timestamp(self.at),
            key: self.key_id.map(VirtualKeyId),
            dialect: self.dialect,
            requested_model: self.requested_model,
            route: self.route,
            provider: ProviderId(self.provider_id),
            provider_name: self.provider_name,
            model: self.model,
            stream: self.stream,
            simulated: self.simulated,
            outcome: word(&self.outcome, Outcome::parse, "outcome")?,
            status: optional(self.status.map(i64::from), "status")?,
            fault: self.fault,
            usage,
            usage_source: word(&self.usage_source, UsageSource::parse, "usage_source")?,
            service_tier: self.service_tier,
            user: self.user_id.map(UserId),
            credential: self
                .credential
                .map(|source| word(&source, CredentialSource::parse, "credential"))
                .transpose()?,
            address: self.address,
            target: self.target_id.map(TargetId),
            rule: None,
            passed_over: Vec::new(),
            cost: self.cost.map(NanoUsd),
            price_version: self.price_version,
            lines: lines.map_or_else(|| Ok(Vec::new()), |lines| from_json(lines, "lines"))?,
            dropped: self.dropped,
            first_content_ms: optional(self.first_content_ms, "first_content_ms")?,
            duration_ms: number(self.duration_ms, "duration_ms")?,
        })
    }
}

impl LedgerRow {
    fn new(entry: LedgerEntry) -> Result<Self, Fault> {
        Ok(Self {
            id: bytes(entry.id.0),
            call_id: bytes(entry.call.0),
            at: entry.at.0,
            key_id: entry.key.map(|key| key.0),
            provider_id: entry.provider.0,
            model: owned_text(entry.model),
            amount: entry.amount.map(|amount| amount.0),
            price_version: entry.price_version.map(owned_text),
            usage_source: entry.usage_source.as_str().to_owned(),
            lines: json(&entry.lines)?,
            user_id: entry.user.map(|user| user.0),
        })
    }
}
