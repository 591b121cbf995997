//! What an answer cost, told in the answer itself where its document has it there.

mod streamed;

pub(super) use streamed::PricedStream;

use super::schema::CompletionAnswer;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_dialects::splice::{Edit, splice};
use switchyard_domain::money::NanoUsd;
use switchyard_orchestrator::chat::CallBill;
use utoipa::ToSchema;

/// What the model that answered cost, in US dollars; `x-switchyard-cost` has the whole call's cost, with what failed before it and is
/// billed. `null` is an amount that is not known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallCost)]
pub(super) struct CostShape {
    input_tokens: u64,
    output_tokens: u64,
    #[schema(value_type = Option<f64>)]
    input_cost: Option<Box<RawValue>>,
    #[schema(value_type = Option<f64>)]
    output_cost: Option<Box<RawValue>>,
    #[schema(value_type = Option<f64>)]
    total_cost: Option<Box<RawValue>>,
}

/// OpenAI's chat completion, and what it cost.
#[derive(Serialize, ToSchema)]
pub(crate) struct PricedCompletionAnswer {
    #[serde(flatten)]
    answer: CompletionAnswer,
    cost: CostShape,
}

/// Where a provider counted nothing: the tokens as they were counted here.
#[derive(Serialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

impl From<&CallBill> for CostShape {
    fn from(bill: &CallBill) -> Self {
        Self {
            input_tokens: bill.input_tokens,
            output_tokens: bill.output_tokens,
            input_cost: bill.input_cost.and_then(exact),
            output_cost: bill.output_cost.and_then(exact),
            total_cost: bill.total_cost.and_then(exact),
        }
    }
}

/// An amount of dollars as a JSON number with all its digits: no float holds it on our side.
pub(crate) fn exact(amount: NanoUsd) -> Option<Box<RawValue>> {
    RawValue::from_string(amount.to_string()).ok()
}

/// Which answers have the member `usage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usages {
    /// Those that came with it.
    AsTheyCame,
    /// All: the others get what was counted here.
    Told,
}

/// A completion with the member `cost`, and with `usage` as it is asked for. Bytes that are no answer stay as they are.
pub(super) fn with_cost(body: &Bytes, bill: &CallBill, usages: Usages) -> Bytes {
    let priced = || {
        let document = Document::scan(body.clone(), ScanLimits::default()).ok()?;
        let cost = serde_json::to_vec(&CostShape::from(bill)).ok()?;
        let usage = serde_json::to_vec(&Usage {
            prompt_tokens: bill.input_tokens,
            completion_tokens: bill.output_tokens,
            total_tokens: bill.input_tokens.saturating_add(bill.output_tokens),
        });
        let usage = usage.ok().filter(|_| usages == Usages::Told);
        let usage = usage.filter(|_| document.get("usage").is_none_or(|usage| usage.is_null()));
        let mut edits = vec![Edit::Set { name: "cost", value: &cost }];
        edits.extend(usage.as_ref().map(|usage| Edit::Set { name: "usage", value: usage }));
        splice(body, &document.wire_members(), &edits).ok()
    };
    priced().unwrap_or_else(|| body.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const BILL: CallBill = CallBill {
        input_tokens: 12,
        output_tokens: 4,
        input_cost: Some(NanoUsd(1_800)),
        output_cost: Some(NanoUsd(3_000)),
        total_cost: Some(NanoUsd(4_800)),
        call_cost: Some(NanoUsd(5_000)),
    };

    fn priced(body: &'static str, bill: &CallBill) -> String {
        String::from_utf8(with_cost(&Bytes::from_static(body.as_bytes()), bill, Usages::Told).to_vec())
            .unwrap()
    }

    #[test]
    fn the_cost_stands_last_and_every_other_byte_stays() {
        assert_eq!(
            priced(r#"{"id":"x", "n":1.50,"usage":{"prompt_tokens":12}}"#, &BILL),
            r#"{"id":"x", "n":1.50,"usage":{"prompt_tokens":12},"cost":{"inputTokens":12,"outputTokens":4,"inputCost":0.000001800,"outputCost":0.000003000,"totalCost":0.000004800}}"#
        );
    }

    #[test]
    fn a_providers_own_cost_is_not_the_callers() {
        let told = priced(r#"{"cost":{"total":9},"usage":{}}"#, &BILL);
        assert_eq!(told.matches("cost").count(), 1, "{told}");
        assert!(told.contains("0.000004800"), "{told}");
    }

    #[test]
    fn what_the_provider_did_not_count_is_told_as_it_was_counted_here() {
        for body in [r#"{"id":"x"}"#, r#"{"id":"x","usage":null}"#] {
            let told: serde_json::Value = serde_json::from_str(&priced(body, &BILL)).unwrap();
            assert_eq!(
                told["usage"],
                serde_json::json!({"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}),
                "{body}"
            );
        }
    }

    #[test]
    fn an_unknown_price_is_told_as_unknown_and_not_as_nothing() {
        let told = priced(r#"{"usage":{}}"#, &CallBill { input_tokens: 1, ..CallBill::default() });
        assert!(told.contains(r#""inputCost":null,"outputCost":null,"totalCost":null"#), "{told}");
    }

    #[test]
    fn what_is_no_object_stays_as_it_is() {
        for body in ["", "[]", "{", "nonsense"] {
            assert_eq!(priced(body, &BILL), body);
        }
    }
}
