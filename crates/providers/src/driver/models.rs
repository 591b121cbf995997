//! A provider's list of its models.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;
use switchyard_ports::provider::DiscoveredModel;

/// No provider has so many; a longer list is cut.
const MOST: usize = 20_000;
/// Ids are a tenth of it.
const LONGEST_ID: usize = 512;

/// The most of a list that is read.
pub(super) const MAX_BODY: usize = 8 * 1024 * 1024;

/// A list, or an object that has it: most vendors as `data`, some as `models`, some bare.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Listing {
    data: Option<Entries>,
    #[serde(alias = "modelSummaries", alias = "publisherModels")]
    models: Option<Entries>,
}

/// The first entries of a list; the others are passed over without being kept, as is what is no entry.
#[derive(Default)]
struct Entries(Vec<Entry>);

/// What stands in a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Element {
    Entry(Entry),
    /// One that is odd makes no other unusable.
    Odd(IgnoredAny),
}

#[derive(Deserialize)]
struct Entry {
    #[serde(alias = "modelId")]
    id: Option<String>,
    name: Option<String>,
}

impl Entry {
    /// Its id. Google gives the name of a resource, in which the id comes last.
    fn id(self) -> Option<String> {
        self.id.or_else(|| {
            let name = self.name?;
            let bare =
                name.strip_prefix("publishers/").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest);
            let bare = bare.unwrap_or(&name).strip_prefix("models/").map(str::to_owned);
            Some(bare.unwrap_or(name))
        })
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of models")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let (mut entries, mut has_odd) = (Vec::new(), false);
                while entries.len() < MOST
                    && let Some(element) = list.next_element()?
                {
                    match element {
                        Element::Entry(entry) => entries.push(entry),
                        Element::Odd(_) => has_odd = true,
                    }
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                if entries.is_empty() && has_odd {
                    return Err(serde::de::Error::custom("no entry is one of a model"));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// The models of a list in any of its forms; `None` where it is none.
pub(super) fn read(body: &[u8], secret: Option<&str>) -> Option<Vec<DiscoveredModel>> {
    let Entries(entries) = if body.trim_ascii_start().first() == Some(&b'[') {
        serde_json::from_slice(body).ok()?
    } else {
        let Listing { data, models } = serde_json::from_slice(body).ok()?;
        data.or(models)?
    };
    let mut seen = HashSet::new();
    let ids = entries.into_iter().filter_map(Entry::id).filter(|id| is_id(id, secret));
    Some(ids.filter(|id| seen.insert(id.clone())).take(MOST).map(|id| DiscoveredModel { id }).collect())
}

/// Something that can be a model's id, and not our credential thrown back at us.
fn is_id(id: &str, secret: Option<&str>) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && !id.contains(char::is_control)
        && !secret.is_some_and(|secret| !secret.is_empty() && id.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_all_shapes_are_read() {
        for body in [
            r#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b"},{"id":"a"}]}"#,
            r#"[{"id":"a","type":"chat"},{"id":"b"},{"object":"nothing"}]"#,
            r#"{"models":[{"name":"a"},{"id":"b","name":"B"},{"name":""}]}"#,
            r#"{"models":[{"name":"models/a","displayName":"A"},{"name":"models/b"}]}"#,
            r#"{"publisherModels":[{"name":"publishers/google/models/a"},{"name":"publishers/acme/models/b"}]}"#,
            r#"[{"id":5},{"id":"a"},null,"x",{"id":{"x":1}},{"id":"b"}]"#,
            r#"{"modelSummaries":[{"modelArn":"arn:x","modelId":"a","modelName":"A"},{"modelId":"b"}]}"#,
        ] {
            let ids: Vec<_> =
                read(body.as_bytes(), None).unwrap().into_iter().map(|model| model.id).collect();
            assert_eq!(ids, ["a", "b"], "{body}");
        }
        let long = format!("[{}{{\"id\":\"a\"}}]", "{},".repeat(MOST + 5));
        assert_eq!(read(long.as_bytes(), None), Some(Vec::new()));
        let echo = br#"[{"id":"x-secret-y"},{"id":"b"}]"#;
        assert_eq!(read(echo, Some("secret")).unwrap().len(), 1);
        assert_eq!(read(b"<html>", None), None);
        assert_eq!(read(br#"{"error":"x"}"#, None), None);
        assert_eq!(read(br#"{"data":[5,"x"]}"#, None), None, "all of it is odd");
    }
}
