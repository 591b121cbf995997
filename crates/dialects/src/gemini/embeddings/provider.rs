//! The dialects as they are spoken to providers.

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, Json, LossReport, TokenUsage};
use switchyard_domain::embedding::{EmbeddingAnswer, EmbeddingRequest};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::wire::Member;

use super::{Texts, answer, task};
use crate::codec::{
    AnswerFault, Billed, EmbeddingCodec, Look, OperationCodec, Passage, Source, StreamWatcher, Unsupported,
    quoted,
};
use crate::error::RetryHints;
use crate::gemini::address::resource_name;
use crate::gemini::members::{Listed, field};
use crate::gemini::{Gemini, error};
use crate::json::ObjectWriter;
use crate::openai_operations::EventWatcher;
use crate::scan::{Document, ScanLimits};
use crate::splice::{Edit, find};
use crate::vectors::{note_foreign, task_member, texts};

/// Vectors as one of Google's services makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeminiEmbeddings {
    /// Which service.
    pub service: Gemini,
    /// How many texts a call has.
    pub texts: Texts,
}

impl GeminiEmbeddings {
    /// Google's own service, for several texts.
    pub const GOOGLE: Self = Self { service: Gemini::GOOGLE, texts: Texts::Several };

    /// Google's own service, for one text.
    pub const GOOGLE_ONE: Self = Self { service: Gemini::GOOGLE, texts: Texts::One };

    /// Vertex, which has no other.
    pub const VERTEX_ONE: Self = Self { service: Gemini::VERTEX, texts: Texts::One };
}

impl Billed for GeminiEmbeddings {
    fn counts(&self) -> &'static [&'static str] {
        self.service.counts()
    }

    fn count(&self, raw: &RawValue) -> Option<TokenUsage> {
        self.service.count(raw)
    }
}

impl OperationCodec for GeminiEmbeddings {
    fn dialect(&self) -> Dialect {
        self.texts.dialect()
    }

    fn endpoint(&self, model: &str) -> String {
        self.service.path(model, self.texts.operation())
    }

    fn passage(&self) -> Passage {
        Passage::Skimmed(self.texts.member())
    }

    /// The model stands in the path, and in each request of a batch.
    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        _facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        let edits = match find(body, members, "model") {
            Some(_) => vec![Edit::Remove { name: "model" }],
            None => Vec::new(),
        };
        let body = Source { bytes: body, members }.edited(edits, &[], losses)?;
        match self.texts {
            Texts::One => Ok(body),
            Texts::Several => for_model(body, model),
        }
    }

    fn glance(&self, body: &[u8], _output: &mut String) -> Result<Look, AnswerFault> {
        answer::glance(self.texts, body)
    }

    fn fault(&self, status: u16, body: &[u8], hints: RetryHints, credential: Option<&str>) -> ProviderFault {
        error::provider_fault(status, body, hints, credential)
    }

    fn watcher(&self, _pieces: u32) -> Box<dyn StreamWatcher> {
        Box::new(EventWatcher::default())
    }

    fn as_embedding(&self) -> Option<&dyn EmbeddingCodec> {
        Some(self)
    }
}

/// A batch with another model in its requests, every other byte as it is.
fn for_model(body: Bytes, model: &str) -> Result<Bytes, Unsupported> {
    let document = Document::scan(body, ScanLimits::UNBOUNDED).map_err(|error| Unsupported {
        param: None,
        message: format!("the request could not be prepared: {error}"),
    })?;
    let name = quoted(&resource_name(model));
    let requests = field(document.root(), "requests").and_then(Listed::of);
    let body = document.body();
    let mut out = BytesMut::with_capacity(body.len() + name.len());
    let mut done = 0;
    for named in requests.into_iter().flatten().filter_map(|one| one.get("model")) {
        let place = named.span();
        out.extend_from_slice(body.get(done..place.start).unwrap_or_default());
        out.extend_from_slice(&name);
        done = place.end;
    }
    out.extend_from_slice(body.get(done..).unwrap_or_default());
    Ok(out.freeze())
}

impl EmbeddingCodec for GeminiEmbeddings {
    fn encode(
        &self,
        request: &EmbeddingRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        let texts = texts(request)?;
        let task = request.task.as_ref().map(|task| (task::word(task), task_member(source)));
        let task = match task {
            Some((None, member)) => {
                losses.dropped(member, "it is no purpose that this provider knows");
                None
            }
            Some((word, _)) => word,
            None => None,
        };
        let own = own_members(request, source, losses);
        let write = |object: &mut ObjectWriter<'_>, at: usize, text: &str| {
            object.object("content", |content| {
                content.array("parts", |list| list.object(|part| part.text("text", text)));
            });
            if let Some(task) = &task {
                object.text("taskType", task);
            }
            if let Some(dimensions) = request.dimensions {
                object.plain("outputDimensionality", dimensions);
            }
            for (_, name, value) in own.iter().filter(|(place, ..)| *place == at) {
                object.json(name, value);
            }
        };
        let mut out = BytesMut::with_capacity(1024);
        let mut body = ObjectWriter::begin(&mut out);
        match (self.texts, texts.as_slice()) {
            (Texts::One, [only]) => write(&mut body, 0, only),
            (Texts::One, _) => {
                let message = "This model takes one text in a call: ask for each by itself.";
                return Err(Unsupported::new("input", message));
            }
            (Texts::Several, all) => body.array("requests", |list| {
                for (at, text) in all.iter().enumerate() {
                    list.object(|object| {
                        object.text("model", &resource_name(model));
                        write(object, at, text);
                    });
                }
            }),
        }
        body.end();
        Ok(out.freeze())
    }

    fn decode(&self, body: &[u8]) -> Result<EmbeddingAnswer, AnswerFault> {
        answer::decode(self.texts, body)
    }
}

/// The members without canonical form that mean something here too, as they came in the other of the two dialects: of which
/// text, by which name.
fn own_members<'r>(
    request: &'r EmbeddingRequest,
    source: Dialect,
    losses: &mut LossReport,
) -> Vec<(usize, &'r str, &'r Json)> {
    if ![Dialect::GEMINI_EMBEDDINGS, Dialect::GEMINI_EMBED_CONTENT].contains(&source) {
        note_foreign(request, losses);
        return Vec::new();
    }
    let place = |name: &'r str| match name.strip_prefix("requests[").and_then(|rest| rest.split_once("].")) {
        Some((at, name)) => Some((at.parse().ok()?, name)),
        None => Some((0, name)),
    };
    let own = request.extensions.iter();
    own.filter_map(|(name, value)| place(name).map(|(at, name)| (at, name, value))).collect()
}
