//! "Did you mean": the name that a misspelt one most likely stands for.

/// The nearest of the names, if it is near enough to be worth naming.
pub(super) fn nearest(wrong: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let limit = (wrong.chars().count() / 3).clamp(1, 4);
    names
        .map(|name| (distance(wrong, name), name))
        .filter(|(far, _)| *far <= limit)
        .min()
        .map(|(_, name)| name)
}

/// How many single letters must be changed, added or removed.
fn distance(one: &str, other: &str) -> usize {
    let mut above: Vec<usize> = (0..=other.chars().count()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut row = vec![left];
        for (candidate, up) in other.chars().zip(above.iter().skip(1)) {
            left = (diagonal + usize::from(letter != candidate)).min(left + 1).min(up + 1);
            diagonal = *up;
            row.push(left);
        }
        above = row;
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_finds_its_name_and_a_strange_word_finds_none() {
        let names = || ["LISTEN", "LOG_LEVEL", "LOG_DIR", "LOGIN_RATE_LIMIT"].into_iter();
        assert_eq!(nearest("LOGLEVEL", names()), Some("LOG_LEVEL"));
        assert_eq!(nearest("LISTN", names()), Some("LISTEN"));
        assert_eq!(nearest("LOGIN_RATELIMT", names()), Some("LOGIN_RATE_LIMIT"));
        assert_eq!(nearest("TELEMETRY", names()), None);
        assert_eq!(nearest("", names()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
