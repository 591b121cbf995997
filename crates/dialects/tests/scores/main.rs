//! How much of the recorded traffic is read as the official SDKs read it, provider by provider and feature by feature. The page
//! `docs/recordings.md` is made from it: `UPDATE=1 cargo test -p switchyard-dialects --test scores`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code,
    reason = "a test that can not go on fails where it stands, and shares what other tests use more of"
)]

mod comparing;
mod counted;
#[path = "../expected/mod.rs"]
mod expected;
mod known;
mod page;
mod reading;

use page::Page;
use std::path::Path;

#[test]
fn the_page_of_scores_is_current_and_every_miss_is_known() {
    let page = Page::of_all_recordings();
    println!("{}", page.text());
    assert_eq!(page.unknown_misses(), Vec::<String>::new());
    assert_eq!(page.outdated_reasons(), Vec::<&str>::new());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recordings.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, page.text()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), page.text(), "make it anew with UPDATE=1");
}
