//! The surface of the virtual keys: chat in four dialects, OpenAI's other operations, and models. Errors are in the caller's
//! dialect.

mod call;
mod chat_completions;
mod cost;
mod counting;
pub(crate) mod dialects;
mod error;
mod gemini;
mod messages;
mod models;
mod operation;
mod operation_schema;
mod operations;
mod passing;
mod rate_limits;
mod reply;
mod responses;
mod retry_after;
mod schema;
mod serve;
mod stream;

pub(crate) use call::{DialectCall, Place};
pub(crate) use cost::exact;
pub(crate) use error::{BARE, Door, GatewayError};
pub(crate) use operation::{FormOperation, JsonOperation};

pub(crate) mod documented {
    //! What the API document names.
    pub(crate) use super::chat_completions::{__path_chat_completions, __path_chat_completions_of_key};
    pub(crate) use super::gemini::{
        __path_generate, __path_generate_at_v1, __path_list_of_models, __path_one_model,
    };
    pub(crate) use super::messages::{__path_count_prompt, __path_messages};
    pub(crate) use super::models::{__path_list, __path_one};
    pub(crate) use super::operations::{
        __path_completions, __path_embeddings, __path_images, __path_moderations, __path_speech,
        __path_transcriptions,
    };
    pub(crate) use super::responses::__path_responses;
}

use crate::routes::Routes;

pub(crate) fn mount(routes: &mut Routes) {
    routes.post("/v1/chat/completions", chat_completions::chat_completions);
    routes.post("/chat/completions", chat_completions::chat_completions_of_key);
    routes.post("/v1/responses", responses::responses);
    routes.post("/v1/messages", messages::messages);
    routes.post("/v1/messages/count_tokens", messages::count_prompt);
    routes.get("/v1beta/models", gemini::list_of_models);
    routes.post("/v1beta/models/{call:.*}", gemini::generate);
    routes.get("/v1beta/models/{call:.*}", gemini::one_model);
    routes.post("/v1/embeddings", operations::embeddings);
    routes.post("/v1/completions", operations::completions);
    routes.post("/v1/moderations", operations::moderations);
    routes.post_for_pieces("/v1/images/generations", operations::images);
    routes.post_for_pieces("/v1/audio/speech", operations::speech);
    routes.post_for_pieces("/v1/audio/transcriptions", operations::transcriptions);
    routes.get("/v1/models", models::list);
    routes.get("/v1/models/{id:.*}", models::one);
    routes.post("/v1/models/{id:.*}", gemini::generate_at_v1);
}
