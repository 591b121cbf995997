//! The settings in force, for people to look at.

use super::problem::Origin;
use super::setting::Fallback;
use super::table;
use super::values::Values;
use secrecy::ExposeSecret;

/// A setting with its text and its giver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The heading it stands under.
    pub section: &'static str,
    /// Its environment variable.
    pub variable: String,
    /// Its text; in words where it is worked out, unset, or a secret.
    pub text: String,
    /// Who gave it.
    pub origin: Origin,
}

impl Listed {
    /// Every setting in the order of the table.
    pub(super) fn all(values: &Values) -> Vec<Self> {
        let sections =
            table::TABLE.iter().flat_map(|section| section.rows.iter().map(|row| (section.title, *row)));
        sections
            .map(|(section, row)| {
                let facts = row.facts();
                let text = match (values.of(row), facts.fallback) {
                    (Some(_), _) if facts.secret => "(given, secret)".to_owned(),
                    (Some(given), _) => given.text.expose_secret().to_owned(),
                    (None, Fallback::Text(text)) => text.to_owned(),
                    (None, Fallback::Derived(words)) => format!("({words})"),
                    (None, Fallback::Unset) => "(unset)".to_owned(),
                };
                Self { section, variable: facts.variable(), text, origin: values.giver(row).1 }
            })
            .collect()
    }
}
