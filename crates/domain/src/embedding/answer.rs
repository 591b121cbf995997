use super::vector::Vector;
use crate::chat::{Json, TokenUsage};

/// A whole answer to a request for vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddingAnswer {
    /// The model that answered, in the vendor's word; empty where it said none.
    pub model: String,
    /// The vectors.
    pub embeddings: Vec<Embedding>,
    /// What the vendor counted.
    pub usage: Option<TokenUsage>,
    /// Members beside the vectors that have no canonical form.
    pub extensions: Vec<(String, Json)>,
}

/// An answer that is none to what was asked: which vector belongs to which input can't be told, or one is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer does not have one vector for each input")]
pub struct Misaligned;

impl EmbeddingAnswer {
    /// The answer to so many inputs, with the vectors in their order.
    ///
    /// # Errors
    /// When an input has no vector, several, or one without numbers: a client that counts on the order would put what it is given
    /// to another text.
    pub fn aligned(mut self, inputs: usize) -> Result<Self, Misaligned> {
        self.embeddings.sort_by_key(|embedding| embedding.index);
        let is_whole = self.embeddings.len() == inputs;
        let fits = (0..).zip(&self.embeddings).all(|(at, embedding)| {
            let index: u64 = at;
            embedding.index == index && !embedding.vector.is_empty()
        });
        if is_whole && fits { Ok(self) } else { Err(Misaligned) }
    }
}

/// The vector of one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// Which input, from 0.
    pub index: u64,
    /// Its vector.
    pub vector: Vector,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(vectors: &[(u64, &str)]) -> EmbeddingAnswer {
        let vectors = vectors.iter().map(|(index, vector)| Embedding {
            index: *index,
            vector: Vector::Written(Json::parse(*vector).unwrap()),
        });
        EmbeddingAnswer { embeddings: vectors.collect(), ..EmbeddingAnswer::default() }
    }

    #[test]
    fn vectors_are_put_into_the_order_of_their_inputs() {
        let aligned = answer(&[(1, "[2]"), (0, "[1]")]).aligned(2).unwrap();
        let written: Vec<String> = aligned.embeddings.iter().map(|one| one.vector.json()).collect();
        assert_eq!(written, ["[1]", "[2]"]);
    }

    #[test]
    fn an_input_without_a_vector_of_its_own_makes_the_answer_none() {
        for (vectors, inputs) in [
            (&[(0, "[1]"), (2, "[3]")][..], 3),
            (&[(0, "[1]"), (2, "[3]")], 2),
            (&[(0, "[1]"), (0, "[2]")], 2),
            (&[(0, "[1]")], 2),
            (&[(0, "[1]"), (1, "[2]")], 1),
            (&[(0, "[1]"), (1, "[ ]")], 2),
            (&[], 1),
        ] {
            assert_eq!(answer(vectors).aligned(inputs), Err(Misaligned), "{vectors:?} to {inputs}");
        }
        let packed = Embedding { index: 0, vector: Vector::Packed(Vec::new()) };
        let packed = EmbeddingAnswer { embeddings: vec![packed], ..EmbeddingAnswer::default() };
        assert_eq!(packed.aligned(1), Err(Misaligned));
    }
}
