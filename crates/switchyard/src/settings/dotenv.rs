//! The `.env` file: `KEY=VALUE` lines, read literally. `$` means nothing in it, and no line runs on into the next.

use std::io;
use std::path::{Path, PathBuf};

/// One `KEY=VALUE`.
#[derive(Clone)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: u64,
}

/// A `.env` file that was read.
#[derive(Clone)]
pub struct DotEnv {
    pub(super) path: PathBuf,
    pub(super) assignments: Vec<Assignment>,
    /// Whether every user of the machine can read it.
    pub(super) is_world_readable: bool,
}

impl std::fmt::Debug for DotEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DotEnv({}, {} assignments)", self.path.display(), self.assignments.len())
    }
}

/// Why a `.env` file can't be used: a matter of exit code 78, like wrong settings. Says nothing of the values.
#[derive(Debug, thiserror::Error)]
pub enum DotEnvError {
    /// It is there, but can't be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file as it was named.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is no assignment.
    #[error("{} line {line}: {fault}", path.display())]
    Malformed {
        /// The file as it was named.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        fault: LineFault,
    },
}

/// What is wrong with a line of a `.env` file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// There is no `=`.
    #[error("expected KEY=VALUE")]
    NoAssignment,
    /// What stands before the `=` is no variable's name.
    #[error("a name has letters, digits and underscores, and starts with no digit")]
    Name,
    /// A quote is opened and not closed on its line.
    #[error("the quote is not closed on this line")]
    OpenQuote,
    /// Something other than a comment follows a closing quote.
    #[error("only a comment may follow the closing quote")]
    AfterQuote,
}

impl DotEnv {
    /// Reads the file, or nothing if there is none.
    ///
    /// # Errors
    /// [`DotEnvError`] if it can't be read or a line is no assignment.
    pub fn read(path: &Path) -> Result<Option<Self>, DotEnvError> {
        let unreadable = |source| DotEnvError::Unreadable { path: path.to_owned(), source };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let is_world_readable = super::private_file::is_world_readable(path).map_err(unreadable)?;
                Self::parse(path, &text, is_world_readable).map(Some)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(error)),
        }
    }

    /// Reads a text as the file at that path. Of several assignments to a name the last one counts.
    ///
    /// # Errors
    /// [`DotEnvError::Malformed`] for the first line that is no assignment.
    pub fn parse(path: &Path, text: &str, is_world_readable: bool) -> Result<Self, DotEnvError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut assignments = Vec::new();
        for (line, content) in (1..).zip(text.lines()) {
            let malformed = |fault| DotEnvError::Malformed { path: path.to_owned(), line, fault };
            if let Some((name, value)) = assignment(content).map_err(malformed)? {
                assignments.push(Assignment { name, value, line });
            }
        }
        Ok(Self { path: path.to_owned(), assignments, is_world_readable })
    }
}

/// Name and value of a line, or nothing if it holds none.
fn assignment(line: &str) -> Result<Option<(String, String)>, LineFault> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or(LineFault::NoAssignment)?;
    let name = name.trim();
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !is_name {
        return Err(LineFault::Name);
    }
    Ok(Some((name.to_owned(), value_of(value.trim())?)))
}

fn value_of(text: &str) -> Result<String, LineFault> {
    let (value, after) = if let Some(quoted) = text.strip_prefix('\'') {
        let (value, after) = quoted.split_once('\'').ok_or(LineFault::OpenQuote)?;
        (value.to_owned(), after)
    } else if let Some(quoted) = text.strip_prefix('"') {
        double_quoted(quoted).ok_or(LineFault::OpenQuote)?
    } else {
        return Ok(without_comment(text).to_owned());
    };
    let after = after.trim();
    if after.is_empty() || after.starts_with('#') { Ok(value) } else { Err(LineFault::AfterQuote) }
}

/// A bare value ends where white space and a `#` follow; a `#` within a word belongs to it.
fn without_comment(text: &str) -> &str {
    let ends = text.match_indices('#').map(|(at, _)| at);
    let comment = ends.into_iter().find_map(|at| {
        let before = text.get(..at)?;
        (before.is_empty() || before.ends_with(char::is_whitespace)).then_some(before)
    });
    comment.unwrap_or(text).trim_end()
}

/// The value up to the closing double quote, and what follows. `\n`, `\r`, `\t`, `\"`, `\\` and `\$` are escapes.
fn double_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text.chars();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => match rest.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            plain => value.push(plain),
        }
    }
}
