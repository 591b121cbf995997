//! How long an answer may be: what is reserved for it, and what is believed of it afterwards.

/// More tokens of reasoning than any model thinks in one answer.
const LONGEST_REASONING: u64 = 128 * 1024;

/// The limit of an answer's output tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimit {
    /// For each choice, as the caller or the model sets it.
    pub each: u64,
    /// How many choices are made.
    pub choices: u32,
    /// Whether the vendor lets models reason beside the limit, which then holds for what is to be seen alone.
    pub reasons_beside: bool,
}

impl OutputLimit {
    /// The most tokens that can be seen.
    #[must_use]
    pub fn visible(self) -> u64 {
        self.all(self.each)
    }

    /// The most tokens that are to be expected, reasoning included: what money is reserved for.
    #[must_use]
    pub fn most(self) -> u64 {
        if self.reasons_beside { self.imaginable() } else { self.visible() }
    }

    /// More tokens than this are no answer's: whoever counts so many counts wrong.
    #[must_use]
    pub fn imaginable(self) -> u64 {
        self.all(self.each.saturating_add(self.each.max(LONGEST_REASONING)))
    }

    fn all(self, each: u64) -> u64 {
        each.saturating_mul(u64::from(self.choices.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_models_reason_beside_the_limit_more_is_believed_than_it_allows() {
        let limit = |reasons_beside| OutputLimit { each: 16, choices: 3, reasons_beside };
        assert_eq!((limit(false).visible(), limit(false).most()), (48, 48));
        assert_eq!(limit(true).visible(), 48);
        assert_eq!(limit(true).most(), 3 * (16 + LONGEST_REASONING));
        assert_eq!(limit(false).imaginable(), limit(true).most());
        let large = OutputLimit { each: u64::MAX, choices: 2, reasons_beside: true };
        assert_eq!(large.most(), u64::MAX);
        assert_eq!(OutputLimit { choices: 0, ..limit(false) }.most(), 16, "one choice is always made");
    }
}
