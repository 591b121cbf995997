//! What is asked for, how often at once, and what the answer may cost.

mod prompt;

use crate::dialect::Dialect;
use crate::load::Load;
use crate::report::Figure;
use crate::targets::{Caller, Way};
use std::net::SocketAddr;
use std::time::Duration;

/// One kind of load.
pub(crate) struct Scenario {
    pub(crate) title: &'static str,
    /// Bytes of the request's body.
    body_bytes: usize,
    pub(crate) answer: Answer,
    pub(crate) connections: usize,
    /// What the upstream speaks, each measured by itself.
    pub(crate) dialects: &'static [Dialect],
    pub(crate) goals: &'static [Goal],
}

/// The answer that is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Whole,
    /// So many content chunks, with so many milliseconds after each.
    Stream {
        chunks: usize,
        pace_ms: u64,
    },
}

/// The most that a figure of one way may be, against that of another.
#[derive(Clone, Copy)]
pub(crate) struct Goal {
    pub(crate) of: Way,
    pub(crate) against: Way,
    pub(crate) figure: Figure,
    /// A ratio of CPU, a difference of times in milliseconds.
    pub(crate) most: f64,
}

/// What the gateway may cost more than the bare proxy.
const fn goal(figure: Figure, most: f64) -> Goal {
    Goal { of: Way::Switchyard, against: Way::Bare, figure, most }
}

/// What all limits and a budget at each scope may cost more than none.
const LIMITS: Goal =
    Goal { of: Way::Limited, against: Way::Switchyard, figure: Figure::CpuPerCall, most: 1.15 };

/// Enough to keep two workers and the clients busy.
const MANY: usize = 16;
/// One at a time: what a call waits for is then what is done for it, not other calls.
const ONE: usize = 1;

/// Between the starts of paced streams, lest their chunks all come at the same moments: no multiple of a pace.
const STAGGER: Duration = Duration::from_millis(7);

/// All of them. A stream that is not paced shows how much can go through; but its chunks then arrive many at a time, which
/// no model does. A paced one shows what a chunk costs in life.
pub(crate) const ALL: [Scenario; 13] = [
    whole("1 KiB prompts", 1 << 10, MANY, &[goal(Figure::CpuPerCall, 1.5), LIMITS]),
    whole("16 KiB prompts", 16 << 10, MANY, &[goal(Figure::CpuPerCall, 1.5), LIMITS]),
    whole("256 KiB prompts", 256 << 10, MANY, &[goal(Figure::CpuPerCall, 1.4), LIMITS]),
    whole("1 KiB prompts, one at a time", 1 << 10, ONE, &[]),
    whole("16 KiB prompts, one at a time", 16 << 10, ONE, &[]),
    whole("256 KiB prompts, one at a time", 256 << 10, ONE, &[]),
    stream("Streams of 200 chunks, 5 ms apart", 200, 5, 32, &[goal(Figure::CpuPerChunk, 1.3)]),
    stream("Streams of 200 chunks, as fast as they go", 200, 0, MANY, &[goal(Figure::CpuPerChunk, 1.3)]),
    stream(
        "Streams of 8 chunks, 2 ms apart, one at a time",
        8,
        2,
        ONE,
        &[goal(Figure::FirstTokenMedian, 0.15)],
    ),
    across(whole("1 KiB prompts to other dialects", 1 << 10, MANY, &[])),
    across(whole("16 KiB prompts to other dialects", 16 << 10, MANY, &[])),
    across(stream("Streams of 200 chunks from other dialects, 5 ms apart", 200, 5, 32, &[])),
    across(stream("Streams of 200 chunks from other dialects, as fast as they go", 200, 0, MANY, &[])),
];

/// The same with upstreams of all dialects, for which a gateway must translate.
const fn across(mut load: Scenario) -> Scenario {
    load.dialects = &Dialect::ALL;
    load
}

const fn whole(
    title: &'static str,
    body_bytes: usize,
    connections: usize,
    goals: &'static [Goal],
) -> Scenario {
    Scenario { title, body_bytes, answer: Answer::Whole, connections, dialects: &[Dialect::OpenAi], goals }
}

