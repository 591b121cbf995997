//! Prices as decimal US dollars.

use crate::api::ApiError;
use serde::{Deserialize, Serialize};
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::Rates;
use utoipa::ToSchema;

macro_rules! price_shape {
    ($($(#[$meta:meta])* $name:ident: $unit:ident,)+) => {
        /// Prices in US dollars, as decimal digits with at most nine places: tokens by the million. A kind of token without a price of its
        /// own costs what its parent costs: cached input and cache writes as input, reasoning as output.
        #[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
        #[serde(default, deny_unknown_fields)]
        #[schema(as = ModelPrice)]
        pub(crate) struct PriceShape {
            $($(#[$meta])* $name: Option<String>,)+
        }

        impl PriceShape {
            pub(super) fn read(&self) -> Result<Rates, ApiError> {
                Ok(Rates { $($name: amount(stringify!($name), self.$name.as_deref())?.map($unit),)+ })
            }
        }

        impl From<&Rates> for PriceShape {
            fn from(rates: &Rates) -> Self {
                Self { $($name: rates.$name.map(|$unit(nano)| NanoUsd(nano).to_string()),)+ }
            }
        }
    };
}

price_shape! {
    /// Input.
    input: PricePerMillion,
    /// Output.
    output: PricePerMillion,
    /// Input read from the prompt cache.
    cached_input: PricePerMillion,
    /// Input written to the cache.
    cache_write: PricePerMillion,
    /// Input written to the cache for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_1h: PricePerMillion,
    /// Sound in.
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_input: PricePerMillion,
    /// Pictures in.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_input: PricePerMillion,
    /// Reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: PricePerMillion,
    /// Sound out.
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_output: PricePerMillion,
    /// Pictures out.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_output: PricePerMillion,
    /// A fee for each request, on top.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_request: NanoUsd,
    /// A picture made, where pictures are not billed by tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_image: NanoUsd,
    /// A million characters of text, spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_million_characters: NanoUsd,
    /// An hour of sound, written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_audio_hour: NanoUsd,
}

/// The nano-USD of a decimal text.
fn amount(kind: &str, text: Option<&str>) -> Result<Option<i64>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let read = NanoUsd::parse(text).filter(|amount| amount.0 >= 0);
    read.map(|amount| Some(amount.0)).ok_or_else(|| {
        let said = format!("`{kind}` is an amount in decimal digits, with at most nine places");
        ApiError::invalid_field("price", said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_as_they_are_written() {
        let rates = Rates {
            input: Some(PricePerMillion(2_500_000_000)),
            output: Some(PricePerMillion(10_000_000_001)),
            per_image: Some(NanoUsd(40_000_000)),
            ..Rates::default()
        };
        let shape = PriceShape::from(&rates);
        assert_eq!(
            serde_json::to_value(&shape).unwrap(),
            serde_json::json!({
                "input": "2.500000000", "output": "10.000000001", "cached_input": null, "cache_write": null,
                "per_image": "0.040000000",
            })
        );
        assert_eq!(shape.read().unwrap(), rates);
        for bad in ["-1", "", "1e3", "1.0000000001", "$1"] {
            let shape = PriceShape { input: Some(bad.to_owned()), ..PriceShape::default() };
            assert!(shape.read().is_err(), "{bad}");
        }
    }
}
