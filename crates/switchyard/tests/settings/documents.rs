//! The documents that are made from the table are those that stand in the repository.

use crate::{dotenv, load};
use std::path::PathBuf;
use switchyard::settings::{Sources, example_file, reference};

/// Compares a file of the repository with what it should be, or writes it where `UPDATE` is set.
fn assert_current(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{name} is stale: run `UPDATE=1 cargo nextest run -p switchyard documents`");
}

#[test]
fn the_example_file_lists_every_setting_as_the_table_has_it() {
    assert_current(".env.example", &example_file());
}

#[test]
fn the_reference_lists_every_setting_as_the_table_has_it() {
    assert_current("docs/settings.md", &reference());
}

#[test]
fn the_example_file_sets_nothing_and_uncommented_gives_the_defaults() {
    let as_it_is = load(&Sources { dotenv: Some(dotenv(&example_file())), ..Sources::default() });
    assert_eq!(as_it_is.listing, load(&Sources::default()).listing);

    let lines = example_file();
    let uncommented: Vec<_> = lines.lines().filter_map(|line| line.strip_prefix("#SWITCHYARD_")).collect();
    assert_eq!(uncommented.len(), as_it_is.listing.len());
    let given: Vec<_> = uncommented.iter().filter(|line| !line.ends_with('=')).collect();
    let text: String = given.iter().map(|line| format!("SWITCHYARD_{line}\n")).collect();
    let loaded = load(&Sources { dotenv: Some(dotenv(&text)), ..Sources::default() });
    let texts =
        |listing: &[switchyard::settings::Listed]| listing.iter().map(|l| l.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&loaded.listing), texts(&as_it_is.listing));
}

#[test]
fn the_reference_s_configuration_file_loads() {
    let reference = reference();
    let yaml = reference.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let pairs = [("SECRET_KEY", crate::GOOD_KEY), ("OPENAI_API_KEY", "sk-live-1")];
    let mut sources = crate::environment(&pairs);
    sources.file = crate::file(yaml).file;
    let declared = load(&sources).declared.unwrap();
    assert_eq!((declared.providers.len(), declared.routes.len()), (2, 1));
}
