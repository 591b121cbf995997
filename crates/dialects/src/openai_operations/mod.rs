//! What OpenAI's models are asked to do besides chatting, as OpenAI defined it and as the vendors that copied it vary it: vectors,
//! text completions, moderations, pictures, speech, transcriptions.

mod answer;
mod check;
mod completions;
mod embeddings;
mod events;
mod images;
mod moderations;
mod request;
mod speech;
mod transcriptions;
mod unstreamed;
mod usage;

pub(crate) use events::EventWatcher;
pub(crate) use request::for_model;

pub use completions::{OpenAiCompletions, OpenAiCompletionsClient};
pub use embeddings::{OpenAiEmbeddings, OpenAiEmbeddingsClient};
pub use images::{OpenAiImages, OpenAiImagesClient};
pub use moderations::{OpenAiModerations, OpenAiModerationsClient};
pub use speech::{OpenAiSpeech, OpenAiSpeechClient};
pub use transcriptions::{CheckedForm, OpenAiTranscriptions, TranscriptionForm};
