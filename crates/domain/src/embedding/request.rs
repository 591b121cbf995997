use crate::chat::Json;

/// A request for vectors, in no dialect's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddingRequest {
    /// What the client asked for; the target's upstream id once an attempt is prepared.
    pub model: String,
    /// What is turned into vectors, one each, in order.
    pub inputs: Vec<EmbeddingInput>,
    /// How many numbers a vector shall have.
    pub dimensions: Option<u64>,
    /// How the client wants the vectors written.
    pub form: Option<VectorForm>,
    /// What the vectors are for.
    pub task: Option<EmbeddingTask>,
    /// The end user, as the vendor's abuse detection wants it.
    pub user: Option<String>,
    /// Members of the client's dialect that have no canonical form, in their order.
    pub extensions: Vec<(String, Json)>,
}

/// One thing to turn into a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbeddingInput {
    /// A text.
    Text(String),
    /// A text as the model's own tokens.
    Tokens(Vec<u32>),
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorForm {
    /// A list of decimal numbers.
    Floats,
    /// The bytes of little-endian 32-bit floats, in base64.
    Base64,
}

/// What vectors are for, where a vendor makes others for each purpose. In no vendor's spelling; another word is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbeddingTask {
    /// The text is looked for others with.
    Query,
    /// The text is to be found.
    Document,
    /// To tell how alike texts are.
    Similarity,
    /// To sort texts into known classes.
    Classification,
    /// To find classes.
    Clustering,
    /// Another purpose, in the client's word.
    Other(String),
}
