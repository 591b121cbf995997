//! Where an exchange broke, in the words of the use cases.

use crate::transport::{TransportFault, Unprocessed};
use switchyard_domain::fault::{FaultKind, ProviderFault};

/// The fault of whoever needed the exchange.
pub(crate) fn of_transport(fault: &TransportFault) -> ProviderFault {
    let kind = match fault {
        TransportFault::Egress(_) => FaultKind::EgressRefused,
        TransportFault::InvalidRequest(_) => FaultKind::Internal,
        TransportFault::Dns => FaultKind::Dns,
        TransportFault::Connect(_) => FaultKind::Connect,
        TransportFault::ConnectTimeout => FaultKind::ConnectTimeout,
        TransportFault::Tls(_) => FaultKind::Tls,
        TransportFault::FirstByteTimeout => FaultKind::FirstByteTimeout,
        TransportFault::IdleTimeout => FaultKind::IdleTimeout,
        TransportFault::TotalTimeout => FaultKind::TotalTimeout,
        // On a fresh connection the upstream itself hung up; on a kept one it may just have been closing it.
        TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::No } => FaultKind::Connect,
        TransportFault::ClosedBeforeAnswer { .. } => FaultKind::ClosedBeforeAnswer,
        TransportFault::Cut => FaultKind::Interrupted,
        TransportFault::BadFraming | TransportFault::BadEncoding => FaultKind::InvalidResponse,
        TransportFault::BodyTooLarge { .. } | TransportFault::Bomb { .. } => FaultKind::TooLarge,
    };
    ProviderFault::new(kind, fault.to_string())
}
