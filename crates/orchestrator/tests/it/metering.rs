//! Whose count is believed, and what is counted where none is.

use crate::world::{Setting, World, buffered, drain, eventually, with};
use futures_util::StreamExt;
use switchyard_domain::chat::{TokenUsage, UsageSource};
use switchyard_domain::fault::FaultKind;
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::fakes::provider::{Act, End};
use switchyard_testkit::fakes::tokenizer::WordTokenizer;

/// The prompt of all calls here: two words, a message's frame and the priming of the answer.
const PROMPT: u64 = 2 + 4 + 3;

async fn recorded(world: World, call: WireCall, act: Act) -> UsageEvent {
    world.factory.always("a/m", act);
    world.finish(world.call(call)).await.unwrap();
    world.only_event()
}

fn counts(input: u64, output: u64) -> TokenUsage {
    TokenUsage { input, output, ..TokenUsage::default() }
}

#[tokio::test]
async fn a_providers_credible_count_stands_whatever_we_would_count() {
    let usage = TokenUsage { cached_input: 40, reasoning: 5, ..counts(120, 30) };
    let act = Act::say(["one two three"]).counted(usage);
    let event = recorded(World::usual().await, buffered("a/m"), act).await;
    assert_eq!((event.usage, event.usage_source), (usage, UsageSource::Provider));
}

