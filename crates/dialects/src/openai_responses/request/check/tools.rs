use super::Gathered;
use crate::request::{RequestError, RequestLimits, check_function, is_name, present, wrong};
use crate::scan::{Kind, Node};
use switchyard_domain::route::Need;

type Checked = Result<(), RequestError>;

pub(super) fn check(value: Node<'_>, limits: &RequestLimits, gathered: &mut Gathered) -> Checked {
    if value.kind() != Kind::Array {
        return Err(wrong("tools", "must be a list"));
    }
    for (index, tool) in value.elements().enumerate() {
        let path = format_args!("tools[{index}]");
        let bytes = tool.span().len();
        if bytes > limits.max_tool_bytes {
            let message = format!("must have at most {} bytes", limits.max_tool_bytes);
            return Err(RequestError::too_large(path.to_string(), message));
        }
        // A definition is part of what the model reads, names and all.
        gathered.text_bytes += bytes as u64;
        gathered.needs = gathered.needs.and(Need::Tools, true);
        let kind = present(tool, "type").filter(|kind| kind.kind() == Kind::String);
        let Some(kind) = kind else { return Err(wrong(path, "must have a `type`")) };
        if kind.is_text("function") {
            check_function(tool, path)?;
        } else if kind.is_text("custom") && !present(tool, "name").is_some_and(is_name) {
            return Err(wrong(format_args!("{path}.name"), "is required"));
        }
        // A vendor's own tool reads what nobody has seen.
        gathered.unseen |= !is_of_the_caller(kind);
    }
    Ok(())
}

/// Whether a tool is one that the caller runs: functions, by themselves or in a group.
fn is_of_the_caller(kind: Node<'_>) -> bool {
    ["function", "custom", "namespace", "local_shell"].into_iter().any(|word| kind.is_text(word))
}

pub(super) fn check_choice(value: Node<'_>) -> Checked {
    let good = match value.kind() {
        Kind::String => ["none", "auto", "required"].iter().any(|word| value.is_text(word)),
        Kind::Object => match present(value, "type").and_then(Node::text).as_deref() {
            Some("function" | "custom") => present(value, "name").is_some_and(is_name),
            Some("allowed_tools") => {
                present(value, "tools").is_some_and(|tools| tools.kind() == Kind::Array)
                    && present(value, "mode")
                        .is_some_and(|mode| mode.is_text("auto") || mode.is_text("required"))
            }
            Some(_) => true,
            None => false,
        },
        _ => false,
    };
    let message = "must be `none`, `auto`, `required`, or an object that names a tool";
    if good { Ok(()) } else { Err(wrong("tool_choice", message)) }
}
