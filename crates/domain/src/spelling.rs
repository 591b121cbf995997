//! "Did you mean": the names that a misspelt one most likely stands for.

/// At most `most` of the names, nearest first, as far as they are near enough to be worth naming. Takes time in proportion to
/// the lengths of `wrong` and of all names: who asks with other people's words bounds them first.
#[must_use]
pub fn closest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let letters = wrong.chars().count();
    let limit = (letters / 3).clamp(1, 4);
    let mut near: Vec<(usize, &str)> = names
        .filter(|name| name.chars().count().abs_diff(letters) <= limit)
        .map(|name| (distance(wrong, name), name))
        .filter(|(far, _)| *far <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(most).map(|(_, name)| name).collect()
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
    fn a_slip_of_the_keyboard_finds_its_names_nearest_first_and_a_strange_word_finds_none() {
        let names = || ["gpt-4o", "gpt-4", "gpt-4o-mini", "claude-3"].into_iter();
        assert_eq!(closest("gpt-4p", names(), 3), ["gpt-4", "gpt-4o"]);
        assert_eq!(closest("gpt-4p", names(), 1), ["gpt-4"]);
        assert_eq!(closest("gtp-4o-mini", names(), 3), ["gpt-4o-mini"]);
        assert!(closest("llama", names(), 3).is_empty());
        assert!(closest("", names(), 3).is_empty());
    }

    #[test]
    fn the_distance_counts_single_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("é", "e"), 1);
    }
}
