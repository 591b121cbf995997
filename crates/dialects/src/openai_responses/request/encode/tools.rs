use switchyard_domain::chat::{Json, Tool, ToolChoice, ToolChoiceMode};

use super::Body;
use crate::codec::note_foreign_function;
use crate::json::ArrayWriter;

impl Body<'_, '_> {
    pub(super) fn write_tools(&mut self) {
        let request = self.request;
        if !request.tools.is_empty() {
            let mut list = ArrayWriter::begin(self.object.name("tools"));
            for (index, tool) in request.tools.iter().enumerate() {
                if let Tool::Function { cache: Some(_), .. } = tool {
                    self.losses.degraded(format!("tools[{index}]"), "the provider caches by its own rules");
                }
                if let Tool::Function { extensions, .. } = tool
                    && !self.target.is_same_dialect()
                {
                    note_foreign_function(index, extensions, self.losses);
                }
                match tool {
                    Tool::Native { json, .. } => {
                        list.element().extend_from_slice(json.as_str().as_bytes());
                    }
                    Tool::Function { .. } => write_function(tool, self.target.is_same_dialect(), &mut list),
                }
            }
            list.end();
        }
        if let Some(choice) = &request.tool_choice {
            self.write_choice(choice);
        }
        // The first form of function calling has room for one call in an answer.
        let single = request.legacy_functions && !request.tools.is_empty();
        if let Some(parallel) = request.parallel_tool_calls.or(single.then_some(false)) {
            self.object.plain("parallel_tool_calls", parallel);
        }
    }

    fn write_choice(&mut self, choice: &ToolChoice) {
        let word = match choice {
            ToolChoice::Mode(ToolChoiceMode::None) => "none",
            ToolChoice::Mode(ToolChoiceMode::Auto) => "auto",
            ToolChoice::Mode(ToolChoiceMode::Required) => "required",
            ToolChoice::Function(function) => {
                return self.object.object("tool_choice", |object| {
                    object.text("type", "function");
                    object.text("name", function);
                });
            }
            ToolChoice::Native(json) => return self.object.json("tool_choice", json),
        };
        self.object.text("tool_choice", word);
    }
}

fn write_function(tool: &Tool, same_dialect: bool, list: &mut ArrayWriter<'_>) {
    let Tool::Function { name, description, parameters, strict, extensions, .. } = tool else { return };
    list.object(|object| {
        object.text("type", "function");
        object.text("name", name);
        if let Some(description) = description {
            object.text("description", description);
        }
        write_parameters(object, parameters.as_ref());
        // This dialect alone is strict where nothing is said.
        match strict {
            Some(strict) => object.plain("strict", strict),
            None if same_dialect => {}
            None => object.plain("strict", false),
        }
        if same_dialect {
            extensions.iter().for_each(|(name, value)| object.json(name, value));
        }
    });
}

/// The schema, which must be there; that of a function without arguments where none is given.
fn write_parameters(object: &mut crate::json::ObjectWriter<'_>, parameters: Option<&Json>) {
    match parameters {
        Some(parameters) => object.json("parameters", parameters),
        None => object.object("parameters", |schema| {
            schema.text("type", "object");
            schema.object("properties", |_| {});
        }),
    }
}