#[tokio::test]
async fn an_absurd_count_gives_way_to_ours_and_says_so() {
    for (absurd, members) in [
        (counts(0, 3), ""),
        (counts(0, 0), ""),
        (counts(9, 0), ""),
        (counts(9, 1 << 53), ""),
        (counts(1 << 53, 3), ""),
        (counts(u64::MAX, u64::MAX), ""),
        (counts(9, 8), r#","max_tokens":7"#),
        (counts(9, 15), r#","max_tokens":7,"n":2"#),
    ] {
        let act = Act::say(["one two three"]).counted(absurd);
        let event = recorded(World::usual().await, with("a/m", members), act).await;
        assert_eq!(event.usage, counts(PROMPT, 3), "{absurd:?} {members}");
        assert_eq!(event.usage_source, UsageSource::Estimated, "{absurd:?} {members}");
    }
}

#[tokio::test]
async fn what_only_looks_absurd_is_believed() {
    for (credible, members, pieces) in [
        // The limit is for each choice.
        (counts(9, 14), r#","max_tokens":7,"n":2"#, "some words"),
        // An answer without text uses nothing.
        (counts(9, 0), "", ""),
    ] {
        let act = Act::say([pieces]).counted(credible);
        let event = recorded(World::usual().await, with("a/m", members), act).await;
        assert_eq!((event.usage, event.usage_source), (credible, UsageSource::Provider), "{members}");
    }
}

#[tokio::test]
async fn reasoning_beyond_the_limit_is_believed_for_it_is_on_the_bill() {
    let usage = TokenUsage { reasoning: 500, ..counts(9, 507) };
    let act = || Act::say(["some words"]).counted(usage);
    let world = World::empty().await;
    world.provider_of("thinker", "a", &["m"]).await;
    let event = recorded(world, with("a/m", r#","max_tokens":7"#), act()).await;
    assert_eq!((event.usage, event.usage_source), (usage, UsageSource::Provider));
    // Also where nobody knows that models do so: then it was not reserved.
    let event = recorded(World::usual().await, with("a/m", r#","max_tokens":7"#), act()).await;
    assert_eq!((event.usage, event.usage_source), (usage, UsageSource::Provider));
}

#[tokio::test]
async fn a_missing_count_is_made_by_the_models_tokenizer_or_said_to_be_an_estimate() {
    for (exact, source) in [(true, UsageSource::Counted), (false, UsageSource::Estimated)] {
        let setting = Setting { tokenizer: WordTokenizer::new(exact, true), ..Setting::default() };
        let event = recorded(World::set(setting).await, buffered("a/m"), Act::say(["one ", "two"])).await;
        assert_eq!((event.usage, event.usage_source), (counts(PROMPT, 2), source));
    }
}

// "hello there" has 11 bytes, the answer 13: at four bytes a token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tokenizer_that_panics_costs_exactness_and_never_the_record() {
    for loaded in [true, false] {
        let set =
            || Setting { tokenizer: WordTokenizer::new(true, loaded).panicking(), ..Setting::default() };
        let act = || Act::say(["one two three"]);
        let world = World::set(set()).await;
        world.factory.always("a/m", act());
        world.call(buffered("a/m")).await.unwrap();
        let event = world.only_event();
        assert_eq!((event.usage, event.usage_source), (counts(3 + 4 + 3, 4), UsageSource::Estimated));
        assert_eq!(event.outcome, Outcome::Complete);
        world.is_idle();

        let world = World::set(set()).await;
        world.factory.always("a/m", act().ending(End::Hang));
        let mut frames = world.stream("a/m").await;
        frames.next().await.unwrap().unwrap();
        drop(frames);
        eventually(|| world.journal.permits() == 0).await;
        let event = world.only_event();
        assert_eq!((event.usage, event.usage_source), (counts(3 + 4 + 3, 4), UsageSource::Partial));
        assert_eq!(event.outcome, Outcome::ClientClosed);
    }
}

#[tokio::test]
async fn prompts_with_more_than_words_are_estimates() {
    let tool = r#","tools":[{"type":"function","function":{"name":"look_up","description":"finds it"}}]"#;
    let event = recorded(World::usual().await, with("a/m", tool), Act::say(["one"])).await;
    assert_eq!((event.usage.input, event.usage_source), (PROMPT + 3, UsageSource::Estimated));
    let picture = WireCall::of(
        r#"{"model":"a/m","messages":[{"role":"user","content":[
            {"type":"text","text":"what is this"},
            {"type":"image_url","image_url":{"url":"https://x.example/a.png"}}]}]}"#,
    );
    let event = recorded(World::usual().await, picture, Act::say(["one"])).await;
    assert_eq!((event.usage.input, event.usage_source), (3 + 85 + 4 + 3, UsageSource::Estimated));
}

#[tokio::test]
async fn more_output_than_was_allowed_is_believed_as_far_as_it_was_delivered() {
    let words = "w ".repeat(16);
    for (claimed, limit, recorded_output, source) in [
        (16, 1, 16, UsageSource::Provider),
        (90, 1, 90, UsageSource::Provider),
        (10_000, 1, 16, UsageSource::Estimated),
        (1_016, 16, 16, UsageSource::Estimated),
    ] {
        let act = Act::say([words.as_str()]).counted(counts(PROMPT, claimed));
        let call = with("a/m", &format!(r#","max_tokens":{limit}"#));
        let event = recorded(World::usual().await, call, act).await;
        let expected = (counts(PROMPT, recorded_output), source);
        assert_eq!((event.usage, event.usage_source), expected, "{claimed} of {limit}");
    }
}

#[tokio::test]
async fn reasoning_without_end_is_not_believed() {
    let absurd = TokenUsage { reasoning: 50_000_000, ..counts(PROMPT, 50_000_000) };
    let act = Act::say(["one two three"]).counted(absurd);
    let event = recorded(World::usual().await, with("a/m", r#","max_tokens":16"#), act).await;
    assert_eq!((event.usage, event.usage_source), (counts(PROMPT, 3), UsageSource::Estimated));
}

#[tokio::test]
async fn our_own_count_never_exceeds_what_was_allowed() {
    let call = with("a/m", r#","max_tokens":2"#);
    let event = recorded(World::usual().await, call, Act::say(["one two three four"])).await;
    assert_eq!(event.usage, counts(PROMPT, 2));
}

#[tokio::test]
async fn a_cut_answer_is_partial_by_the_providers_running_count_or_by_ours() {
    let world = World::usual().await;
    world.factory.next("a/m", [Act::say(["one two ", "three"]).cut(FaultKind::Interrupted)]);
    drop(drain(world.stream("a/m").await).await);
    let event = world.only_event();
    assert_eq!((event.usage, event.usage_source), (counts(PROMPT, 3), UsageSource::Partial));
}

#[tokio::test]
async fn an_attempt_that_failed_before_its_head_used_nothing_and_one_behind_it_its_prompt() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::fail(FaultKind::Connect));
    world.factory.always("b/m", Act::fail_after_head(FaultKind::InvalidResponse));
    world.ask("all").await.unwrap();
    let events = world.journal.events();
    assert_eq!((events[0].usage, events[0].usage_source), (counts(0, 0), UsageSource::None));
    assert_eq!((events[1].usage, events[1].usage_source), (counts(PROMPT, 0), UsageSource::Partial));
    assert!(events[0].ledger_entry().is_none() && events[1].ledger_entry().is_some());
}

#[tokio::test]
async fn what_the_provider_said_of_the_prompt_stands_where_it_said_nothing_of_the_answer() {
    let said = TokenUsage { cached_input: 30, cache_write: 8, ..counts(50, 0) };
    let cut = || Act::say(["one two ", "three"]).cut(FaultKind::Interrupted);
    for (prompt, usage) in [
        (said, TokenUsage { output: 3, ..said }),
        // No provider reads nothing, nor so much.
        (counts(0, 0), counts(PROMPT, 3)),
        (counts(1 << 53, 0), counts(PROMPT, 3)),
    ] {
        let world = World::usual().await;
        world.factory.next("a/m", [cut().prompted(prompt)]);
        drop(drain(world.stream("a/m").await).await);
        let event = world.only_event();
        assert_eq!((event.usage, event.usage_source), (usage, UsageSource::Partial));
    }
    let act = Act::say(["one two ", "three"]).counted(counts(50, 0));
    let event = recorded(World::usual().await, buffered("a/m"), act).await;
    assert_eq!((event.usage, event.usage_source), (counts(50, 3), UsageSource::Estimated));
    // The counts at the end replace it.
    let act = Act::say(["one"]).prompted(said).counted(counts(60, 7));
    let event = recorded(World::usual().await, buffered("a/m"), act).await;
    assert_eq!((event.usage, event.usage_source), (counts(60, 7), UsageSource::Provider));
}
