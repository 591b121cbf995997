//! The byte pair vocabularies that are public, as data of our own form: a quarter of the text that they are published in.

use crate::packed::unpacked;
use std::sync::OnceLock;
use tiktoken_rs::CoreBPE;

/// A public vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// `cl100k_base`.
    Cl100k,
    /// `o200k_base`.
    O200k,
}

/// How a text is parted before its parts are encoded, as the vocabulary's publisher says.
const CL100K_PARTS: &str = "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";

impl Vocabulary {
    fn place(self) -> &'static OnceLock<Option<CoreBPE>> {
        static CL100K: OnceLock<Option<CoreBPE>> = OnceLock::new();
        static O200K: OnceLock<Option<CoreBPE>> = OnceLock::new();
        match self {
            Self::Cl100k => &CL100K,
            Self::O200k => &O200K,
        }
    }

    /// Whether its encoder was made already, which takes some tenths of a second.
    pub(crate) fn is_loaded(self) -> bool {
        self.place().get().is_some()
    }

    /// The encoder, loaded once in the process. `None` only if the compiled-in data were damaged.
    pub(crate) fn encoder(self) -> Option<&'static CoreBPE> {
        self.place().get_or_init(|| self.load()).as_ref()
    }

    fn load(self) -> Option<CoreBPE> {
        let (packed, parts): (&[u8], _) = match self {
            Self::Cl100k => (include_bytes!("cl100k.gz"), CL100K_PARTS),
            Self::O200k => (include_bytes!("o200k.gz"), tiktoken_rs::O200K_BASE_PAT_STR),
        };
        let data = unpacked(packed).ok()?;
        let encoder = tokens(&data)?.into_iter().map(<[u8]>::to_vec).zip(0..).collect();
        // Words of control are ordinary text in what is counted here.
        CoreBPE::new(encoder, std::iter::empty().collect(), parts).ok()
    }
}

/// The tokens in the order of their ranks: their number in four bytes (little-endian), the length of each in one, then all of them.
fn tokens(data: &[u8]) -> Option<Vec<&[u8]>> {
    let (number, rest) = data.split_first_chunk()?;
    let (lengths, mut bytes) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*number)).ok()?)?;
    let mut tokens = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (token, later) = bytes.split_at_checked(usize::from(*length))?;
        tokens.push(token);
        bytes = later;
    }
    bytes.is_empty().then_some(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;
    use std::path::Path;

    fn published() -> [(Vocabulary, &'static str, CoreBPE, u32); 2] {
        let cl100k = tiktoken_rs::cl100k_base().unwrap();
        let o200k = tiktoken_rs::o200k_base().unwrap();
        [(Vocabulary::Cl100k, "cl100k.gz", cl100k, 100_256), (Vocabulary::O200k, "o200k.gz", o200k, 199_998)]
    }

    fn written(published: &CoreBPE, number: u32) -> Vec<u8> {
        let tokens: Vec<Vec<u8>> = (0..number).map(|rank| published.decode_bytes(&[rank]).unwrap()).collect();
        let mut data = number.to_le_bytes().to_vec();
        data.extend(tokens.iter().map(|token| u8::try_from(token.len()).unwrap()));
        data.extend(tokens.concat());
        data
    }

    #[test]
    fn the_vocabularies_are_the_published_ones() {
        for (vocabulary, file, published, number) in published() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/vocabulary").join(file);
            let data = written(&published, number);
            if std::env::var_os("UPDATE").is_some() {
                let mut packer = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::best());
                packer.write_all(&data).unwrap();
                packer.finish().unwrap();
            }
            assert!(
                unpacked(&std::fs::read(&path).unwrap()).unwrap() == data,
                "{vocabulary:?} is stale: run `UPDATE=1 cargo test -p switchyard-providers --lib vocabulary`"
            );
        }
    }

    #[test]
    fn texts_are_encoded_as_the_publisher_does() {
        let texts = [
            "It's 1,234,567.89 o'clock -- isn't it?\r\n\r\n\tfn main() { println!(\"{}\", x_y + 0x1F); }   \n  ",
            "お誕生日おめでとう 🦀🦀 Größe ÉTÉ naïve Ελληνικά русский العربية हिन्दी 한국어 a\u{301}\u{a0}b",
            "<|endoftext|> <|im_start|>WE'LL they'Re CamelCase snake_case    \n\n\n trailing   ",
            "\u{0}\u{1}\u{7f}\u{200b}\u{feff}",
            "",
        ];
        for (vocabulary, _, published, _) in published() {
            for text in texts {
                let encoded = vocabulary.encoder().unwrap().encode_ordinary(text);
                assert_eq!(encoded, published.encode_ordinary(text), "{vocabulary:?} {text:?}");
            }
        }
    }

    #[test]
    fn what_is_no_vocabulary_is_not_taken_for_one() {
        for damaged in [&b""[..], b"\x01\0\0", b"\x02\0\0\0\x01", b"\x01\0\0\0\x02a", b"\x01\0\0\0\x01ab"] {
            assert_eq!(tokens(damaged), None, "{damaged:?}");
        }
        assert_eq!(tokens(b"\x02\0\0\0\x01\x02abc"), Some(vec![&b"a"[..], b"bc"]));
    }
}
