use switchyard_domain::chat::{Loss, LossKind, LossReport};

/// What becomes of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it is carried.
    Whole,
    /// The client's dialect has no words for it: what is asked is all but this.
    Unsayable,
    /// All but these members is carried, and they are told.
    Lossy(LossReport),
    /// The call is refused, since an answer that is made without it would be wrong.
    Refused(&'static str),
}

/// A member for which the vendor has no place.
pub(crate) fn dropped(member: &str, reason: &str) -> Outcome {
    lost(LossKind::Dropped, member, reason)
}

/// A member that is carried in a weaker form.
pub(crate) fn degraded(member: &str, reason: &str) -> Outcome {
    lost(LossKind::Degraded, member, reason)
}

fn lost(kind: LossKind, member: &str, reason: &str) -> Outcome {
    Outcome::Lossy(LossReport {
        losses: vec![Loss { member: member.to_owned(), kind, reason: reason.to_owned() }],
    })
}

impl Outcome {
    /// Both losses.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Whole | Self::Unsayable, other) => other,
            (this, Self::Whole | Self::Unsayable) => this,
            (Self::Lossy(mut report), Self::Lossy(more)) => {
                report.losses.extend(more.losses);
                Self::Lossy(report)
            }
            (refused, _) => refused,
        }
    }

    /// What is lost.
    pub(crate) fn losses(&self) -> LossReport {
        match self {
            Self::Lossy(report) => report.clone(),
            Self::Whole | Self::Unsayable | Self::Refused(_) => LossReport::default(),
        }
    }
}
