//! What attempts used where tokens are not all that counts: pictures, spoken letters, seconds of sound.

use super::metering::Measured;
use switchyard_domain::chat::{TokenUsage, Units, UsageSource};
use switchyard_domain::operation::Operation;

/// What is used in an attempt whose provider did not say, of operations that tokens do not measure; `None` for the others.
/// `estimated` is what its texts amount to in tokens.
pub(super) fn uncounted(operation: Operation, units: &Units, estimated: TokenUsage) -> Option<Measured> {
    let of_units = TokenUsage { units: *units, ..TokenUsage::default() };
    match operation {
        Operation::Chat | Operation::Embedding | Operation::Completion | Operation::Moderation => None,
        // We read the text that was to be spoken, and received the pictures. Their tokens are the provider's secret.
        Operation::Speech | Operation::Image if !units.is_empty() => {
            Some(Measured { usage: of_units, source: UsageSource::Counted, is_whole: true })
        }
        // How long a sound is stands in a file that we do not read; what a picture that did not come has cost nobody said.
        Operation::Speech | Operation::Image | Operation::Transcription => {
            Some(Measured { usage: estimated, source: UsageSource::Estimated, is_whole: false })
        }
    }
}

/// Whether a provider counted in pieces alone.
pub(super) fn is_credible(usage: &TokenUsage) -> bool {
    usage.total() == 0 && !usage.units.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: TokenUsage = {
        let units = Units { images: 0, characters: 0, audio_seconds: 0 };
        TokenUsage {
            input: 9,
            cached_input: 0,
            cache_write: 0,
            cache_write_1h: 0,
            audio_input: 0,
            image_input: 0,
            output: 3,
            reasoning: 0,
            audio_output: 0,
            image_output: 0,
            units,
        }
    };

    #[test]
    fn what_we_saw_is_counted_and_what_we_could_not_see_is_no_base_for_a_bill() {
        let spoken = Units { characters: 11, ..Units::default() };
        let speech = uncounted(Operation::Speech, &spoken, TEXT).unwrap();
        assert_eq!((speech.usage.units, speech.usage.total()), (spoken, 0));
        assert_eq!((speech.source, speech.is_whole), (UsageSource::Counted, true));
        for operation in [Operation::Image, Operation::Transcription] {
            let unseen = uncounted(operation, &Units::default(), TEXT).unwrap();
            assert_eq!((unseen.usage, unseen.source), (TEXT, UsageSource::Estimated));
            assert!(!unseen.is_whole, "{operation}");
        }
        for operation in [Operation::Chat, Operation::Embedding, Operation::Completion, Operation::Moderation]
        {
            assert!(uncounted(operation, &spoken, TEXT).is_none(), "{operation}");
        }
    }
}
