use bytes::BytesMut;
use switchyard_domain::chat::{Json, Tool, ToolChoice, ToolChoiceMode};

use super::contents::object_of;
use super::{Body, CALLING, TOOLS};
use crate::gemini::schema::is_subset;
use crate::json::{ArrayWriter, ObjectWriter};

impl Body<'_, '_> {
    pub(super) fn write_tools(&mut self) {
        let request = self.request;
        let is_native = |tool: &&Tool| matches!(tool, Tool::Native { .. });
        for (index, tool) in request.tools.iter().enumerate() {
            self.note_tool(index, tool);
        }
        if request.tools.is_empty() {
            return;
        }
        let same_dialect = self.same_dialect;
        self.object.array("tools", |list| {
            let mut tools = request.tools.iter().peekable();
            while let Some(tool) = tools.next() {
                match tool {
                    Tool::Native { json, .. } => list.element().extend_from_slice(json.as_str().as_bytes()),
                    // All functions in a row stand in one list.
                    Tool::Function { .. } => list.object(|object| {
                        object.array("functionDeclarations", |list| {
                            write_function(list, tool, same_dialect);
                            while let Some(tool) = tools.next_if(|next| !is_native(next)) {
                                write_function(list, tool, same_dialect);
                            }
                        });
                    }),
                }
            }
        });
    }

    fn note_tool(&mut self, index: usize, tool: &Tool) {
        let Tool::Function { strict, cache, .. } = tool else { return };
        if *strict == Some(true) {
            self.losses
                .dropped(format!("tools[{index}].strict"), "the provider promises nothing of the kind");
        }
        if cache.is_some() {
            self.losses.degraded(format!("tools[{index}]"), "the provider caches by its own rules");
        }
    }

    pub(super) fn write_tool_config(&mut self) {
        let mut calling = BytesMut::new();
        let mut config = ObjectWriter::begin(&mut calling);
        match &self.request.tool_choice {
            Some(ToolChoice::Mode(mode)) => config.text("mode", word(*mode)),
            Some(ToolChoice::Function(name)) => {
                config.text("mode", "ANY");
                config.array("allowedFunctionNames", |list| list.text(name));
            }
            Some(ToolChoice::Native(json)) => {
                let members = crate::json::members(&json.0);
                for (name, value) in members.iter().flat_map(|members| members.iter()) {
                    config.name(name).extend_from_slice(value.get().as_bytes());
                }
            }
            None => {}
        }
        self.nested(CALLING).into_iter().for_each(|(name, value)| config.json(name, value));
        config.end();
        let mut out = BytesMut::new();
        let mut config = ObjectWriter::begin(&mut out);
        object_of(&mut config, "functionCallingConfig", &calling);
        self.nested(TOOLS).into_iter().for_each(|(name, value)| config.json(name, value));
        config.end();
        object_of(&mut self.object, "toolConfig", &out);
        if self.request.parallel_tool_calls == Some(false) {
            let reason = "how many tools are called at once is the model's own matter";
            self.losses.dropped("parallel_tool_calls", reason);
        }
    }
}

fn word(mode: ToolChoiceMode) -> &'static str {
    match mode {
        ToolChoiceMode::None => "NONE",
        ToolChoiceMode::Auto => "AUTO",
        ToolChoiceMode::Required => "ANY",
    }
}

fn write_function(list: &mut ArrayWriter<'_>, tool: &Tool, same_dialect: bool) {
    let Tool::Function { name, description, parameters, extensions, .. } = tool else { return };
    list.object(|function| {
        function.text("name", name);
        if let Some(description) = description {
            function.text("description", description);
        }
        if let Some(parameters) = parameters {
            function.json(member_of(parameters), parameters);
        }
        for (name, value) in extensions.iter().filter(|_| same_dialect) {
            function.json(name, value);
        }
    });
}

/// The place in which the provider takes this schema.
fn member_of(parameters: &Json) -> &'static str {
    if is_subset(parameters, true) { "parameters" } else { "parametersJsonSchema" }
}
