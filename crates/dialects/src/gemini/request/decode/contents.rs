use std::collections::{HashMap, VecDeque};

use switchyard_domain::chat::{ChatRequest, Message, Part, Role};

use super::Read;
use super::parts::PartReader;
use crate::gemini::call_ids;
use crate::gemini::members::{Listed, fields};
use crate::request::{RequestError, keep, text, wrong};
use crate::scan::Node;

/// Links results to calls where there are no ids: by name, in order.
#[derive(Default)]
pub(super) struct Links {
    open: HashMap<String, VecDeque<String>>,
    made: usize,
}

impl Links {
    /// An id for a call that has none.
    pub(super) fn call(&mut self, name: &str) -> String {
        let id = call_ids::made(self.made);
        self.made += 1;
        self.open.entry(name.to_owned()).or_default().push_back(id.clone());
        id
    }

    /// The id of the call that a result without one answers.
    pub(super) fn result(&mut self, name: &str) -> String {
        let known = self.open.get_mut(name).and_then(VecDeque::pop_front);
        known.unwrap_or_else(|| {
            self.made += 1;
            call_ids::made(self.made - 1)
        })
    }
}

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Read {
    let list = Listed::of(value).ok_or_else(|| wrong("contents", "must be a list"))?;
    let mut links = Links::default();
    for (index, content) in list.enumerate() {
        let message = message(&format!("contents[{index}]"), index, content, &mut links)?;
        request.messages.push(message);
    }
    Ok(())
}

/// Reads one content.
pub(super) fn message(
    path: &str,
    index: usize,
    content: Node<'_>,
    links: &mut Links,
) -> Result<Message, RequestError> {
    let mut message = Message { role: Role::User, parts: Vec::new(), name: None, extensions: Vec::new() };
    let mut role = None;
    for (name, value) in fields(content) {
        match name.as_ref() {
            "role" => role = Some(text(format_args!("{path}.role"), value)?),
            "parts" => {
                let list = Listed::of(value)
                    .ok_or_else(|| wrong(format_args!("contents[{index}].parts"), "must be a list"))?;
                for (at, part) in list.enumerate() {
                    let path = format!("{path}.parts[{at}]");
                    PartReader { path, links, message: &mut message }.read(part)?;
                }
            }
            name => message.extensions.push((name.to_owned(), keep(value))),
        }
    }
    let are_results =
        |parts: &[Part]| !parts.is_empty() && parts.iter().all(|part| matches!(part, Part::ToolResult(_)));
    message.role = match role.as_deref() {
        Some("model") => Role::Assistant,
        _ if are_results(&message.parts) => Role::Tool,
        _ => Role::User,
    };
    Ok(message)
}
