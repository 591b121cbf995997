use switchyard_domain::chat::{ChatRequest, LossReport, Tool, ToolChoice, ToolChoiceMode};

use super::{NO_PLACE, Origin};
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
    origin: Origin,
    list: &mut ArrayWriter<'_>,
    losses: &mut LossReport,
) {
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
                origin.write_function(index, extensions, &["type", "function"], &mut object, losses);
                object.end();
            }
            Tool::Native { json, .. } => list.element().extend_from_slice(json.as_str().as_bytes()),
        }
    }
}

/// Notes the tools whose arguments must match their schema, where nobody can promise that.
pub(crate) fn note_strict(tools: &[Tool], losses: &mut LossReport) {
    for (index, tool) in tools.iter().enumerate() {
        if let Tool::Function { strict: Some(true), .. } = tool {
            losses.dropped(format!("tools[{index}].strict"), NO_PLACE);
        }
    }
}
