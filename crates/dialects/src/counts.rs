//! Counts of tokens as providers write them, sound or not.

use serde_json::value::RawValue;

use crate::json::{Shape, shape, text};

/// No answer has more tokens; above it, vendors' numbers are defects.
pub(crate) const MOST: u64 = u32::MAX as u64;

/// Reads counts, and remembers whether one of them made no sense: such counts are no base for a bill.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counter {
    pub(crate) corrected: bool,
}

impl Counter {
    /// A count in whatever form; absent is zero.
    pub(crate) fn count(&mut self, raw: Option<&RawValue>) -> u64 {
        let Some(raw) = raw else { return 0 };
        // Nearly all are plain integers.
        if let Ok(count) = raw.get().parse::<u64>() {
            self.corrected |= count > MOST;
            return count.min(MOST);
        }
        let spelled = match shape(raw) {
            Shape::Number => raw.get().parse().ok(),
            Shape::Text => {
                self.corrected = true;
                text(raw).and_then(|text| text.trim().parse().ok())
            }
            _ => None,
        };
        let value: f64 = spelled.unwrap_or(-1.0);
        let sound = value >= 0.0 && value <= MOST as f64 && value.fract() == 0.0;
        self.corrected |= !sound;
        // Saturates: negative and undefined become zero.
        (value as u64).min(MOST)
    }
}
