//! Proofs in dialects that have a place for them, but not for the name of who made them.
//!
//! A client sends back what it was given. If its dialect has one place for proofs, another vendor's are put there behind a
//! mark that names their maker, and known again when they return.

use std::borrow::Cow;

use switchyard_domain::chat::Signature;

/// No vendor's own proof begins so: theirs are base64.
pub(crate) const MARK: &str = "switchyard:";

/// The text of a proof in a dialect whose own proofs are `own`'s.
pub(crate) fn marked<'a>(signature: &'a Signature, own: &str) -> Cow<'a, str> {
    if signature.issuer == own {
        Cow::Borrowed(&signature.value)
    } else {
        Cow::Owned(format!("{MARK}{}:{}", signature.issuer, signature.value))
    }
}

/// The proof that a text is, in a dialect whose own proofs are `own`'s.
pub(crate) fn unmarked(text: &str, own: &str) -> Signature {
    match text.strip_prefix(MARK).and_then(|rest| rest.split_once(':')) {
        Some((issuer, value)) => Signature::new(issuer, value),
        None => Signature::new(own, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proof_comes_back_as_it_was() {
        for signature in [
            Signature::new(Signature::ANTHROPIC, "EqQB=="),
            Signature::new(Signature::GOOGLE, "a:b:c"),
            Signature::new(Signature::UNKNOWN, ""),
        ] {
            for own in [Signature::ANTHROPIC, Signature::GOOGLE] {
                assert_eq!(unmarked(&marked(&signature, own), own), signature);
            }
        }
        assert_eq!(marked(&Signature::new("anthropic", "x"), "anthropic"), "x");
    }
}
