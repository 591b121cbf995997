//! Vectors by Ollama's own `/api/embed`, as it is spoken to providers.

use bytes::{Bytes, BytesMut};
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::embedding::{EmbeddingAnswer, EmbeddingRequest};
use switchyard_domain::wire::Member;

use crate::codec::{
    AnswerFault, Billed, EmbeddingCodec, Look, OperationCodec, Passage, StreamWatcher, Unsupported,
};
use crate::json::{ObjectWriter, RawMembers};
use crate::openai_operations::{EventWatcher, for_model};
use crate::vectors::{Counted, listed, note_foreign, task_member, texts};
use crate::whole_answer::{members_of, model as named_model};

/// The member of an answer in which the vectors stand.
const EMBEDDINGS: &str = "embeddings";

/// Vectors as an Ollama server makes them.
#[derive(Clone, Copy, Debug, Default)]
pub struct OllamaEmbeddings;

impl Billed for OllamaEmbeddings {}

impl OperationCodec for OllamaEmbeddings {
    fn dialect(&self) -> Dialect {
        Dialect::OLLAMA_EMBED
    }

    fn endpoint(&self, _model: &str) -> String {
        "api/embed".to_owned()
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
        let top = members_of(&body, EMBEDDINGS)?;
        Ok(counted(&top).look(named_model(&top)))
    }

    fn watcher(&self, _pieces: u32) -> Box<dyn StreamWatcher> {
        Box::new(EventWatcher::default())
    }

    fn as_embedding(&self) -> Option<&dyn EmbeddingCodec> {
        Some(self)
    }
}

impl EmbeddingCodec for OllamaEmbeddings {
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
        body.array("input", |list| texts.iter().for_each(|text| list.text(text)));
        if let Some(dimensions) = request.dimensions {
            body.plain("dimensions", dimensions);
        }
        if request.task.is_some() {
            losses.dropped(task_member(source), "these models make one vector for every purpose");
        }
        note_foreign(request, losses);
        body.end();
        Ok(out.freeze())
    }

    fn decode(&self, body: &[u8]) -> Result<EmbeddingAnswer, AnswerFault> {
        let body = String::from_utf8_lossy(body);
        let top = members_of(&body, EMBEDDINGS)?;
        Ok(EmbeddingAnswer {
            model: named_model(&top).unwrap_or_default(),
            embeddings: top.get(EMBEDDINGS).and_then(listed).ok_or(AnswerFault::NoChoices)?,
            usage: counted(&top).credible(),
            extensions: Vec::new(),
        })
    }
}

fn counted(top: &RawMembers<'_>) -> Counted {
    Counted::input(top.get("prompt_eval_count"))
}
