//! Whose usage somebody may see.

use switchyard_domain::ids::UserId;
use switchyard_domain::role::Role;
use switchyard_domain::user::User;

/// Whose usage somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everybody's.
    Everybodys,
    /// Their own: of their calls, and of those by their keys.
    Own(UserId),
}

impl Sight {
    /// What a person may see.
    #[must_use]
    pub fn of(person: &User) -> Self {
        match person.role {
            Role::Admin | Role::Auditor => Self::Everybodys,
            Role::Member => Self::Own(person.id),
        }
    }

    /// The person whose usage is shown where somebody asks for this one's, or for everybody's; `None` where there is nothing to see.
    pub(super) fn narrowed(self, wanted: Option<UserId>) -> Option<Option<UserId>> {
        match (self, wanted) {
            (Self::Everybodys, wanted) => Some(wanted),
            (Self::Own(own), None) => Some(Some(own)),
            (Self::Own(own), Some(wanted)) => (own == wanted).then_some(Some(own)),
        }
    }

    pub(super) fn has(self, user: Option<UserId>) -> bool {
        match self {
            Self::Everybodys => true,
            Self::Own(own) => user == Some(own),
        }
    }
}
