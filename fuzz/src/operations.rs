//! What models are asked to do besides chatting: judged, passed through, and translated where there is a canonical form.
//!
//! An input is a byte that names the operation (see [`OPERATIONS`]), one that says what the body is, and the body.

use bytes::Bytes;
use serde::de::IgnoredAny;
use switchyard_dialects::codec::{
    Address, EmbeddingClient, EmbeddingCodec, Framing, OperationClient, OperationCodec, Passage,
};
use switchyard_dialects::cohere::CohereEmbeddings;
use switchyard_dialects::error::RetryHints;
use switchyard_dialects::framing::{FrameItem, FrameLimits, FrameReader};
use switchyard_dialects::gemini::embeddings::{GeminiEmbeddings, GeminiEmbeddingsClient, Texts};
use switchyard_dialects::ollama::OllamaEmbeddings;
use switchyard_dialects::openai_operations::{
    OpenAiCompletions, OpenAiCompletionsClient, OpenAiEmbeddings, OpenAiEmbeddingsClient, OpenAiImages,
    OpenAiImagesClient, OpenAiModerations, OpenAiModerationsClient, OpenAiSpeech, OpenAiSpeechClient,
    OpenAiTranscriptions, TranscriptionForm,
};
use switchyard_dialects::request::RequestLimits;
use switchyard_dialects::skim::Skimmer;
use switchyard_domain::chat::LossReport;
use switchyard_domain::embedding::{EmbeddingAnswer, EmbeddingRequest};

use crate::error::{CREDENTIAL, STATUSES, is_clean};
use crate::request::sound;

/// An operation as vendors speak it, and as clients do, where they do.
type Operation = (&'static dyn OperationCodec, Option<&'static dyn OperationClient>);

/// In the order in which `scripts/fuzz_seeds.py` and the test of the recorded traffic name them.
pub const OPERATIONS: [Operation; 10] = [
    (&OpenAiEmbeddings::PLAIN, Some(&OpenAiEmbeddingsClient)),
    (&OpenAiCompletions::PLAIN, Some(&OpenAiCompletionsClient)),
    (&OpenAiModerations, Some(&OpenAiModerationsClient)),
    (&CohereEmbeddings, None),
    (&GeminiEmbeddings::GOOGLE, Some(&GeminiEmbeddingsClient { texts: Texts::Several })),
    (&GeminiEmbeddings::GOOGLE_ONE, Some(&GeminiEmbeddingsClient { texts: Texts::One })),
    (&OllamaEmbeddings, None),
    (&OpenAiImages, Some(&OpenAiImagesClient)),
    (&OpenAiSpeech, Some(&OpenAiSpeechClient)),
    (&OpenAiTranscriptions, None),
];

/// The boundary of the forms that the targets make.
pub const BOUNDARY: &str = "boundary";

/// Feeds one input to an operation.
///
/// # Panics
/// When something does not hold.
pub fn run(data: &[u8]) {
    let [number, kind, body @ ..] = data else { return };
    let (codec, client) = OPERATIONS[usize::from(number.wrapping_sub(b'0')) % OPERATIONS.len()];
    match kind.wrapping_sub(b'0') % 4 {
        0 if body.starts_with(b"--") => form(body),
        0 => client.into_iter().for_each(|client| request(codec, client, body)),
        1 => answer(codec, body),
        2 => stream(codec, body),
        _ => error(codec, *kind, body),
    }
}

/// How a form is read does not depend on how it arrives.
fn form(body: &[u8]) {
    let read = |piece: usize| {
        let mut form = TranscriptionForm::new(BOUNDARY);
        body.chunks(piece).try_for_each(|piece| form.push(piece))?;
        form.finish()
    };
    let (whole, bytewise) = (read(body.len().max(1)), read(1));
    assert_eq!(whole.is_ok(), bytewise.is_ok(), "{:?} {:?}", whole.err(), bytewise.err());
    if let (Ok(whole), Ok(bytewise)) = (whole, bytewise) {
        assert_eq!(format!("{whole:?}"), format!("{bytewise:?}"));
    }
}

