use super::{ScanError, ScanErrorKind};

/// One escape sequence, read.
pub(super) struct Escape {
    /// Bytes of its spelling, the backslash included; both halves of a surrogate pair count as one escape.
    pub(super) width: usize,
    pub(super) character: char,
}

/// Reads the escape whose backslash stands at `at`. The scan and the decoder share this function, so what the one
/// accepts the other can decode.
#[inline]
pub(super) fn read(bytes: &[u8], at: usize) -> Result<Escape, ScanError> {
    let letter = *bytes.get(at + 1).ok_or_else(|| end(bytes))?;
    let character = match letter {
        b'"' | b'\\' | b'/' => char::from(letter),
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unicode(bytes, at),
        _ => return Err(ScanError::new(ScanErrorKind::InvalidEscape, at)),
    };
    Ok(Escape { width: 2, character })
}

fn unicode(bytes: &[u8], at: usize) -> Result<Escape, ScanError> {
    let lone = ScanError::new(ScanErrorKind::LoneSurrogate, at);
    let first = code_unit(bytes, at)?;
    if !(0xD800..0xDC00).contains(&first) {
        // The only code units that are no characters are the low surrogates.
        let character = char::from_u32(first).ok_or(lone)?;
        return Ok(Escape { width: 6, character });
    }
    match (bytes.get(at + 6), bytes.get(at + 7)) {
        (None, _) | (Some(b'\\'), None) => return Err(end(bytes)),
        (Some(b'\\'), Some(b'u')) => {}
        _ => return Err(lone),
    }
    let second = code_unit(bytes, at + 6)?;
    if !(0xDC00..0xE000).contains(&second) {
        return Err(lone);
    }
    let scalar = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    Ok(Escape { width: 12, character: char::from_u32(scalar).ok_or(lone)? })
}

/// The four hexadecimal digits after the `\u` at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Result<u32, ScanError> {
    let mut unit = 0;
    for offset in at + 2..at + 6 {
        let byte = *bytes.get(offset).ok_or_else(|| end(bytes))?;
        let digit = char::from(byte).to_digit(16).ok_or(ScanError::new(ScanErrorKind::InvalidEscape, at))?;
        unit = unit << 4 | digit;
    }
    Ok(unit)
}

fn end(bytes: &[u8]) -> ScanError {
    ScanError::new(ScanErrorKind::UnexpectedEnd, bytes.len())
}
