//! Data that the binary carries packed.

use flate2::read::GzDecoder;
use std::io::{self, Read};

/// What gzip packed.
///
/// # Errors
/// When it is damaged.
pub(crate) fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut plain)?;
    Ok(plain)
}
