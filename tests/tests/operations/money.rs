//! What calls cost.

use crate::form::{Form, sound};
use crate::scene::{ALONE, Call, Heard, Scene, streamed};
use serde_json::json;
use switchyard::declared::DeclaredModel;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::Rates;

/// One nano-dollar a token in, ten a token out.
const BY_TOKENS: Rates =
    Rates { input: Some(PricePerMillion(1_000_000)), output: Some(PricePerMillion(10_000_000)), ..NONE };
/// A thousand a picture, two a letter, seven a second.
const BY_PIECES: Rates = Rates {
    per_image: Some(NanoUsd(1_000)),
    per_million_characters: Some(NanoUsd(2_000_000)),
    per_audio_hour: Some(NanoUsd(7 * 3_600)),
    ..NONE
};
const FREE: Rates = Rates { input: Some(PricePerMillion(0)), output: Some(PricePerMillion(0)), ..NONE };
const NONE: Rates = Rates {
    input: None,
    cached_input: None,
    cache_write: None,
    cache_write_1h: None,
    audio_input: None,
    image_input: None,
    output: None,
    reasoning: None,
    audio_output: None,
    image_output: None,
    per_request: None,
    per_image: None,
    per_million_characters: None,
    per_audio_hour: None,
};

async fn priced(model: &str, rates: Option<Rates>) -> Scene {
    let model = DeclaredModel { model: model.to_owned(), rates, ..DeclaredModel::default() };
    Scene::of(Scene::builder().model(model)).await
}

async fn cost_of(scene: &Scene, heard: &Heard) -> (Option<i64>, UsageSource) {
    assert_eq!(heard.status, 200, "{}", heard.text());
    let event = scene.only_event(heard).await;
    assert!(event.is_billed(), "{event:?}");
    assert_eq!(event.price_version.is_some(), event.cost.is_some());
    let shown = heard.header("x-switchyard-cost");
    let is_whole = !event.stream && heard.headers.contains_key("content-length");
    let told = event.cost.filter(|_| is_whole).map(|cost| cost.0.to_string()).unwrap_or_default();
    assert_eq!(shown, told, "the header tells the cost of what is given whole");
    (event.cost.map(|cost| cost.0), event.usage_source)
}

#[tokio::test]
async fn vectors_cost_their_input_and_text_its_output_too() {
    let scene = priced("m", Some(BY_TOKENS)).await;
    let vectors = scene.call(Call::Embeddings, "upstream/m").await;
    assert_eq!(cost_of(&scene, &vectors).await, (Some(4), UsageSource::Provider));
    let tokens = json!({"model": "upstream/m", "input": [[1, 2, 3], [4]]});
    let vectors = scene.ask(Call::Embeddings, &tokens).await;
    assert_eq!(cost_of(&scene, &vectors).await, (Some(4), UsageSource::Provider));
    let text = scene.call(Call::Completions, "upstream/m").await;
    assert_eq!(cost_of(&scene, &text).await, (Some(4 + 120), UsageSource::Provider));
    let text = scene.send(Call::Completions, streamed(Call::Completions, "upstream/m")).await;
    assert_eq!(cost_of(&scene, &text).await, (Some(2 + 120), UsageSource::Provider));
}

#[tokio::test]
async fn texts_that_were_made_to_choose_the_best_from_are_billed_as_the_provider_counts_them() {
    let scene = priced("m", Some(BY_TOKENS)).await;
    let body = json!({"model": "upstream/m", "prompt": "once upon", "max_tokens": 12, "best_of": 5});
    let text = scene.ask(Call::Completions, &body).await;
    assert_eq!(text.json()["choices"].as_array().unwrap().len(), 1);
    assert_eq!(cost_of(&scene, &text).await, (Some(2 + 10 * 5 * 12), UsageSource::Provider));
}

#[tokio::test]
async fn what_a_provider_does_not_count_is_counted_here_and_said_so() {
    let scene = priced("m?usage=missing", Some(BY_TOKENS)).await;
    let vectors = scene.call(Call::Embeddings, "upstream/m?usage=missing").await;
    let (cost, source) = cost_of(&scene, &vectors).await;
    assert!(cost.is_some_and(|cost| (4..=8).contains(&cost)), "{cost:?}");
    assert_eq!(source, UsageSource::Estimated, "by another model's vocabulary");
    let text = scene.call(Call::Completions, "upstream/m?usage=missing").await;
    let (cost, source) = cost_of(&scene, &text).await;
    assert!(cost.is_some_and(|cost| (120..=140).contains(&cost)), "{cost:?}");
    assert_eq!(source, UsageSource::Estimated);
    for usage in ["negative", "huge", "zero"] {
        let model = format!("m?usage={usage}");
        let scene = priced(&model, Some(BY_TOKENS)).await;
        let vectors = scene.call(Call::Embeddings, &format!("upstream/{model}")).await;
        assert_eq!(cost_of(&scene, &vectors).await.1, UsageSource::Estimated, "{usage}");
    }
}

