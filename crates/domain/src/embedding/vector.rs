use crate::chat::Json;
use std::fmt::Write as _;

/// A vector as it came: written numbers keep every digit, packed ones every bit.
#[derive(Clone, Debug, PartialEq)]
pub enum Vector {
    /// A JSON list of numbers, byte for byte.
    Written(Json),
    /// 32-bit floats.
    Packed(Vec<f32>),
}

/// What is no vector of finite 32-bit floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a vector is not a list of numbers")]
pub struct NotAVector;

impl Vector {
    /// From the bytes of little-endian 32-bit floats.
    ///
    /// # Errors
    /// When a float is cut, infinite or none at all.
    pub fn from_le_bytes(bytes: &[u8]) -> Result<Self, NotAVector> {
        let (floats, rest) = bytes.as_chunks::<4>();
        let floats: Vec<f32> = floats.iter().copied().map(f32::from_le_bytes).collect();
        let good = rest.is_empty() && floats.iter().all(|float| float.is_finite());
        if good { Ok(Self::Packed(floats)) } else { Err(NotAVector) }
    }

    /// Whether it has no numbers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Packed(floats) => floats.is_empty(),
            Self::Written(json) => {
                let inside = json.as_str().trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                inside.is_some_and(|inside| inside.trim().is_empty())
            }
        }
    }

    /// The numbers as 32-bit floats: of written ones the nearest, rounded once.
    ///
    /// # Errors
    /// When it is written and no list of numbers within the range.
    pub fn floats(&self) -> Result<Vec<f32>, NotAVector> {
        match self {
            Self::Packed(floats) => Ok(floats.clone()),
            Self::Written(json) => read(json.as_str()),
        }
    }

    /// The bytes of the numbers as little-endian 32-bit floats.
    ///
    /// # Errors
    /// As [`floats`](Self::floats).
    pub fn to_le_bytes(&self) -> Result<Vec<u8>, NotAVector> {
        Ok(self.floats()?.into_iter().flat_map(f32::to_le_bytes).collect())
    }

    /// The numbers as a JSON list: written ones as they stand, packed ones as the shortest decimals that read back to the same
    /// floats.
    #[must_use]
    pub fn json(&self) -> String {
        match self {
            Self::Written(json) => json.as_str().to_owned(),
            Self::Packed(floats) => {
                let mut text = String::with_capacity(2 + floats.len() * 14);
                for (at, float) in floats.iter().enumerate() {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "{}{float}", if at == 0 { '[' } else { ',' });
                }
                text.push_str(if floats.is_empty() { "[]" } else { "]" });
                text
            }
        }
    }
}

/// A JSON list of numbers. Each is read from its digits at once: by way of 64 bits it could be rounded twice.
fn read(list: &str) -> Result<Vec<f32>, NotAVector> {
    let inside = list.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or(NotAVector)?;
    if inside.trim().is_empty() {
        return Ok(Vec::new());
    }
    let number = |text: &str| {
        let text = text.trim();
        let is_decimal = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        text.parse().ok().filter(|number: &f32| is_decimal && number.is_finite()).ok_or(NotAVector)
    };
    inside.split(',').map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Vector {
        Vector::Written(Json::parse(text).unwrap())
    }

    #[test]
    fn packed_numbers_survive_their_decimals_bit_by_bit() {
        let floats =
            [0.0, -0.0, 1.0, 0.1, -0.047_210_693, f32::MIN_POSITIVE, f32::MAX, 1.0e-45, 16_777_217.0];
        let bytes: Vec<u8> = floats.iter().flat_map(|float: &f32| float.to_le_bytes()).collect();
        let packed = Vector::from_le_bytes(&bytes).unwrap();
        assert_eq!(written(&packed.json()).to_le_bytes().unwrap(), bytes);
        assert_eq!(Vector::Packed(Vec::new()).json(), "[]");
    }

    #[test]
    fn written_numbers_keep_every_digit_and_are_rounded_once() {
        let vector = written("[0.10858056694269180, -1e-3 ,2]");
        assert_eq!(vector.json(), "[0.10858056694269180, -1e-3 ,2]");
        assert_eq!(vector.floats().unwrap(), [0.108_580_57, -0.001, 2.0]);
        // Half-way between two floats only after a first rounding to 64 bits.
        let text = "1.00000017881393421514957253748434595763683319091796875001";
        assert_eq!(written(&format!("[{text}]")).floats().unwrap(), [text.parse::<f32>().unwrap()]);
        assert_ne!(text.parse::<f64>().unwrap() as f32, text.parse::<f32>().unwrap());
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        assert_eq!(Vector::from_le_bytes(&[0, 0, 0]), Err(NotAVector));
        assert_eq!(Vector::from_le_bytes(&f32::NAN.to_le_bytes()), Err(NotAVector));
        for bad in [r#"["a"]"#, "[null]", "[[1]]", "{}", "[1e99]", "7"] {
            assert_eq!(written(bad).floats(), Err(NotAVector), "{bad}");
        }
        assert_eq!(written("[ ]").floats(), Ok(Vec::new()));
    }
}
