//! What is billed of an answer that can't be read as a whole: one that was cut, or is broken, or tells of a failure.
//!
//! A provider bills what it made, whether or not the last byte arrived. Such a text is walked through for the members that hold
//! output and counts, whatever else is wrong with it.

use serde_json::value::RawValue;
use switchyard_domain::chat::TokenUsage;

use crate::openai_chat::{UsageRule, usage};

/// Lists and objects within each other, beyond which no answer goes.
const MAX_DEPTH: usize = 128;
/// What is longer without a space is no word, but a text in a script without spaces.
const MAX_WORD: usize = 32;
/// An escaped character has so many bytes at most.
const MAX_ESCAPED: usize = 12;

/// Where the answers of a dialect have what is billed. A member is named by the names from the top down to it, with `/` between
/// them; lists are no step.
pub trait Billed: Send + Sync {
    /// The members of a whole answer that hold what the model made. An object among them counts as it is written.
    fn output(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a member holds what the model made.
    fn is_output(&self, path: &str) -> bool {
        self.output().contains(&path)
    }

    /// Members of one object that say the same: only one of them counts, of those with a text the first. The object's own place, and
    /// theirs.
    fn alike(&self) -> Option<(&'static str, [&'static str; 2])> {
        None
    }

    /// The members that hold the counts, of a whole answer and of an event with which a stream fails.
    fn counts(&self) -> &'static [&'static str] {
        &["usage"]
    }

    /// Reads the counts; `None` where they count nothing or make no sense.
    fn count(&self, raw: &RawValue) -> Option<TokenUsage> {
        usage::read(raw, UsageRule::default()).filter(|read| !read.corrected).map(|read| read.usage)
    }
}

/// Appends to `output` what a text shows of what the model made, and gives the counts that it has whole, the last of several.
pub fn salvage(codec: &dyn Billed, text: &[u8], output: &mut String) -> Option<TokenUsage> {
    let mut walk = Walk {
        codec,
        text,
        output,
        usage: None,
        path: String::new(),
        open: Vec::new(),
        is_value: false,
        taken: None,
        said: None,
    };
    walk.through();
    walk.usage
}

struct Walk<'a> {
    codec: &'a dyn Billed,
    text: &'a [u8],
    output: &'a mut String,
    usage: Option<TokenUsage>,
    /// The names down to the value that comes next or is open.
    path: String,
    open: Vec<Open>,
    /// Whether a value comes next, and no name.
    is_value: bool,
    /// An object that is taken as it is written.
    taken: Option<Taken>,
    /// Which of the members that say the same counts, in which object.
    said: Option<(usize, &'static str)>,
}

/// An object or a list.
#[derive(Clone, Copy)]
struct Open {
    start: usize,
    /// How long the path to it is.
    path: usize,
    is_list: bool,
}

#[derive(Clone, Copy)]
struct Taken {
    start: usize,
    /// How much is open around it.
    depth: usize,
    is_counts: bool,
}

impl Walk<'_> {
    fn through(&mut self) {
        let text = self.text;
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let found = Found::first(text.get(at..).unwrap_or_default());
                    at += found.bytes.len() + 1;
                    self.string(&found);
                }
                b'{' | b'[' if self.open.len() == MAX_DEPTH => return,
                b'{' | b'[' => self.open(at - 1, *byte == b'['),
                b'}' | b']' => self.close(at),
                b':' => self.is_value = true,
                b',' => self.is_value = self.is_in_list(),
                _ => {}
            }
        }
        if let Some(Taken { start, is_counts: false, .. }) = self.taken {
            let came = text.get(start..).map(whole_words).unwrap_or_default();
            self.output.push_str(&String::from_utf8_lossy(came));
        }
    }

    fn is_in_list(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_list)
    }

    fn is_output(&self) -> bool {
        self.codec.is_output(&self.path)
    }

    /// Whether a text that stands here was said under another name already.
    fn is_said(&mut self) -> bool {
        let Some((place, names)) = self.codec.alike() else { return false };
        let Some(name) = names.into_iter().find(|name| *name == self.path) else { return false };
        let around = self.open.iter().rfind(|open| !open.is_list && open.path == place.len());
        let Some(around) = around.map(|open| open.start) else { return false };
        match self.said {
            Some((object, other)) if object == around => other != name,
            _ => {
                self.said = Some((around, name));
                false
            }
        }
    }

    fn string(&mut self, found: &Found<'_>) {
        if std::mem::take(&mut self.is_value) {
            if self.taken.is_none() && self.is_output() && !found.bytes.is_empty() && !self.is_said() {
                self.output.push_str(&found.text());
            }
        } else if let Some(Open { path, is_list: false, .. }) = self.open.last() {
            self.path.truncate(*path);
            if !self.path.is_empty() {
                self.path.push('/');
            }
            self.path.push_str(&String::from_utf8_lossy(found.bytes));
        }
    }

    fn open(&mut self, start: usize, is_list: bool) {
        if self.is_value && self.taken.is_none() && !is_list && !self.is_in_list() {
            let is_counts = self.codec.counts().contains(&self.path.as_str());
            if is_counts || self.is_output() {
                self.taken = Some(Taken { start, depth: self.open.len(), is_counts });
            }
        }
        self.open.push(Open { start, path: self.path.len(), is_list });
        self.is_value = is_list;
    }

    fn close(&mut self, end: usize) {
        self.is_value = false;
        let Some(open) = self.open.pop() else { return };
        self.path.truncate(open.path);
        let Some(taken) = self.taken.take_if(|taken| taken.depth == self.open.len()) else { return };
        let written = self.text.get(taken.start..end).unwrap_or_default();
        if !taken.is_counts {
            self.output.push_str(&String::from_utf8_lossy(written));
        } else if let Ok(raw) = serde_json::from_slice(written) {
            self.usage = self.codec.count(raw).or(self.usage);
        }
    }
}

/// A JSON string's inside, perhaps cut.
struct Found<'a> {
    bytes: &'a [u8],
    is_whole: bool,
}

impl<'a> Found<'a> {
    /// The string that `rest` begins with, behind its first quote.
    fn first(rest: &'a [u8]) -> Self {
        let mut at = 0;
        while let Some(byte) = rest.get(at) {
            match byte {
                b'"' => return Self { bytes: rest.get(..at).unwrap_or_default(), is_whole: true },
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        Self { bytes: rest, is_whole: false }
    }

    /// The text; of a cut string, without the word that was cut, of which nobody can say what it was to become.
    fn text(&self) -> String {
        // What was cut may be a character.
        let (kept, less) =
            if self.is_whole { (self.bytes, 1) } else { (whole_words(self.bytes), MAX_ESCAPED) };
        let read = |bytes: &[u8]| serde_json::from_slice::<String>(&[b"\"", bytes, b"\""].concat()).ok();
        let mut shorter = (0..less).filter_map(|less| kept.get(..kept.len().checked_sub(less)?));
        shorter.find_map(read).unwrap_or_else(|| String::from_utf8_lossy(kept).into_owned())
    }
}

fn whole_words(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b' ').unwrap_or(0);
    let is_word = bytes.len() - end <= MAX_WORD;
    if is_word { bytes.get(..end).unwrap_or_default() } else { bytes }
}
