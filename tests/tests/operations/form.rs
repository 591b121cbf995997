//! Forms as clients write them.

use reqwest::RequestBuilder;

pub(crate) const BOUNDARY: &str = "----formBoundary7MA4YWxk";

/// A form with these fields before and after a file of sound.
pub(crate) struct Form {
    bytes: Vec<u8>,
}

impl Form {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        let part =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        self.bytes.extend_from_slice(part.as_bytes());
        self
    }

    pub(crate) fn file(mut self, name: &str, sound: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n"
        );
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(sound);
        self.bytes.extend_from_slice(b"\r\n");
        self
    }

    pub(crate) fn bytes(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.bytes
    }
}

/// Bytes that are no text, with all that could be taken for a delimiter.
pub(crate) fn sound(length: usize) -> Vec<u8> {
    let trap = format!("\r\n--{}\r\n--", &BOUNDARY[..BOUNDARY.len() - 1]);
    let noise = (0..=255_u8).chain(trap.bytes());
    noise.cycle().take(length).collect()
}

/// Sends bytes as a form with the usual boundary.
pub(crate) fn as_form(request: RequestBuilder, bytes: Vec<u8>) -> RequestBuilder {
    request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(bytes)
}
