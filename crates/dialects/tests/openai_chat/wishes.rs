//! Wishes that few vendors of this dialect know.

use serde_json::Value;
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{ReasoningForm, TargetFacts};
use switchyard_domain::chat::{
    ChatRequest, Dialect, EffortLevel, LossReport, ReasoningMode, ReasoningWish, Sampling,
};

fn sent(request: &ChatRequest, facts: TargetFacts) -> (Value, String) {
    let vendor = OpenAiChat { requests: facts, ..OpenAiChat::PLAIN };
    let mut losses = LossReport::default();
    let body = vendor.encode(request, "m", Dialect::GEMINI, &mut losses).unwrap();
    (serde_json::from_slice(&body).unwrap(), losses.to_string())
}

#[test]
fn how_many_tokens_to_choose_among_goes_only_to_vendors_that_know_it() {
    let sampling = Sampling { top_k: Some(40), ..Sampling::default() };
    let request = ChatRequest { sampling, ..ChatRequest::default() };
    let (body, losses) = sent(&request, TargetFacts::OPENAI);
    assert_eq!((body.get("top_k"), losses.as_str()), (None, "top_k"));
    let (body, losses) = sent(&request, TargetFacts { top_k: true, ..TargetFacts::OPENAI });
    assert_eq!((body["top_k"].as_u64(), losses.as_str()), (Some(40), ""));
}

fn lost(wish: ReasoningWish, facts: TargetFacts) -> String {
    sent(&ChatRequest { reasoning: wish, ..ChatRequest::default() }, facts).1
}

#[test]
fn a_wish_to_read_the_reasoning_is_told_as_lost_where_none_is_shown() {
    let hides = TargetFacts::OPENAI;
    let unknown = TargetFacts { hides_reasoning: false, ..hides };
    let shows = TargetFacts { reasoning: ReasoningForm::ReasoningContent, ..unknown };
    let wish = |visible| ReasoningWish { visible: Some(visible), ..ReasoningWish::default() };
    for (visible, facts, expected) in [
        (true, hides, "reasoning.visible"),
        (true, unknown, "reasoning.visible"),
        (true, shows, ""),
        (false, hides, ""),
        (false, unknown, "reasoning.visible"),
        (false, shows, "reasoning.visible"),
    ] {
        assert_eq!(lost(wish(visible), facts), expected, "{visible} {facts:?}");
    }
    let off = ReasoningWish { mode: Some(ReasoningMode::Off), ..wish(true) };
    assert_eq!(lost(off, hides), "reasoning");
}

#[test]
fn a_wish_for_as_much_reasoning_as_the_model_likes_is_told_where_nothing_says_it() {
    for mode in [ReasoningMode::Adaptive, ReasoningMode::On] {
        let wish = ReasoningWish { mode: Some(mode), ..ReasoningWish::default() };
        assert_eq!(lost(wish.clone(), TargetFacts::OPENAI), "reasoning");
        let said = ReasoningWish { effort: Some(EffortLevel("high".to_owned())), ..wish };
        assert_eq!(lost(said, TargetFacts::OPENAI), "");
    }
}
