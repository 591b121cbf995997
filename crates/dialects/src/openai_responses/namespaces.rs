//! Groups of functions (tools of the type `namespace`), which no other dialect has: there each function stands alone, under the
//! group's name and its own. Clients that offer the tools of other servers, such as coding agents, send them so, and know a call
//! by both names.
//!
//! The canonical form has the long name, and the group without its functions as a member of each of them.

use std::collections::BTreeMap;

use bytes::BytesMut;
use switchyard_domain::chat::{ChatRequest, Json, Part, Tool};

use super::call_items;
use crate::json::{ArrayWriter, ObjectWriter, members, text};
use crate::scan::Node;

/// The type of the tool, and the name of the member of each function that keeps what the group is.
pub(super) const NAMESPACE: &str = "namespace";

/// What stands between the two names.
const BETWEEN: &str = "__";

/// The name that a function of a group has elsewhere.
fn long_name(group: &str, name: &str) -> String {
    format!("{group}{BETWEEN}{name}")
}

/// Puts functions into the group that `tool` is.
pub(super) fn join(tool: Node<'_>, group: &str, functions: Vec<Tool>) -> impl Iterator<Item = Tool> {
    let mut out = BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    for member in tool.members().filter(|member| !["type", "tools"].iter().any(|name| member.is_named(name)))
    {
        object.json(&member.name(), &crate::request::keep(member.value()));
    }
    object.end();
    let kept = Json::parse(String::from_utf8_lossy(&out)).ok();
    let group = group.to_owned();
    functions.into_iter().map(move |mut function| {
        if let Tool::Function { name, extensions, .. } = &mut function {
            *name = long_name(&group, name);
            extensions.extend(kept.clone().map(|kept| (NAMESPACE.to_owned(), kept)));
        }
        function
    })
}

/// What is kept of the group of a function.
fn group_of(tool: &Tool) -> Option<&Json> {
    let Tool::Function { extensions, .. } = tool else { return None };
    extensions.iter().find(|(name, _)| name == NAMESPACE).map(|(_, group)| group)
}

/// The name of a function's group and its own in it.
fn names(tool: &Tool) -> Option<(String, &str)> {
    let Tool::Function { name, .. } = tool else { return None };
    let group = members(&group_of(tool)?.0)?.get("name").and_then(text)?.into_owned();
    let own = name.strip_prefix(group.as_str())?.strip_prefix(BETWEEN)?;
    Some((group, own))
}

/// Writes tools; those that came in this dialect with their groups. `write` writes one, a function under the name that it is
/// given.
pub(super) fn write_tools(
    tools: &[Tool],
    same_dialect: bool,
    list: &mut ArrayWriter<'_>,
    mut write: impl FnMut(usize, &Tool, &str, &mut ArrayWriter<'_>),
) {
    let is_grouped = |tool: &Tool| same_dialect && names(tool).is_some();
    let same = |a: &Tool, b: &Tool| is_grouped(a) && is_grouped(b) && group_of(a) == group_of(b);
    let mut at = 0;
    for run in tools.chunk_by(same) {
        let numbered = (at..).zip(run);
        at += run.len();
        let group = run.first().filter(|tool| is_grouped(tool)).and_then(group_of);
        let Some(group) = group else {
            numbered.for_each(|(at, tool)| write(at, tool, name_of(tool), list));
            continue;
        };
        list.object(|object| {
            object.text("type", NAMESPACE);
            let kept = members(&group.0);
            for (name, value) in kept.iter().flat_map(|kept| kept.iter()) {
                object.json(name, &crate::json::keep(value));
            }
            object.array("tools", |list| {
                for (at, tool) in numbered {
                    write(at, tool, names(tool).map_or("", |(_, own)| own), list);
                }
            });
        });
    }
}

fn name_of(tool: &Tool) -> &str {
    if let Tool::Function { name, .. } = tool { name } else { "" }
}

/// Gives the calls in the history the names that their functions have. Calls of functions that are not offered stay as they are.
pub(super) fn lengthen_calls(request: &mut ChatRequest) {
    let groups = Groups::of(request);
    if groups.0.is_empty() {
        return;
    }
    for message in &mut request.messages {
        let Some(place) = message.extensions.iter().position(|(name, _)| name == call_items::NAME) else {
            continue;
        };
        let (_, kept) = message.extensions.remove(place);
        let mut items = call_items::by_call(&kept);
        for part in &mut message.parts {
            let Part::ToolCall(call) = part else { continue };
            let Some(besides) = items.get_mut(&call.id) else { continue };
            let group = besides.iter().find(|(name, _)| name == NAMESPACE);
            let Some(group) = group.and_then(|(_, group)| text(&group.0)) else { continue };
            let long = long_name(&group, &call.name);
            if groups.0.contains_key(&long) {
                call.name = long;
                besides.retain(|(name, _)| name != NAMESPACE);
            }
        }
        items.retain(|_, besides| !besides.is_empty());
        let left = items.iter().map(|(id, besides)| (id.as_str(), besides.as_slice()));
        if let Some(left) = call_items::list(left).filter(|_| !items.is_empty()) {
            message.extensions.insert(place, (call_items::NAME.to_owned(), left));
        }
    }
}

/// The groups of a request's functions by the functions' long names.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<String, (String, String)>);

impl Groups {
    pub(super) fn of(request: &ChatRequest) -> Self {
        let both = |tool: &Tool| {
            let (group, own) = names(tool)?;
            Some((name_of(tool).to_owned(), (group, own.to_owned())))
        };
        Self(request.tools.iter().filter_map(both).collect())
    }

    /// The name of a called function, and of its group if it has one.
    pub(super) fn split<'a>(&'a self, name: &'a str) -> (&'a str, Option<&'a str>) {
        match self.0.get(name) {
            Some((group, own)) => (own, Some(group)),
            None => (name, None),
        }
    }
}
