//! Proofs of reasoning in this dialect's one place for them, `thoughtSignature`.
//!
//! Its type is bytes: clients' libraries decode it as base64 and fail on anything else, and write it again in the alphabet
//! for addresses (`vertex-generatecontent-0647f0eb67`, 2026). So the proofs of other vendors travel in it marked and
//! encoded once more. Google's own go as they came.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use switchyard_domain::chat::Signature;

use crate::proof::{marked, unmarked};

/// How every marked proof begins once it is encoded. No proof of Google's does.
pub(super) const MARKED: &str = "c3dpdGNoeWFyZD";

/// In the place of a maker's name: what follows is the proof of a block whose text its maker hid.
const REDACTED: &str = "redacted";

/// Any padding will do.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A proof as clients get it.
pub(super) fn written(signature: &Signature) -> Cow<'_, str> {
    if signature.issuer == Signature::GOOGLE {
        return Cow::Borrowed(&signature.value);
    }
    Cow::Owned(STANDARD.encode(marked(signature, Signature::GOOGLE).as_bytes()))
}

/// The proof of a hidden block as clients get it.
pub(super) fn written_redacted(signature: &Signature) -> String {
    let value = format!("{}:{}", signature.issuer, signature.value);
    STANDARD.encode(marked(&Signature::new(REDACTED, value), Signature::GOOGLE).as_bytes())
}

/// The proof that a text is, and whether it is that of a hidden block.
pub(super) fn read(text: &str) -> (Signature, bool) {
    let Some(signature) = foreign(text) else { return (Signature::new(Signature::GOOGLE, text), false) };
    if signature.issuer == REDACTED
        && let Some((issuer, value)) = signature.value.split_once(':')
    {
        return (Signature::new(issuer, value), true);
    }
    (signature, false)
}

fn foreign(text: &str) -> Option<Signature> {
    if !text.starts_with(MARKED) {
        return None;
    }
    let text = text.replace('+', "-").replace('/', "_");
    let decoded = String::from_utf8(LENIENT.decode(text).ok()?).ok()?;
    let signature = unmarked(&decoded, Signature::GOOGLE);
    (signature.issuer != Signature::GOOGLE).then_some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proof_comes_back_as_it_was_whatever_alphabet_the_client_writes() {
        for signature in [
            Signature::new(Signature::GOOGLE, "CsYIAY89a18h8-_=="),
            Signature::new(Signature::ANTHROPIC, "EqQB+/=="),
            Signature::new(Signature::OPENAI, "gAAA\u{3ff}??>>~~"),
            Signature::new(Signature::UNKNOWN, ""),
        ] {
            let text = written(&signature).into_owned();
            for text in [text.clone(), text.replace('+', "-").replace('/', "_"), text.replace('=', "")] {
                if signature.issuer != Signature::GOOGLE {
                    assert!(text.starts_with(MARKED), "{text}");
                    assert_eq!(read(&text), (signature.clone(), false));
                }
            }
            assert_eq!(read(&written(&signature)), (signature.clone(), false));
            assert_eq!(read(&written_redacted(&signature)), (signature, true));
        }
    }
}
