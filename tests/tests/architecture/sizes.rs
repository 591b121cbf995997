//! A file has one subject: at most 400 lines of code, comments and unit tests not counted.

use crate::workspace::{root, sources};

const MOST_LINES: usize = 400;

/// Tables of facts may be long.
const ALLOWED: [&str; 1] = ["crates/repositories/src/schema.rs"];

/// Names that say nothing of what is inside.
const NAMELESS: [&str; 5] = ["utils.rs", "helpers.rs", "common.rs", "manager.rs", "misc.rs"];

fn lines_of_code(text: &str) -> usize {
    let product = text.split("#[cfg(test)]").next().unwrap_or_default();
    product.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn no_product_file_has_more_than_400_lines_of_code() {
    let long: Vec<String> = sources()
        .iter()
        .filter_map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            let lines = lines_of_code(&std::fs::read_to_string(path).unwrap());
            (lines > MOST_LINES && !ALLOWED.contains(&name.as_str())).then(|| format!("{name}: {lines}"))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_file_has_a_name_that_says_its_subject() {
    let nameless: Vec<_> = sources()
        .into_iter()
        .filter(|path| NAMELESS.contains(&path.file_name().unwrap().to_str().unwrap()))
        .collect();
    assert!(nameless.is_empty(), "{nameless:?}");
}
