//! What a streamed answer cost, told in the last of its chunks that says something.

use super::{Usages, with_cost};
use bytes::{Bytes, BytesMut};
use switchyard_dialects::sse::{DONE_DATA, SseEvent, SseItem, SseLimits, SseReader, write_event};
use switchyard_orchestrator::chat::CallBill;

/// Members that stand in a chunk after which the stream may end. In every other chunk they are absent or `null`.
const LAST_WORDS: [&[u8]; 2] = [b"\"usage\"", b"\"finish_reason\""];

/// Looks through a stream on its way out, and puts the cost into its last chunk with a finish or usage. That chunk alone waits until
/// the call is settled; all others pass at once, to the byte.
#[derive(Debug)]
pub(in crate::gateway) struct PricedStream {
    usages: Usages,
    held: Option<SseEvent>,
    bill: Option<CallBill>,
}

impl PricedStream {
    /// Of an answer whose usage the client asked for, or did not.
    pub(in crate::gateway) fn new(asked_for_usage: bool) -> Self {
        let usages = if asked_for_usage { Usages::Told } else { Usages::AsTheyCame };
        Self { usages, held: None, bill: None }
    }

    /// The call is settled; what is left of the stream follows.
    pub(in crate::gateway) fn settled(&mut self, bill: CallBill) {
        self.bill = Some(bill);
    }

    /// What may go on of these events, each of which is whole.
    pub(in crate::gateway) fn pass(&mut self, piece: Bytes) -> Bytes {
        if self.held.is_none() && !may_be_last(&piece) {
            return piece;
        }
        let mut out = BytesMut::with_capacity(piece.len());
        // The piece is in memory already: nothing is to be bounded.
        let mut reader = SseReader::new(SseLimits { max_event_bytes: usize::MAX, max_total_bytes: u64::MAX });
        if reader.push(piece.clone()).is_err() {
            return piece;
        }
        while let Ok(Some(item)) = reader.finish() {
            match item {
                SseItem::Event(event) => self.event(event, &mut out),
                // It means nothing, so it may pass what waits.
                SseItem::Comment(raw) => out.extend_from_slice(&raw),
            }
        }
        out.freeze()
    }

    fn event(&mut self, event: SseEvent, out: &mut BytesMut) {
        let bill = self.bill.filter(|_| event.data.as_ref() == DONE_DATA);
        match (self.held.take(), bill) {
            (Some(last), Some(bill)) => write_event(out, None, &with_cost(&last.data, &bill, self.usages)),
            (Some(other), None) => out.extend_from_slice(&other.raw),
            (None, _) => {}
        }
        if may_be_last(&event.data) {
            self.held = Some(event);
        } else {
            out.extend_from_slice(&event.raw);
        }
    }
}

/// Whether a member of [`LAST_WORDS`] says something. Inside of texts, quotes are escaped, so that no name stands there.
fn may_be_last(json: &[u8]) -> bool {
    LAST_WORDS.iter().any(|name| {
        memchr::memmem::find_iter(json, name).any(|at| {
            let rest = json.get(at + name.len()..).unwrap_or_default().trim_ascii_start();
            let value = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
            value.is_some_and(|value| !value.starts_with(b"null"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::cost::tests::BILL;
    use switchyard_dialects::sse::DONE;

    const COST: &str = r#""cost":{"inputTokens":12,"outputTokens":4,"inputCost":0.000001800,"outputCost":0.000003000,"totalCost":0.000004800}"#;
    const SAID: &str = "data: {\"id\":\"x\", \"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\": null}],\"usage\":null}\n\n";
    const FINISH: &str = "data: {\"id\":\"x\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    const USAGE: &str = "data: {\"id\":\"x\",\"n\":1.50,\"choices\":[],\"usage\":{\"prompt_tokens\":12}}\n\n";

    /// The pieces as they go on, the terminator's last.
    fn passed(asked_for_usage: bool, pieces: &[&str]) -> Vec<String> {
        let mut stream = PricedStream::new(asked_for_usage);
        let mut out: Vec<Bytes> =
            pieces.iter().map(|piece| stream.pass(Bytes::copy_from_slice(piece.as_bytes()))).collect();
        stream.settled(BILL);
        out.push(stream.pass(DONE));
        out.into_iter().map(|piece| String::from_utf8(piece.to_vec()).unwrap()).collect()
    }

    #[test]
    fn the_cost_stands_beside_the_usage_and_every_other_byte_stays() {
        let expected = USAGE.replace("}}\n", &format!("}},{COST}}}\n")) + "data: [DONE]\n\n";
        assert_eq!(passed(true, &[SAID, FINISH, USAGE]), [SAID, "", FINISH, &expected]);
        let together = format!("{SAID}{FINISH}{USAGE}");
        assert_eq!(passed(true, &[&together]), [format!("{SAID}{FINISH}"), expected]);
    }

    #[test]
    fn without_usage_the_cost_stands_in_the_chunk_that_finishes() {
        let with_cost = FINISH.replace("]}\n", &format!("],{COST}}}\n"));
        assert_eq!(
            passed(false, &[SAID, FINISH]),
            [SAID.to_owned(), String::new(), with_cost + "data: [DONE]\n\n"]
        );
        let told = passed(true, &[SAID, FINISH]).concat();
        assert!(
            told.contains(r#""usage":{"prompt_tokens":12,"completion_tokens":4,"total_tokens":16}"#),
            "asked for: {told}"
        );
    }

    #[test]
    fn of_chunks_that_all_count_only_the_last_waits() {
        let counting = |text: &str| SAID.replace("hi", text).replace("\"usage\":null", "\"usage\":{}");
        let (one, two) = (counting("one"), counting("two"));
        let out = passed(true, &[&one, ": still here\n\n", &two]);
        assert_eq!(out[..3], [String::new(), ": still here\n\n".to_owned(), one]);
        assert!(out[3].contains("two") && out[3].contains(COST), "{out:?}");
    }

    #[test]
    fn a_text_that_speaks_of_usage_is_no_last_word() {
        let said = SAID.replace("hi", r#"\"usage\": 7, \"finish_reason\":\"stop\""#);
        assert_eq!(passed(true, &[&said])[0], said);
    }

    #[test]
    fn an_answer_that_broke_off_has_no_cost() {
        let mut stream = PricedStream::new(true);
        assert!(stream.pass(Bytes::from_static(FINISH.as_bytes())).is_empty());
        let failure = "data: {\"error\":{\"code\":\"stream_interrupted\"}}\n\n";
        let out = stream.pass(Bytes::from_static(failure.as_bytes()));
        assert_eq!(out, format!("{FINISH}{failure}"));
    }
}
