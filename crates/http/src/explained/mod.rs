//! What a dry run shows, as JSON: one shape for the command line and for the API.

mod chain;
mod limits;
mod run;

pub use chain::{PassedRouteShape, SkippedShape};
pub use limits::{ExplainedLimit, LimitedBudget};
pub use run::{DryRunShape, ShareShape};

use crate::offline::body_of;
use serde::Serialize;
use std::collections::BTreeMap;
use switchyard_domain::provider::CredentialSource;
use switchyard_orchestrator::explain::{ExplainedTarget, Explanation, PriceBound};
use utoipa::ToSchema;

/// What decides where every target that could take the call is at a limit.
const NO_ROOM: &str = "limit_spent";
const NO_ROOM_SAID: &str = "every target that could take the call is at a limit of its own";

/// What would become of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationShape {
    /// What was named in `model`.
    model: String,
    /// The client's dialect.
    dialect: String,
    /// The route that the name stands for, where it stands for one.
    route: Option<String>,
    /// Whether a stream was asked for.
    stream: bool,
    /// The prompt's tokens, estimated.
    estimated_prompt_tokens: u64,
    /// The output limit that the call names.
    max_output_tokens: Option<u64>,
    /// The tokens that it would reserve of its caller's limits.
    reserved_tokens: u64,
    /// The limits and budgets of the caller that it would be held to.
    limits: Vec<ExplainedLimit>,
    /// What every budget of the caller would have to have left, in US dollars: the most that the call may cost at any target that it may
    /// reach. Absent where it is known of none; a call under a budget is refused then.
    held_usd: Option<String>,
    /// The same in nano-USD.
    held_nano_usd: Option<i64>,
    /// The rule that puts the first target first: a strategy's word, or `named`, `only`, `priority`, `provider_again` or `avoided`; or
    /// `limit_spent` where no target is left, since all that could take the call are at limits of theirs: it would be answered 429.
    decided_by: &'static str,
    /// The same in a sentence, with the figures that decided; told to those who administer or audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// In the order in which they would be tried, those of the routes behind too.
    targets: Vec<TargetShape>,
    /// Targets of the routes that such a call can't go to.
    skipped: Vec<SkippedShape>,
    /// The routes of the chain that add no target.
    passed_routes: Vec<PassedRouteShape>,
}

/// What a target would be sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExplainedTarget)]
pub struct TargetShape {
    /// The target's id in its route; absent where a model was called.
    target_id: Option<i64>,
    /// `<provider>/<model>`.
    target: String,
    /// The route that it stands in: the one that was called, or one behind it; absent where a model was called.
    route: Option<String>,
    /// The rule that puts it where it stands, in a word as above.
    decided_by: &'static str,
    /// The same in a sentence; told to those who administer or audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// Whose credential would be used: `key`, `user`, `shared` or `none`; or `{"unusable": <why>}`.
    credential: serde_json::Value,
    /// Whether the call would be refused here for what could not be carried.
    refused: bool,
    /// What could not be carried.
    losses: serde_json::Value,
    /// The most that the call is expected to cost here, in US dollars; absent where it is not known.
    price_bound_usd: Option<String>,
    /// The same in nano-USD.
    price_bound_nano_usd: Option<i64>,
    /// What a budget of the target would have to have left for an attempt, in US dollars. No vendor's count of the prompt may outgrow
    /// it, so that it is often more than is expected. Absent where that is not known; a call under a budget passes the target over.
    held_usd: Option<String>,
    /// The same in nano-USD.
    held_nano_usd: Option<i64>,
    /// `audio_length` where the sound's length decides.
    price_depends_on: Option<&'static str>,
    /// The limits and budgets that it would be held to here besides the caller's.
    limits: Vec<ExplainedLimit>,
    /// Why it is better not tried now, so that it comes after all others; told to those who administer or audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    avoided: Option<String>,
    /// The exact request, without the credential.
    request: Option<RequestShape>,
    /// Why no request can be made.
    error: Option<String>,
}

/// A request to a provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExplainedRequest)]
pub struct RequestShape {
    /// `POST`
    method: &'static str,
    /// Where to; told to those who administer or audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The provider's dialect.
    dialect: &'static str,
    /// Headers without the credential.
    headers: BTreeMap<&'static str, String>,
    /// The exact body.
    body: String,
}

impl ExplanationShape {
    /// Everything that there is to tell.
    #[must_use]
    pub fn whole(explained: &Explanation) -> Self {
        Self {
            model: explained.facts.model.clone(),
            dialect: explained.facts.dialect.0.to_owned(),
            route: explained.route.clone(),
            stream: explained.facts.stream,
            estimated_prompt_tokens: explained.estimated_prompt_tokens,
            max_output_tokens: explained.facts.max_output_tokens,
            reserved_tokens: explained.reserved_tokens,
            limits: explained.limits.iter().map(ExplainedLimit::from).collect(),
            held_usd: explained.held.map(|held| held.to_string()),
            held_nano_usd: explained.held.map(|held| held.0),
            decided_by: explained.rule().map_or(NO_ROOM, |rule| rule.as_str()),
            rule: Some(explained.rule().map_or_else(|| NO_ROOM_SAID.to_owned(), |rule| rule.to_string())),
            targets: explained.targets.iter().map(target).collect(),
            skipped: explained.skipped.iter().map(SkippedShape::from).collect(),
            passed_routes: explained.passed.iter().map(PassedRouteShape::from).collect(),
        }
    }

    /// The same for somebody who only calls: without where providers stand, and without limits that are not the caller's.
    #[must_use]
    pub fn for_callers(explained: &Explanation) -> Self {
        let mut shape = Self::whole(explained);
        shape.rule = None;
        let of_the_call = explained.skipped.iter().filter(|skipped| skipped.reason.is_of_the_call());
        shape.skipped = of_the_call.map(SkippedShape::from).collect();
        for target in &mut shape.targets {
            target.limits.clear();
            target.avoided = None;
            target.rule = None;
            if let Some(request) = &mut target.request {
                request.url = None;
            }
        }
        shape
    }
}

fn target(target: &ExplainedTarget) -> TargetShape {
    let request = target.request.as_ref().ok().map(|prepared| RequestShape {
        method: "POST",
        url: Some(prepared.url.clone()),
        dialect: prepared.dialect.0,
        headers: prepared.headers.iter().cloned().collect(),
        body: String::from_utf8_lossy(&body_of(prepared)).into_owned(),
    });
    let bound = target.price_bound.amount();
    TargetShape {
        target_id: target.id.map(|id| id.0),
        route: target.route.clone(),
        decided_by: target.rule.as_str(),
        rule: Some(target.rule.to_string()),
        target: target.target.clone(),
        credential: match &target.credential {
            Ok(source) => serde_json::json!(source.map_or("none", CredentialSource::as_str)),
            Err(reason) => serde_json::json!({ "unusable": reason }),
        },
        refused: target.is_refused,
        losses: serde_json::json!(target.losses()),
        price_bound_usd: bound.map(|bound| bound.to_string()),
        price_bound_nano_usd: bound.map(|bound| bound.0),
        held_usd: target.held.map(|held| held.to_string()),
        held_nano_usd: target.held.map(|held| held.0),
        price_depends_on: (target.price_bound == PriceBound::ByLength).then_some("audio_length"),
        limits: target.limits.iter().map(ExplainedLimit::from).collect(),
        avoided: target.avoided.map(|avoided| avoided.to_string()),
        request,
        error: target.request.as_ref().err().cloned(),
    }
}
