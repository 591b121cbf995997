use std::borrow::Cow;

use bytes::Bytes;
use switchyard_domain::chat::LossReport;
use switchyard_domain::wire::{Member, ValueKind};

use super::Unsupported;
use crate::splice::{Edit, SpliceError, find, splice};

/// What becomes of a member at the top level of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberRule {
    /// The vendor knows it by another name.
    Rename {
        /// The dialect's name.
        from: &'static str,
        /// The vendor's.
        to: &'static str,
    },
    /// The vendor refuses it, and nothing stands for it: the client is told.
    Drop {
        /// The member.
        name: &'static str,
        /// Why, for people.
        why: &'static str,
    },
    /// The vendor refuses it but does by itself what it asks for.
    Omit {
        /// The member.
        name: &'static str,
    },
}

/// A body and where its members stand.
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a Bytes,
    pub(crate) members: &'a [Member],
}

impl Source<'_> {
    /// The body with these edits, and those that the rules ask for.
    pub(crate) fn edited<'e>(
        &'e self,
        mut edits: Vec<Edit<'e>>,
        rules: &[MemberRule],
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        for rule in rules {
            self.apply(*rule, &mut edits, losses);
        }
        splice(self.bytes, self.members, &edits).map_err(|error| match error {
            SpliceError::NotAnObject { name } => {
                let message = format!("`{name}` must be an object.");
                Unsupported::new(name, message)
            }
            other => {
                Unsupported { param: None, message: format!("the request could not be prepared: {other}") }
            }
        })
    }

    /// The body for this model, and otherwise as it is.
    pub(crate) fn for_model(&self, model: &str, losses: &mut LossReport) -> Result<Bytes, Unsupported> {
        let model = quoted(model);
        self.edited(vec![Edit::Set { name: "model", value: &model }], &[], losses)
    }

    fn apply(&self, rule: MemberRule, edits: &mut Vec<Edit<'_>>, losses: &mut LossReport) {
        let place = |name| find(self.bytes, self.members, name);
        match rule {
            MemberRule::Rename { from, to } => {
                let Some(member) = place(from) else { return };
                if member.kind == ValueKind::Null {
                    // It says nothing, but its name would be refused all the same.
                    edits.push(Edit::Remove { name: from });
                    return;
                }
                if let Some(other) = place(to) {
                    if other.kind != ValueKind::Null {
                        losses.dropped(to, format!("`{from}` says the same and outranks it"));
                    }
                    edits.push(Edit::Remove { name: to });
                }
                edits.push(Edit::Rename { from, to });
            }
            MemberRule::Drop { name, why } => {
                let Some(member) = place(name) else { return };
                if member.kind != ValueKind::Null {
                    losses.dropped(name, why);
                }
                edits.push(Edit::Remove { name });
            }
            MemberRule::Omit { name } => {
                if place(name).is_some() {
                    edits.push(Edit::Remove { name });
                }
            }
        }
    }
}

/// A name as JSON.
pub(crate) fn quoted(name: &str) -> Cow<'static, [u8]> {
    let mut out = bytes::BytesMut::with_capacity(name.len() + 2);
    crate::json::write_text(&mut out, name);
    Cow::Owned(out.to_vec())
}
