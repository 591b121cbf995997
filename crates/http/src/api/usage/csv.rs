//! A table as comma-separated values (RFC 4180).

use switchyard_orchestrator::usage::TableLine;

const HEAD: &str = "key,start,calls,attempts,input_tokens,output_tokens,cost_usd,unpriced\r\n";

/// What a spreadsheet takes for the beginning of a formula.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A header, and a line for each.
pub(super) fn written(lines: &[TableLine]) -> String {
    let mut text = HEAD.to_owned();
    for TableLine { start, group, sums } in lines {
        let start = start.map(|start| start.to_string()).unwrap_or_default();
        let numbers = [sums.calls, sums.attempts, sums.input_tokens, sums.output_tokens]
            .map(|number| number.to_string())
            .join(",");
        text.push_str(&format!("{},{start},{numbers},{},{}\r\n", cell(group), sums.cost, sums.unpriced));
    }
    text
}

/// A text as a cell: never a formula, and never more than one cell.
fn cell(text: &str) -> String {
    let text = if text.starts_with(FORMULAS) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_domain::money::NanoUsd;
    use switchyard_domain::time::Timestamp;
    use switchyard_domain::usage::UsageSums;

    #[test]
    fn a_name_is_never_a_formula_and_never_more_than_one_cell() {
        for (text, expected) in [
            ("acme/large", "acme/large"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("a,b", "\"a,b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_table_has_a_header_and_a_line_for_each_group() {
        let sums = UsageSums { calls: 2, attempts: 3, cost: NanoUsd(1_350_000), ..UsageSums::default() };
        let line = TableLine { start: Some(Timestamp(0)), group: "a".to_owned(), sums };
        assert_eq!(written(&[line]), format!("{HEAD}a,1970-01-01T00:00:00.000Z,2,3,0,0,0.001350000,0\r\n"));
        assert_eq!(written(&[]), HEAD);
    }
}
