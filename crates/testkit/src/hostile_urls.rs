//! URLs that mean harm: each leads, in one reader's eyes at least, to an address that must never be connected to.

#![expect(clippy::panic, clippy::expect_used, reason = "a test can't go on with half a corpus")]

use std::net::IpAddr;

const TEXT: &str = include_str!("../corpus/hostile_urls.txt");

/// A URL of the corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostileUrl {
    /// What refuses it where it is read with a browser's tolerance; the corpus's head lists the words.
    pub tag: &'static str,
    /// The URL.
    pub url: String,
    /// What a hostile name server answers for its name.
    pub answers: Vec<IpAddr>,
}

/// All of them, with this port where one leads to a listener on this machine.
///
/// # Panics
/// When the corpus can't be read.
#[must_use]
pub fn all(port: u16) -> Vec<HostileUrl> {
    let lines = TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| read(line, port)).collect()
}

fn read(line: &'static str, port: u16) -> HostileUrl {
    let (tag, rest) = line.split_once(' ').expect("a tag and a URL");
    let (url, answers) = rest.split_once(" => ").unwrap_or((rest, ""));
    HostileUrl {
        tag,
        url: unescape(url).replace("{port}", &port.to_string()),
        answers: answers.split_whitespace().map(|address| address.parse().expect("an address")).collect(),
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        plain.push(match rest.next().expect("an escape") {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            's' => ' ',
            '0' => '\0',
            'u' => {
                let code: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).expect("a character")
            }
            other => panic!("unknown escape \\{other} in {text}"),
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_enough_of_every_kind_and_none_twice() {
        let urls = all(4711);
        assert!(urls.len() >= 300, "{}", urls.len());
        for tag in
            ["address", "exact", "userinfo", "fragment", "host", "port", "scheme", "invalid", "connect"]
        {
            assert!(urls.iter().any(|url| url.tag == tag), "{tag}");
        }
        let mut distinct: Vec<_> = urls.iter().map(|url| (&url.url, &url.answers)).collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), urls.len());
    }

    #[test]
    fn escapes_become_what_they_stand_for() {
        assert_eq!(unescape(r"a\tb\u{3002}c\s\0"), "a\tb\u{3002}c \0");
    }
}
