//! Vectors by Cohere's second API (`POST /v2/embed`), as it is spoken to providers.
//!
//! What the vectors are for (`input_type`) must be said: texts of which a client says nothing are documents, to be found. The
//! usage is what is billed (`cohere-embed-2a74478e6e`, 2026).

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport, TokenUsage};
use switchyard_domain::embedding::{EmbeddingAnswer, EmbeddingRequest, EmbeddingTask};
use switchyard_domain::wire::Member;

use crate::codec::{
    AnswerFault, Billed, EmbeddingCodec, Look, OperationCodec, Passage, StreamWatcher, Unsupported,
};
use crate::json::{ObjectWriter, RawMembers, members};
use crate::openai_operations::{EventWatcher, for_model};
use crate::vectors::{Counted, listed, note_foreign, task_member, texts};
use crate::whole_answer::members_of;

/// The member of an answer in which the vectors stand, by their form.
const EMBEDDINGS: &str = "embeddings";

/// Vectors as Cohere makes them, or whoever serves its API.
#[derive(Clone, Copy, Debug, Default)]
pub struct CohereEmbeddings;

impl Billed for CohereEmbeddings {
    fn counts(&self) -> &'static [&'static str] {
        &["meta"]
    }

    fn count(&self, raw: &RawValue) -> Option<TokenUsage> {
        billed(members(raw).as_ref()).credible()
    }
}

impl OperationCodec for CohereEmbeddings {
    fn dialect(&self) -> Dialect {
        Dialect::COHERE_EMBED
    }

    fn endpoint(&self, _model: &str) -> String {
        "embed".to_owned()
    }

    fn passage(&self) -> Passage {
        Passage::Skimmed(EMBEDDINGS)
    }

    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        _facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        for_model(body, members, model, &[], losses)
    }

    fn glance(&self, body: &[u8], _output: &mut String) -> Result<Look, AnswerFault> {
        let body = String::from_utf8_lossy(body);
        Ok(counted(&members_of(&body, EMBEDDINGS)?).look(None))
    }

    fn watcher(&self, _pieces: u32) -> Box<dyn StreamWatcher> {
        Box::new(EventWatcher::default())
    }

    fn as_embedding(&self) -> Option<&dyn EmbeddingCodec> {
        Some(self)
    }
}

impl EmbeddingCodec for CohereEmbeddings {
    fn encode(
        &self,
        request: &EmbeddingRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        let texts = texts(request)?;
        let mut out = BytesMut::with_capacity(1024);
        let mut body = ObjectWriter::begin(&mut out);
        body.text("model", model);
        body.array("texts", |list| texts.iter().for_each(|text| list.text(text)));
        body.text("input_type", input_type(request.task.as_ref(), source, losses));
        body.array("embedding_types", |list| list.text("float"));
        if let Some(dimensions) = request.dimensions {
            body.plain("output_dimension", dimensions);
        }
        note_foreign(request, losses);
        body.end();
        Ok(out.freeze())
    }

    fn decode(&self, body: &[u8]) -> Result<EmbeddingAnswer, AnswerFault> {
        let body = String::from_utf8_lossy(body);
        let top = members_of(&body, EMBEDDINGS)?;
        let floats = top.get(EMBEDDINGS).and_then(members).and_then(|forms| forms.get("float"));
        Ok(EmbeddingAnswer {
            model: String::new(),
            embeddings: floats.and_then(listed).ok_or(AnswerFault::NoChoices)?,
            usage: counted(&top).credible(),
            extensions: Vec::new(),
        })
    }
}

fn input_type(task: Option<&EmbeddingTask>, source: Dialect, losses: &mut LossReport) -> &'static str {
    match task {
        Some(EmbeddingTask::Query) => "search_query",
        Some(EmbeddingTask::Classification) => "classification",
        Some(EmbeddingTask::Clustering) => "clustering",
        None | Some(EmbeddingTask::Document) => "search_document",
        Some(EmbeddingTask::Similarity | EmbeddingTask::Other(_)) => {
            losses.dropped(task_member(source), "it is no purpose that this provider knows");
            "search_document"
        }
    }
}

fn counted(top: &RawMembers<'_>) -> Counted {
    billed(top.get("meta").and_then(members).as_ref())
}

fn billed(meta: Option<&RawMembers<'_>>) -> Counted {
    let units = meta.and_then(|meta| meta.get("billed_units")).and_then(members);
    Counted::input(units.as_ref().and_then(|units| units.get("input_tokens")))
}
