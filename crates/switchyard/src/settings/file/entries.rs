//! The map `settings` of the configuration file, as texts with their lines.

use crate::settings::table::row_named;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// The file, seen for its settings alone. What else may stand in it is the declared part's business.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SettingsDocument {
    pub(super) settings: Option<Entries>,
}

/// The settings in the order of the file.
pub(super) struct Entries(pub(super) Vec<Entry>);

/// One setting of the file.
pub(super) struct Entry {
    pub(super) name: String,
    /// A list's items stand between commas.
    pub(super) text: String,
    pub(super) line: u64,
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor).map(Self)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key::<Spanned<String>>()? {
            let row = row_named(&name.value.to_ascii_uppercase());
            let text = match row.map(|row| row.is_list()) {
                Some(true) => map.next_value::<ListText>()?.0,
                Some(false) => map.next_value::<Option<String>>()?.unwrap_or_default(),
                None => map.next_value::<IgnoredAny>().map(|_| String::new())?,
            };
            entries.push(Entry { line: name.referenced.line(), name: name.value, text });
        }
        Ok(entries)
    }
}

/// A list, or the text of one.
struct ListText(String);

impl<'de> Deserialize<'de> for ListText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor).map(Self)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list, or a text with commas")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_unit<E: Error>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<String, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element::<String>()? {
            texts.push(text);
        }
        Ok(texts.join(","))
    }
}
