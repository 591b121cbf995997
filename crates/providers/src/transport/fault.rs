//! What can go wrong between a request and the last byte of its answer.

use super::egress::EgressRefusal;

/// Whether a request that got no answer was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unprocessed {
    /// It may have been.
    No,
    /// The upstream was closing a kept connection just then. Others that are kept may be as dead.
    Stale,
    /// The upstream said over HTTP/2 that it did not.
    Refused,
}

/// Why there is no (whole) answer. An HTTP status of whatever kind is an answer and no fault.
///
/// Texts are safe to show and to store: no header, no body, no query string is in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportFault {
    /// The egress guard said no. Nothing was sent; repeating is pointless until settings change.
    #[error(transparent)]
    Egress(#[from] EgressRefusal),
    /// The request can't be put on the wire as it is. Nothing was sent.
    #[error("the request can't be sent: {0}")]
    InvalidRequest(&'static str),
    /// The host name has no address now. Nothing was sent.
    #[error("the upstream's host name could not be resolved")]
    Dns,
    /// No TCP connection. Nothing was sent.
    #[error("no connection to the upstream: {0}")]
    Connect(ConnectFault),
    /// Resolving, connecting and the TLS handshake took too long together. Nothing was sent.
    #[error("connecting to the upstream took too long")]
    ConnectTimeout,
    /// The upstream could not prove who it is. Nothing was sent, and nothing weaker is tried.
    #[error("no trusted connection to the upstream: {0}")]
    Tls(TlsFault),
    /// Nothing of substance came within the first-byte deadline: no response head, or none of the content that the
    /// caller declared to be waiting for.
    #[error("the upstream's answer did not start in time")]
    FirstByteTimeout,
    /// The answer had started, and then nothing came for the idle deadline.
    #[error("the upstream's answer stalled")]
    IdleTimeout,
    /// The call as a whole took too long.
    #[error("the upstream's answer took too long")]
    TotalTimeout,
    /// The connection ended after the request was handed to it and before there was an answer. A response head that
    /// was cut in half counts as none.
    #[error("the upstream closed the connection without an answer")]
    ClosedBeforeAnswer {
        /// Whether the upstream most likely never looked at the request. One more try is free then; the upstream isn't at fault.
        unprocessed: Unprocessed,
    },
    /// The connection ended inside the answer: what was received so far is a part of it.
    #[error("the upstream's answer was cut off")]
    Cut,
    /// The bytes are not HTTP.
    #[error("the upstream's answer is not valid HTTP")]
    BadFraming,
    /// The body's content encoding is unknown, or the body does not decode.
    #[error("the upstream's answer has a content encoding that can't be decoded")]
    BadEncoding,
    /// The body is larger than this transport reads.
    #[error("the upstream's answer is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit, in decoded bytes.
        limit: usize,
    },
    /// The body decodes to many times its size on the wire, as only a decompression bomb does.
    #[error("the upstream's answer expands more than {ratio} times")]
    Bomb {
        /// The ratio that is allowed.
        ratio: usize,
    },
}

/// Why there is no TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFault {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// It listened, and hung up before the connection was usable.
    #[error("connection reset")]
    Reset,
    /// No way there from here.
    #[error("host or network unreachable")]
    Unreachable,
    /// This machine could not open one (no descriptors, no ports), or a cause not told apart.
    #[error("connection failed")]
    Other,
}

/// Why the TLS handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The certificate's time is over, or has not come (or this machine's clock is wrong).
    #[error("the certificate is expired or not yet valid")]
    Expired,
    /// The certificate is for another host.
    #[error("the certificate is for another name")]
    WrongName,
    /// The certificate's issuer is not trusted here.
    #[error("the certificate's issuer is not trusted")]
    UnknownIssuer,
    /// The certificate was revoked.
    #[error("the certificate is revoked")]
    Revoked,
    /// The certificate is unacceptable in another way.
    #[error("the certificate is not acceptable")]
    BadCertificate,
    /// No common protocol version or cipher, an alert, or not TLS at all.
    #[error("the handshake failed")]
    Handshake,
}
