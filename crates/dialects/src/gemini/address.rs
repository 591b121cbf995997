//! Names of models, and the paths in which they stand.

use std::fmt::Write;

/// The collection in which a vendor's own models stand.
const MODELS: &str = "models/";

/// A model's name without the collection that it stands in, as clients and configurations may write it: `models/x`,
/// `publishers/google/models/x`.
#[must_use]
pub(super) fn plain(model: &str) -> &str {
    let own = model.strip_prefix("publishers/google/").unwrap_or(model);
    own.strip_prefix(MODELS).filter(|name| !name.is_empty()).unwrap_or(model)
}

/// A model's name with the collection that it stands in, as bodies name it.
#[must_use]
pub(super) fn resource_name(model: &str) -> String {
    let name = plain(model);
    if name.starts_with("tunedModels/") { name.to_owned() } else { format!("{MODELS}{name}") }
}

/// The path of an operation on a model, below the provider's base address. A name can't leave its place in the path,
/// whatever is in it.
#[must_use]
pub(super) fn endpoint(model: &str, vertex: bool, operation: &str) -> String {
    let mut out = resource(model, vertex);
    out.push(':');
    out.push_str(operation);
    out
}

/// The name of a model's resource, percent-encoded.
fn resource(model: &str, vertex: bool) -> String {
    let (publisher, rest) = match model.strip_prefix("publishers/").and_then(|rest| rest.split_once('/')) {
        Some((publisher, rest)) if rest.starts_with(MODELS) && is_name(publisher) => (publisher, rest),
        _ => ("google", model),
    };
    // Tuned models and deployed ones stand in collections of their own.
    let other = rest.split_once('/').filter(|(collection, name)| {
        ["tunedModels", "endpoints"].contains(collection) && is_name(name) && !name.contains('/')
    });
    let mut out = String::with_capacity(model.len() + 32);
    if let Some((collection, name)) = other {
        out.push_str(collection);
        out.push('/');
        encode(name, &mut out);
        return out;
    }
    if vertex {
        out.push_str("publishers/");
        encode(publisher, &mut out);
        out.push('/');
    }
    out.push_str(MODELS);
    encode(rest.strip_prefix(MODELS).unwrap_or(rest), &mut out);
    out
}

fn is_name(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
}

/// Whatever is not plain in a path's segment is encoded, slashes too.
fn encode(name: &str, out: &mut String) {
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into memory that grows can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// Whether a model is of the third generation or later, which reasons by level rather than by budget, wants the proofs of
/// its calls back, and takes pictures in the results of tools. Names that stand for the newest model count as such.
#[must_use]
pub(super) fn is_third_generation(model: &str) -> bool {
    let Some(rest) = plain(model).strip_prefix("gemini-") else { return false };
    let digits: &str = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse::<u32>().map_or_else(|_| rest.ends_with("latest"), |generation| generation >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_place_in_the_path() {
        for (model, google, vertex) in [
            ("gemini-2.5-flash", "models/gemini-2.5-flash", "publishers/google/models/gemini-2.5-flash"),
            ("models/gemini-x", "models/gemini-x", "publishers/google/models/gemini-x"),
            ("publishers/google/models/x", "models/x", "publishers/google/models/x"),
            ("publishers/acme/models/x@1", "models/x@1", "publishers/acme/models/x@1"),
            ("tunedModels/t1", "tunedModels/t1", "tunedModels/t1"),
            ("endpoints/42", "endpoints/42", "endpoints/42"),
            ("a/b c:d?e", "models/a%2Fb%20c%3Ad%3Fe", "publishers/google/models/a%2Fb%20c%3Ad%3Fe"),
            (
                "publishers/../models/x",
                "models/publishers%2F..%2Fmodels%2Fx",
                "publishers/google/models/publishers%2F..%2Fmodels%2Fx",
            ),
            ("tunedModels/..", "models/tunedModels%2F..", "publishers/google/models/tunedModels%2F.."),
        ] {
            assert_eq!(endpoint(model, false, "op"), format!("{google}:op"));
            assert_eq!(endpoint(model, true, "op"), format!("{vertex}:op"));
        }
    }

    #[test]
    fn the_collection_is_no_part_of_the_name() {
        for (model, expected) in [
            ("models/x", "x"),
            ("publishers/google/models/x", "x"),
            ("x", "x"),
            ("models/", "models/"),
            ("route/models/x", "route/models/x"),
        ] {
            assert_eq!(plain(model), expected);
        }
    }

    #[test]
    fn generations_are_told_by_name() {
        for model in ["gemini-3-pro-preview", "models/gemini-3.5-flash", "gemini-10", "gemini-flash-latest"] {
            assert!(is_third_generation(model), "{model}");
        }
        for model in ["gemini-2.5-pro", "gemini-1.5-flash-latest", "gemma-3-27b", "gemini-", "x"] {
            assert!(!is_third_generation(model), "{model}");
        }
    }
}
