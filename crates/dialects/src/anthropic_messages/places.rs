//! Where in this dialect things stand that the canonical form keeps apart from their place.

use switchyard_domain::chat::{Json, Signature};

use crate::json::{elements, keep, members, text};

/// Members of an answer that have no canonical form and are kept beside it.
pub(super) const BESIDE: &[&str] = &["container", "context_management", "stop_details"];

/// The member of a `usage` that counts runs of the vendor's own tools; kept beside the answer.
pub(super) const SERVER_TOOL_USE: &str = "server_tool_use";

/// The member of a choice that says which calls were made by something else than the model itself: by code that runs at the
/// vendor, which waits for the result. A list of `{"id", "caller"}`.
pub(super) const CALLERS: &str = "tool_use_callers";

/// The member of an answer for the class of speed and price that served it.
pub(super) const SERVICE_TIER: &str = "service_tier";

/// Whether a block without canonical form is one of this dialect's answers, so that a client may be given it. Other dialects
/// have such forms too, which mean nothing here.
pub(super) fn is_own_block(kind: &str) -> bool {
    const OTHERS: &[&str] = &[
        "server_tool_use",
        "mcp_tool_use",
        "mcp_tool_listing",
        "container_upload",
        "compaction",
        "fallback",
    ];
    kind.ends_with("_tool_result") || OTHERS.contains(&kind)
}

/// The callers in a choice's [`CALLERS`], by the ids of their calls.
pub(super) fn callers_in(callers: &Json) -> impl Iterator<Item = (String, Json)> {
    let entries = elements(&callers.0).unwrap_or_default();
    entries.into_iter().filter_map(|entry| {
        let entry = members(entry)?;
        let id = entry.get("id").and_then(text)?.into_owned();
        Some((id, keep(entry.get("caller")?)))
    })
}

/// What a proof proves that stands in a block for redacted thinking, though it is none: this dialect has no place for proofs
/// of texts and calls, which Google's models give. The block stands after what it proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proven {
    Thinking,
    Text,
    Call,
}

const PROVEN: &[(Proven, &str)] = &[(Proven::Text, "/text"), (Proven::Call, "/call")];

/// A proof with what it proves in the name of its maker. Only for proofs that are marked with that name on the wire.
pub(super) fn labelled(signature: &Signature, proven: Proven) -> Signature {
    let label = PROVEN.iter().find(|(known, _)| *known == proven).map_or("", |(_, label)| label);
    Signature::new(format!("{}{label}", signature.issuer), &*signature.value)
}

/// The proof and what it proves.
pub(super) fn unlabelled(signature: Signature) -> (Signature, Proven) {
    for (proven, label) in PROVEN {
        if let Some(issuer) = signature.issuer.strip_suffix(label) {
            return (Signature::new(issuer, signature.value), *proven);
        }
    }
    (signature, Proven::Thinking)
}
