//! Bytes from the operating system's generator, for keys and nonces.

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand::{Rng, RngExt};

/// Fills `bytes`. A machine without randomness can't keep a secret: this panics there rather than go on with a guessable one.
pub(crate) fn fill(bytes: &mut [u8]) {
    UnwrapErr(SysRng).fill_bytes(bytes);
}

/// An even draw from `alphabet`, by refusing the bytes that would favour its first characters.
pub(crate) fn draw(alphabet: &[u8], count: usize) -> impl Iterator<Item = char> {
    let even = 256 - 256 % alphabet.len().max(1);
    UnwrapErr(SysRng)
        .random_iter::<u8>()
        .map(usize::from)
        .filter(move |byte| *byte < even)
        .filter_map(|byte| alphabet.get(byte % alphabet.len()).copied().map(char::from))
        .take(count)
}
