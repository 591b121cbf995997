//! From the HTTP client's errors to ours.
//!
//! The client wraps errors of its layers (TLS in I/O in connector in pool in request); what happened
//! stands at the bottom. So the chain of causes is searched for the types that carry the fact.

use std::{error::Error, io};

use hyper_util::client::legacy;
use rustls::CertificateError;

use super::{
    fault::{ConnectFault, TlsFault, TransportFault, Unprocessed},
    resolver::ResolveError,
    reuse::Connection,
};

type Cause<'a> = &'a (dyn Error + 'static);

/// The fault behind an error that came instead of a response head.
pub(super) fn before_answer(error: &legacy::Error, connection: Connection) -> TransportFault {
    let fault = connecting(error, connection).unwrap_or_else(|| unanswered(error, connection));
    note(error, &fault);
    fault
}

/// The fault behind an error that came while the body was read.
pub(super) fn within_answer(error: &hyper::Error) -> TransportFault {
    let malformed = matches!(io_kind(error), Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
        && find::<rustls::Error>(error).is_none();
    let fault = if malformed { TransportFault::BadFraming } else { TransportFault::Cut };
    note(error, &fault);
    fault
}

/// What went wrong before a request could be put on a connection, if that is where it went wrong.
fn connecting(error: &legacy::Error, connection: Connection) -> Option<TransportFault> {
    match find::<ResolveError>(error) {
        Some(ResolveError::Refused(refusal)) => return Some(TransportFault::Egress(refusal.clone())),
        Some(ResolveError::Unresolved) => return Some(TransportFault::Dns),
        None => {}
    }
    let tls = find::<rustls::Error>(error);
    if !error.is_connect() {
        // With TLS 1.3 a server refuses a client only after the client's side of the handshake is over. Any other TLS error
        // on a connection that was trusted says nothing against its certificate.
        let refused = matches!(tls, Some(rustls::Error::AlertReceived(_))) && connection == Connection::Fresh;
        return refused.then_some(TransportFault::Tls(TlsFault::Handshake));
    }
    if let Some(tls) = tls {
        return Some(TransportFault::Tls(tls_fault(tls)));
    }
    Some(match io_kind(error) {
        Some(io::ErrorKind::TimedOut) => TransportFault::ConnectTimeout,
        Some(io::ErrorKind::ConnectionRefused) => TransportFault::Connect(ConnectFault::Refused),
        Some(kind) if is_hang_up(kind) => TransportFault::Connect(ConnectFault::Reset),
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            TransportFault::Connect(ConnectFault::Unreachable)
        }
        _ => TransportFault::Connect(ConnectFault::Other),
    })
}

/// What went wrong between the request and its response head.
fn unanswered(error: &legacy::Error, connection: Connection) -> TransportFault {
    if let Some(h2) = find::<h2::Error>(error) {
        return unanswered_h2(h2, connection);
    }
    let hyper = find::<hyper::Error>(error);
    if hyper.is_some_and(hyper::Error::is_user) {
        return TransportFault::InvalidRequest("it is not valid HTTP");
    }
    let ended =
        hyper.is_some_and(|hyper| hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed());
    if ended || io_kind(error).is_some_and(is_hang_up) {
        return TransportFault::ClosedBeforeAnswer { unprocessed: of_kept(connection == Connection::Stale) };
    }
    TransportFault::BadFraming
}

/// A GOAWAY or a refused stream says in so many words that the request was not looked at (RFC 9113, 8.7).
fn unanswered_h2(error: &h2::Error, connection: Connection) -> TransportFault {
    let refused =
        error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM));
    if refused {
        TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::Refused }
    } else if error.is_library() {
        TransportFault::BadFraming
    } else {
        TransportFault::ClosedBeforeAnswer {
            unprocessed: of_kept(error.is_io() && connection == Connection::Stale),
        }
    }
}

fn of_kept(stale: bool) -> Unprocessed {
    if stale { Unprocessed::Stale } else { Unprocessed::No }
}

fn tls_fault(error: &rustls::Error) -> TlsFault {
    let rustls::Error::InvalidCertificate(certificate) = error else { return TlsFault::Handshake };
    match certificate {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsFault::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::WrongName
        }
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        CertificateError::Revoked => TlsFault::Revoked,
        _ => TlsFault::BadCertificate,
    }
}

fn is_hang_up(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof
    )
}

/// The cause of `error`. An `io::Error` that wraps another error skips it in `source()`, hence the
/// look inside.
fn cause_of(error: Cause<'_>) -> Option<Cause<'_>> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error), |error| cause_of(*error))
}

fn find<T: Error + 'static>(error: Cause<'_>) -> Option<&T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The kind of the innermost I/O error: the outer ones are wrappers of kind `Other`.
fn io_kind(error: Cause<'_>) -> Option<io::ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind)
}

/// The private half of a fault: for whoever looks for the reason, not for whoever made the call.
fn note(error: Cause<'_>, fault: &TransportFault) {
    if tracing::enabled!(tracing::Level::DEBUG) {
        let chain: Vec<String> = causes(error).map(ToString::to_string).collect();
        tracing::debug!(fault = %fault, causes = %chain.join(": "), "upstream call failed");
    }
}
