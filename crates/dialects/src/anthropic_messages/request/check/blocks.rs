use super::Gathered;
use crate::request::{RequestError, has_known_scheme, present};
use crate::scan::{Kind, Node};

/// How many bytes of base64 stand for a token of a document in the estimate: rough, and rather too few.
const MEDIA_BYTES_PER_TEXT_BYTE: u64 = 4;
const MAX_TYPE_BYTES: usize = 64;

type Checked = Result<(), RequestError>;

/// Checks a content: a text, or a list of blocks.
pub(super) fn check(path: &str, content: Node<'_>, gathered: &mut Gathered) -> Checked {
    let good = match content.kind() {
        Kind::String => {
            gathered.count_text(content);
            true
        }
        Kind::Array => content.elements().all(|block| gathered.is_block(block)),
        _ => false,
    };
    if good { Ok(()) } else { Err(RequestError::new(path, "must be a string or a list of blocks")) }
}

/// Checks the instructions: a text, or a list of texts.
pub(super) fn check_system(value: Node<'_>, gathered: &mut Gathered) -> Checked {
    let is_text = |block: Node<'_>| block.get("type").is_some_and(|kind| kind.is_text("text"));
    if value.kind() == Kind::Array && !value.elements().all(is_text) {
        return Err(RequestError::new("system", "must be a string or a list of texts"));
    }
    check("system", value, gathered)
}

fn is_string(node: Node<'_>) -> bool {
    node.kind() == Kind::String
}

fn is_filled(node: Node<'_>) -> bool {
    node.text_len().is_some_and(|length| length > 0)
}

/// A word of the dialect that we may not know yet.
fn is_word(node: Node<'_>) -> bool {
    let raw = node.raw();
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    is_string(node)
        && (1..=MAX_TYPE_BYTES).contains(&inner.len())
        && inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte))
}

impl Gathered {
    fn is_block(&mut self, block: Node<'_>) -> bool {
        let Some(kind) = block.get("type").filter(|kind| is_word(*kind)) else { return false };
        let kind = kind.text().unwrap_or_default();
        if !present(block, "cache_control").is_none_or(|control| control.kind() == Kind::Object) {
            return false;
        }
        match kind.as_ref() {
            "text" => self.is_text(present(block, "text")),
            "image" => {
                self.images += 1;
                present(block, "source").is_some_and(|source| self.is_source(source, false))
            }
            "document" => {
                for name in ["title", "context"] {
                    present(block, name).into_iter().for_each(|text| self.count_text(text));
                }
                present(block, "source").is_some_and(|source| self.is_source(source, true))
            }
            "tool_use" => self.is_call(block),
            "tool_result" => self.is_result(block),
            "thinking" => {
                present(block, "signature").is_none_or(is_string) && self.is_text(present(block, "thinking"))
            }
            "redacted_thinking" => self.is_text(present(block, "data")),
            _ => {
                self.unseen |= kind == "container_upload";
                self.text_bytes += block.total_text_len() as u64;
                true
            }
        }
    }

    fn is_text(&mut self, text: Option<Node<'_>>) -> bool {
        text.inspect(|text| self.count_text(*text)).is_some_and(is_string)
    }

    /// Where the bytes of a picture or a document are. Those of a document count as text.
    fn is_source(&mut self, source: Node<'_>, counted: bool) -> bool {
        let kind = present(source, "type").and_then(Node::text).unwrap_or_default();
        let member = |name: &str| present(source, name);
        match kind.as_ref() {
            "base64" => {
                let length = member("data").and_then(Node::text_len);
                if counted {
                    self.unseen = true;
                    self.text_bytes += length.unwrap_or_default() as u64 / MEDIA_BYTES_PER_TEXT_BYTE;
                }
                length.is_some() && member("media_type").is_none_or(is_string)
            }
            "url" => {
                self.unseen |= counted;
                member("url").is_some_and(has_known_scheme)
            }
            "file" => {
                self.unseen |= counted;
                member("file_id").is_some_and(is_filled)
            }
            "text" => self.is_text(member("data")),
            "content" => member("content").is_some_and(|content| match content.kind() {
                Kind::String => self.is_text(Some(content)),
                Kind::Array => content.elements().all(|block| self.is_block(block)),
                _ => false,
            }),
            _ => {
                self.unseen = true;
                member("type").is_some_and(is_word)
            }
        }
    }

    fn is_call(&mut self, block: Node<'_>) -> bool {
        let (id, name, input) = (present(block, "id"), present(block, "name"), present(block, "input"));
        name.into_iter().for_each(|name| self.count_text(name));
        // Names and numbers of the arguments are read by the model as well.
        self.text_bytes += input.map_or(0, |input| input.span().len() as u64);
        id.is_some_and(is_filled)
            && name.is_some_and(is_filled)
            && input.is_some_and(|input| input.kind() == Kind::Object)
    }

    fn is_result(&mut self, block: Node<'_>) -> bool {
        let content_is_good = present(block, "content").is_none_or(|content| match content.kind() {
            Kind::String => self.is_text(Some(content)),
            Kind::Array => content.elements().all(|block| self.is_block(block)),
            _ => false,
        });
        content_is_good
            && present(block, "tool_use_id").is_some_and(is_filled)
            && present(block, "is_error").is_none_or(|flag| flag.as_bool().is_some())
    }
}
