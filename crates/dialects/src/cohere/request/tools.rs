use switchyard_domain::chat::{Tool, ToolChoice, ToolChoiceMode};

use super::Body;
use crate::codec::Unsupported;
use crate::json::ArrayWriter;
use crate::outbound::{function_tools, note_strict};

impl Body<'_, '_> {
    pub(super) fn write_tools(&mut self) -> Result<(), Unsupported> {
        let request = self.request;
        let mut tools: Vec<Tool> = Vec::new();
        let word = match &request.tool_choice {
            None | Some(ToolChoice::Mode(ToolChoiceMode::Auto)) => None,
            Some(ToolChoice::Mode(ToolChoiceMode::None)) => Some("NONE"),
            Some(ToolChoice::Mode(ToolChoiceMode::Required)) => Some("REQUIRED"),
            Some(ToolChoice::Function(wanted)) => {
                tools.extend(self.only(wanted)?);
                Some("REQUIRED")
            }
            Some(ToolChoice::Native(json)) => {
                self.object.json("tool_choice", json);
                None
            }
        };
        let tools = if tools.is_empty() { request.tools.as_slice() } else { &tools };
        if tools.is_empty() {
            return Ok(());
        }
        let mut list = ArrayWriter::begin(self.object.name("tools"));
        function_tools(tools, self.origin, &mut list, self.losses);
        list.end();
        if let Some(word) = word {
            self.object.text("tool_choice", word);
        }
        let is_strict = |tool: &Tool| matches!(tool, Tool::Function { strict: Some(true), .. });
        if tools.iter().all(is_strict) {
            self.object.plain("strict_tools", true);
            self.taken.push("strict_tools");
        } else {
            note_strict(tools, self.losses);
        }
        Ok(())
    }

    /// The one tool that must be called: a model that must call and knows no other calls this one.
    fn only(&mut self, wanted: &str) -> Result<Option<Tool>, Unsupported> {
        let is_wanted = |tool: &&Tool| matches!(tool, Tool::Function { name, .. } if name == wanted);
        let found = self.request.tools.iter().find(is_wanted);
        if found.is_none() {
            return Err(Unsupported::new(
                "tool_choice",
                "The tool that must be called is not among the tools.",
            ));
        }
        if self.request.tools.len() > 1 {
            self.losses.degraded("tools", "only the tool that must be called is shown to the model");
        }
        Ok(found.cloned())
    }
}
