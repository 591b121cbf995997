//! Addresses whose version people leave out of the base URL, as the vendor's own SDKs have it.

use super::below;
use url::Url;

/// The address that calls go below: the base with this version, unless it ends with one. Without a version, the base itself.
pub(crate) fn calls_base(base: &Url, version: Option<&str>) -> Url {
    version.filter(|_| !ends_with_version(base)).map_or_else(|| base.clone(), |version| below(base, version))
}

/// Whether the last part of the path is a version, such as `v1` or `v1beta`.
fn ends_with_version(base: &Url) -> bool {
    let last = base.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_the_base_has_is_kept_and_one_that_it_lacks_is_added() {
        for (base, expected) in [
            ("https://api.anthropic.com", "https://api.anthropic.com/v1"),
            ("https://api.anthropic.com/v1", "https://api.anthropic.com/v1"),
            ("https://host/proxy/", "https://host/proxy/v1"),
            ("https://host/v1beta", "https://host/v1beta"),
            ("https://host/vendor", "https://host/vendor/v1"),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(calls_base(&base, Some("v1")).as_str(), expected);
            assert_eq!(calls_base(&base, None), base);
        }
    }
}
