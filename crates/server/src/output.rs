//! What goes to the terminal: data on standard output, complaints on standard error.

use crate::failure::Failure;
use std::io::Write;

/// Writes a line of data. A reader that went away (`| head`) is no failure of ours.
pub(crate) fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _reader_may_be_gone = writeln!(out, "{}", text.as_ref());
}

/// Writes JSON data.
pub(crate) fn json(value: &serde_json::Value) {
    line(value.to_string());
}

/// The widest cell of a table, in characters. `--json` has all of it.
const WIDEST: usize = 200;

/// Writes a table: columns as wide as their widest cell, two spaces apart.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| shortened(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(header.get(column).map(|name| name.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let print = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        line(padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    print(&mut header.iter().copied());
    for row in &rows {
        print(&mut row.iter().map(String::as_str));
    }
}

/// A cell that is not over the widest.
fn shortened(cell: &str) -> String {
    match cell.char_indices().nth(WIDEST) {
        Some(_) => cell.chars().take(WIDEST - 3).chain("...".chars()).collect(),
        None => cell.to_owned(),
    }
}

/// Says why the process ends badly.
pub(crate) fn complain(failure: &Failure) {
    let mut err = std::io::stderr().lock();
    let _reader_may_be_gone = writeln!(err, "switchyard: {failure}");
}
