use switchyard_domain::chat::{ChatRequest, LossReport, Tool, ToolChoice, ToolChoiceMode};

use super::{NO_PLACE, OwnMembers};
use crate::codec::Unsupported;
use crate::json::{ArrayWriter, ObjectWriter};

/// What a tool without a schema takes.
pub(crate) const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

/// Whether no tool may be called.
pub(crate) fn is_never(request: &ChatRequest) -> bool {
    request.tool_choice == Some(ToolChoice::Mode(ToolChoiceMode::None))
}

/// Writes tools in the form that most copied from OpenAI. `strict` is for the caller to say.
pub(crate) fn function_tools(
    tools: &[Tool],
    same_dialect: bool,
    list: &mut ArrayWriter<'_>,
    losses: &mut LossReport,
) -> Result<(), Unsupported> {
    for (index, tool) in tools.iter().enumerate() {
        match tool {
            Tool::Function { name, description, parameters, cache, extensions, .. } => {
                if cache.is_some() {
                    losses.degraded(format!("tools[{index}]"), "the provider caches by its own rules");
                }
                let mut object = ObjectWriter::begin(list.element());
                object.text("type", "function");
                object.object("function", |function| {
                    function.text("name", name);
                    if let Some(description) = description {
                        function.text("description", description);
                    }
                    let parameters = parameters.as_ref().map_or(NO_PARAMETERS, |schema| schema.as_str());
                    function.plain("parameters", parameters);
                });
                let own = OwnMembers { members: extensions, same_dialect, taken: &["type", "function"] };
                own.write(&mut object, format_args!("tools[{index}]."), losses);
                object.end();
            }
            Tool::Native { json, .. } if same_dialect => {
                list.element().extend_from_slice(json.as_str().as_bytes());
            }
            Tool::Native { kind, .. } => return Err(foreign_tool(index, kind)),
        }
    }
    Ok(())
}

/// A tool that another dialect's vendor runs can't be run here, and an answer without it is another answer.
pub(crate) fn foreign_tool(index: usize, kind: &str) -> Unsupported {
    let kind: String = kind.chars().filter(|c| c.is_ascii_graphic()).take(64).collect();
    let message = format!("The provider knows no tool of the type `{kind}`; give it functions.");
    Unsupported::new(format!("tools[{index}]"), message)
}

/// Notes the tools whose arguments must match their schema, where nobody can promise that.
pub(crate) fn note_strict(tools: &[Tool], losses: &mut LossReport) {
    for (index, tool) in tools.iter().enumerate() {
        if let Tool::Function { strict: Some(true), .. } = tool {
            losses.dropped(format!("tools[{index}].strict"), NO_PLACE);
        }
    }
}
