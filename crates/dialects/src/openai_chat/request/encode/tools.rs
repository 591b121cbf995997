use switchyard_domain::chat::{Json, Tool, ToolChoice, ToolChoiceMode};

use super::Body;
use crate::codec::note_foreign_function;
use crate::json::ObjectWriter;

impl Body<'_, '_> {
    pub(super) fn write_tools(&mut self) {
        let request = self.request;
        let legacy = request.legacy_functions && self.facts.legacy_functions;
        if legacy {
            self.write_functions();
        } else if !request.tools.is_empty() && self.may("tools") {
            self.write_tool_list();
        }
        if let Some(choice) = &request.tool_choice {
            self.write_choice(choice, legacy);
        }
        // The first form of function calling has room for one call in an answer.
        let single = request.legacy_functions && !legacy && !request.tools.is_empty();
        self.plain("parallel_tool_calls", request.parallel_tool_calls.or(single.then_some(false)));
    }

    fn write_functions(&mut self) {
        let losses = &mut *self.losses;
        self.object.array("functions", |list| {
            for (index, tool) in self.request.tools.iter().enumerate() {
                match tool {
                    Tool::Function { name, description, parameters, strict, .. } => list.object(|object| {
                        write_function(object, name, description.as_deref(), parameters.as_ref(), *strict);
                    }),
                    Tool::Native { .. } => losses.dropped(format!("tools[{index}]"), "is no function"),
                }
            }
        });
    }

    fn write_tool_list(&mut self) {
        let (losses, same_dialect) = (&mut *self.losses, self.same_dialect);
        self.object.array("tools", |list| {
            for (index, tool) in self.request.tools.iter().enumerate() {
                match tool {
                    Tool::Function { name, description, parameters, strict, cache, extensions } => {
                        if cache.is_some() {
                            losses
                                .degraded(format!("tools[{index}]"), "the provider caches by its own rules");
                        }
                        list.object(|object| {
                            object.text("type", "function");
                            object.object("function", |object| {
                                let (description, parameters) = (description.as_deref(), parameters.as_ref());
                                write_function(object, name, description, parameters, *strict);
                            });
                            if same_dialect {
                                extensions.iter().for_each(|(name, value)| object.json(name, value));
                            } else {
                                note_foreign_function(index, extensions, losses);
                            }
                        });
                    }
                    Tool::Native { json, .. } => {
                        list.element().extend_from_slice(json.as_str().as_bytes());
                    }
                }
            }
        });
    }

    fn write_choice(&mut self, choice: &ToolChoice, legacy: bool) {
        let name = if legacy { "function_call" } else { "tool_choice" };
        if !self.may(name) {
            return;
        }
        let word = match choice {
            ToolChoice::Mode(ToolChoiceMode::None) => "none",
            ToolChoice::Mode(ToolChoiceMode::Auto) => "auto",
            ToolChoice::Mode(ToolChoiceMode::Required) => self.facts.required_word,
            ToolChoice::Function(function) if legacy => {
                return self.object.object(name, |object| object.text("name", function));
            }
            ToolChoice::Function(function) => {
                return self.object.object(name, |object| {
                    object.text("type", "function");
                    object.object("function", |object| object.text("name", function));
                });
            }
            ToolChoice::Native(json) => return self.object.json(name, json),
        };
        self.object.text(name, word);
    }
}

fn write_function(
    object: &mut ObjectWriter<'_>,
    name: &str,
    description: Option<&str>,
    parameters: Option<&Json>,
    strict: Option<bool>,
) {
    object.text("name", name);
    if let Some(description) = description {
        object.text("description", description);
    }
    if let Some(parameters) = parameters {
        object.json("parameters", parameters);
    }
    if let Some(strict) = strict {
        object.plain("strict", strict);
    }
}
