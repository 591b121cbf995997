//! Ids of tool calls.

/// An id for a call that came without one, unique within an answer.
pub(crate) fn made_call_id(answer: &str, choice: u32, index: usize) -> String {
    let answer: String = answer.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("call_{answer}_{choice}_{index}")
}

/// Nine letters and digits made from an id, the same from the same. 62^9 is large enough that the few ids of a conversation
/// stay apart.
pub(crate) fn nine_alphanumeric(id: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // FNV-1a: no secret is in it, and it must never change between versions.
    let mut hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (0..9)
        .map(|_| {
            let digit = DIGITS.get((hash % 62) as usize).copied().unwrap_or(b'0');
            hash /= 62;
            char::from(digit)
        })
        .collect()
}
