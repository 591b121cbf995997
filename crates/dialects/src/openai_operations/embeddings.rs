use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::embedding::{
    Embedding, EmbeddingAnswer, EmbeddingInput, EmbeddingRequest, EmbeddingTask, NotAVector, Vector,
    VectorForm,
};
use switchyard_domain::wire::Member;

use super::check::{Demands, is_tokens, texts};
use super::events::EventWatcher;
use super::{request, usage};
use crate::codec::{
    Address, AnswerFault, Billed, EmbeddingClient, EmbeddingCodec, Look, MemberRule, OperationClient,
    OperationCodec, Passage, Source, StreamWatcher, Taken, Unsupported,
};
use crate::json::{
    self, ArrayWriter, ObjectWriter, RawMembers, Shape, elements, integer, members, shape, text,
};
use crate::request::{
    self as requests, CheckedRequest, RequestError, RequestLimits, integer as whole, optional_text, present,
    required_text, word,
};
use crate::scan::{Document, Kind, Node, ScanLimits};
use crate::vectors::task_member;
use crate::whole_answer::{members_of, model};

/// The members that have a place in the canonical form.
const KNOWN: &[&str] = &["model", "input", "dimensions", "encoding_format", "input_type", "user"];

/// Vectors as a vendor makes them.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiEmbeddings {
    /// The path below the base address.
    pub path: &'static str,
    /// Members of a request that it does not take as they are.
    pub members: &'static [MemberRule],
}

impl OpenAiEmbeddings {
    /// A vendor that keeps to OpenAI in all respects.
    pub const PLAIN: Self = Self { path: "embeddings", members: &[] };
}

impl Billed for OpenAiEmbeddings {}

impl OperationCodec for OpenAiEmbeddings {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_EMBEDDINGS
    }

    fn endpoint(&self, _model: &str) -> String {
        self.path.to_owned()
    }

    fn passage(&self) -> Passage {
        Passage::Skimmed("data")
    }

    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        _facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        request::for_model(body, members, model, self.members, losses)
    }

    fn glance(&self, body: &[u8], _output: &mut String) -> Result<Look, AnswerFault> {
        let body = String::from_utf8_lossy(body);
        let top = members_of(&body, "data")?;
        let mut look =
            Look { has_content: true, finished: true, model: model(&top), ..Look::of(Taken::Chunk) };
        usage::note_input(&mut look, &top);
        Ok(look)
    }

    fn watcher(&self, _pieces: u32) -> Box<dyn StreamWatcher> {
        Box::new(EventWatcher::default())
    }

    fn as_embedding(&self) -> Option<&dyn EmbeddingCodec> {
        Some(self)
    }

    fn departures(&self) -> Vec<String> {
        self.members.iter().map(|rule| format!("Embeddings: {}", rule.sentence())).collect()
    }
}

impl EmbeddingCodec for OpenAiEmbeddings {
    fn encode(
        &self,
        request: &EmbeddingRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        let mut out = BytesMut::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.text("model", model);
        body.array("input", |list| {
            for input in &request.inputs {
                write_input(list, input);
            }
        });
        if let Some(dimensions) = request.dimensions {
            body.plain("dimensions", dimensions);
        }
        body.text("encoding_format", word_of(request.form.unwrap_or(VectorForm::Floats)));
        if let Some(user) = &request.user {
            body.text("user", user);
        }
        if request.task.is_some() {
            losses.dropped(task_member(source), "these models make one vector for every purpose");
        }
        for (name, value) in &request.extensions {
            if source == Dialect::OPENAI_EMBEDDINGS {
                body.json(name, value);
            } else {
                losses.dropped(name.as_str(), "it has no like here");
            }
        }
        body.end();
        let scanned = Document::scan(out.freeze(), ScanLimits::UNBOUNDED).map_err(|error| Unsupported {
            param: None,
            message: format!("the request could not be prepared: {error}"),
        })?;
        let source = Source { bytes: scanned.body(), members: &scanned.wire_members() };
        source.edited(Vec::new(), self.members, losses)
    }

    fn decode(&self, body: &[u8]) -> Result<EmbeddingAnswer, AnswerFault> {
        let body = String::from_utf8_lossy(body);
        let top = members_of(&body, "data")?;
        let data = top.get("data").and_then(elements).ok_or(AnswerFault::NoChoices)?;
        let embeddings = (0..).zip(data).map(|(at, element)| embedding(at, element));
        let mut look = Look::of(Taken::Chunk);
        usage::note_input(&mut look, &top);
        let rest = top.iter().filter(|(name, _)| !matches!(*name, "object" | "data" | "model" | "usage"));
        Ok(EmbeddingAnswer {
            model: model(&top).unwrap_or_default(),
            embeddings: embeddings.collect::<Option<_>>().ok_or(AnswerFault::NoChoices)?,
            usage: look.usage.filter(|_| !look.usage_corrected),
            extensions: rest.map(|(name, value)| (name.to_owned(), json::keep(value))).collect(),
        })
    }
}

fn write_input(list: &mut ArrayWriter<'_>, input: &EmbeddingInput) {
    match input {
        EmbeddingInput::Text(text) => list.text(text),
        EmbeddingInput::Tokens(tokens) => {
            let tokens: Vec<String> = tokens.iter().map(u32::to_string).collect();
            let element = list.element();
            element.extend_from_slice(format!("[{}]", tokens.join(",")).as_bytes());
        }
    }
}