fn request(codec: &dyn OperationCodec, client: &dyn OperationClient, body: &[u8]) {
    let address = Address { model: Some("models/m"), stream: Some(false) };
    let checked = client.check(Bytes::copy_from_slice(body), address, &RequestLimits::default());
    let Ok(checked) = checked else { return };
    let whole = checked.document.body();
    let adapted = codec.adapt(whole, &checked.members, "m2", &checked.facts, &mut LossReport::default());
    if let Ok(adapted) = adapted {
        let _ = sound(&adapted);
    }
    let _ = codec.units(whole, &checked.members);
    let Some(embedding) = client.as_embedding() else { return };
    let Ok(canonical) = embedding.decode(&checked.document, address) else { return };
    for codec in vector_makers() {
        if let Ok(body) = codec.encode(&canonical, "m2", client.dialect(), &mut LossReport::default()) {
            let _ = sound(&body);
        }
    }
}

fn answer(codec: &dyn OperationCodec, body: &[u8]) {
    let look = codec.glance(body, &mut String::new());
    if let Passage::Skimmed(list) = codec.passage() {
        skimmed(list, body);
    }
    let Some(codec) = codec.as_embedding() else { return };
    let Ok(answer) = codec.decode(body) else { return };
    if let Ok(look) = look {
        // Counts that had to be corrected are no counts where they are told anew.
        let credible = look.usage.filter(|_| !look.usage_corrected);
        assert_eq!(credible, answer.usage, "who lets the bytes pass counts otherwise");
    }
    for client in vector_readers() {
        told(client, &answer, body.len());
    }
}

/// What is left of a long answer does not depend on how it arrives.
fn skimmed(list: &'static str, body: &[u8]) {
    let read = |piece: usize| {
        let mut skimmer = Skimmer::new(list);
        body.chunks(piece).try_for_each(|piece| skimmer.push(piece))?;
        skimmer.finish()
    };
    assert_eq!(read(body.len().max(1)).ok(), read(1).ok());
}

fn told(client: &dyn EmbeddingClient, answer: &EmbeddingAnswer, asked: usize) {
    let Ok(body) = client.encode(answer, &EmbeddingRequest::default(), "m") else { return };
    // A number may be greater than any that a client can hold: it goes as the provider wrote it.
    assert!(serde_json::from_slice::<IgnoredAny>(&body).is_ok(), "{}", String::from_utf8_lossy(&body));
    let bound = 64 * 1024 + 64 * asked;
    assert!(body.len() <= bound, "{} bytes of {asked}", body.len());
}

fn stream(codec: &dyn OperationCodec, body: &[u8]) {
    let mut reader = FrameReader::new(Framing::Sse, FrameLimits::default());
    if reader.push(Bytes::copy_from_slice(body)).is_err() {
        return;
    }
    let mut watcher = codec.watcher(2);
    while let Ok(Some(item)) = reader.next_item() {
        let FrameItem::Event(event) = item else { continue };
        if watcher.look(event.name.as_deref(), &event.data, &mut String::new()).is_err() {
            break;
        }
    }
}

fn error(codec: &dyn OperationCodec, variation: u8, body: &[u8]) {
    let status = STATUSES[usize::from(variation) % STATUSES.len()];
    is_clean(&codec.fault(status, body, RetryHints::default(), Some(CREDENTIAL)));
}

fn vector_makers() -> impl Iterator<Item = &'static dyn EmbeddingCodec> {
    OPERATIONS.into_iter().filter_map(|(codec, _)| codec.as_embedding())
}

fn vector_readers() -> impl Iterator<Item = &'static dyn EmbeddingClient> {
    OPERATIONS.into_iter().filter_map(|(_, client)| client?.as_embedding())
}
