//! An event as a record holds it: its values in the order of its members, without their names, which would be half of a
//! record's bytes. [`UsageEvent`] reads both forms.
//!
//! The order is the format. A member that is new goes to the end of its structure, with a default, so that what an earlier
//! version left is still read.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use switchyard_domain::chat::{TokenUsage, Units, UsageSource};
use switchyard_domain::ids::{AttemptId, CallId, ProviderId, TargetId, UserId, VirtualKeyId};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::price::LineItem;
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{Outcome, PassedTarget, UsageEvent};

/// The members of an event.
#[derive(Serialize)]
pub(crate) struct Row<'a>(
    AttemptId,
    CallId,
    u32,
    bool,
    &'a str,
    Timestamp,
    Option<VirtualKeyId>,
    &'a str,
    &'a str,
    Option<&'a str>,
    ProviderId,
    &'a str,
    &'a str,
    bool,
    bool,
    Outcome,
    Option<u16>,
    Option<&'a str>,
    Tokens,
    UsageSource,
    Option<NanoUsd>,
    Option<&'a str>,
    Lines<'a>,
    Option<&'a str>,
    Option<u64>,
    u64,
    Option<&'a str>,
    Option<UserId>,
    Option<CredentialSource>,
    Option<&'a str>,
    Option<TargetId>,
    Option<&'a str>,
    Passed<'a>,
);

impl<'a> Row<'a> {
    pub(crate) fn of(event: &'a UsageEvent) -> Self {
        // Taken apart in full, so that a member that is new can't be forgotten here.
        let UsageEvent {
            id,
            call,
            attempt,
            is_final,
            request_id,
            at,
            key,
            dialect,
            requested_model,
            route,
            provider,
            provider_name,
            model,
            stream,
            simulated,
            outcome,
            status,
            fault,
            usage,
            usage_source,
            cost,
            price_version,
            lines,
            dropped,
            first_content_ms,
            duration_ms,
            service_tier,
            user,
            credential,
            address,
            target,
            rule,
            passed_over,
        } = event;
        Self(
            *id,
            *call,
            *attempt,
            *is_final,
            request_id,
            *at,
            *key,
            dialect,
            requested_model,
            route.as_deref(),
            *provider,
            provider_name,
            model,
            *stream,
            *simulated,
            *outcome,
            *status,
            fault.as_deref(),
            tokens(usage),
            *usage_source,
            *cost,
            price_version.as_deref(),
            Lines(lines),
            dropped.as_deref(),
            *first_content_ms,
            *duration_ms,
            service_tier.as_deref(),
            *user,
            *credential,
            address.as_deref(),
            *target,
            rule.as_deref(),
            Passed(passed_over),
        )
    }
}

/// The counts, and pieces behind them where there are any.
struct Tokens([u64; 10], Units);

impl Serialize for Tokens {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(counts, units) = self;
        let Units { images, characters, audio_seconds } = *units;
        let mut list = serializer.serialize_seq(None)?;
        for count in counts {
            list.serialize_element(count)?;
        }
        if !units.is_empty() {
            list.serialize_element(&(images, characters, audio_seconds))?;
        }
        list.end()
    }
}

fn tokens(usage: &TokenUsage) -> Tokens {
    let TokenUsage {
        input,
        cached_input,
        cache_write,
        cache_write_1h,
        audio_input,
        image_input,
        output,
        reasoning,
        audio_output,
        image_output,
        units,
    } = *usage;
    let counts = [
        input,
        cached_input,
        cache_write,
        cache_write_1h,
        audio_input,
        image_input,
        output,
        reasoning,
        audio_output,
        image_output,
    ];
    Tokens(counts, units)
}

struct Lines<'a>(&'a [LineItem]);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|LineItem { kind, tokens, price }| (kind, tokens, price)))
    }
}

struct Passed<'a>(&'a [PassedTarget]);

impl Serialize for Passed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|PassedTarget { target, reason }| (target, reason)))
    }
}