fn word_of(form: VectorForm) -> &'static str {
    match form {
        VectorForm::Floats => "float",
        VectorForm::Base64 => "base64",
    }
}

/// One element of `data`; `None` when it is no vector.
fn embedding(at: u64, element: &RawValue) -> Option<Embedding> {
    let element: RawMembers<'_> = members(element)?;
    let index = element.get("index").and_then(integer).and_then(|index| u64::try_from(index).ok());
    let written = element.get("embedding")?;
    let vector = match shape(written) {
        Shape::Array => Vector::Written(json::keep(written)),
        Shape::Text => Vector::from_le_bytes(&STANDARD.decode(text(written)?.as_bytes()).ok()?).ok()?,
        _ => return None,
    };
    Some(Embedding { index: index.unwrap_or(at), vector })
}

/// Vectors as clients ask for them.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiEmbeddingsClient;

impl OperationClient for OpenAiEmbeddingsClient {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_EMBEDDINGS
    }

    fn check(
        &self,
        body: Bytes,
        _address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError> {
        let demands = Demands { dialect: self.dialect(), required: "input", default_model: None };
        demands.check(body, limits, |name, value, gathered| {
            // Vectors are no output that is counted.
            gathered.max_output_tokens = Some(0);
            match name {
                "input" => texts(name, value, gathered),
                "dimensions" => whole(name, value, 1, u64::from(u32::MAX)).map(drop),
                "encoding_format" | "input_type" | "user" => word(name, value),
                _ => Ok(()),
            }
        })
    }

    fn as_embedding(&self) -> Option<&dyn EmbeddingClient> {
        Some(self)
    }
}

impl EmbeddingClient for OpenAiEmbeddingsClient {
    fn decode(&self, document: &Document, _address: Address<'_>) -> Result<EmbeddingRequest, RequestError> {
        let root = document.root();
        let form = match optional_text("encoding_format", root, "encoding_format")?.as_deref() {
            None => None,
            Some("float") => Some(VectorForm::Floats),
            Some("base64") => Some(VectorForm::Base64),
            Some(_) => {
                return Err(RequestError::new(
                    "encoding_format",
                    "must be `float` or `base64` for this model",
                ));
            }
        };
        let rest = document
            .members()
            .filter(|member| !KNOWN.contains(&member.name().as_ref()) && !member.value().is_null());
        Ok(EmbeddingRequest {
            model: required_text("model", root, "model")?,
            inputs: present(root, "input").map(inputs).unwrap_or_default(),
            dimensions: present(root, "dimensions").and_then(Node::as_u64),
            form,
            task: optional_text("input_type", root, "input_type")?.map(task_of),
            user: optional_text("user", root, "user")?,
            extensions: rest
                .map(|member| (member.name().into_owned(), requests::keep(member.value())))
                .collect(),
        })
    }

    fn encode(
        &self,
        answer: &EmbeddingAnswer,
        request: &EmbeddingRequest,
        model: &str,
    ) -> Result<Bytes, AnswerFault> {
        let vectors = answer.embeddings.iter().map(|embedding| {
            let written = written(&embedding.vector, request.form.unwrap_or(VectorForm::Floats))?;
            Ok((embedding.index, written))
        });
        let vectors = vectors.collect::<Result<Vec<_>, NotAVector>>().map_err(|_| AnswerFault::NoChoices)?;
        let mut out = BytesMut::new();
        let mut body = ObjectWriter::begin(&mut out);
        body.text("object", "list");
        body.array("data", |list| {
            for (index, vector) in &vectors {
                list.object(|element| {
                    element.text("object", "embedding");
                    element.plain("index", index);
                    element.plain("embedding", vector);
                });
            }
        });
        body.text("model", if answer.model.is_empty() { model } else { &answer.model });
        if let Some(usage) = &answer.usage {
            body.object("usage", |counts| {
                counts.plain("prompt_tokens", usage.input);
                counts.plain("total_tokens", usage.total());
            });
        }
        body.end();
        Ok(out.freeze())
    }
}

/// What the vectors are for, in the words of those who say so in this dialect: Cohere's, Voyage's, NVIDIA's.
fn task_of(word: String) -> EmbeddingTask {
    match word.as_str() {
        "search_query" | "query" => EmbeddingTask::Query,
        "search_document" | "document" | "passage" => EmbeddingTask::Document,
        "classification" => EmbeddingTask::Classification,
        "clustering" => EmbeddingTask::Clustering,
        _ => EmbeddingTask::Other(word),
    }
}

/// The inputs of a judged `input`.
fn inputs(value: Node<'_>) -> Vec<EmbeddingInput> {
    let one = |value: Node<'_>| match value.kind() {
        Kind::Array => EmbeddingInput::Tokens(tokens(value)),
        _ => EmbeddingInput::Text(value.text().unwrap_or_default().into_owned()),
    };
    match value.kind() {
        Kind::Array if !is_tokens(value) => value.elements().map(one).collect(),
        _ => vec![one(value)],
    }
}

fn tokens(list: Node<'_>) -> Vec<u32> {
    list.elements().filter_map(|token| token.as_u64().and_then(|token| u32::try_from(token).ok())).collect()
}

/// A vector as JSON.
fn written(vector: &Vector, form: VectorForm) -> Result<String, NotAVector> {
    match form {
        VectorForm::Floats => Ok(vector.json()),
        VectorForm::Base64 => Ok(format!("\"{}\"", STANDARD.encode(vector.to_le_bytes()?))),
    }
}
