use super::{Gathered, RequestLimits, parts};
use crate::request::RequestError;
use crate::scan::{Kind, Node};

type Checked = Result<(), RequestError>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Assistant,
    Tool,
    Function,
    /// `system`, `developer`, `user`: what they say is all they have.
    Plain,
}

/// The members of a message that matter here.
#[derive(Default)]
struct Message<'d> {
    role: Option<Node<'d>>,
    content: Option<Node<'d>>,
    name: Option<Node<'d>>,
    refusal: Option<Node<'d>>,
    tool_call_id: Option<Node<'d>>,
    tool_calls: Option<Node<'d>>,
    function_call: Option<Node<'d>>,
    /// Whether there is anything else that a vendor may take for what an assistant said.
    others: bool,
    /// Whether it has members that not all vendors know, be there nothing in them.
    is_extended: bool,
}

pub(super) fn check(value: Node<'_>, limits: &RequestLimits, gathered: &mut Gathered) -> Checked {
    if value.kind() != Kind::Array {
        return Err(RequestError::new("messages", "must be a list"));
    }
    for (index, message) in value.elements().enumerate() {
        if index >= limits.max_messages {
            let message = format!("must have at most {} messages", limits.max_messages);
            return Err(RequestError::new("messages", message));
        }
        if message.kind() != Kind::Object {
            return Err(RequestError::new("messages", "must be a list of objects"));
        }
        gathered.messages += 1;
        let message = Message::of(message);
        gathered.has_special_messages |= message.is_special();
        message.check(index, gathered)?;
    }
    if gathered.messages == 0 {
        return Err(RequestError::new("messages", "must have at least one message"));
    }
    Ok(())
}

fn wrong(index: usize, member: &str, message: &str) -> RequestError {
    RequestError::new(format!("messages[{index}].{member}"), message)
}

impl<'d> Message<'d> {
    fn of(message: Node<'d>) -> Self {
        let mut found = Self::default();
        for member in message.members() {
            let value = member.value();
            let place = match member.name().as_ref() {
                "role" => &mut found.role,
                "content" => &mut found.content,
                "name" => &mut found.name,
                "refusal" => &mut found.refusal,
                "tool_call_id" => &mut found.tool_call_id,
                "tool_calls" => &mut found.tool_calls,
                "function_call" => &mut found.function_call,
                _ => {
                    found.is_extended = true;
                    found.others |= !value.is_null();
                    continue;
                }
            };
            if !value.is_null() {
                *place = Some(value);
            }
        }
        found
    }

    /// Whether some vendor may need it in another form.
    fn is_special(&self) -> bool {
        let is_developer = self.role.is_some_and(|role| role.is_text("developer"));
        is_developer || self.tool_calls.is_some() || self.tool_call_id.is_some() || self.is_extended
    }

    fn check(&self, index: usize, gathered: &mut Gathered) -> Checked {
        let role = self.role(index)?;
        for (member, node) in [("name", self.name), ("refusal", self.refusal)] {
            if node.is_some_and(|node| node.kind() != Kind::String) {
                return Err(wrong(index, member, "must be a string"));
            }
            node.inspect(|node| gathered.count_text(*node));
        }
        if role == Role::Assistant {
            self.check_calls(index, gathered)?;
        } else if role == Role::Tool && !self.tool_call_id.is_some_and(is_filled) {
            return Err(wrong(index, "tool_call_id", "is required"));
        } else if role == Role::Function && !self.name.is_some_and(is_filled) {
            return Err(wrong(index, "name", "is required"));
        }
        match self.content {
            Some(content) => parts::check(index, content, gathered),
            None if role == Role::Assistant && self.says_something() => Ok(()),
            None if role == Role::Assistant => Err(wrong(index, "content", "or `tool_calls` is required")),
            None => Err(wrong(index, "content", "is required")),
        }
    }

    fn role(&self, index: usize) -> Result<Role, RequestError> {
        let is = |word: &str| self.role.is_some_and(|role| role.is_text(word));
        if is("user") || is("system") || is("developer") {
            Ok(Role::Plain)
        } else if is("assistant") {
            Ok(Role::Assistant)
        } else if is("tool") {
            Ok(Role::Tool)
        } else if is("function") {
            Ok(Role::Function)
        } else {
            let message = "must be one of developer, system, user, assistant, tool, function";
            Err(wrong(index, "role", message))
        }
    }

    /// Whether an assistant without content said something all the same.
    fn says_something(&self) -> bool {
        let calls = self.tool_calls.is_some_and(|calls| calls.elements().next().is_some());
        calls || self.function_call.is_some() || self.refusal.is_some() || self.others
    }

    fn check_calls(&self, index: usize, gathered: &mut Gathered) -> Checked {
        if let Some(calls) = self.tool_calls {
            let good = calls.kind() == Kind::Array
                && calls.elements().all(|call| {
                    call.get("id").is_some_and(|id| id.kind() == Kind::String) && has_function(call, gathered)
                });
            if !good {
                let message =
                    "must be a list of calls, each with `id`, and `name` and `arguments` of a function";
                return Err(wrong(index, "tool_calls", message));
            }
        }
        if let Some(call) = self.function_call
            && !is_function(call, "arguments", gathered)
        {
            return Err(wrong(index, "function_call", "must have `name` and `arguments`"));
        }
        Ok(())
    }
}

fn is_filled(node: Node<'_>) -> bool {
    node.text_len().is_some_and(|length| length > 0)
}

fn has_function(call: Node<'_>, gathered: &mut Gathered) -> bool {
    match (call.get("function"), call.get("custom")) {
        (Some(function), _) => is_function(function, "arguments", gathered),
        (None, Some(custom)) => is_function(custom, "input", gathered),
        (None, None) => false,
    }
}

fn is_function(function: Node<'_>, arguments: &str, gathered: &mut Gathered) -> bool {
    let both = function.get("name").zip(function.get(arguments));
    both.is_some_and(|(name, arguments)| {
        gathered.count_text(name);
        gathered.count_text(arguments);
        is_filled(name) && arguments.kind() == Kind::String
    })
}
