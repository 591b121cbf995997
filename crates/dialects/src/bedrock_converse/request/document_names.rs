use std::collections::HashSet;

/// Longer names are refused; there must be room for a number.
const LONGEST: usize = 180;

/// The names of a request's documents: `Messages can't contain duplicate document names` (2026), over all of its messages,
/// and only with letters, digits, single spaces, hyphens, parentheses and square brackets. An underscore is accepted too
/// (`bedrock-converse-b9ca78e462`, 2026).
#[derive(Debug, Default)]
pub(super) struct DocumentNames {
    used: HashSet<String>,
    /// How many were given a number.
    numbered: usize,
}

impl DocumentNames {
    /// A name that is accepted, as near to the wanted one as can be.
    pub(super) fn fit(&mut self, wanted: Option<&str>) -> String {
        let plain = plain(wanted.unwrap_or_default());
        let plain = if plain.is_empty() { "document".to_owned() } else { plain };
        let mut name = plain.clone();
        while !self.used.insert(name.to_ascii_lowercase()) {
            // One count for all, so that a thousand documents of one name don't look for their numbers from 2 on.
            self.numbered += 1;
            name = format!("{plain} {}", self.numbered + 1);
        }
        name
    }
}

fn plain(wanted: &str) -> String {
    let mut out = String::new();
    for c in wanted.chars() {
        let c = match c {
            c if c.is_ascii_alphanumeric() || "()[]_".contains(c) => c,
            c if c.is_whitespace() => ' ',
            _ => '-',
        };
        let repeats = (c == ' ' || c == '-') && out.ends_with(c);
        if !repeats && out.len() < LONGEST {
            out.push(c);
        }
    }
    out.trim_matches([' ', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_only_what_is_allowed_and_no_two_are_alike() {
        let mut names = DocumentNames::default();
        for (wanted, expected) in [
            (Some("company_policy"), "company_policy"),
            (Some("Report  2026.pdf"), "Report 2026-pdf"),
            (Some("report 2026.PDF"), "report 2026-PDF 2"),
            (Some("a/b\\..\\c [x] (y)"), "a-b-c [x] (y)"),
            (Some("報告.pdf"), "pdf"),
            (Some(" \n\t"), "document"),
            (None, "document 3"),
            (None, "document 4"),
        ] {
            assert_eq!(names.fit(wanted), expected);
        }
        assert_eq!(names.fit(Some(&"x".repeat(500))).len(), LONGEST);
    }
}
