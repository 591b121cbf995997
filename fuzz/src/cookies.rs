//! The cookies of a session: whatever else stands in a request, none of it takes the place of a cookie that was given.

use switchyard_http::cookies::{ACCESS, REFRESH, value_in};

const TOKEN: &str = "t.o.k";

/// Feeds lines of text as the `Cookie` lines of a request: alone, and before and behind one that was given.
///
/// # Panics
/// When something does not hold.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<&str> = text.split('\n').collect();
    for name in [ACCESS, REFRESH] {
        alone(&lines, name);
        let given = format!("theme=dark; {name}={TOKEN}");
        let before: Vec<&str> = [given.as_str()].into_iter().chain(lines.iter().copied()).collect();
        let behind: Vec<&str> = lines.iter().copied().chain([given.as_str()]).collect();
        let within = lines.iter().map(|line| format!("{line};{given};{line}")).collect::<Vec<_>>();
        let within: Vec<&str> = within.iter().map(String::as_str).collect();
        for all in [before, behind, within] {
            if let Ok(found) = value_in(all.iter().copied(), name) {
                assert_eq!(found, Some(TOKEN), "{all:?}");
            }
        }
    }
}

fn alone(lines: &[&str], name: &str) {
    // An oracle of its own: every pair of the name, wherever it stands.
    let mut values: Vec<&str> = Vec::new();
    for pair in lines.iter().flat_map(|line| line.split(';')) {
        match pair.split_once('=') {
            Some((before, value)) if before.trim_start() == name => values.push(value.trim_end()),
            _ => {}
        }
    }
    values.dedup();
    let found = value_in(lines.iter().copied(), name);
    match values[..] {
        [] | [""] => assert_eq!(found, Ok(None), "{lines:?}"),
        [one] => assert_eq!(found, Ok(Some(one)), "{lines:?}"),
        [_, ..] => assert!(found.is_err(), "{lines:?}"),
    }
    if let Ok(Some(value)) = found {
        assert!(!value.is_empty() && !value.contains(';') && lines.iter().any(|line| line.contains(value)));
    }
}
