use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::key::Key;
use super::tolerant::tolerant;

/// Where the text of a choice goes, and whether there was content.
pub(super) struct Said<'g> {
    pub(super) output: &'g mut String,
    pub(super) found: &'g mut bool,
}

impl Said<'_> {
    fn again(&mut self) -> Said<'_> {
        Said { output: self.output, found: self.found }
    }
}

impl<'a> DeserializeSeed<'a> for Said<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A text, or Mistral's list of parts, in which texts and thoughts stand.
impl<'a> Visitor<'a> for Said<'_> {
    tolerant!();

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        *self.found |= !text.is_empty();
        self.output.push_str(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self.again())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut part: A) -> Result<(), A::Error> {
        while let Some(key) = part.next_key()? {
            match key {
                Key::Text | Key::Thinking => part.next_value_seed(self.again())?,
                _ => drop(part.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The inside of a delta or message.
pub(super) struct Inside<'g> {
    pub(super) said: Said<'g>,
}

impl<'a> DeserializeSeed<'a> for Inside<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Inside<'_> {
    tolerant!(text, list);

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut reasoned = false;
        while let Some(key) = map.next_key()? {
            match key {
                Key::Content => map.next_value_seed(self.said.again())?,
                Key::Refusal => map.next_value_seed(Plain(self.said.again()))?,
                // Some send it under both names.
                Key::Reasoning if !reasoned => {
                    let before = self.said.output.len();
                    map.next_value_seed(Plain(self.said.again()))?;
                    reasoned = self.said.output.len() > before;
                }
                Key::ToolCalls => map.next_value_seed(Calls(self.said.again()))?,
                Key::FunctionCall => map.next_value_seed(Call(self.said.again()))?,
                Key::Media => {
                    let media: Option<IgnoredAny> = map.next_value()?;
                    *self.said.found |= media.is_some();
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A text that stands in no list.
struct Plain<'g>(Said<'g>);

impl<'a> DeserializeSeed<'a> for Plain<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Plain<'_> {
    tolerant!(list, object);

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.0.visit_str(text)
    }
}

/// A list of calls.
struct Calls<'g>(Said<'g>);

impl<'a> DeserializeSeed<'a> for Calls<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Calls<'_> {
    tolerant!(text, object);

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Call(self.0.again()))?.is_some() {}
        Ok(())
    }
}

/// A call, or the function inside: name and arguments are output too.
struct Call<'g>(Said<'g>);

impl<'a> DeserializeSeed<'a> for Call<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Call<'_> {
    tolerant!(text, list);

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key()? {
            match key {
                Key::Function => map.next_value_seed(Call(self.0.again()))?,
                Key::Name | Key::Arguments => map.next_value_seed(Plain(self.0.again()))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}
