use bytes::Bytes;
use switchyard_domain::wire::{Member, Span, ValueKind};

use super::{Edit, SpliceError, member};
use crate::scan::{Document, ScanLimits};

/// The members of those objects that are edited inside. Each such object is scanned by itself; the rest of the body is not
/// looked at.
pub(super) struct InnerObjects(Vec<(Span, Vec<Member>)>);

impl InnerObjects {
    pub(super) fn find(body: &Bytes, members: &[Member], edits: &[Edit<'_>]) -> Result<Self, SpliceError> {
        let mut found: Vec<(Span, Vec<Member>)> = Vec::new();
        for edit in edits {
            let Edit::SetIn { object, .. } = *edit else { continue };
            let Some(outer) = member::find(body, members, object) else { continue };
            if outer.kind == ValueKind::Object && !found.iter().any(|(span, _)| *span == outer.value) {
                found.push((outer.value, members_of(body, outer.value)?));
            }
        }
        Ok(Self(found))
    }

    /// The members of the object that stands there.
    pub(super) fn of(&self, value: Span) -> &[Member] {
        self.0.iter().find(|(span, _)| *span == value).map_or(&[], |(_, members)| members)
    }
}

fn members_of(body: &Bytes, object: Span) -> Result<Vec<Member>, SpliceError> {
    let document = Document::scan(body.slice_ref(object.of(body)), ScanLimits::default())
        .map_err(|_| SpliceError::Misplaced)?;
    let moved = |span: Span| Span { start: span.start + object.start, end: span.end + object.start };
    Ok(document
        .wire_members()
        .iter()
        .map(|member| Member { name: moved(member.name), value: moved(member.value), ..*member })
        .collect())
}
