use switchyard_domain::wire::Member;

use crate::scan::equals_text;

/// The member of this name, however the body spells it.
#[must_use]
pub fn find<'m>(body: &[u8], members: &'m [Member], name: &str) -> Option<&'m Member> {
    members.iter().find(|member| is_named(body, member, name))
}

pub(super) fn is_named(body: &[u8], member: &Member, expected: &str) -> bool {
    let spelled = member.name.of(body);
    if member.name_escaped { equals_text(spelled, expected) } else { spelled == expected.as_bytes() }
}

/// Whether the places are in order and within the body, so that no byte can be lost or written twice.
pub(super) fn are_of(body: &[u8], members: &[Member]) -> bool {
    let mut end = 0;
    let ordered = members.iter().all(|member| {
        let (name, value) = (member.name, member.value);
        let fits =
            end < name.start && name.start <= name.end && name.end < value.start && value.start < value.end;
        end = value.end;
        fits
    });
    ordered && (end as usize) < body.len()
}
