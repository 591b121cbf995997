//! Answers: reading a provider's, writing a client's.

use bytes::{Bytes, BytesMut};
use switchyard_domain::embedding::{Embedding, EmbeddingAnswer};

use super::Texts;
use crate::codec::{AnswerFault, Look};
use crate::gemini::usage;
use crate::json::{ArrayWriter, ObjectWriter, RawMembers, elements, members};
use crate::vectors::{Counted, written};
use crate::whole_answer::members_of;

impl Texts {
    /// The member of an answer in which the vectors stand.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::One => "embedding",
            Self::Several => "embeddings",
        }
    }
}

/// What is to be known of an answer, whose vectors may have been passed over.
pub(super) fn glance(texts: Texts, body: &[u8]) -> Result<Look, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    Ok(counted(&members_of(&body, texts.member())?).look(None))
}

/// Reads a whole answer.
pub(super) fn decode(texts: Texts, body: &[u8]) -> Result<EmbeddingAnswer, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let top = members_of(&body, texts.member())?;
    let vectors = top.get(texts.member()).ok_or(AnswerFault::NoChoices)?;
    let vectors = match texts {
        Texts::One => vec![vectors],
        Texts::Several => elements(vectors).ok_or(AnswerFault::NoChoices)?,
    };
    let embeddings = (0..).zip(vectors).map(|(index, one)| written(index, members(one)?.get("values")?));
    Ok(EmbeddingAnswer {
        model: String::new(),
        embeddings: embeddings.collect::<Option<_>>().ok_or(AnswerFault::NoChoices)?,
        usage: counted(&top).credible(),
        extensions: Vec::new(),
    })
}

/// What the provider counted, as newer models tell.
fn counted(top: &RawMembers<'_>) -> Counted {
    let reading = top.get("usageMetadata").and_then(usage::read);
    reading.map_or_else(Counted::default, |reading| Counted {
        usage: Some(reading.usage),
        corrected: reading.corrected,
    })
}

/// Writes a client's answer, in the order of its texts.
pub(super) fn encode(texts: Texts, answer: &EmbeddingAnswer) -> Result<Bytes, AnswerFault> {
    let mut embeddings: Vec<&Embedding> = answer.embeddings.iter().collect();
    embeddings.sort_by_key(|embedding| embedding.index);
    let mut out = BytesMut::with_capacity(4096);
    let mut body = ObjectWriter::begin(&mut out);
    let write = |object: &mut ObjectWriter<'_>, one: &Embedding| object.plain("values", one.vector.json());
    match (texts, embeddings.as_slice()) {
        (Texts::One, [only]) => body.object(texts.member(), |object| write(object, only)),
        (Texts::One, _) => return Err(AnswerFault::NoChoices),
        (Texts::Several, all) => body.array(texts.member(), |list: &mut ArrayWriter<'_>| {
            for one in all {
                list.object(|object| write(object, one));
            }
        }),
    }
    if let Some(usage) = &answer.usage {
        body.object("usageMetadata", |counts| {
            counts.plain("promptTokenCount", usage.input);
            counts.plain("totalTokenCount", usage.total());
        });
    }
    body.end();
    Ok(out.freeze())
}
