//! The fuzz targets on the recorded traffic: what they ask of any bytes holds of those that providers sent.

use switchyard_fuzz::operations::{self, BOUNDARY};
use switchyard_fuzz::subject::{
    ANTHROPIC_MESSAGES, BEDROCK_CONVERSE, COHERE, GEMINI, OLLAMA, OPENAI_CHAT, OPENAI_RESPONSES, Subject,
};
use switchyard_testkit::corpus::{self, Exchange};

/// How many bytes decide between them what is made of a body.
const VARIATIONS: [u8; 3] = [b'0', 77, 203];

fn bodies(exchange: &Exchange) -> Vec<(u8, Vec<u8>)> {
    let request = exchange.request.iter().map(|request| (b'0', request.get().as_bytes().to_vec()));
    let kind = match (exchange.response.status, exchange.stream, exchange.response.base64) {
        (200, false, _) => b'1',
        (200, true, false) => b'2',
        (200, true, true) => b'4',
        _ => b'3',
    };
    request.chain([(kind, exchange.answer())]).collect()
}

/// Feeds all exchanges of a dialect to its target; says how many bodies there were.
fn feed(subject: &Subject, dialect: &str) -> usize {
    let mut fed = 0;
    for exchange in corpus::of(dialect).unwrap() {
        for (kind, body) in bodies(&exchange) {
            for variation in VARIATIONS {
                switchyard_fuzz::run(subject, &[&[kind, variation][..], &body].concat());
            }
            fed += 1;
        }
    }
    fed
}

macro_rules! dialects {
    ($($name:ident: $subject:ident, $folder:literal, $least:literal;)*) => {$(
        #[test]
        fn $name() {
            let fed = feed(&$subject, $folder);
            assert!(fed >= $least, "only {fed} bodies");
        }
    )*};
}

dialects! {
    what_is_asked_of_chat_completions_holds_of_recorded_ones: OPENAI_CHAT, "openai-chat", 1_000;
    what_is_asked_of_responses_holds_of_recorded_ones: OPENAI_RESPONSES, "openai-responses", 500;
    what_is_asked_of_messages_holds_of_recorded_ones: ANTHROPIC_MESSAGES, "anthropic-messages", 300;
    what_is_asked_of_gemini_holds_of_recorded_exchanges: GEMINI, "gemini", 300;
    what_is_asked_of_ollama_holds_of_recorded_exchanges: OLLAMA, "ollama", 20;
    what_is_asked_of_cohere_holds_of_recorded_exchanges: COHERE, "cohere", 50;
    what_is_asked_of_converse_holds_of_recorded_exchanges: BEDROCK_CONVERSE, "bedrock-converse", 50;
}

#[test]
fn what_is_asked_of_operations_holds_of_recorded_exchanges() {
    let folders = ["openai-embeddings", "openai-completions", "openai-moderations", "cohere-embed"];
    let mut fed = 0;
    for (number, folder) in (b'0'..).zip(folders) {
        for exchange in corpus::of(folder).unwrap() {
            for (kind, body) in bodies(&exchange) {
                operations::run(&[&[number, kind][..], &body].concat());
                fed += 1;
            }
        }
    }
    assert!(fed >= 40, "only {fed} bodies");
}

#[test]
fn a_form_reads_the_same_whole_and_byte_by_byte() {
    let part = |headers: &str, value: &str| format!("--{BOUNDARY}\r\n{headers}\r\n\r\n{value}\r\n");
    let form = [
        part("Content-Disposition: form-data; name=\"model\"", "m"),
        part("Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"", "RIFF\r\n--bound\r\n"),
        format!("--{BOUNDARY}--\r\n"),
    ];
    operations::run(&[b"90", form.concat().as_bytes()].concat());
}
