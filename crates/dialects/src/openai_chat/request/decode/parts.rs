use switchyard_domain::chat::{Audio, ChatRequest, Document, MediaSource, Part, Reasoning};

use crate::request::{RequestError, keep, note_others, optional_text, present, required_text, text, wrong};

use crate::scan::{Kind, Node};

/// Reads the content of a message.
pub(super) struct Parts<'r> {
    request: &'r mut ChatRequest,
    path: String,
    parts: Vec<Part>,
}

impl<'r> Parts<'r> {
    pub(super) fn read(
        path: String,
        content: Node<'_>,
        request: &'r mut ChatRequest,
    ) -> Result<Vec<Part>, RequestError> {
        match content.kind() {
            Kind::String => Ok(vec![Part::Text { text: text(&path, content)? }]),
            Kind::Array => {
                let mut reader = Self { request, path, parts: Vec::new() };
                for (index, part) in content.elements().enumerate() {
                    reader.push(index, part)?;
                }
                Ok(reader.parts)
            }
            _ => Err(wrong(path, "must be a string or a list of parts")),
        }
    }

    fn push(&mut self, index: usize, part: Node<'_>) -> Result<(), RequestError> {
        let path = format!("{}[{index}]", self.path);
        let kind = required_text(&path, part, "type")?;
        let read = self.typed(&path, &kind, part)?;
        let is_native = read.is_none();
        let read = read.unwrap_or_else(|| Part::Native { kind: kind.clone(), json: keep(part) });
        self.parts.push(read);
        if !is_native {
            self.mark(&path, part);
            let known = ["type", &kind, "cache_control", "prompt_cache_breakpoint", "document_name"];
            note_others(&path, part, &known, self.request);
        }
        Ok(())
    }

    /// A part that has a canonical form.
    fn typed(&mut self, path: &str, kind: &str, part: Node<'_>) -> Result<Option<Part>, RequestError> {
        let inner = present(part, kind);
        Ok(Some(match (kind, inner) {
            ("text", _) => Part::Text { text: required_text(path, part, "text")? },
            ("refusal", _) => Part::Refusal { text: required_text(path, part, "refusal")? },
            ("thinking", Some(thinking)) => Part::Reasoning(Reasoning::text(thoughts(thinking))),
            ("image_url", Some(image)) => {
                let source = source(url(path, image)?);
                let detail = optional_text(path, image, "detail")?;
                note_others(format_args!("{path}.image_url"), image, &["url", "detail"], self.request);
                Part::Image { source, detail }
            }
            ("document_url", Some(document)) => Part::Document(Document::new(
                MediaSource::Url(url(path, document)?),
                optional_text(path, part, "document_name")?,
            )),
            ("input_audio", Some(audio)) if audio.kind() == Kind::Object => Part::Audio(Audio {
                base64: required_text(path, audio, "data")?,
                format: required_text(path, audio, "format")?,
            }),
            ("file", Some(file)) => {
                note_others(
                    format_args!("{path}.file"),
                    file,
                    &["file_data", "file_id", "filename"],
                    self.request,
                );
                let filename = optional_text(path, file, "filename")?;
                Part::Document(Document::new(file_source(path, file)?, filename))
            }
            _ => return Ok(None),
        }))
    }

    /// The two ways to say that everything up to here may be cached: Anthropic's, which OpenRouter took over
    /// (`openrouter-chat_completions-1fc142e0a0`), and OpenAI's (`openai-chat_completions-43c0b8ea6e`), both 2026.
    fn mark(&mut self, path: &str, part: Node<'_>) {
        if let Some(control) = present(part, "cache_control") {
            let ttl = present(control, "ttl").and_then(Node::text).map(std::borrow::Cow::into_owned);
            self.parts.push(Part::CacheMark { ttl });
            note_others(format_args!("{path}.cache_control"), control, &["type", "ttl"], self.request);
        } else if present(part, "prompt_cache_breakpoint").is_some() {
            self.parts.push(Part::CacheMark { ttl: None });
        }
    }
}

/// An address in an object's `url`, or in a string of its own.
fn url(path: &str, holder: Node<'_>) -> Result<String, RequestError> {
    if holder.kind() == Kind::String { text(path, holder) } else { required_text(path, holder, "url") }
}

/// Data that stand in the address itself are told from an address to elsewhere.
fn source(url: String) -> MediaSource {
    let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match inline {
        Some((media_type, base64)) => {
            MediaSource::Inline { media_type: media_type.to_owned(), base64: base64.to_owned() }
        }
        None => MediaSource::Url(url),
    }
}

fn file_source(path: &str, file: Node<'_>) -> Result<MediaSource, RequestError> {
    if let Some(id) = optional_text(path, file, "file_id")? {
        return Ok(MediaSource::FileId(id));
    }
    let data = required_text(path, file, "file_data")?;
    Ok(match source(data) {
        // OpenRouter takes an address here; others take base64 without saying of what.
        MediaSource::Url(data) if data.contains("://") => MediaSource::Url(data),
        MediaSource::Url(base64) => MediaSource::Inline { media_type: String::new(), base64 },
        source => source,
    })
}

fn thoughts(thinking: Node<'_>) -> String {
    if let Some(text) = thinking.text() {
        return text.into_owned();
    }
    thinking.elements().filter_map(|part| present(part, "text").and_then(Node::text)).collect()
}
