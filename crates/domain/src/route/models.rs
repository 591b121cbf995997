//! Which of its provider's models a target serves.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The models of a target, by upstream id and in order: a call that names none goes to the first. An empty list is all of the
/// provider's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "OneOrSeveral", into = "OneOrSeveral")]
pub struct TargetModels(Vec<String>);

/// One model is written as its name.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrSeveral {
    One(String),
    Several(Vec<String>),
}

impl TargetModels {
    /// All models of the provider.
    pub const ALL: Self = Self(Vec::new());

    /// These; none is all of the provider's. One that is named twice is there once.
    #[must_use]
    pub fn of(models: Vec<String>) -> Self {
        let mut seen = HashSet::with_capacity(models.len());
        let is_first: Vec<bool> = models.iter().map(|model| seen.insert(model.as_str())).collect();
        let listed = models.into_iter().zip(is_first);
        Self(listed.filter_map(|(model, is_first)| is_first.then_some(model)).collect())
    }

    /// The models that are named; empty where all are meant.
    #[must_use]
    pub fn named(&self) -> &[String] {
        &self.0
    }

    /// The first one, where one is named.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// The same, with each named model as `now` calls it; those of which it knows nothing go. `None` where none of those that were named
    /// is left, as no name at all would mean all of them.
    #[must_use]
    pub fn renamed(&self, now: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let left = Self::of(self.0.iter().filter_map(|model| now(model)).collect());
        (self.are_all() || !left.are_all()).then_some(left)
    }

    /// Whether all models of the provider are meant.
    #[must_use]
    pub fn are_all(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for TargetModels {
    fn from(model: &str) -> Self {
        Self(vec![model.to_owned()])
    }
}

impl From<String> for TargetModels {
    fn from(model: String) -> Self {
        Self(vec![model])
    }
}

impl From<OneOrSeveral> for TargetModels {
    fn from(models: OneOrSeveral) -> Self {
        match models {
            OneOrSeveral::One(model) => Self::from(model),
            OneOrSeveral::Several(models) => Self::of(models),
        }
    }
}

impl From<TargetModels> for OneOrSeveral {
    fn from(TargetModels(mut models): TargetModels) -> Self {
        match models.pop() {
            Some(only) if models.is_empty() => Self::One(only),
            Some(last) => {
                models.push(last);
                Self::Several(models)
            }
            None => Self::Several(models),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_models_that_go_none_is_left_behind_and_never_all_are_meant_in_their_place() {
        let two = TargetModels::of(vec!["a".into(), "b".into()]);
        let without = |gone: &'static str| move |model: &str| (model != gone).then(|| model.to_owned());
        assert_eq!(two.renamed(without("a")), Some(TargetModels::from("b")));
        assert_eq!(TargetModels::from("a").renamed(without("a")), None);
        assert_eq!(TargetModels::ALL.renamed(without("a")), Some(TargetModels::ALL));
        let a_is_b = |model: &str| Some(model.replace('a', "b"));
        assert_eq!(two.renamed(a_is_b), Some(TargetModels::from("b")), "each is named once");
    }

    #[test]
    fn one_model_is_written_as_its_name_and_several_as_a_list() {
        let written = |models: &TargetModels| serde_json::to_string(models).unwrap();
        let read = |text: &str| serde_json::from_str::<TargetModels>(text).unwrap();
        for (text, models) in [
            (r#""a""#, TargetModels::from("a")),
            (r#"["a","b"]"#, TargetModels::of(vec!["a".into(), "b".into()])),
            ("[]", TargetModels::ALL),
        ] {
            assert_eq!((written(&models).as_str(), read(text)), (text, models));
        }
        assert_eq!(read(r#"["a","b","a"]"#).named(), ["a", "b"]);
        assert_eq!(read(r#"["a"]"#), TargetModels::from("a"));
    }
}
