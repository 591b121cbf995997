//! What is billed by the piece: pictures, letters, seconds.

use serde::{Deserialize, Serialize};

/// Pieces of one answer that vendors bill where they do not bill tokens. Uploads and prompts are capped far below four billion of
/// any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Units {
    /// Pictures made.
    pub images: u32,
    /// Characters (Unicode scalar values) of text that was spoken.
    pub characters: u32,
    /// Seconds of sound that was written down, in whole ones as vendors bill them.
    pub audio_seconds: u32,
}

impl Units {
    /// Whether there is none of any kind.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The sum, held at the end of the range.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self {
            images: self.images.saturating_add(other.images),
            characters: self.characters.saturating_add(other.characters),
            audio_seconds: self.audio_seconds.saturating_add(other.audio_seconds),
        }
    }

    /// Of each kind the larger number.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            images: self.images.max(other.images),
            characters: self.characters.max(other.characters),
            audio_seconds: self.audio_seconds.max(other.audio_seconds),
        }
    }
}
