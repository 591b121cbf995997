//! What goes wrong inside a body that is otherwise right: noise, missing ends, errors in mid-stream,
//! bytes without end.

use super::answer::Whole;
use super::frame::{Frame, Frames, Part};
use super::plan::Plan;
use super::script::Script;
use super::wires::Wire;

/// Stands in a text for two bytes that are no UTF-8, until the bytes are made.
const INVALID_MARK: char = '\u{f8ff}';
const INVALID: &[u8] = b"\xff\xfe";
/// One in how many content chunks noise follows.
const NOISE_EVERY: usize = 3;

/// Writes the frames of one stream in its dialect.
pub(crate) trait StreamFrames {
    /// The faultless stream without its last word; `extra` more words before the finish are counted in the usage.
    fn content(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Frame>;
    /// A content frame of choice 0.
    fn word(&self, plan: &Plan, word: &str) -> Frame;
    /// Words of choice 0 without end, as they will be sent.
    fn more(&self, plan: &Plan) -> Frames;
    /// The last word, where the dialect has one.
    fn last_word(&self) -> Option<Frame>;
    /// An error.
    fn error(&self, script: &Script) -> Frame;
    /// A comment, where there are any.
    fn comment(&self) -> Option<Frame>;
    /// An event of a kind that nobody knows.
    fn unknown(&self) -> Frame;
    /// An event that is cut in the middle.
    fn broken(&self) -> Frame;
    /// An event that says nothing before all others.
    fn empty_first(&self) -> Frame;
    /// The frame as it goes out, when nothing changes any more.
    fn sealed(&self, frame: Frame) -> Frame {
        frame
    }
}

/// The frames of a stream with all that its script does to them.
pub(crate) fn stream(wire: Wire, mut plan: Plan, script: &Script) -> Frames {
    if script.invalid_utf8 {
        spoil_first_word(&mut plan);
    }
    let writer = wire.stream(&plan, script);
    let writer = writer.as_ref();
    if script.error_event_first {
        return Box::new(std::iter::once(writer.sealed(writer.error(script))));
    }
    let (extra, more) = more_content(writer, &plan, script);
    let mut frames = writer.content(&plan, script, extra);
    pad_first_line(&mut frames, script);
    match script.error_event_after {
        Some(count) => {
            frames.truncate(end_of_content(&frames, count));
            frames.push(writer.error(script));
        }
        None => frames.extend(ending(writer, &plan, script)),
    }
    let mut frames = with_noise(frames, writer, script);
    if script.invalid_utf8 {
        spoil_frames(&mut frames);
    }
    let mut frames: Vec<Frame> = frames.into_iter().map(|frame| writer.sealed(frame)).collect();
    let rest = frames.split_off(end_of_content(&frames, usize::MAX));
    let rest = rest.into_iter();
    match (more, script.gzip_bomb) {
        (Some(more), _) => Box::new(frames.into_iter().chain(more).chain(rest)),
        (None, Some(size)) => Box::new(frames.into_iter().chain(long_comment(size)).chain(rest)),
        (None, None) => Box::new(frames.into_iter().chain(rest)),
    }
}

/// Where the first `count` content chunks end; all of them, where there are fewer.
fn end_of_content(frames: &[Frame], count: usize) -> usize {
    let mut content = frames.iter().enumerate().filter(|(_, frame)| frame.part == Part::Content);
    if count == 0 {
        return content.next().map_or(frames.len(), |(at, _)| at);
    }
    content.take(count).last().map_or(frames.len(), |(at, _)| at + 1)
}

fn spoil_frames(frames: &mut [Frame]) {
    for frame in frames {
        put_invalid(&mut frame.bytes);
        frame.text = frame.text.replace(INVALID_MARK, "\u{fffd}");
    }
}

/// The words with which a huge or endless stream goes on, and how many of them are known.
fn more_content(writer: &dyn StreamFrames, plan: &Plan, script: &Script) -> (usize, Option<Frames>) {
    let Some(size) = script.huge_body else {
        return (0, script.endless.then(|| writer.more(plan)));
    };
    let mut left = size;
    let fits = move |frame: &Frame| {
        let fits = left > 0;
        left = left.saturating_sub(frame.bytes.len() as u64);
        fits
    };
    let count = writer.more(plan).take_while(fits).count();
    (count, Some(Box::new(writer.more(plan).take(count))))
}

fn ending(writer: &dyn StreamFrames, plan: &Plan, script: &Script) -> Vec<Frame> {
    let mut frames = Vec::new();
    if !script.no_done {
        frames.extend(writer.last_word());
    }
    if script.double_done {
        frames.extend(writer.last_word());
    }
    if script.data_after_done {
        // Billed nothing: a provider's stray chunk after the end is no output of the call.
        let late = writer.word(plan, "late");
        frames.push(Frame { part: Part::Rest, tokens: 0, text: String::new(), ..late });
    }
    frames
}

/// Puts comments, unknown events and broken events where the script wants them.
fn with_noise(frames: Vec<Frame>, writer: &dyn StreamFrames, script: &Script) -> Vec<Frame> {
    let noise = || {
        let comment = script.comments.then(|| writer.comment()).flatten();
        comment.into_iter().chain(script.unknown_events.then(|| writer.unknown()))
    };
    let mut noisy = Vec::with_capacity(frames.len());
    if script.empty_choices_first {
        noisy.push(writer.empty_first());
    }
    noisy.extend(noise());
    noisy.extend((0..script.bad_events).map(|_| writer.broken()));
    let mut content = 0;
    for frame in frames {
        let is_content = frame.part == Part::Content;
        noisy.push(frame);
        if is_content {
            content += 1;
            if content <= script.bad_events_within {
                noisy.push(writer.broken());
            }
            if content % NOISE_EVERY == 0 {
                noisy.extend(noise());
            }
        }
    }
    noisy
}

/// Makes the line of the first content chunk as long as the script wants, by a member nobody knows.
fn pad_first_line(frames: &mut [Frame], script: &Script) {
    let Some(length) = script.big_line else { return };
    let Some(frame) = frames.iter_mut().find(|frame| frame.part == Part::Content) else { return };
    let Some(end) = frame.bytes.iter().rposition(|byte| *byte == b'}') else { return };
    let around = r#","padding":"""#.len();
    let padding = length.saturating_sub(end + 1 + around);
    frame.bytes.splice(end..end, format!(r#","padding":"{}""#, "x".repeat(padding)).into_bytes());
}

/// Marks the end of the first word, so that invalid bytes can be put there.
fn spoil_first_word(plan: &mut Plan) {
    if let Some(word) = plan.choices.first_mut().and_then(|choice| choice.first_word()) {
        word.push(INVALID_MARK);
    }
}

fn put_invalid(bytes: &mut Vec<u8>) {
    let mut mark = [0; 4];
    let mark = INVALID_MARK.encode_utf8(&mut mark).as_bytes();
    if let Some(at) = bytes.windows(mark.len()).position(|window| window == mark) {
        bytes.splice(at..at + mark.len(), INVALID.iter().copied());
    }
}

/// The JSON of an answer with all that its script does to the text.
pub(crate) fn buffered(wire: Wire, mut plan: Plan, script: &Script) -> Whole {
    if script.invalid_utf8 {
        spoil_first_word(&mut plan);
    }
    let mut whole = wire.whole(&plan);
    if script.invalid_utf8 {
        let before = whole.bytes.len();
        put_invalid(&mut whole.bytes);
        let shorter = before - whole.bytes.len();
        for (end, text) in &mut whole.marks {
            // The mark and U+FFFD are equally long in UTF-8, so the text's lengths stay.
            (*end, *text) = (end.saturating_sub(shorter), *text);
        }
        whole.text = whole.text.replace(INVALID_MARK, "\u{fffd}");
    }
    if script.malformed_json {
        whole.bytes.truncate(whole.bytes.len() / 2);
    }
    whole
}

/// The bytes of a buffered answer that goes on inside its text for `size` bytes, or for ever.
pub(crate) fn swollen(whole: Whole, size: Option<u64>) -> Frames {
    let at = whole.text_end.unwrap_or(whole.bytes.len());
    let mut before = whole.bytes;
    let after = before.split_off(at.min(before.len()));
    // Letters inside a text; white space where there is none to stand in.
    let letter = if whole.text_end.is_some() { b'x' } else { b' ' };
    let left = size.map(|size| size.saturating_sub((before.len() + after.len()) as u64));
    let first =
        Frame { tokens: whole.marks.len() as u64, text: whole.text, ..Frame::new(Part::Content, before) };
    Box::new(std::iter::once(first).chain(filler(letter, left)).chain([Frame::new(Part::Rest, after)]))
}

/// A comment line of a stream.
fn long_comment(size: u64) -> impl Iterator<Item = Frame> + Send {
    let around = |text: &str| std::iter::once(Frame::new(Part::Rest, text.as_bytes().to_vec()));
    around(": ").chain(filler(b'x', Some(size))).chain(around("\n\n"))
}

/// `size` times the same letter, or without end.
fn filler(letter: u8, size: Option<u64>) -> impl Iterator<Item = Frame> + Send {
    const BLOCK: u64 = 64 * 1024;
    let mut left = size;
    std::iter::from_fn(move || {
        let length = left.map_or(BLOCK, |left| left.min(BLOCK));
        left = left.map(|left| left - length);
        (length > 0)
            .then(|| Frame::new(Part::Rest, vec![letter; usize::try_from(length).unwrap_or_default()]))
    })
}
