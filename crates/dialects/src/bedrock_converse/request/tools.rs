use std::collections::BTreeSet;

use bytes::BytesMut;
use switchyard_domain::chat::{CacheMark, ChatRequest, Json, Part, Tool, ToolChoice, ToolChoiceMode};

use super::Body;
use super::messages::write_mark;
use crate::codec::note_foreign_function;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::outbound::{NO_PARAMETERS, is_never};

impl Body<'_, '_> {
    pub(super) fn write_tools(&mut self) {
        let has_calls = self.has_calls();
        let never = is_never(self.request);
        // Nothing says that tools must not be called, so the model must not know of them. But if the history has calls,
        // the tools must stand.
        if (self.request.tools.is_empty() || never) && !has_calls {
            return;
        }
        if never {
            self.losses.degraded("tool_choice", "the history calls tools, so the model may call them again");
        }
        let mut config = ToolConfig::new(self);
        config.write_list();
        if !never {
            config.write_choice();
        }
        config.end();
    }

    fn has_calls(&self) -> bool {
        let mut parts = self.request.messages.iter().flat_map(|message| &message.parts);
        parts.any(|part| matches!(part, Part::ToolCall(_) | Part::ToolResult(_)))
    }
}

/// `toolConfig`, as it is written.
struct ToolConfig<'b, 'r, 'o> {
    body: &'b mut Body<'r, 'o>,
    out: BytesMut,
}

impl<'b, 'r, 'o> ToolConfig<'b, 'r, 'o> {
    fn new(body: &'b mut Body<'r, 'o>) -> Self {
        Self { body, out: BytesMut::new() }
    }

    fn write_list(&mut self) {
        let body = &mut *self.body;
        let tools = body.request.tools.as_slice();
        self.out.extend_from_slice(b"{\"tools\":");
        let mut list = ArrayWriter::begin(&mut self.out);
        for (index, tool) in tools.iter().enumerate() {
            match tool {
                Tool::Function { cache, extensions, .. } => {
                    write_spec(tool, &mut list);
                    if let Some(CacheMark { ttl }) = cache {
                        if body.maker.caches() || body.origin.is_same_dialect() {
                            list.object(|block| write_mark(block, ttl.as_deref()));
                        } else {
                            let member = format!("tools[{index}]");
                            body.losses.degraded(member, "the provider caches by its own rules");
                        }
                    }
                    note_foreign_function(index, extensions, body.losses);
                }
                Tool::Native { json, .. } => list.element().extend_from_slice(json.as_str().as_bytes()),
            }
        }
        if tools.is_empty() {
            body.losses.degraded("tools", "the provider wants the tools that the history calls to be named");
            called(body.request).into_iter().for_each(|name| write_called(name, &mut list));
        }
        list.end();
    }

    fn write_choice(&mut self) {
        let Some(choice) = &self.body.request.tool_choice else { return };
        self.out.extend_from_slice(b",\"toolChoice\":");
        if let ToolChoice::Native(json) = choice {
            return self.out.extend_from_slice(json.as_str().as_bytes());
        }
        let mut object = ObjectWriter::begin(&mut self.out);
        match choice {
            ToolChoice::Mode(ToolChoiceMode::Auto | ToolChoiceMode::None) | ToolChoice::Native(_) => {
                object.object("auto", |_| {});
            }
            ToolChoice::Mode(ToolChoiceMode::Required) => object.object("any", |_| {}),
            ToolChoice::Function(name) => object.object("tool", |tool| tool.text("name", name)),
        }
        object.end();
    }

    fn end(mut self) {
        self.out.extend_from_slice(b"}");
        self.body.object.name("toolConfig").extend_from_slice(&self.out);
    }
}

fn write_spec(tool: &Tool, list: &mut ArrayWriter<'_>) {
    let Tool::Function { name, description, parameters, strict, .. } = tool else { return };
    list.object(|block| {
        block.object("toolSpec", |spec| {
            spec.text("name", name);
            // An empty one is refused.
            if let Some(description) = description.as_deref().filter(|text| !text.is_empty()) {
                spec.text("description", description);
            }
            let schema = parameters.as_ref().map_or(NO_PARAMETERS, Json::as_str);
            spec.object("inputSchema", |input| input.plain("json", schema));
            // Only newer models know it.
            if *strict == Some(true) {
                spec.plain("strict", true);
            }
        });
    });
}

/// The names of the tools that the history calls.
fn called(request: &ChatRequest) -> BTreeSet<&str> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let names = parts.filter_map(|part| match part {
        Part::ToolCall(call) => Some(call.name.as_str()),
        Part::ToolResult(result) => result.name.as_deref(),
        _ => None,
    });
    let names: BTreeSet<&str> = names.filter(|name| !name.is_empty()).collect();
    if names.is_empty() { BTreeSet::from(["tool"]) } else { names }
}

fn write_called(name: &str, list: &mut ArrayWriter<'_>) {
    list.object(|block| {
        block.object("toolSpec", |spec| {
            spec.text("name", name);
            spec.object("inputSchema", |input| input.plain("json", NO_PARAMETERS));
        });
    });
}
