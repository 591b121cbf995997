use switchyard_domain::wire::{Member, ValueKind};

use super::{Edit, SpliceError, member};

/// Refuses edits that contradict each other or do not fit the body, so that writing cannot fail.
pub(super) fn check(body: &[u8], members: &[Member], edits: &[Edit<'_>]) -> Result<(), SpliceError> {
    if !member::are_of(body, members) {
        return Err(SpliceError::Misplaced);
    }
    for (index, edit) in edits.iter().enumerate() {
        for name in edit.written_names() {
            if name.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
                return Err(SpliceError::NotPlain { name: name.to_owned() });
            }
        }
        if let Some(other) = edits.iter().skip(index + 1).find(|other| edit.conflicts_with(other)) {
            return Err(SpliceError::Conflict { name: other.member().to_owned() });
        }
        fits(body, members, edits, edit)?;
    }
    Ok(())
}

fn fits(body: &[u8], members: &[Member], edits: &[Edit<'_>], edit: &Edit<'_>) -> Result<(), SpliceError> {
    let get = |name| member::find(body, members, name);
    match *edit {
        Edit::SetIn { object, .. } => match get(object).map(|member| member.kind) {
            None | Some(ValueKind::Object | ValueKind::Null) => Ok(()),
            Some(_) => Err(SpliceError::NotAnObject { name: object.to_owned() }),
        },
        Edit::Rename { from, to } => {
            // Whoever holds the name may be on the way out of it by another edit.
            let vacated = edits.iter().any(|other| match *other {
                Edit::Remove { name } | Edit::Rename { from: name, .. } => name == to,
                Edit::Set { .. } | Edit::SetIn { .. } => false,
            });
            let added = edits.iter().any(|other| match *other {
                Edit::Set { name, .. } | Edit::SetIn { object: name, .. } => name == from,
                Edit::Remove { .. } | Edit::Rename { .. } => false,
            });
            let present = added || get(from).is_some();
            if vacated || !present || get(to).is_none() {
                return Ok(());
            }
            Err(SpliceError::Occupied { from: from.to_owned(), to: to.to_owned() })
        }
        Edit::Set { .. } | Edit::Remove { .. } => Ok(()),
    }
}

impl<'a> Edit<'a> {
    /// The member at the top level that the edit speaks of.
    fn member(&self) -> &'a str {
        match *self {
            Self::Set { name, .. } | Self::SetIn { object: name, .. } | Self::Remove { name } => name,
            Self::Rename { from, .. } => from,
        }
    }

    /// The names that the edit may write into the body.
    fn written_names(&self) -> impl Iterator<Item = &'a str> {
        let (first, second) = match *self {
            Self::Set { name, .. } => (Some(name), None),
            Self::SetIn { object, name, .. } => (Some(object), Some(name)),
            Self::Remove { .. } => (None, None),
            Self::Rename { to, .. } => (Some(to), None),
        };
        first.into_iter().chain(second)
    }

    /// Whether two edits cannot both be meant. Value and name of a member are two places, so a member may be set and
    /// renamed; setting a member of the very name that another one is to get may not.
    fn conflicts_with(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::SetIn { object: a, name: x, .. }, Self::SetIn { object: b, name: y, .. }) => {
                a == b && x == y
            }
            (Self::Rename { from: a, to: x }, Self::Rename { from: b, to: y }) => a == b || x == y,
            (Self::Rename { to, .. }, Self::Set { name, .. } | Self::SetIn { object: name, .. })
            | (Self::Set { name, .. } | Self::SetIn { object: name, .. }, Self::Rename { to, .. }) => {
                name == to
            }
            _ => self.member() == other.member(),
        }
    }
}
