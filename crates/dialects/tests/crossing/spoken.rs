//! The dialects that clients speak, each on both sides.

use bytes::{Bytes, BytesMut};
use switchyard_dialects::anthropic_messages::{AnthropicMessages, AnthropicMessagesClient};
use switchyard_dialects::codec::{Address, AnswerForm, ClientCodec, ProviderCodec, StreamFraming, Taken};
use switchyard_dialects::framing::{FrameItem, FrameLimits, FrameReader};
use switchyard_dialects::gemini::{Gemini, GeminiClient};
use switchyard_dialects::openai_chat::{OpenAiChat, OpenAiChatClient};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, ChatRequest, Collector, Dialect, LossReport};

pub(crate) type Side = (&'static dyn ClientCodec, &'static dyn ProviderCodec);

pub(crate) static SPOKEN: [Side; 4] = [
    (&OpenAiChatClient, &OpenAiChat::PLAIN),
    (&OpenAiResponsesClient, &OpenAiResponses::PLAIN),
    (&AnthropicMessagesClient, &AnthropicMessages::PLAIN),
    (&GeminiClient, &Gemini::GOOGLE),
];

pub(crate) const FORM: AnswerForm<'static> = AnswerForm {
    fallback_id: "fallback",
    fallback_model: "model",
    fallback_created: 1,
    request: None,
    include_usage: true,
    framing: StreamFraming::Sse,
};

/// A request as a provider of a dialect is sent it, and the members that were lost.
pub(crate) fn write_request(
    side: Side,
    request: &ChatRequest,
    model: &str,
    source: Dialect,
) -> (Bytes, LossReport) {
    let mut losses = LossReport::default();
    let body = side.1.encode(request, model, source, &mut losses).unwrap();
    (body, losses)
}

/// A request as it is read from a client of a dialect, if it is found good.
pub(crate) fn read_request(side: Side, body: &Bytes) -> Result<ChatRequest, String> {
    let in_path = side.0.dialect() == Dialect::GEMINI;
    let address = Address { model: in_path.then_some("models/m"), stream: in_path.then_some(false) };
    let text = || String::from_utf8_lossy(body).into_owned();
    let refused = |error: switchyard_dialects::request::RequestError| format!("{error}: {}", text());
    let checked = side.0.check(body.clone(), address, &RequestLimits::default()).map_err(refused)?;
    side.0.decode(&checked.document, address).map_err(refused)
}

/// A stream as a client of a dialect gets it.
pub(crate) fn write_stream(side: Side, events: &[ChatEvent], form: &AnswerForm<'_>) -> Vec<u8> {
    let mut writer = side.0.writer(form);
    let mut out = BytesMut::new();
    events.iter().for_each(|event| writer.event(event, &mut out));
    writer.finish(&mut out);
    out.to_vec()
}

/// The items of a stream that comes in these pieces.
pub(crate) fn items<'p>(
    codec: &dyn ProviderCodec,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Vec<FrameItem> {
    let mut reader = FrameReader::new(codec.framing(), FrameLimits::default());
    let mut items = Vec::new();
    for piece in pieces {
        reader.push(Bytes::copy_from_slice(piece)).unwrap();
        while let Some(item) = reader.next_item().unwrap() {
            items.push(item);
        }
    }
    while let Some(item) = reader.finish().unwrap() {
        items.push(item);
    }
    items
}

/// What the items of a stream say, if all of them are understood and the answer comes to its end.
pub(crate) fn events(codec: &dyn ProviderCodec, items: &[FrameItem]) -> Result<Vec<ChatEvent>, String> {
    let mut reader = codec.reader(1);
    let mut events = Vec::new();
    for item in items {
        let FrameItem::Event(event) = item else { continue };
        let taken = reader.event(event.name.as_deref(), &event.data, &mut events);
        match taken.map_err(|error| error.to_string())? {
            Taken::Chunk | Taken::Done => {}
            taken => return Err(format!("{taken:?}: {}", String::from_utf8_lossy(&event.data))),
        }
    }
    reader.finish(&mut events);
    if reader.is_finished() { Ok(events) } else { Err("it has no end".to_owned()) }
}

pub(crate) fn collected(events: impl IntoIterator<Item = ChatEvent>) -> ChatAnswer {
    let mut collector = Collector::default();
    collector.extend(events);
    collector.finish()
}
