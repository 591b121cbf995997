//! The exact body of a request: the client's own bytes with what the vendor needs otherwise, or a new one from the
//! canonical form.

use super::messages::{self, MessageRules, UNBOUNDED};
use crate::vendors::{HttpFacts, MemberRule};
use bytes::Bytes;
use std::borrow::Cow;
use switchyard_dialects::openai_chat::request::{StreamUsage, encode};
use switchyard_dialects::scan::Document;
use switchyard_dialects::splice::{Edit, SpliceError, find, splice};
use switchyard_domain::chat::LossReport;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::wire::{Member, ValueKind};
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::provider::Carriage;

/// A body, ready to be sent.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) carriage: Carriage,
    pub(super) losses: LossReport,
}

/// Where the edits start from.
struct Source<'a> {
    bytes: Cow<'a, Bytes>,
    members: Cow<'a, [Member]>,
}

/// Makes the body of a call for `model`.
pub(super) fn make(facts: &HttpFacts, call: &dyn ClientCall, model: &str) -> Result<Body, ProviderFault> {
    let mut losses = LossReport::default();
    let own = call.wire().filter(|_| call.facts().dialect == facts.dialect);
    let (source, carriage) = match own {
        Some(wire) => {
            let source = Source { bytes: Cow::Borrowed(&wire.bytes), members: Cow::Borrowed(&wire.members) };
            (source, Carriage::Verbatim)
        }
        None => (encoded(facts, call, &mut losses)?, Carriage::Canonical),
    };
    let asks_usage = call.facts().stream
        && !call.facts().wants_stream_usage
        && facts.requests.stream_usage == StreamUsage::Always;
    let bytes = edited(facts, &source, model, asks_usage, &mut losses)?;
    Ok(Body { bytes, carriage, losses })
}

fn edited(
    facts: &HttpFacts,
    source: &Source<'_>,
    model: &str,
    asks_usage: bool,
    losses: &mut LossReport,
) -> Result<Bytes, ProviderFault> {
    let model = serde_json::to_vec(model).map_err(|error| internal(&error))?;
    let messages = messages::rewritten(&source.bytes, &source.members, MessageRules::of(&facts.requests));
    let mut edits = Vec::with_capacity(3 + facts.members.len());
    edits.push(Edit::Set { name: "model", value: &model });
    if asks_usage {
        edits.push(Edit::SetIn { object: "stream_options", name: "include_usage", value: b"true" });
    }
    if let Some(value) = &messages {
        edits.push(Edit::Set { name: "messages", value });
    }
    for rule in facts.members {
        apply(*rule, source, &mut edits, losses);
    }
    splice(&source.bytes, &source.members, &edits).map_err(unsuitable)
}

fn apply(rule: MemberRule, source: &Source<'_>, edits: &mut Vec<Edit<'_>>, losses: &mut LossReport) {
    let place = |name| find(&source.bytes, &source.members, name);
    match rule {
        MemberRule::Rename { from, to } => {
            let Some(member) = place(from) else { return };
            if member.kind == ValueKind::Null {
                // It says nothing, but its name would be refused all the same.
                edits.push(Edit::Remove { name: from });
                return;
            }
            if let Some(other) = place(to) {
                if other.kind != ValueKind::Null {
                    losses.dropped(to, format!("`{from}` says the same and outranks it"));
                }
                edits.push(Edit::Remove { name: to });
            }
            edits.push(Edit::Rename { from, to });
        }
        MemberRule::Drop { name, why } => {
            let Some(member) = place(name) else { return };
            if member.kind != ValueKind::Null {
                losses.dropped(name, why);
            }
            edits.push(Edit::Remove { name });
        }
        MemberRule::Omit { name } => {
            if place(name).is_some() {
                edits.push(Edit::Remove { name });
            }
        }
    }
}

fn unsuitable(error: SpliceError) -> ProviderFault {
    match error {
        SpliceError::NotAnObject { name } => ProviderFault {
            param: Some(name.clone()),
            ..ProviderFault::new(FaultKind::Rejected, format!("`{name}` must be an object."))
        },
        other => internal(&other),
    }
}

fn internal(error: &dyn std::error::Error) -> ProviderFault {
    ProviderFault::new(FaultKind::Internal, format!("the request could not be prepared: {error}"))
}

/// A body from the canonical form.
fn encoded(
    facts: &HttpFacts,
    call: &dyn ClientCall,
    losses: &mut LossReport,
) -> Result<Source<'static>, ProviderFault> {
    let request = call.canonical().map_err(|invalid| ProviderFault {
        param: invalid.param.clone(),
        ..ProviderFault::new(FaultKind::Rejected, invalid.message)
    })?;
    let bytes = encode(&request, call.facts().dialect, &facts.requests, losses);
    let document = Document::scan(bytes, UNBOUNDED).map_err(|error| internal(&error))?;
    Ok(Source { members: Cow::Owned(document.wire_members()), bytes: Cow::Owned(document.body().clone()) })
}
