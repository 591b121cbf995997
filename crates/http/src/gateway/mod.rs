//! The surface of the virtual keys: OpenAI's chat completions, its other operations, and models. Errors are in the caller's
//! dialect.

mod call;
mod chat_completions;
pub(crate) mod dialects;
mod error;
mod models;
mod operation;
mod operation_schema;
mod operations;
mod passing;
mod reply;
mod retry_after;
mod schema;
mod serve;
mod stream;

pub(crate) use error::GatewayError;

pub(crate) mod documented {
    //! What the API document names.
    pub(crate) use super::chat_completions::{__path_chat_completions, __path_chat_completions_of_key};
    pub(crate) use super::models::{__path_list, __path_one};
    pub(crate) use super::operations::{
        __path_completions, __path_embeddings, __path_images, __path_moderations, __path_speech,
        __path_transcriptions,
    };
}

use crate::routes::Routes;

pub(crate) fn mount(routes: &mut Routes) {
    routes.post("/v1/chat/completions", chat_completions::chat_completions);
    routes.post("/chat/completions", chat_completions::chat_completions_of_key);
    routes.post("/v1/embeddings", operations::embeddings);
    routes.post("/v1/completions", operations::completions);
    routes.post("/v1/moderations", operations::moderations);
    routes.post("/v1/images/generations", operations::images);
    routes.post("/v1/audio/speech", operations::speech);
    routes.post("/v1/audio/transcriptions", operations::transcriptions);
    routes.get("/v1/models", models::list);
    routes.get("/v1/models/{id:.*}", models::one);
}
