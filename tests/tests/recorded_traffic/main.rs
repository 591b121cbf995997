//! Every recorded exchange with a provider that speaks OpenAI's chat dialect, once more through the whole server: the
//! recorded request goes in at the front, a replaying provider hands the recorded answer back, and both must arrive as they
//! were. What the ledger says of it must be what the provider counted.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that can not go on fails where it stands, and the scores are to be seen"
)]

mod answers;
mod counts;
mod errors;
mod ledger;
mod replay;
mod requests;
mod scene;
mod score;
mod vendors;

use answers::Ending;
use requests::Carried;
use scene::Scene;
use score::Score;
use std::collections::BTreeMap;
use switchyard_testkit::corpus::{self, Exchange};

fn recorded(is_wanted: fn(&Exchange) -> bool) -> Vec<Exchange> {
    corpus::openai_chat().unwrap().into_iter().filter(is_wanted).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_success_passes_unchanged_in_both_directions_and_is_counted_as_the_provider_did() {
    let exchanges = recorded(|exchange| exchange.response.status == 200);
    let scene = Scene::start(&exchanges).await;
    let (mut requests, mut answers, mut usage) = (Score::default(), Score::default(), Score::default());
    let (mut carried, mut endings) = (BTreeMap::new(), BTreeMap::new());
    for (exchange, heard) in scene.replay_all(&exchanges, requests::for_model).await {
        // Where only the answer was kept, the request is made up.
        if exchange.request.is_some() {
            let arrived = requests::arrived(exchange, &heard);
            arrived.iter().for_each(|how| *carried.entry(*how).or_insert(0) += 1);
            requests.note(exchange, arrived.map(drop));
        }
        let passed = answers::check(exchange, &heard);
        passed.iter().for_each(|ending| *endings.entry(*ending).or_insert(0) += 1);
        answers.note(exchange, passed.map(drop));
        usage.note(exchange, ledger::check(exchange, &scene.events(&heard).await));
    }
    requests.settle("requests that arrived as they were recorded", 710, &[]);
    answers.settle("answers that arrived as they were recorded", 725, &[]);
    usage.settle("entries with the provider's count", 707, counts::OTHERWISE);
    println!("requests: {carried:?}\nanswers: {endings:?}");
    let expected = [(Carried::ByteForByte, 679), (Carried::AskedForUsage, 20), (Carried::ShortCallIds, 11)];
    assert_eq!(carried, BTreeMap::from(expected));
    let expected = [
        (Ending::Buffered, 455),
        (Ending::Terminated, 264),
        (Ending::TerminatorAdded, 4),
        (Ending::BrokenOff, 1),
        (Ending::Error, 1),
    ];
    assert_eq!(endings, BTreeMap::from(expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_whose_usage_only_the_gateway_asks_for_lacks_nothing_but_that_usage() {
    let exchanges =
        recorded(|exchange| exchange.response.status == 200 && requests::asks_for_usage(exchange));
    let scene = Scene::start(&exchanges).await;
    let (mut requests, mut answers, mut usage) = (Score::default(), Score::default(), Score::default());
    for (exchange, heard) in scene.replay_all(&exchanges, requests::not_asking).await {
        requests.note(exchange, requests::arrived(exchange, &heard).map(drop));
        answers.note(exchange, answers::check(exchange, &heard).map(drop));
        usage.note(exchange, ledger::check(exchange, &scene.events(&heard).await));
    }
    requests.settle("requests that ask for usage where it does not come unasked", 173, &[]);
    answers.settle("answers that lack the usage that the client did not ask for", 173, &[]);
    usage.settle("entries with the provider's count all the same", 169, counts::OTHERWISE);
    let hidden = exchanges.iter().filter(|exchange| exchange.has("usage_chunk_empty_choices")).count();
    assert_eq!(hidden, 109, "recorded streams with a chunk that only counts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_error_is_told_in_its_class_and_charged_to_nobody() {
    let exchanges = recorded(|exchange| exchange.response.status >= 400);
    let scene = Scene::start(&exchanges).await;
    let mut score = Score::default();
    let mut refused = Vec::new();
    for (exchange, mut heard) in scene.replay_all(&exchanges, requests::for_model).await {
        // What is wrong with a request in any provider's eyes is told without asking one. The provider's own error is then
        // met with a request that nothing is wrong with.
        if heard.upstream.is_none() {
            refused.push((exchange.id.as_str(), errors::refused_member(&heard)));
            heard = scene.replay_plainly(exchange).await;
        }
        let told = errors::check(exchange, &heard);
        let events = scene.events(&heard).await;
        score.note(exchange, told.and_then(|()| ledger::check_error(exchange, &events)));
    }
    score.settle("errors that were told in their class", 41, &[]);
    refused.sort_unstable();
    let expected = errors::REFUSED_UNASKED.map(|(id, member)| (id, member.to_owned()));
    assert_eq!(refused, expected);
}
