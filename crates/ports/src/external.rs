//! Calls to addresses that people name.

use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;

/// The longest body that is sent, in bytes.
pub const LONGEST_BODY: usize = 10 * 1024 * 1024;

/// The longest body that is taken, in bytes.
pub const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// What is asked of the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalMethod {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// DELETE.
    Delete,
}

/// A call as a person describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalRequest {
    /// The method.
    pub method: ExternalMethod,
    /// The address, as it was typed.
    pub url: String,
    /// What is added to the address's query.
    pub query: Vec<(String, String)>,
    /// Headers, as they were typed.
    pub headers: Vec<(String, String)>,
    /// The body, with its media type; a header that names one outranks it.
    pub body: Option<(&'static str, Bytes)>,
}

/// What came back, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalAnswer {
    /// The status; a redirect is one like any other.
    pub status: u16,
    /// The headers, names in lower case, without those of the connection. A name may come more than once.
    pub headers: Vec<(String, String)>,
    /// The body, decoded.
    pub body: Bytes,
}

/// Why nothing came back. Texts are for the person who described the call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExternalFault {
    /// The description is none of a call.
    #[error("{0}")]
    Invalid(String),
    /// The address is none that is called from here.
    #[error("{0}")]
    Refused(String),
    /// There is nothing by this name. Asking again within a moment changes nothing.
    #[error("the name could not be resolved")]
    Unresolved,
    /// There was no connection; nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// It was sent, and no whole answer came back.
    #[error("{0}")]
    Failed(String),
    /// The time was over.
    #[error("the address did not answer in time")]
    TimedOut,
}

/// Calls addresses. Only public ones, but for those that the operator listed: every address that a name stands for is judged when it
/// is connected to. MUST follow no redirect, send nothing that the description does not name (no credential, no cookie, no address of
/// a caller), send it once, and take no more than [`LONGEST_ANSWER`] bytes of an answer.
#[async_trait]
pub trait ExternalApi: Send + Sync {
    /// Makes the call within `patience`.
    async fn call(
        &self,
        request: &ExternalRequest,
        patience: Duration,
    ) -> Result<ExternalAnswer, ExternalFault>;
}
