//! Where a stream is cut makes no difference, in every framing, at every byte.

use proptest::prelude::*;
use proptest::sample::Index;
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::cohere::Cohere;
use switchyard_dialects::ollama::Ollama;
use switchyard_testkit::corpus;

use crate::answers::answer;
use crate::hold;
use crate::spoken::{FORM, SPOKEN, events, items, write_stream};

#[test]
fn a_stream_that_comes_byte_by_byte_or_in_any_two_pieces_reads_the_same() {
    hold((answer(), 0..SPOKEN.len(), any::<Index>()), |(made, which, at)| {
        let side = SPOKEN[which];
        let stream = write_stream(side, &made, &FORM);
        let whole = items(side.1, [stream.as_slice()]);
        prop_assert_eq!(&items(side.1, stream.chunks(1)), &whole);
        let (head, tail) = stream.split_at(at.index(stream.len() + 1));
        prop_assert_eq!(&items(side.1, [head, tail]), &whole);
        prop_assert!(events(side.1, &whole).is_ok());
        Ok(())
    });
}

/// The dialects and their codecs, by the folders of the corpus.
const RECORDED: [(&str, &dyn ProviderCodec); 7] = [
    ("openai-chat", SPOKEN[0].1),
    ("openai-responses", SPOKEN[1].1),
    ("anthropic-messages", SPOKEN[2].1),
    ("gemini", SPOKEN[3].1),
    ("ollama", &Ollama),
    ("cohere", &Cohere),
    ("bedrock-converse", &BedrockConverse),
];

/// All places in the first bytes of a long stream, and some in the rest: to try them all would cost its length squared.
fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..=length).filter(move |at| *at < 600 || at % (1 + length / 100) == 0 || at + 100 > length)
}

#[test]
fn every_recorded_stream_reads_the_same_when_it_is_cut_at_a_byte() {
    for (dialect, codec) in RECORDED {
        let mut seen = 0;
        for exchange in corpus::of(dialect).unwrap().iter().filter(|exchange| exchange.stream) {
            if exchange.response.status != 200 || exchange.response.body.len() > 200_000 {
                continue;
            }
            let stream = exchange.answer();
            let whole = items(codec, [stream.as_slice()]);
            assert_eq!(items(codec, stream.chunks(1)), whole, "{}", exchange.id);
            // One long stream in ten is cut in two as well, and every short one.
            if stream.len() < 4_000 || seen % 10 == 0 {
                for at in places(stream.len()) {
                    let (head, tail) = stream.split_at(at);
                    assert_eq!(items(codec, [head, tail]), whole, "{} at {at}", exchange.id);
                }
            }
            seen += 1;
        }
        assert!(seen >= 3, "{dialect}: {seen} streams");
    }
}
