//! What vectors are for, in Google's words.

use std::borrow::Cow;

use switchyard_domain::embedding::EmbeddingTask;

/// The word that says nothing.
const UNSPECIFIED: &str = "TASK_TYPE_UNSPECIFIED";

/// Reads a word; `None` if it says nothing.
pub(super) fn read(word: &str) -> Option<EmbeddingTask> {
    match word {
        UNSPECIFIED => None,
        "RETRIEVAL_QUERY" => Some(EmbeddingTask::Query),
        "RETRIEVAL_DOCUMENT" => Some(EmbeddingTask::Document),
        "SEMANTIC_SIMILARITY" => Some(EmbeddingTask::Similarity),
        "CLASSIFICATION" => Some(EmbeddingTask::Classification),
        "CLUSTERING" => Some(EmbeddingTask::Clustering),
        other => Some(EmbeddingTask::Other(other.to_owned())),
    }
}

/// The word for it; `None` for another vendor's word, which would be refused.
pub(super) fn word(task: &EmbeddingTask) -> Option<Cow<'_, str>> {
    match task {
        EmbeddingTask::Query => Some("RETRIEVAL_QUERY".into()),
        EmbeddingTask::Document => Some("RETRIEVAL_DOCUMENT".into()),
        EmbeddingTask::Similarity => Some("SEMANTIC_SIMILARITY".into()),
        EmbeddingTask::Classification => Some("CLASSIFICATION".into()),
        EmbeddingTask::Clustering => Some("CLUSTERING".into()),
        EmbeddingTask::Other(word) => is_of_google(word).then_some(word.into()),
    }
}

/// Whether a word is spelled as Google's are, of which there may be more than we know.
fn is_of_google(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn google_s_words_come_back_and_those_of_others_do_not_go_there() {
        for google in [
            "RETRIEVAL_QUERY",
            "RETRIEVAL_DOCUMENT",
            "SEMANTIC_SIMILARITY",
            "CLASSIFICATION",
            "CLUSTERING",
            "QUESTION_ANSWERING",
            "CODE_RETRIEVAL_QUERY",
        ] {
            assert_eq!(word(&read(google).unwrap()).as_deref(), Some(google));
        }
        assert_eq!(read(UNSPECIFIED), None);
        for foreign in ["image", "", "search_query"] {
            assert_eq!(word(&EmbeddingTask::Other(foreign.to_owned())), None, "{foreign}");
        }
    }
}
