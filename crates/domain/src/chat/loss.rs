//! What could not be carried from one dialect to another: told, never dropped in silence.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a member fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// The target has no such thing.
    Dropped,
    /// Carried in a weaker form.
    Degraded,
}

/// One member that was not carried whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Loss {
    /// The member's path in the client's words, such as `messages[2].content[0]`.
    pub member: String,
    /// How it fared.
    pub kind: LossKind,
    /// Why, for people.
    pub reason: String,
}

/// All losses of one attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LossReport {
    /// The losses in the order of the request's members.
    pub losses: Vec<Loss>,
}

impl LossReport {
    /// Notes a member that the target has no place for.
    pub fn dropped(&mut self, member: impl Into<String>, reason: impl Into<String>) {
        self.losses.push(Loss { member: member.into(), kind: LossKind::Dropped, reason: reason.into() });
    }

    /// Notes a member that was carried in a weaker form.
    pub fn degraded(&mut self, member: impl Into<String>, reason: impl Into<String>) {
        self.losses.push(Loss { member: member.into(), kind: LossKind::Degraded, reason: reason.into() });
    }

    /// Whether everything was carried.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.losses.is_empty()
    }
}

/// The members, comma-separated: the value of `x-switchyard-dropped`. Only visible ASCII, so that it can be a header.
impl fmt::Display for LossReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, loss) in self.losses.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            if loss.member.is_empty() {
                // JSON allows a member without a name. That it was lost must show all the same.
                f.write_str("\"\"")?;
            }
            for c in loss.member.chars().take(200) {
                write!(f, "{}", if c.is_ascii_graphic() && c != ',' { c } else { '_' })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_shows_in_the_header_whatever_the_member_is_called() {
        let mut losses = LossReport::default();
        for member in ["", "a,b", "é\n", "messages[0].x"] {
            losses.dropped(member, "no place");
        }
        assert_eq!(losses.to_string(), "\"\",a_b,__,messages[0].x");
    }
}
