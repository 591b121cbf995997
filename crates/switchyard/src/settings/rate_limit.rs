//! How often something may be asked: `60 per minute`.

use super::problem::Reason;
use std::fmt;
use std::time::Duration;

/// The span over which a [`RateLimit`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// One second.
    Second,
    /// 60 seconds.
    Minute,
    /// 3,600 seconds.
    Hour,
    /// 86,400 seconds.
    Day,
}

impl Window {
    const ALL: [(&'static str, Self); 4] =
        [("second", Self::Second), ("minute", Self::Minute), ("hour", Self::Hour), ("day", Self::Day)];

    /// How long it is.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        })
    }
}

/// At most so many requests in any window of that length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// At least 1.
    pub requests: u32,
    /// The span that they are counted over.
    pub window: Window,
}

impl RateLimit {
    /// What [`RateLimit::parse`] reads.
    pub(super) const EXPECTED: &'static str = "`<n> per second|minute|hour|day` with n from 1 to 1000000";

    /// Reads `<n> per second|minute|hour|day`.
    ///
    /// # Errors
    /// A [`Reason`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        Self::read(text).ok_or_else(|| Reason::new(format!("expected {}", Self::EXPECTED)))
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (number, per, unit) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() || !per.eq_ignore_ascii_case("per") || number.starts_with('+') {
            return None;
        }
        let requests = number.parse().ok().filter(|count| (1..=1_000_000).contains(count))?;
        let (_, window) = Window::ALL.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
        Some(Self { requests, window })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = Window::ALL.iter().find(|(_, window)| *window == self.window).map_or("", |(name, _)| name);
        write!(f, "{} per {unit}", self.requests)
    }
}
