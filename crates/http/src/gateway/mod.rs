//! The surface of the virtual keys: OpenAI's chat completions and models. Errors are in the caller's dialect.

mod call;
mod chat_completions;
pub(crate) mod dialects;
mod error;
mod models;
mod reply;
mod retry_after;
mod schema;
mod serve;
mod stream;

pub(crate) use call::{DialectCall, Place};
pub(crate) use error::GatewayError;

pub(crate) mod documented {
    //! What the API document names.
    pub(crate) use super::chat_completions::{__path_chat_completions, __path_chat_completions_of_key};
    pub(crate) use super::models::{__path_list, __path_one};
}

use crate::routes::Routes;

pub(crate) fn mount(routes: &mut Routes) {
    routes.post("/v1/chat/completions", chat_completions::chat_completions);
    routes.post("/chat/completions", chat_completions::chat_completions_of_key);
    routes.get("/v1/models", models::list);
    routes.get("/v1/models/{id:.*}", models::one);
}
