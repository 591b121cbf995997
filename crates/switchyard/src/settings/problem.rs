//! What is wrong, or merely odd, with the settings: said all at once, with name and place, and never with a secret in it.

use std::fmt;
use std::path::PathBuf;

/// The exit code of a process whose settings are unusable (`EX_CONFIG` of `sysexits.h`).
pub const EXIT_CODE: i32 = 78;

/// Where a setting's value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: the documented default holds.
    Default,
    /// The configuration file; the line counts from 1 and is 0 where the parser could not tell it.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// The line of the value.
        line: u64,
    },
    /// The `.env` file.
    DotEnv {
        /// The file as it was named.
        path: PathBuf,
        /// The line of the assignment, from 1.
        line: u64,
    },
    /// The process environment.
    Environment,
    /// A command-line flag.
    Flag,
    /// The machine itself, such as a directory that can't be made.
    Machine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0 } => write!(f, "{}", path.display()),
            Self::File { path, line } | Self::DotEnv { path, line } => {
                write!(f, "{} line {line}", path.display())
            }
            Self::Environment => f.write_str("environment"),
            Self::Flag => f.write_str("flag"),
            Self::Machine => f.write_str("this machine"),
        }
    }
}

/// Why a text is no value of its setting. Holds no part of the text: the loader adds it where it is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What is wrong, such as `expected a whole number from 1 to 10`.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Reason {
    /// A reason without advice.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with the text that it is about, cut where it is long. Not for secrets.
    pub(super) fn got(mut self, text: &str) -> Self {
        let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
        self.message = format!("{}, got `{shown}`", self.message);
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// One thing that makes the settings unusable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} ({origin}): {reason}")]
pub struct Problem {
    /// The setting as its giver wrote it: `SWITCHYARD_LISTEN`, `settings.listen`, `--listen`.
    pub name: String,
    /// Where it was given.
    pub origin: Origin,
    /// What is wrong, and what to do.
    pub reason: Reason,
}

/// Something that works, but perhaps not as its giver believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The setting or file that it is about.
    pub name: String,
    /// What happens now.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// Everything that makes the settings unusable; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SettingsErrors(pub Vec<Problem>);

impl SettingsErrors {
    /// The exit code that the process owes to its caller: always [`EXIT_CODE`].
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        EXIT_CODE
    }

    /// The problems, in the order of the settings' table, then those between settings.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return write!(f, "a setting is wrong: {only}");
        }
        write!(f, "{} settings are wrong:", self.0.len())?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl From<Problem> for SettingsErrors {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

/// What a pass over the settings has found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

impl Findings {
    pub(super) fn problem(&mut self, name: impl Into<String>, origin: Origin, reason: Reason) {
        self.problems.push(Problem { name: name.into(), origin, reason });
    }

    pub(super) fn warn(&mut self, name: impl Into<String>, message: impl Into<String>) {
        self.warnings.push(Warning { name: name.into(), message: message.into() });
    }
}
