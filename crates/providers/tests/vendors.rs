//! The vendors' reference page is current. `UPDATE=1` writes it anew.
#![expect(clippy::disallowed_methods, reason = "a test reads its environment")]

use std::path::Path;
use switchyard_providers::vendors::{VENDORS, reference_page};

#[test]
fn the_reference_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vendors.md");
    let page = reference_page();
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/vendors.md is not current; run this test with UPDATE=1");
}

#[test]
fn the_page_names_every_vendor() {
    let page = reference_page();
    for vendor in VENDORS {
        assert!(page.contains(&format!("| `{}` |", vendor.key)), "{}", vendor.key);
    }
}