#[tokio::test]
async fn a_moderation_is_free_where_its_price_is_known_to_be_zero_and_unknown_elsewhere() {
    let scene = priced("m", Some(FREE)).await;
    let free = scene.call(Call::Moderations, "upstream/m").await;
    assert_eq!(cost_of(&scene, &free).await, (Some(0), UsageSource::Estimated));
    let unknown = scene.call(Call::Moderations, ALONE).await;
    assert_eq!(cost_of(&scene, &unknown).await.0, None);
}

#[tokio::test]
async fn pictures_cost_their_tokens_or_each_a_price() {
    let scene = priced("m", Some(BY_TOKENS)).await;
    let pictures = scene.call(Call::Images, "upstream/m").await;
    assert_eq!(cost_of(&scene, &pictures).await, (Some(3 + 2 * 2_720), UsageSource::Provider));
    let scene = priced("m", Some(BY_PIECES)).await;
    let pictures = scene.call(Call::Images, "upstream/m").await;
    assert_eq!(cost_of(&scene, &pictures).await, (Some(2_000), UsageSource::Provider));
    let pictures = scene.send(Call::Images, streamed(Call::Images, "upstream/m")).await;
    assert_eq!(cost_of(&scene, &pictures).await.0, Some(1_000));
    let scene = priced("m?usage=missing", Some(BY_PIECES)).await;
    let pictures = scene.call(Call::Images, "upstream/m?usage=missing").await;
    assert_eq!(cost_of(&scene, &pictures).await, (Some(2_000), UsageSource::Counted));
    let scene = priced("m?usage=missing", Some(BY_TOKENS)).await;
    let pictures = scene.call(Call::Images, "upstream/m?usage=missing").await;
    assert_eq!(cost_of(&scene, &pictures).await, (None, UsageSource::Counted), "tokens that nobody counted");
}

#[tokio::test]
async fn speech_costs_its_letters_and_its_tokens_only_where_they_are_told() {
    let scene = priced("m", Some(BY_PIECES)).await;
    let speech = scene.call(Call::Speech, "upstream/m").await;
    assert_eq!(cost_of(&scene, &speech).await, (Some(22), UsageSource::Counted), "eleven letters, not bytes");
    let scene = priced("m", Some(BY_TOKENS)).await;
    let speech = scene.call(Call::Speech, "upstream/m").await;
    assert_eq!(cost_of(&scene, &speech).await, (None, UsageSource::Counted));
    let speech = scene.send(Call::Speech, streamed(Call::Speech, "upstream/m")).await;
    assert_eq!(cost_of(&scene, &speech).await, (Some(2 + 120), UsageSource::Provider));
}

#[tokio::test]
async fn transcriptions_cost_seconds_or_tokens_and_are_unknown_where_neither_is_told() {
    let form = |model: &str, format: &str| {
        Form::new().field("model", model).field("response_format", format).file("file", &sound(950)).bytes()
    };
    let scene = priced("whisper-x", Some(BY_PIECES)).await;
    for format in ["json", "verbose_json"] {
        let heard = scene.send(Call::Transcriptions, form("upstream/whisper-x", format)).await;
        assert_eq!(cost_of(&scene, &heard).await, (Some(70), UsageSource::Provider), "{format}");
    }
    let heard = scene.send(Call::Transcriptions, form("upstream/whisper-x", "text")).await;
    assert_eq!(cost_of(&scene, &heard).await, (None, UsageSource::Estimated));
    let scene = priced("m", Some(BY_TOKENS)).await;
    let heard = scene.send(Call::Transcriptions, form("upstream/m", "json")).await;
    assert_eq!(cost_of(&scene, &heard).await, (Some(10 + 120), UsageSource::Provider));
    let heard = scene.send(Call::Transcriptions, form("upstream/m", "text")).await;
    assert_eq!(cost_of(&scene, &heard).await, (None, UsageSource::Estimated), "its output alone is no bill");
}
