//! The kinds of text that settings are written in.

mod number;
mod word;

pub(super) use number::{Count, Milliseconds, Whole};
pub(super) use word::{Boolean, OneOf};

use super::problem::Reason;
use super::setting::Shape;
use std::path::PathBuf;

/// A text read by a function, which is enough for most kinds.
pub(super) struct Read<T: 'static> {
    pub(super) expected: &'static str,
    pub(super) parse: fn(&str) -> Result<T, Reason>,
}

impl<T> Shape<T> for Read<T> {
    fn parse(&self, text: &str) -> Result<T, Reason> {
        (self.parse)(text.trim())
    }

    fn expected(&self) -> String {
        self.expected.to_owned()
    }
}

/// Items between commas, each read by a function; white space around them and empty ones don't count.
pub(super) struct ListOf<T: 'static> {
    pub(super) expected: &'static str,
    pub(super) parse: fn(&str) -> Result<T, Reason>,
}

impl<T> Shape<Vec<T>> for ListOf<T> {
    fn parse(&self, text: &str) -> Result<Vec<T>, Reason> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(self.parse).collect()
    }

    fn expected(&self) -> String {
        format!("{}, several separated by commas", self.expected)
    }

    fn is_list(&self) -> bool {
        true
    }
}

/// The path of a file or directory.
pub(super) struct FilePath;

impl Shape<PathBuf> for FilePath {
    fn parse(&self, text: &str) -> Result<PathBuf, Reason> {
        if text.contains('\0') { Err(Reason::new("expected a path")) } else { Ok(PathBuf::from(text)) }
    }

    fn expected(&self) -> String {
        "a path".to_owned()
    }
}

/// A name of a thing that is looked up elsewhere: a model, a route, a user.
pub(super) struct Label;

impl Shape<String> for Label {
    fn parse(&self, text: &str) -> Result<String, Reason> {
        let text = text.trim();
        let is_fit = text.chars().count() <= 200 && !text.chars().any(char::is_control);
        if is_fit { Ok(text.to_owned()) } else { Err(Reason::new(format!("expected {}", self.expected()))) }
    }

    fn expected(&self) -> String {
        "a name of up to 200 characters".to_owned()
    }
}
