//! Requests of clients: judged, passed through with our members changed, and put into every dialect.

use bytes::Bytes;
use serde_json::Value;
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec};
use switchyard_dialects::request::{CheckedRequest, RequestLimits};
use switchyard_dialects::scan::{Document, ScanClass, ScanErrorKind, ScanLimits};
use switchyard_dialects::splice::{Edit, splice};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport, Part};

use crate::gist;
use crate::subject::{ALL, Subject, client_of, spoken_by_clients};

pub(crate) const UNBOUNDED: ScanLimits =
    ScanLimits { max_depth: usize::MAX, max_members: usize::MAX, max_values: usize::MAX };

/// Models that differ in what they are sent.
const MODELS: [&str; 6] = [
    "m",
    "claude-opus-4-8",
    "claude-sonnet-4-5",
    "gemini-3-pro",
    "us.anthropic.claude-sonnet-4-20250514-v1:0",
    "us.amazon.nova-2-lite-v1:0",
];

/// What the verbatim path may change.
const OURS: [&str; 5] = ["model", "stream_options", "messages", "input", "contents"];

pub(crate) fn run(subject: &Subject, variation: u8, body: &[u8]) {
    let varied = usize::from(variation);
    let borrowed = || spoken_by_clients().nth(varied % 4).map(|(client, _)| client);
    let Some(client) = subject.client.or_else(borrowed) else { return };
    let own: &[&dyn ProviderCodec] = if subject.client.is_some() { subject.codecs } else { &[] };
    let model = MODELS[varied / 4 % MODELS.len()];
    let in_path = client.dialect() == Dialect::GEMINI;
    let address =
        Address { model: in_path.then_some("models/m"), stream: in_path.then_some(variation >= 128) };
    let body = Bytes::copy_from_slice(body);
    let scanned = scan(&body);
    let checked = client.check(body.clone(), address, &RequestLimits::default());
    let Ok(checked) = checked else { return };
    assert!(scanned.is_some(), "found good, but it is no JSON object");
    for codec in own {
        passed_through(*codec, &checked, model);
    }
    let Ok(request) = client.decode(&checked.document, address) else { return };
    let itself = [subject];
    let targets: &[&Subject] = if subject.client.is_some() { &ALL } else { &itself };
    for codec in targets.iter().flat_map(|target| target.codecs) {
        put_into(*codec, client, &request, model, body.len());
    }
}

/// Scans a body, compares the judgement with another parser's, and edits what was found good.
fn scan(body: &Bytes) -> Option<Document> {
    let theirs = serde_json::from_slice::<Value>(body);
    let document = match Document::scan(body.clone(), ScanLimits::default()) {
        Ok(document) => document,
        Err(error) => {
            let refused = match error.class() {
                ScanClass::InvalidJson => theirs.is_err(),
                ScanClass::InvalidRequest if error.kind == ScanErrorKind::RootNotObject => {
                    theirs.is_ok_and(|value| !value.is_object())
                }
                ScanClass::InvalidRequest => true,
            };
            assert!(refused, "only one of two parsers says {error}");
            return None;
        }
    };
    // The other parser stops one level earlier.
    let taken = match &theirs {
        Ok(value) => value.is_object(),
        Err(error) => error.to_string().starts_with("recursion limit exceeded"),
    };
    assert!(taken, "only the scan takes it: {theirs:?}");
    let edits = [
        Edit::Set { name: "model", value: b"\"x\"" },
        Edit::SetIn { object: "stream_options", name: "include_usage", value: b"true" },
        Edit::Remove { name: "user" },
    ];
    if let Ok(edited) = splice(body, &document.wire_members(), &edits) {
        let edited = sound(&edited);
        unchanged(&document, &edited, &["model", "stream_options", "user"]);
        assert_eq!(edited.get("model").map(|model| model.raw()), Some(&b"\"x\""[..]));
        assert!(edited.get("user").is_none());
    }
    Some(document)
}

/// A body of ours must be JSON, and an object, without two members of one name.
pub(crate) fn sound(body: &Bytes) -> Document {
    Document::scan(body.clone(), UNBOUNDED)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)))
}

/// All members but these must be the same bytes in the same order.
fn unchanged(before: &Document, after: &Document, but: &[&str]) {
    let members = |document: &Document| -> Vec<(String, Vec<u8>)> {
        let all =
            document.members().map(|member| (member.name().into_owned(), member.value().raw().to_vec()));
        all.filter(|(name, _)| !but.contains(&name.as_str())).collect()
    };
    assert_eq!(members(before), members(after));
}

fn passed_through(codec: &dyn ProviderCodec, checked: &CheckedRequest, model: &str) {
    let body = checked.document.body();
    let mut losses = LossReport::default();
    let adapted = codec.adapt(body, &checked.members, model, &checked.facts, &mut losses);
    let adapted = match adapted {
        Ok(adapted) => sound(&Bytes::from(adapted.concat())),
        Err(refused) => return assert!(!refused.message.is_empty()),
    };
    if codec.departures().iter().all(|departure| departure.starts_with("Streams ")) {
        unchanged(&checked.document, &adapted, &OURS);
    }
    match adapted.get("model") {
        Some(named) => assert_eq!(named.text().as_deref(), Some(model)),
        None => assert_eq!(codec.dialect(), Dialect::GEMINI),
    }
}

fn put_into(
    codec: &dyn ProviderCodec,
    client: &dyn ClientCodec,
    request: &ChatRequest,
    model: &str,
    asked: usize,
) {
    let mut losses = LossReport::default();
    let written = match codec.encode(request, model, client.dialect(), &mut losses) {
        Ok(written) => written,
        Err(refused) => return assert!(!refused.message.is_empty()),
    };
    let bound = 64 * 1024 + 512 * asked;
    assert!(written.len() <= bound, "{} bytes of {asked}", written.len());
    let shown = losses.to_string();
    let named = if losses.is_empty() { 0 } else { shown.split(',').filter(|name| !name.is_empty()).count() };
    assert_eq!(named, losses.losses.len(), "{shown}: {losses:?}");
    assert!(
        losses.losses.iter().all(|loss| !loss.reason.is_empty() && loss.member.len() <= bound),
        "{losses:?}"
    );
    let document = sound(&written);
    let Some(reader) = client_of(codec.dialect()) else { return };
    let address = Address { model: Some("m"), stream: Some(false) };
    let again = reader.decode(&document, address);
    let again = again.unwrap_or_else(|error| {
        panic!(
            "{} does not read its own request: {error}: {}",
            codec.dialect(),
            String::from_utf8_lossy(&written)
        )
    });
    if codec.dialect() == client.dialect() && losses.is_empty() {
        assert_eq!(calls(&again), calls(request), "{}", codec.dialect());
    }
}

/// The calls of a conversation.
fn calls(request: &ChatRequest) -> Vec<(String, Value)> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let calls =
        parts.filter_map(|part| if let Part::ToolCall(call) = part { gist::call(call) } else { None });
    calls.map(|(_, name, arguments)| (name, arguments)).collect()
}
