//! One call in the provider's log and in the ledger, attempt by attempt.

use super::kinds::Kind;
use super::price::{Tokens, cost};
use std::fmt;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::usage::UsageEvent;
use switchyard_harness::testkit::simulator::RecordedCall;

/// A billed attempt, by either's word.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Billed {
    model: String,
    prompt: u64,
    completion: u64,
    money: Option<NanoUsd>,
}

/// A call whose provider and whose record differ.
#[derive(Clone, Debug)]
pub struct Difference {
    id: String,
    kind: &'static str,
    provider: Vec<Billed>,
    ledger: Vec<Billed>,
    outcomes: Vec<String>,
}

/// What joining a call gave.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Tokens by the provider's count.
    pub tokens: u64,
    /// Their cost.
    pub money: NanoUsd,
    /// By how many tokens the record differs.
    pub tokens_off: u64,
    /// By how many nano-USD.
    pub money_off: u64,
    /// The difference.
    pub difference: Option<Difference>,
}

impl Joined {
    /// Joins one call. Attempts that used nothing are left out on both sides: the provider may have seen one more of those,
    /// where a request was put on a connection that it was closing.
    #[must_use]
    pub fn of(id: &str, kind: &'static Kind, calls: &[RecordedCall], events: &[UsageEvent]) -> Self {
        let mut calls: Vec<&RecordedCall> = calls.iter().collect();
        calls.sort_by_key(|call| call.seq);
        let used = |billed: &Billed| billed.prompt + billed.completion > 0;
        let provider: Vec<Billed> = calls.iter().map(|call| by_provider(kind, call)).filter(used).collect();
        let ledger: Vec<Billed> = events.iter().map(by_ledger).filter(used).collect();
        let tokens = |list: &[Billed]| list.iter().map(|one| one.prompt + one.completion).sum::<u64>();
        let (said, recorded) = (money(&provider), money(&ledger));
        let differs = provider != ledger;
        let difference = differs.then(|| Difference {
            id: id.to_owned(),
            kind: kind.name,
            provider: provider.clone(),
            ledger: ledger.clone(),
            outcomes: events.iter().map(outcome).collect(),
        });
        Self {
            tokens: tokens(&provider),
            money: said,
            tokens_off: tokens(&provider).abs_diff(tokens(&ledger)),
            money_off: said.0.abs_diff(recorded.0),
            difference,
        }
    }
}

fn money(list: &[Billed]) -> NanoUsd {
    list.iter().filter_map(|one| one.money).fold(NanoUsd::ZERO, NanoUsd::saturating_add)
}

fn by_provider(kind: &Kind, call: &RecordedCall) -> Billed {
    let (prompt, completion) = (call.billed.prompt, call.billed.completion);
    let inside = if call.model == kind.model() { (kind.cached, kind.reasoning) } else { (0, 0) };
    let (cached, reasoning) = (inside.0.min(prompt), inside.1.min(completion));
    let money = Some(cost(Tokens { prompt, cached, completion, reasoning }));
    Billed { model: call.model.clone(), prompt, completion, money }
}

fn by_ledger(event: &UsageEvent) -> Billed {
    Billed {
        model: event.model.clone(),
        prompt: event.usage.input,
        completion: event.usage.output,
        money: event.cost,
    }
}

fn outcome(event: &UsageEvent) -> String {
    let (outcome, source) = (event.outcome.as_str(), event.usage_source.as_str());
    format!("{outcome}/{source}/{}", event.fault.as_deref().unwrap_or("-"))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |list: &[Billed]| {
            let one = |billed: &Billed| {
                let Billed { model, prompt, completion, money } = billed;
                let money = money.map_or_else(|| "unpriced".to_owned(), |money| money.0.to_string());
                format!("{model} {prompt}+{completion} = {money}")
            };
            list.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let Self { id, kind, provider, ledger, outcomes } = self;
        write!(f, "{kind} ({id}): provider [{}], ledger [{}] {outcomes:?}", show(provider), show(ledger))
    }
}
