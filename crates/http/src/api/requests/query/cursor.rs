//! Where a page ended, as a text that clients hand back.

use switchyard_domain::ids::AttemptId;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::CallCursor;
use uuid::Uuid;

/// The text.
pub(in crate::api::requests) fn written(CallCursor { at, id }: CallCursor) -> String {
    format!("{}.{}", at.0, id.0.simple())
}

/// What it says; `None` where it is none of ours.
pub(in crate::api::requests) fn read(text: &str) -> Option<CallCursor> {
    let (at, id) = text.split_once('.')?;
    Some(CallCursor { at: Timestamp(at.parse().ok()?), id: AttemptId(Uuid::try_parse(id).ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let cursor = CallCursor { at: Timestamp(-5), id: AttemptId(Uuid::from_u128(7)) };
        assert_eq!(read(&written(cursor)), Some(cursor));
        for text in ["", ".", "5", "5.", "x.00000000000000000000000000000007", "5.7", "9223372036854775808.7"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
