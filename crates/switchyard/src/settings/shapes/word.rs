//! Words from a closed list.

use crate::settings::problem::Reason;
use crate::settings::setting::Shape;

const YES: [&str; 4] = ["true", "1", "yes", "on"];
const NO: [&str; 4] = ["false", "0", "no", "off"];

/// Yes or no, in the spellings that people use.
pub(in crate::settings) struct Boolean;

impl Shape<bool> for Boolean {
    fn parse(&self, text: &str) -> Result<bool, Reason> {
        let text = text.trim();
        if YES.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            Ok(true)
        } else if NO.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            Ok(false)
        } else {
            Err(Reason::new(format!("expected {}", self.expected())))
        }
    }

    fn expected(&self) -> String {
        "true or false".to_owned()
    }
}

/// One of a few words, in any case. Several words may mean the same; the first of them is the one to advise.
pub(in crate::settings) struct OneOf<T: 'static>(
    pub(in crate::settings) &'static [(&'static [&'static str], T)],
);

impl<T: Copy + Sync> Shape<T> for OneOf<T> {
    fn parse(&self, text: &str) -> Result<T, Reason> {
        let text = text.trim();
        self.0
            .iter()
            .find(|(words, _)| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
            .map(|(_, value)| *value)
            .ok_or_else(|| Reason::new(format!("expected {}", self.expected())))
    }

    fn expected(&self) -> String {
        let words: Vec<_> = self.0.iter().filter_map(|(words, _)| words.first().copied()).collect();
        format!("one of {}", words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_take_the_usual_spellings_in_any_case_and_nothing_else() {
        for yes in ["true", "TRUE", "1", "Yes", "on", " on "] {
            assert!(Boolean.parse(yes).unwrap(), "{yes}");
        }
        for no in ["false", "False", "0", "NO", "off"] {
            assert!(!Boolean.parse(no).unwrap(), "{no}");
        }
        for neither in ["", "2", "y", "enabled", "truee"] {
            assert!(Boolean.parse(neither).is_err(), "{neither}");
        }
    }
}
