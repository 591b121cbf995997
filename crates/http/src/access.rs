//! Who may call a route. The rule is the type of the handler's first argument, so that a handler without one can't be
//! mounted, and the table of routes says for each which it has.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use std::convert::Infallible;
use std::future::{Ready, ready};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Who holds a virtual key, unless the operator opened `/v1*`.
    Gateway,
    /// Who holds a virtual key.
    VirtualKey,
    /// Whoever is signed in.
    SignedIn,
    /// Who is signed in and audits or administers.
    AuditorOrAdmin,
    /// Who is signed in and administers. Where the operator opened `/api/generate-virtual-key`, everybody there.
    Admin,
}

/// An extractor that lets a request through or refuses it.
pub(crate) trait AccessRule: FromRequest + 'static {
    /// Whom it lets through.
    const ACCESS: Access;
}

/// A handler whose first argument is an [`AccessRule`].
pub(crate) trait DeclaresAccess<Arguments> {
    /// Whom the handler lets through.
    const ACCESS: Access;
}

macro_rules! declares_access {
    ($($argument:ident)*) => {
        impl<Function, Answer, Rule, $($argument,)*> DeclaresAccess<(Rule, $($argument,)*)> for Function
        where
            Function: Fn(Rule, $($argument),*) -> Answer,
            Rule: AccessRule,
        {
            const ACCESS: Access = Rule::ACCESS;
        }
    };
}

declares_access! {}
declares_access! { A }
declares_access! { A B }
declares_access! { A B C }
declares_access! { A B C D }
declares_access! { A B C D E }
declares_access! { A B C D E F }
declares_access! { A B C D E F G }

/// The rule of routes that everybody may call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Public;

impl FromRequest for Public {
    type Error = Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self))
    }
}

impl AccessRule for Public {
    const ACCESS: Access = Access::Public;
}
