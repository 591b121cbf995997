//! Who a request turned out to be from.

use actix_web::{HttpMessage, HttpRequest};
use switchyard_orchestrator::principal::Principal;

/// Who a request turned out to be from, for the access log and for what is kept for each caller apart. An access rule notes it as
/// soon as it knows; what holds for the caller is decided elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// What the caller is: `key`, `user` and so on.
    pub(crate) kind: &'static str,
    /// Which of them, where there are several.
    pub(crate) id: Option<i64>,
}

impl Identity {
    /// Of the one on whose behalf a gateway call is made.
    pub(crate) fn of(principal: &Principal) -> Self {
        let (kind, id) = match principal {
            Principal::Key(key) => ("key", Some(key.id.0)),
            Principal::Demo => ("demo", None),
            Principal::Anonymous => ("anonymous", None),
            Principal::Program => ("program", None),
        };
        Self { kind, id }
    }

    /// Notes it with the request.
    pub(crate) fn note(self, request: &HttpRequest) {
        request.extensions_mut().insert(self);
    }

    /// What was noted, if anything.
    pub(crate) fn of_request(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().copied()
    }
}
