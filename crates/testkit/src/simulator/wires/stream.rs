//! Streams of the dialects other than OpenAI's chat.

use super::super::errors::Told;
use super::super::faults::StreamFrames;
use super::super::frame::{Frame, Frames, Part};
use super::super::plan::Plan;
use super::super::script::Script;
use super::super::stream::Chunks;
use super::super::words::words;
use super::{Event, Framer, Framing, Wire, Writer};

/// Frames the events of a dialect.
#[derive(Clone, Copy)]
struct Framed {
    writer: &'static dyn Writer,
    framer: Framer,
}

impl Wire {
    /// The writer of a stream.
    pub(crate) fn stream(self, plan: &Plan, script: &Script) -> Box<dyn StreamFrames> {
        match self.writer() {
            None => Box::new(Chunks::new(plan, script)),
            Some(writer) => Box::new(Framed { writer, framer: Framer::new(self, script) }),
        }
    }
}

impl StreamFrames for Framed {
    fn content(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Frame> {
        let events = self.writer.events(plan, script, extra);
        events.into_iter().map(|event| self.framer.frame(event)).collect()
    }

    fn word(&self, plan: &Plan, word: &str) -> Frame {
        self.framer.frame(self.writer.word(plan, word))
    }

    fn more(&self, plan: &Plan) -> Frames {
        let framed = *self;
        // Only a few members of the plan stand in a word.
        let like = plan.outline();
        Box::new(words(plan.seed).map(move |word| framed.sealed(framed.word(&like, word))))
    }

    fn last_word(&self) -> Option<Frame> {
        self.writer.last_word().map(|event| self.framer.frame(event))
    }

    fn error(&self, script: &Script) -> Frame {
        self.framer.frame(self.writer.error_event(&Told::within(script)))
    }

    fn comment(&self) -> Option<Frame> {
        let eol = self.framer.eol;
        let comment = || Frame::new(Part::Opening, format!(": keep-alive{eol}{eol}").into_bytes());
        (self.framer.framing == Framing::Sse).then(comment)
    }

    fn unknown(&self) -> Frame {
        self.framer.frame(self.writer.unknown_event())
    }

    fn broken(&self) -> Frame {
        let data = r#"{"type":"broken","del"#.to_owned();
        self.framer.frame(Event { name: None, data, part: Part::Opening, tokens: 0, text: String::new() })
    }

    fn empty_first(&self) -> Frame {
        self.unknown()
    }

    fn sealed(&self, frame: Frame) -> Frame {
        self.framer.sealed(frame)
    }
}
