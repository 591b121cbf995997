use super::{ScanError, ScanErrorKind};

/// The largest double has 309 digits before the point, so a spelling this long without exponent is always finite.
const SURELY_FINITE: usize = 308;

/// Finds the end of the number that begins at `start` with a digit or `-`, by RFC 8259's grammar, and refuses one that
/// a double cannot hold.
pub(super) fn find_end(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    let mut at = start;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match bytes.get(at) {
        // A zero stands alone: 012 is not JSON. What follows the zero is refused by whoever reads on, except for
        // digits and letters, which belong to this number in any reader's eyes.
        Some(b'0') => at + 1,
        _ => digits(bytes, at)?,
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    let mut exponent = false;
    if let Some(b'e' | b'E') = bytes.get(at) {
        exponent = true;
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(bytes, at)?;
    }
    if bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        return Err(ScanError::new(ScanErrorKind::InvalidNumber, at));
    }
    if (exponent || at - start > SURELY_FINITE) && !is_finite(bytes.get(start..at).unwrap_or_default()) {
        return Err(ScanError::new(ScanErrorKind::NumberOutOfRange, start));
    }
    Ok(at)
}

/// Offset after one or more digits.
fn digits(bytes: &[u8], start: usize) -> Result<usize, ScanError> {
    let rest = bytes.get(start..).unwrap_or_default();
    match rest.iter().position(|byte| !byte.is_ascii_digit()) {
        Some(0) => Err(ScanError::new(ScanErrorKind::InvalidNumber, start)),
        Some(count) => Ok(start + count),
        None if rest.is_empty() => Err(ScanError::new(ScanErrorKind::UnexpectedEnd, bytes.len())),
        None => Ok(bytes.len()),
    }
}

fn is_finite(spelling: &[u8]) -> bool {
    str::from_utf8(spelling).is_ok_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite))
}