const fn stream(
    title: &'static str,
    chunks: usize,
    pace_ms: u64,
    connections: usize,
    goals: &'static [Goal],
) -> Scenario {
    let answer = Answer::Stream { chunks, pace_ms };
    Scenario { title, body_bytes: 1 << 10, answer, connections, dialects: &[Dialect::OpenAi], goals }
}

impl Scenario {
    /// Content chunks of an answer; none of one that is no stream.
    pub(crate) fn chunks(&self) -> Option<usize> {
        match self.answer {
            Answer::Whole => None,
            Answer::Stream { chunks, .. } => Some(chunks),
        }
    }

    /// The model's name at the upstream, which says what it shall answer.
    pub(crate) fn upstream_model(&self) -> String {
        match self.answer {
            Answer::Whole => "gpt-sim".to_owned(),
            Answer::Stream { chunks, pace_ms: 0 } => format!("gpt-sim?tokens={chunks}"),
            Answer::Stream { chunks, pace_ms } => format!("gpt-sim?tokens={chunks}&chunk_ms={pace_ms}"),
        }
    }

    /// The gateway's route to that model at the upstream of this dialect. A client of a gateway names a route, so the gateway
    /// has a name to replace.
    pub(crate) fn route(&self, dialect: Dialect) -> String {
        let vendor = dialect.vendor();
        match self.answer {
            Answer::Whole => format!("chat-{vendor}"),
            Answer::Stream { chunks, pace_ms } => format!("stream-{vendor}-{chunks}-{pace_ms}"),
        }
    }

    /// The dialects that this caller can have its answer from on this way: only a gateway can ask another than its client speaks. The
    /// gateway with limits takes part where a goal speaks of it.
    pub(crate) fn dialects_on(&self, way: Way, caller: &Caller) -> &'static [Dialect] {
        if way.has_limits() && !self.goals.iter().any(|goal| goal.of.has_limits()) {
            return &[];
        }
        match caller.names_routes || self.dialects == [Dialect::OpenAi] {
            true => self.dialects,
            false => &[],
        }
    }

    /// The request's bytes. The body is as long for each caller, whatever the model is called.
    pub(crate) fn request(&self, caller: &Caller, dialect: Dialect, address: SocketAddr) -> Vec<u8> {
        let model = if caller.names_routes { self.route(dialect) } else { self.upstream_model() };
        let stream = if self.answer == Answer::Whole { "" } else { r#""stream":true,"# };
        let body = prompt::body(&model, stream, self.body_bytes);
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\naccept: application/json\r\nuser-agent: bench\r\n\
             content-length: {}\r\n\r\n",
            caller.key,
            body.len()
        );
        [head.into_bytes(), body.into_bytes()].concat()
    }

    pub(crate) fn load<'a>(&self, address: SocketAddr, request: &'a [u8]) -> Load<'a> {
        let stagger = match self.answer {
            Answer::Stream { pace_ms, .. } if pace_ms > 0 => STAGGER,
            _ => Duration::ZERO,
        };
        Load { address, request, connections: self.connections, chunks: self.chunks(), stagger }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_caller_sends_a_body_of_the_scenarios_size_that_is_json() {
        let address = "127.0.0.1:1".parse().unwrap();
        for scenario in &ALL {
            for (names_routes, dialect) in
                [false, true].into_iter().flat_map(|names| Dialect::ALL.map(|dialect| (names, dialect)))
            {
                let caller = Caller { key: "k".to_owned(), names_routes };
                let request = scenario.request(&caller, dialect, address);
                let body = &request[memchr::memmem::find(&request, b"\r\n\r\n").unwrap() + 4..];
                assert_eq!(body.len(), scenario.body_bytes, "{}", scenario.title);
                let value: serde_json::Value = serde_json::from_slice(body).unwrap();
                let model = if names_routes { scenario.route(dialect) } else { scenario.upstream_model() };
                assert_eq!(value["model"], model);
                assert_eq!(value["stream"].as_bool().unwrap_or(false), scenario.chunks().is_some());
            }
        }
    }
}
