use super::{Gathered, content};
use crate::request::{RequestError, RequestLimits, present, wrong};
use crate::scan::{Kind, Node};

type Checked = Result<(), RequestError>;

pub(super) fn check(value: Node<'_>, limits: &RequestLimits, gathered: &mut Gathered) -> Checked {
    match value.kind() {
        Kind::String => {
            gathered.messages += 1;
            gathered.count_text(value);
            return Ok(());
        }
        Kind::Array => {}
        _ => return Err(wrong("input", "must be a string or a list of items")),
    }
    for (index, item) in value.elements().enumerate() {
        if index >= limits.max_messages {
            return Err(wrong("input", &format!("must have at most {} items", limits.max_messages)));
        }
        if item.kind() != Kind::Object {
            return Err(wrong("input", "must be a list of objects"));
        }
        gathered.messages += 1;
        Item { node: item, index }.check(gathered)?;
    }
    Ok(())
}

struct Item<'d> {
    node: Node<'d>,
    index: usize,
}

impl Item<'_> {
    fn check(&self, gathered: &mut Gathered) -> Checked {
        let kind = present(self.node, "type");
        let Some(kind) = kind else {
            // A reference may be nothing but an id.
            let is_reference = present(self.node, "role").is_none() && present(self.node, "id").is_some();
            return if is_reference { self.reference(gathered) } else { self.message(gathered) };
        };
        let Some(kind) = kind.text() else { return Err(self.wrong("type", "must be a string")) };
        match kind.as_ref() {
            "message" => self.message(gathered),
            "function_call" => self.call("arguments", gathered),
            "custom_tool_call" => self.call("input", gathered),
            "function_call_output" | "custom_tool_call_output" => self.output(gathered),
            "reasoning" => self.reasoning(gathered),
            "item_reference" => self.reference(gathered),
            // Tools of the vendor, and what comes after them.
            _ => {
                gathered.text_bytes += self.node.total_text_len() as u64;
                Ok(())
            }
        }
    }

    fn wrong(&self, member: &str, message: &str) -> RequestError {
        wrong(format_args!("input[{}].{member}", self.index), message)
    }

    /// A text that must be there and say something.
    fn text(&self, member: &str, gathered: &mut Gathered) -> Checked {
        let text = present(self.node, member).ok_or_else(|| self.wrong(member, "is required"))?;
        gathered.count_text(text);
        match text.text_len() {
            None => Err(self.wrong(member, "must be a string")),
            Some(0) => Err(self.wrong(member, "must not be empty")),
            Some(_) => Ok(()),
        }
    }

    /// What it refers to is read again.
    fn reference(&self, gathered: &mut Gathered) -> Checked {
        gathered.unseen = true;
        self.text("id", gathered)
    }

    fn message(&self, gathered: &mut Gathered) -> Checked {
        let role = present(self.node, "role");
        let is = |word: &str| role.is_some_and(|role| role.is_text(word));
        if !["user", "assistant", "system", "developer"].iter().any(|word| is(word)) {
            return Err(self.wrong("role", "must be one of user, assistant, system, developer"));
        }
        let path = format!("input[{}].content", self.index);
        match present(self.node, "content") {
            Some(content) => content::check(&path, content, gathered),
            None => Err(wrong(path, "is required")),
        }
    }

    fn call(&self, arguments: &str, gathered: &mut Gathered) -> Checked {
        self.text("call_id", gathered)?;
        self.text("name", gathered)?;
        let arguments_of = present(self.node, arguments);
        let arguments_of = arguments_of.ok_or_else(|| self.wrong(arguments, "is required"))?;
        if arguments_of.kind() != Kind::String {
            return Err(self.wrong(arguments, "must be a string"));
        }
        gathered.count_text(arguments_of);
        Ok(())
    }

    fn output(&self, gathered: &mut Gathered) -> Checked {
        self.text("call_id", gathered)?;
        let path = format!("input[{}].output", self.index);
        match present(self.node, "output") {
            Some(output) => content::check(&path, output, gathered),
            None => Err(wrong(path, "is required")),
        }
    }

    fn reasoning(&self, gathered: &mut Gathered) -> Checked {
        for member in ["summary", "content"] {
            let Some(list) = present(self.node, member) else { continue };
            if list.kind() != Kind::Array {
                return Err(self.wrong(member, "must be a list"));
            }
            gathered.text_bytes += list.total_text_len() as u64;
        }
        for member in ["id", "encrypted_content"] {
            let Some(value) = present(self.node, member) else { continue };
            if value.kind() != Kind::String {
                return Err(self.wrong(member, "must be a string"));
            }
            gathered.count_text(value);
        }
        Ok(())
    }
}
