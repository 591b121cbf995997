use switchyard_domain::chat::{Json, Tool, ToolChoice, ToolChoiceMode};

use super::{Body, write};
use crate::codec::note_foreign_function;
use crate::json::{ObjectWriter, members};

impl Body<'_, '_> {
    pub(super) fn write_tools(&mut self) {
        let tools = &self.request.tools;
        if tools.is_empty() {
            return;
        }
        let (losses, same_dialect, strict_known) =
            (&mut *self.losses, self.same_dialect, self.facts.strict_tools);
        self.object.array("tools", |list| {
            for (index, tool) in tools.iter().enumerate() {
                let (name, strict, cache, extensions) = match tool {
                    Tool::Native { json, .. } => {
                        list.element().extend_from_slice(json.as_str().as_bytes());
                        continue;
                    }
                    Tool::Function { name, strict, cache, extensions, .. } => {
                        (name, strict, cache, extensions)
                    }
                };
                list.object(|object| {
                    object.text("name", name);
                    describe(object, tool, same_dialect);
                    match strict {
                        Some(true) if !strict_known => {
                            let member = format!("tools[{index}].strict");
                            losses.dropped(member, "the provider does not hold arguments to their schema");
                        }
                        Some(strict) if strict_known => object.plain("strict", strict),
                        _ => {}
                    }
                    let kept = extensions.iter().any(|(name, _)| same_dialect && name == "cache_control");
                    if let Some(cache) = cache.as_ref().filter(|_| !kept) {
                        write::mark(object, cache.ttl.as_deref());
                    }
                    if same_dialect {
                        extensions.iter().for_each(|(name, value)| object.json(name, value));
                    } else {
                        note_foreign_function(index, extensions, losses);
                    }
                });
            }
        });
    }

    pub(super) fn write_choice(&mut self) {
        let request = self.request;
        // The first form of function calling has room for one call in an answer.
        let single = request.legacy_functions.then_some(false);
        let parallel = request.parallel_tool_calls.or(single);
        let choice = match &request.tool_choice {
            Some(ToolChoice::Native(json)) => return self.object.json("tool_choice", json),
            Some(choice) => choice,
            None if parallel == Some(false) => &ToolChoice::Mode(ToolChoiceMode::Auto),
            None => return,
        };
        let says_little = matches!(choice, ToolChoice::Mode(ToolChoiceMode::None | ToolChoiceMode::Auto));
        // Without tools the vendor refuses any choice among them.
        if request.tools.is_empty() && says_little {
            return;
        }
        let nested = self.nested("tool_choice.");
        self.object.object("tool_choice", |object| {
            let word = match choice {
                ToolChoice::Mode(ToolChoiceMode::None) => "none",
                ToolChoice::Mode(ToolChoiceMode::Required) => "any",
                ToolChoice::Function(_) => "tool",
                ToolChoice::Mode(ToolChoiceMode::Auto) | ToolChoice::Native(_) => "auto",
            };
            object.text("type", word);
            if let ToolChoice::Function(name) = choice {
                object.text("name", name);
            }
            if let Some(parallel) = parallel.filter(|_| word != "none") {
                object.plain("disable_parallel_tool_use", !parallel);
            }
            nested.iter().for_each(|(name, value)| object.json(name, value));
        });
    }
}

fn describe(object: &mut ObjectWriter<'_>, tool: &Tool, same_dialect: bool) {
    let Tool::Function { description, parameters, .. } = tool else { return };
    if let Some(description) = description {
        object.text("description", description);
    }
    match parameters {
        Some(schema) if same_dialect => object.json("input_schema", schema),
        Some(schema) => write_schema(object, schema),
        None => object.object("input_schema", |schema| {
            schema.text("type", "object");
            schema.object("properties", |_| {});
        }),
    }
}

/// A schema of arguments; that they are an object, which others take for granted, must be said here.
fn write_schema(object: &mut ObjectWriter<'_>, schema: &Json) {
    let Some(all) = members(&schema.0).filter(|all| all.get("type").is_none()) else {
        return object.json("input_schema", schema);
    };
    object.object("input_schema", |typed| {
        typed.text("type", "object");
        all.iter().for_each(|(name, value)| typed.json(name, &crate::json::keep(value)));
    });
}
