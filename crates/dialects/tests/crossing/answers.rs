//! Answers, made at random, of what every dialect can say.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use switchyard_domain::chat::{ChatEvent, Delta, FinishReason, TokenUsage, ToolCallKind};

use crate::text::{filled, text};
use crate::values::object;

/// A text in pieces.
fn pieces(text: &str, cuts: &[Index]) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(chars.len() + 1)).collect();
    cuts.extend([0, chars.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| chars[pair[0]..pair[1]].iter().collect()).collect()
}

fn usage() -> impl Strategy<Value = TokenUsage> {
    (0..1_000_u64, 0..1_000_000_u64, 0..1_000_u64, 0..1_000_000_u64).prop_map(
        |(cached_input, input, reasoning, output)| TokenUsage {
            input: cached_input + input,
            cached_input,
            output: reasoning + output,
            reasoning,
            ..TokenUsage::default()
        },
    )
}

fn call() -> impl Strategy<Value = (String, String, String)> {
    ("call_[a-zA-Z0-9]{1,12}", "[a-z_]{1,12}", object())
}

/// The events of an answer, in pieces of any size.
pub(crate) fn answer() -> impl Strategy<Value = Vec<ChatEvent>> {
    let said = (option::of(filled()), option::of(filled()), vec(call(), 0..4), vec(any::<Index>(), 0..4));
    let finish = select(vec![None, Some(FinishReason::Length), Some(FinishReason::ContentFilter)]);
    let beside = ("[a-z0-9]{1,9}", "[a-z0-9.-]{1,9}", 1..2_000_000_000_i64, option::of(usage()), text());
    (said, finish, beside).prop_map(|((reasoning, text, calls, cuts), finish, beside)| {
        let (id, model, created, usage, filler) = beside;
        let mut events =
            vec![ChatEvent::Started { id, model, created: Some(created), extensions: Vec::new() }];
        let mut push = |delta| events.push(ChatEvent::Delta { choice: 0, delta });
        let reason = match finish {
            None if calls.is_empty() => FinishReason::Stop,
            None => FinishReason::ToolCalls,
            Some(reason) => reason,
        };
        reasoning.iter().for_each(|text| {
            pieces(text, &cuts).into_iter().for_each(|piece| push(Delta::Reasoning(piece)));
        });
        // An answer of nothing at all is none.
        let text = text.or_else(|| (reasoning.is_none() && calls.is_empty()).then(|| format!("{filler}!")));
        text.iter().for_each(|text| {
            pieces(text, &cuts).into_iter().for_each(|piece| push(Delta::Text(piece)));
        });
        for (index, (id, name, arguments)) in (0_u32..).zip(calls) {
            push(Delta::ToolCall { index, id: format!("{id}{index}"), name, kind: ToolCallKind::Function });
            for fragment in pieces(&arguments, &cuts) {
                push(Delta::Arguments { index, fragment });
            }
        }
        events.push(ChatEvent::Finished { choice: 0, reason });
        events.extend(usage.map(ChatEvent::Usage));
        events
    })
}
