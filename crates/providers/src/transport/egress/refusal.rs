//! Why the guard says no, in words that tell an operator what to do.

use std::net::IpAddr;

use super::{ALLOW_SETTING, special_purpose::Row};

/// Why a URL or an address is not called.
///
/// The text of each variant may be shown to whoever named the URL: it holds what they wrote (cut to a
/// bounded length), the address found behind it and the setting that admits it, and never a secret,
/// since user information in a URL is refused without being repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressRefusal {
    /// No parser should have to guess what this text means.
    #[error("the URL is refused: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Neither http nor https.
    #[error("the URL is refused: only http and https are called, not {scheme:?}")]
    Scheme {
        /// The scheme, cut to a bounded length.
        scheme: String,
    },
    /// `user:password@` before the host: it hides the host from readers, and secrets have a field of their own.
    #[error("the URL is refused: it has a user name or password before the host")]
    UserInfo,
    /// A `#fragment` never reaches a server, so it can only mislead.
    #[error("the URL is refused: it has a fragment")]
    Fragment,
    /// A port that this purpose does not call.
    #[error("{target} is refused: port {port} is not called; {}", admit(.target))]
    Port {
        /// Host and port as the URL has them.
        target: String,
        /// The port.
        port: u16,
    },
    /// A credential would cross the public network in the clear.
    #[error(
        "{target} is refused: it is on the public network and plain http would show it the key; use https, or {}",
        admit(.target)
    )]
    PlainHttp {
        /// Host and port as the URL has them.
        target: String,
    },
    /// The host is, or resolves to, an address that is not on the public network.
    #[error("{target} is refused: it leads to {found}, {what} ({source_document}); {}", admit(.target))]
    Address {
        /// Host and port as the URL has them.
        target: String,
        /// The address found: the resolved one, or the one carried inside it.
        found: IpAddr,
        /// What the address is, as in "a private address".
        what: &'static str,
        /// The document that reserves the range.
        source_document: &'static str,
    },
    /// As `Address`, for the ranges that a network in the allow-list does not admit.
    #[error(
        "{target} is refused: it leads to {found}, {what} ({source_document}), which is only called when named exactly; {}",
        admit(.target)
    )]
    ExactOnly {
        /// Host and port as the URL has them.
        target: String,
        /// The address found: the resolved one, or the one carried inside it.
        found: IpAddr,
        /// What the address is.
        what: &'static str,
        /// The document that reserves the range.
        source_document: &'static str,
    },
    /// A request went to another origin than the one its transport (and so its credential) is for.
    #[error("the URL is refused: it leaves {target}, the only origin that this credential may reach")]
    OtherOrigin {
        /// Host and port that the transport is bound to.
        target: String,
    },
}

impl EgressRefusal {
    pub(super) fn of_row(target: String, found: IpAddr, row: &Row) -> Self {
        let (what, source_document) = (row.name, row.source);
        if row.reach == super::Reach::ExactOnly {
            Self::ExactOnly { target, found, what, source_document }
        } else {
            Self::Address { target, found, what, source_document }
        }
    }
}

fn admit(target: &str) -> String {
    format!("an administrator can admit it by adding {target} to {ALLOW_SETTING}")
}
