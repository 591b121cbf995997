//! What a failed attempt may have bought: asking once more would buy it again.

use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::operation::Operation;

/// Who may be asked after an attempt that failed, as far as money is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Whoever the route's rules allow.
    Anyone,
    /// Another target, as a wrong answer is likely to be given again by who gave it; and it is paid for.
    Another,
    /// Nobody: a piece of work may be done already, and is billed whole wherever it is done.
    Nobody,
}

/// Who may be asked after this fault. `began` tells whether the provider had begun to answer with a success.
pub(super) fn next(operation: Operation, fault: &ProviderFault, began: bool) -> Next {
    let is_wrong = fault.kind == FaultKind::InvalidResponse && (began || fault.status.is_none());
    let is_untold = is_untold(fault.kind);
    match operation {
        _ if operation.is_by_the_piece() && (is_wrong || is_untold) => Next::Nobody,
        Operation::Chat => Next::Anyone,
        _ if is_wrong => Next::Another,
        _ => Next::Anyone,
    }
}

/// Whether the request was sent whole, and no status said that nothing came of it.
pub(super) fn is_untold(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::FirstByteTimeout
            | FaultKind::IdleTimeout
            | FaultKind::TotalTimeout
            | FaultKind::Interrupted
            | FaultKind::TooLarge
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind, status: Option<u16>) -> ProviderFault {
        ProviderFault { status, ..ProviderFault::new(kind, "x") }
    }

    #[test]
    fn work_that_may_be_done_is_asked_of_nobody_else() {
        for operation in [Operation::Image, Operation::Speech, Operation::Transcription] {
            for kind in [
                FaultKind::FirstByteTimeout,
                FaultKind::IdleTimeout,
                FaultKind::TotalTimeout,
                FaultKind::Interrupted,
                FaultKind::TooLarge,
            ] {
                assert_eq!(next(operation, &fault(kind, None), false), Next::Nobody, "{operation} {kind}");
            }
            let wrong = |status| fault(FaultKind::InvalidResponse, status);
            assert_eq!(next(operation, &wrong(Some(200)), true), Next::Nobody);
            assert_eq!(next(operation, &wrong(None), false), Next::Nobody, "what is no HTTP says nothing");
            assert_eq!(next(operation, &wrong(Some(200)), false), Next::Anyone, "a web page is no work");
            for kind in
                [FaultKind::Connect, FaultKind::ServerError, FaultKind::Throttled, FaultKind::AuthFailed]
            {
                assert_eq!(next(operation, &fault(kind, None), false), Next::Anyone, "{operation} {kind}");
            }
        }
    }

    #[test]
    fn a_wrong_answer_that_is_paid_for_is_not_asked_for_at_the_same_place_again() {
        let wrong = fault(FaultKind::InvalidResponse, Some(200));
        for operation in [Operation::Embedding, Operation::Completion, Operation::Moderation] {
            assert_eq!(next(operation, &wrong, true), Next::Another, "{operation}");
            let late = fault(FaultKind::FirstByteTimeout, None);
            assert_eq!(next(operation, &late, false), Next::Anyone, "{operation}");
        }
        assert_eq!(next(Operation::Chat, &wrong, true), Next::Anyone);
    }
}
