//! Making the request for a provider: the client's own bytes with another model.

use bytes::Bytes;
use switchyard_domain::chat::LossReport;
use switchyard_domain::wire::Member;

use crate::codec::{MemberRule, Source, Unsupported, quoted};
use crate::splice::Edit;

/// The client's body for `model`, with these rules of the vendor's.
pub(crate) fn for_model(
    body: &Bytes,
    members: &[Member],
    model: &str,
    rules: &[MemberRule],
    losses: &mut LossReport,
) -> Result<Bytes, Unsupported> {
    let model = quoted(model);
    let edits = vec![Edit::Set { name: "model", value: &model }];
    Source { bytes: body, members }.edited(edits, rules, losses)
}
