//! Amazon's binary frames, as bedrock-converse-stream-02aff0b239 has them.

/// A frame of an event, or of an exception where the name is one's.
pub(super) fn frame(name: &str, payload: &[u8]) -> Vec<u8> {
    let exception = name.ends_with("Exception");
    let (kind, class) = if exception { ("exception", ":exception-type") } else { ("event", ":event-type") };
    let mut headers = Vec::new();
    for (name, value) in [(class, name), (":content-type", "application/json"), (":message-type", kind)] {
        headers.push(u8::try_from(name.len()).unwrap_or_default());
        headers.extend_from_slice(name.as_bytes());
        // A text.
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or_default().to_be_bytes();
    let mut out = Vec::with_capacity(16 + headers.len() + payload.len());
    out.extend_from_slice(&length(16 + headers.len() + payload.len()));
    out.extend_from_slice(&length(headers.len()));
    let prelude = crc32(&out);
    out.extend_from_slice(&prelude.to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload);
    let whole = crc32(&out);
    out.extend_from_slice(&whole.to_be_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::of;

    #[test]
    fn recorded_frames_are_written_again_byte_by_byte() {
        let mut frames = 0;
        for exchange in of("bedrock-converse").unwrap() {
            if !exchange.response.base64 {
                continue;
            }
            let answer = exchange.answer();
            let mut rest = answer.as_slice();
            while rest.len() > 16 {
                let total = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
                let headers = u32::from_be_bytes(rest[4..8].try_into().unwrap()) as usize;
                let (one, later) = rest.split_at(total);
                // The first header's value is the event's name.
                let start = 12 + 1 + usize::from(one[12]) + 1;
                let length = usize::from(u16::from_be_bytes(one[start..start + 2].try_into().unwrap()));
                let name = str::from_utf8(&one[start + 2..start + 2 + length]).unwrap();
                if one[13..].starts_with(b":event-type") {
                    assert_eq!(frame(name, &one[12 + headers..total - 4]), one, "{}", exchange.id);
                    frames += 1;
                }
                rest = later;
            }
        }
        assert!(frames > 100, "{frames}");
    }
}
