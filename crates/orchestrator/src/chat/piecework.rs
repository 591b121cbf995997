//! What attempts used where tokens are not all that counts: pictures, spoken letters, seconds of sound.

use switchyard_domain::chat::{TokenUsage, Units};
use switchyard_domain::operation::Operation;

/// What we counted ourselves of an attempt whose provider counted nothing: the letters that we gave it to speak, the pictures that
/// we received of it.
pub(super) fn counted(operation: Operation, units: &Units) -> Option<TokenUsage> {
    let is_seen = matches!(operation, Operation::Speech | Operation::Image) && !units.is_empty();
    is_seen.then(|| TokenUsage { units: *units, ..TokenUsage::default() })
}

/// Whether tokens of text are all that an operation is billed by, so that counting them makes a bill. How long a sound is stands in
/// a file that we do not read, and what a picture that did not come has cost nobody said.
pub(super) fn is_by_text(operation: Operation) -> bool {
    !operation.is_by_the_piece()
}

/// Whether a provider counted in pieces alone.
pub(super) fn is_credible(usage: &TokenUsage) -> bool {
    usage.total() == 0 && !usage.units.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_saw_is_counted_and_what_we_could_not_see_is_no_base_for_a_bill() {
        let units = Units { characters: 11, ..Units::default() };
        assert_eq!(counted(Operation::Speech, &units).unwrap().units, units);
        assert_eq!(counted(Operation::Speech, &Units::default()), None);
        for operation in Operation::ALL {
            let seen = matches!(operation, Operation::Speech | Operation::Image);
            assert_eq!(counted(operation, &units).is_some(), seen, "{operation}");
            let heard = operation == Operation::Transcription;
            assert_eq!(is_by_text(operation), !seen && !heard, "{operation}");
        }
    }
}
