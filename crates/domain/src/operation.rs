//! What a call asks a model to do.

use std::fmt;

/// What a call asks a model to do. Every operation takes the same way through the house; only chats and embeddings are
/// translated from one dialect to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// To go on with a conversation.
    Chat,
    /// To turn texts into vectors.
    Embedding,
    /// To go on with a text.
    Completion,
    /// To judge content.
    Moderation,
    /// To make pictures.
    Image,
    /// To speak a text.
    Speech,
    /// To write down what is said.
    Transcription,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Chat,
        Self::Embedding,
        Self::Completion,
        Self::Moderation,
        Self::Image,
        Self::Speech,
        Self::Transcription,
    ];

    /// Whether a call is one piece of work that is done and billed whole, by its pictures, its letters or its seconds; all others are
    /// billed by the tokens of texts.
    #[must_use]
    pub fn is_by_the_piece(self) -> bool {
        match self {
            Self::Chat | Self::Embedding | Self::Completion | Self::Moderation => false,
            Self::Image | Self::Speech | Self::Transcription => true,
        }
    }

    /// The plural that people read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chats",
            Self::Embedding => "embeddings",
            Self::Completion => "text completions",
            Self::Moderation => "moderations",
            Self::Image => "image generations",
            Self::Speech => "speech",
            Self::Transcription => "transcriptions",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Dialect;

    #[test]
    fn a_dialect_belongs_to_one_operation_and_one_that_is_not_known_to_chat() {
        for (dialect, operation) in [
            (Dialect::OPENAI_CHAT, Operation::Chat),
            (Dialect::GEMINI, Operation::Chat),
            (Dialect("library"), Operation::Chat),
            (Dialect::OPENAI_EMBEDDINGS, Operation::Embedding),
            (Dialect::GEMINI_EMBEDDINGS, Operation::Embedding),
            (Dialect::GEMINI_EMBED_CONTENT, Operation::Embedding),
            (Dialect::COHERE_EMBED, Operation::Embedding),
            (Dialect::OLLAMA_EMBED, Operation::Embedding),
            (Dialect::OPENAI_COMPLETIONS, Operation::Completion),
            (Dialect::OPENAI_MODERATIONS, Operation::Moderation),
            (Dialect::OPENAI_IMAGES, Operation::Image),
            (Dialect::OPENAI_SPEECH, Operation::Speech),
            (Dialect::OPENAI_TRANSCRIPTIONS, Operation::Transcription),
        ] {
            assert_eq!(dialect.operation(), operation, "{dialect}");
        }
    }
}
