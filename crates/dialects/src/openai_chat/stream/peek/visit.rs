use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::ChoiceSet;
use super::key::Key;
use super::said::{Inside, Said};
use super::tolerant::tolerant;
use crate::json::{Shape, is_null, members, shape};

/// What one pass over a chunk finds. Strings go straight from the parser to where they are counted.
#[derive(Default)]
pub(super) struct Glance<'a> {
    pub(super) has_content: bool,
    pub(super) choices: ChoiceSet,
    pub(super) said: ChoiceSet,
    pub(super) finished: ChoiceSet,
    pub(super) usage: Option<&'a RawValue>,
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) service_tier: Option<Cow<'a, str>>,
    /// Whether there is a list of choices.
    pub(super) choices_listed: bool,
    /// Whether the list has an element.
    pub(super) choices_filled: bool,
    /// Whether there is an `error` of any kind.
    pub(super) suspicious: bool,
}

impl<'a> Glance<'a> {
    /// Looks at a chunk and appends its text to `output`; `None` if it is no JSON object.
    pub(super) fn take(text: &'a str, output: &mut String) -> Option<Self> {
        let mut glance = Self::default();
        let mut parser = serde_json::Deserializer::from_str(text);
        parser.deserialize_map(Chunk { glance: &mut glance, output }).ok()?;
        parser.end().ok()?;
        Some(glance)
    }

    /// Of lists of choices the last one counts, as it does for the reader.
    fn forget_choices(&mut self) {
        *self = Self {
            usage: self.usage,
            model: self.model.take(),
            service_tier: self.service_tier.take(),
            suspicious: self.suspicious,
            ..Self::default()
        };
    }
}

fn present(raw: &RawValue) -> Option<&RawValue> {
    (!is_null(raw)).then_some(raw)
}

fn is_filled_text(raw: &RawValue) -> bool {
    shape(raw) == Shape::Text && raw.get().len() > 2
}

struct Chunk<'g, 'a> {
    glance: &'g mut Glance<'a>,
    output: &'g mut String,
}

impl<'a> Visitor<'a> for Chunk<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a chunk")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { glance, output } = self;
        let before = output.len();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Choices => {
                    glance.forget_choices();
                    output.truncate(before);
                    map.next_value_seed(Choices { glance, output })?;
                }
                Key::Usage => glance.usage = present(map.next_value()?).or(glance.usage),
                Key::XGroq if glance.usage.is_none() => {
                    let groq: &RawValue = map.next_value()?;
                    glance.usage = members(groq).and_then(|groq| groq.get("usage"));
                }
                Key::Model => map.next_value_seed(Model(&mut glance.model))?,
                Key::ServiceTier => map.next_value_seed(Model(&mut glance.service_tier))?,
                Key::Error => glance.suspicious |= present(map.next_value()?).is_some(),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct Choices<'g, 'a> {
    glance: &'g mut Glance<'a>,
    output: &'g mut String,
}

impl<'a> DeserializeSeed<'a> for Choices<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Choices<'_, 'a> {
    tolerant!(text, object);

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { glance, output } = self;
        glance.choices_listed = true;
        for position in 0.. {
            let choice = Choice { glance, output, position };
            if list.next_element_seed(choice)?.is_none() {
                break;
            }
            glance.choices_filled = true;
        }
        Ok(())
    }
}

struct Choice<'g, 'a> {
    glance: &'g mut Glance<'a>,
    output: &'g mut String,
    position: u32,
}

impl<'a> DeserializeSeed<'a> for Choice<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Choice<'_, 'a> {
    tolerant!(text, list);

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { glance, output, position } = self;
        let (mut index, mut said, mut ends, mut has_delta) = (position, false, false, false);
        // How much there was before a message that may yet turn out not to count.
        let mut before_message = None;
        while let Some(key) = map.next_key()? {
            match key {
                Key::Index => {
                    let raw: &RawValue = map.next_value()?;
                    index = raw.get().parse().unwrap_or(position);
                }
                Key::Delta => {
                    has_delta = true;
                    if let Some(length) = before_message.take() {
                        output.truncate(length);
                        said = false;
                    }
                    map.next_value_seed(Inside { said: Said { output, found: &mut said } })?;
                }
                // Some repeat the whole message so far beside each delta: it counts only where there is none.
                Key::Message if !has_delta => {
                    output.truncate(*before_message.get_or_insert(output.len()));
                    said = false;
                    map.next_value_seed(Inside { said: Said { output, found: &mut said } })?;
                }
                Key::FinishReason => {
                    let raw: &RawValue = map.next_value()?;
                    ends |= is_filled_text(raw);
                }
                Key::FinishDetails => {
                    let kind = members(map.next_value()?).and_then(|details| details.get("type"));
                    ends |= kind.is_some_and(is_filled_text);
                }
                Key::Error => glance.suspicious |= present(map.next_value()?).is_some(),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        glance.choices.insert(index);
        if said {
            glance.said.insert(index);
        }
        if ends {
            glance.finished.insert(index);
        }
        glance.has_content |= said || ends;
        Ok(())
    }
}

struct Model<'g, 'a>(&'g mut Option<Cow<'a, str>>);

impl<'a> DeserializeSeed<'a> for Model<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Model<'_, 'a> {
    tolerant!(list, object);

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        *self.0 = Some(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        *self.0 = Some(Cow::Owned(text.to_owned()));
        Ok(())
    }
}
