use std::borrow::Cow;

use switchyard_domain::chat::{ChatRequest, Dialect, Json, LossReport, Tool, ToolChoice, ToolChoiceMode};

use crate::codec::Unsupported;
use crate::json::{elements, members, text};

/// A request whose tools are functions alone. Tools in native forms (those that a vendor runs, and client-side ones that its
/// models were trained on) mean nothing elsewhere: an answer without them is still an answer, so they are lost and told. But an
/// answer that was to come from one of them, and a limit to some of the tools, can't be left to chance: these are refused.
pub(super) struct Functions {
    pub(super) request: ChatRequest,
    /// Where the tools that are left stood among all.
    places: Vec<usize>,
}

impl Functions {
    /// Takes the native forms out of a request of the dialect `source`. `None` if it has none and can be written as it is.
    pub(super) fn of(
        request: &ChatRequest,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Option<Self>, Unsupported> {
        let has_native = request.tools.iter().any(|tool| matches!(tool, Tool::Native { .. }));
        let native_choice = match &request.tool_choice {
            Some(ToolChoice::Native(choice)) => Some(choice),
            _ => None,
        };
        if !has_native && native_choice.is_none() {
            return Ok(None);
        }
        let mut kept = Self { request: request.clone(), places: Vec::new() };
        kept.request.tools.clear();
        for (index, tool) in request.tools.iter().enumerate() {
            if let Tool::Native { kind, .. } = tool {
                losses.dropped(format!("tools[{index}]"), reason(kind));
            } else {
                kept.request.tools.push(tool.clone());
                kept.places.push(index);
            }
        }
        if let Some(choice) = native_choice {
            match required_names(source, choice) {
                Some(names) if names.iter().all(|name| kept.has(name)) => kept.require(&names, losses),
                _ if names_tools(source, choice) => {
                    return Err(refused("says in the client's dialect alone which tools may be called"));
                }
                _ => {
                    losses.dropped("tool_choice", "is known to the client's dialect alone");
                    kept.request.tool_choice = None;
                }
            }
        }
        kept.judge_choice()?;
        Ok(Some(kept))
    }

    fn has(&self, wanted: &str) -> bool {
        self.request.tools.iter().any(|tool| is_named(tool, wanted))
    }

    /// Has one of these functions called. Where they are some of those that there are, the others are not offered, as nobody
    /// else can be told of functions that must not be called.
    fn require(&mut self, names: &[String], losses: &mut LossReport) {
        self.request.tool_choice = Some(ToolChoice::Mode(ToolChoiceMode::Required));
        let allows = |tool: &Tool| names.iter().any(|name| is_named(tool, name));
        if self.request.tools.iter().all(allows) {
            return;
        }
        losses.degraded("tool_choice", "the tools that it leaves out are not offered");
        let tools = std::mem::take(&mut self.request.tools).into_iter().zip(std::mem::take(&mut self.places));
        (self.request.tools, self.places) = tools.filter(|(tool, _)| allows(tool)).unzip();
    }

    /// Whether what must be called is still there. Where there is nothing to choose from, nothing is said about it.
    fn judge_choice(&mut self) -> Result<(), Unsupported> {
        let tools = &self.request.tools;
        match &self.request.tool_choice {
            Some(ToolChoice::Function(name)) if !self.has(name) => {
                return Err(refused("forces a tool that is known to the client's dialect alone"));
            }
            Some(ToolChoice::Mode(ToolChoiceMode::Required)) if tools.is_empty() => {
                return Err(refused("forces a call, but all tools are known to the client's dialect alone"));
            }
            _ => {}
        }
        if tools.is_empty() {
            self.request.tool_choice = None;
            self.request.parallel_tool_calls = None;
        }
        Ok(())
    }

    /// Puts the place that a tool had with the client into a member that names the place that it has here.
    pub(super) fn restore_place(&self, member: &mut String) {
        let Some((index, rest)) = member.strip_prefix("tools[").and_then(|rest| rest.split_once(']')) else {
            return;
        };
        if let Some(place) = index.parse().ok().and_then(|index: usize| self.places.get(index)) {
            *member = format!("tools[{place}]{rest}");
        }
    }
}

fn is_named(tool: &Tool, wanted: &str) -> bool {
    matches!(tool, Tool::Function { name, .. } if name == wanted)
}

/// The names of a choice of Gemini's that has one of several functions called: some clients say so of all that they declare,
/// where they mean that any must be called.
fn required_names(source: Dialect, choice: &Json) -> Option<Vec<String>> {
    let choice = members(&choice.0).filter(|_| source == Dialect::GEMINI)?;
    choice.get("mode").and_then(text).filter(|mode| mode == "ANY")?;
    let names = choice.get("allowedFunctionNames").and_then(elements)?;
    names.into_iter().map(|name| text(name).map(Cow::into_owned)).collect()
}

/// Whether a choice in a native form says which tools may be called. In Gemini's, a mode may stand alone (`VALIDATED`): the
/// model is free to call then.
fn names_tools(source: Dialect, choice: &Json) -> bool {
    let names = members(&choice.0).is_some_and(|choice| choice.get("allowedFunctionNames").is_some());
    source != Dialect::GEMINI || names
}

fn reason(kind: &str) -> String {
    let kind: String = kind.chars().filter(char::is_ascii_graphic).take(64).collect();
    format!("a tool of the type `{kind}` is known to the client's dialect alone")
}

fn refused(why: &str) -> Unsupported {
    let message = format!("The provider speaks another dialect, and this choice {why}; offer functions.");
    Unsupported::new("tool_choice", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::foreign::crossing;

    const FROM: (Dialect, Dialect) = (Dialect::ANTHROPIC_MESSAGES, Dialect::OPENAI_CHAT);

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    fn native(kind: &str) -> Tool {
        Tool::Native { kind: kind.to_owned(), json: json(r#"{"name":"web_search"}"#) }
    }

    fn function(name: &str) -> Tool {
        Tool::Function {
            name: name.to_owned(),
            description: None,
            parameters: None,
            strict: None,
            cache: None,
            extensions: Vec::new(),
        }
    }

    fn asking(tools: &[Tool], tool_choice: Option<ToolChoice>) -> ChatRequest {
        let tools = tools.to_vec();
        ChatRequest { tools, tool_choice, parallel_tool_calls: Some(false), ..ChatRequest::default() }
    }

    /// What is written, and what is told, of which the writer tells the places of all tools that it sees.
    fn crossed(request: &ChatRequest, way: (Dialect, Dialect)) -> Result<(ChatRequest, String), Unsupported> {
        let mut losses = LossReport::default();
        let written = crossing(request, way, &mut losses, |request, losses| {
            (0..request.tools.len()).for_each(|index| losses.dropped(format!("tools[{index}].x"), ""));
            Ok(request.clone())
        })?;
        Ok((written, losses.to_string()))
    }

    #[test]
    fn native_tools_are_lost_and_told_and_functions_keep_the_places_that_the_client_gave_them() {
        let request =
            asking(&[native("web_search_20250305"), function("f"), native("bash"), function("g")], None);
        let (written, told) = crossed(&request, FROM).unwrap();
        assert_eq!(written.tools, [function("f"), function("g")]);
        assert_eq!(written.parallel_tool_calls, Some(false));
        assert_eq!(told, "tools[0],tools[2],tools[1].x,tools[3].x");
        let (written, told) = crossed(&request, (FROM.0, FROM.0)).unwrap();
        assert_eq!(written, request);
        assert_eq!(told, "tools[0].x,tools[1].x,tools[2].x,tools[3].x");
    }

    #[test]
    fn without_any_function_nothing_is_said_of_a_choice() {
        let auto = Some(ToolChoice::Mode(ToolChoiceMode::Auto));
        let (written, told) = crossed(&asking(&[native("web_search")], auto), FROM).unwrap();
        assert_eq!(written, ChatRequest::default());
        assert_eq!(told, "tools[0]");
    }

    #[test]
    fn a_choice_that_forces_what_is_lost_is_refused() {
        let required = Some(ToolChoice::Mode(ToolChoiceMode::Required));
        let named = |name: &str| Some(ToolChoice::Function(name.to_owned()));
        let native_choice = |text: &str| Some(ToolChoice::Native(json(text)));
        for (tools, choice) in [
            (vec![native("web_search")], required.clone()),
            (vec![native("web_search"), function("f")], named("web_search")),
            (vec![function("f")], native_choice(r#"{"type":"allowed_tools"}"#)),
            (vec![function("f")], native_choice(r#""odd""#)),
        ] {
            let refused = crossed(&asking(&tools, choice), FROM).unwrap_err();
            assert_eq!(refused.param.as_deref(), Some("tool_choice"));
        }
        for choice in [required, named("f")] {
            let (written, _) =
                crossed(&asking(&[native("web_search"), function("f")], choice.clone()), FROM).unwrap();
            assert_eq!(written.tool_choice, choice);
        }
    }

    #[test]
    fn a_mode_of_gemini_that_leaves_the_model_free_is_lost_and_names_that_it_may_not_call_are_refused() {
        let way = (Dialect::GEMINI, Dialect::OPENAI_CHAT);
        let choice = |text: &str| Some(ToolChoice::Native(json(text)));
        let (written, told) =
            crossed(&asking(&[function("f")], choice(r#"{"mode":"VALIDATED"}"#)), way).unwrap();
        assert_eq!((written.tool_choice, told.as_str()), (None, "tool_choice,tools[0].x"));
        for names in [
            r#"{"mode":"ANY","allowedFunctionNames":["f","h"]}"#,
            r#"{"mode":"VALIDATED","allowedFunctionNames":["f","g"]}"#,
            r#"{"allowedFunctionNames":["f","g"]}"#,
        ] {
            let refused = crossed(&asking(&[function("f"), function("g")], choice(names)), way).unwrap_err();
            assert_eq!(refused.param.as_deref(), Some("tool_choice"), "{names}");
        }
    }

    #[test]
    fn names_that_must_be_called_are_all_tools_or_those_that_are_offered() {
        let way = (Dialect::GEMINI, Dialect::OPENAI_CHAT);
        let choice = Some(ToolChoice::Native(json(r#"{"mode":"ANY","allowedFunctionNames":["g","f"]}"#)));
        let required = Some(ToolChoice::Mode(ToolChoiceMode::Required));
        let all = asking(&[function("f"), function("g")], choice.clone());
        let (written, told) = crossed(&all, way).unwrap();
        assert_eq!((written.tools.len(), &written.tool_choice), (2, &required));
        assert_eq!(told, "tools[0].x,tools[1].x");
        let some = asking(&[function("e"), function("f"), native("googleSearch"), function("g")], choice);
        let (written, told) = crossed(&some, way).unwrap();
        assert_eq!(written.tools, [function("f"), function("g")]);
        assert_eq!(written.tool_choice, required);
        assert_eq!(told, "tools[2],tool_choice,tools[1].x,tools[3].x");
    }

    #[test]
    fn a_type_is_told_without_what_can_t_be_shown() {
        assert_eq!(reason("a\né"), "a tool of the type `a` is known to the client's dialect alone");
        assert!(reason(&"x".repeat(500)).len() < 130);
    }
}
