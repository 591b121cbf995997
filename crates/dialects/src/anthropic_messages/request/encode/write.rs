use super::blocks::{Block, Said};
use crate::json::{ArrayWriter, ObjectWriter};

/// Writes a content: a single plain text as such, all else as blocks.
pub(super) fn content(object: &mut ObjectWriter<'_>, name: &str, blocks: &[Block<'_>]) {
    match blocks {
        [Block { said: Said::Text(text), mark: None, extras }] if extras.is_empty() => {
            object.text(name, text);
        }
        blocks => object.array(name, |list| blocks.iter().for_each(|each| block(list, each))),
    }
}

fn block(list: &mut ArrayWriter<'_>, block: &Block<'_>) {
    if let Said::Native(json) = block.said {
        return list.element().extend_from_slice(json.as_str().as_bytes());
    }
    list.object(|object| {
        // What was kept whole outranks what was understood of it.
        let kept = |name: &str| block.extras.iter().any(|(extra, _)| *extra == name);
        said(object, &block.said, kept("source"), kept("citations"));
        if let Some(ttl) = block.mark.filter(|_| !kept("cache_control")) {
            mark(object, ttl);
        }
        for (name, value) in &block.extras {
            object.json(name, value);
        }
    });
}

/// Writes that everything up to here may be cached.
pub(super) fn mark(object: &mut ObjectWriter<'_>, ttl: Option<&str>) {
    object.object("cache_control", |control| {
        control.text("type", "ephemeral");
        if let Some(ttl) = ttl {
            control.text("ttl", ttl);
        }
    });
}

fn said(object: &mut ObjectWriter<'_>, said: &Said<'_>, source_kept: bool, citations_kept: bool) {
    match said {
        Said::Text(text) => {
            object.text("type", "text");
            object.text("text", text);
        }
        Said::Image(source) => {
            object.text("type", "image");
            source.write(object);
        }
        Said::Document { source, document } => {
            object.text("type", "document");
            if !source_kept {
                source.write(object);
            }
            if let Some(title) = &document.filename {
                object.text("title", title);
            }
            if let Some(context) = &document.context {
                object.text("context", context);
            }
            if document.cited && !citations_kept {
                object.object("citations", |citations| citations.plain("enabled", true));
            }
        }
        Said::Call { id, name, input } => {
            object.text("type", "tool_use");
            object.text("id", id);
            object.text("name", name);
            object.name("input").extend_from_slice(input.as_bytes());
        }
        Said::Result { id, content: blocks, is_error } => {
            object.text("type", "tool_result");
            object.text("tool_use_id", id);
            if !blocks.is_empty() {
                content(object, "content", blocks);
            }
            if *is_error {
                object.plain("is_error", true);
            }
        }
        Said::Thinking { text, proof } => {
            object.text("type", "thinking");
            object.text("thinking", text);
            object.text("signature", proof);
        }
        Said::Redacted(data) => {
            object.text("type", "redacted_thinking");
            object.text("data", data);
        }
        // Written whole.
        Said::Native(_) => {}
    }
}
