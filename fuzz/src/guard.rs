//! The egress guard: what it admits is an address on the public network, whoever reads it.

use std::net::IpAddr;
use std::sync::OnceLock;
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose, TargetHost};
use url::Url;

fn policies() -> &'static [EgressPolicy; 2] {
    static POLICIES: OnceLock<[EgressPolicy; 2]> = OnceLock::new();
    POLICIES.get_or_init(|| {
        let nothing = AllowList::default();
        [Purpose::Provider, Purpose::External]
            .map(|purpose| EgressPolicy::new(purpose, &nothing, purpose == Purpose::External))
    })
}

/// Feeds one text to the guard, as somebody typed it and as a browser would have repaired it.
///
/// # Panics
/// When something does not hold.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(list) = AllowList::parse(&text) {
        // Whatever is admitted by a list, a text that is no URL is not.
        let policy = EgressPolicy::new(Purpose::External, &list, true);
        assert!(policy.admit("javascript:alert(1)").is_err() && policy.admit("http://a@b/").is_err());
    }
    for policy in policies() {
        let typed = policy.admit(&text);
        if let Ok(url) = &typed {
            is_harmless(policy, url);
            assert_eq!(
                policy.admit(url.as_str()).as_ref(),
                Ok(url),
                "what was admitted reads differently the second time"
            );
        }
        let Ok(repaired) = Url::parse(&text) else {
            assert!(typed.is_err(), "no URL was admitted");
            continue;
        };
        if policy.check_url(&repaired).is_ok() {
            is_harmless(policy, &repaired);
        }
    }
}

/// An oracle of its own: it looks at what the standard library says of the address, and asks for each form that carries it.
fn is_harmless(policy: &EgressPolicy, url: &Url) {
    assert!(matches!(url.scheme(), "http" | "https"));
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    let target = policy.check_url(url).expect("it was admitted a moment ago");
    assert!(target.is_origin_of(url) && target.port() != 0);
    match target.host() {
        TargetHost::Name(name) => {
            assert!(
                !name.is_empty()
                    && name.parse::<IpAddr>().is_err()
                    && **name != *"localhost"
                    && !name.ends_with(".localhost"),
                "{name}"
            );
        }
        TargetHost::Address(IpAddr::V4(v4)) => {
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast();
            assert!(!special && !v4.is_documentation() && !v4.is_unspecified() && !v4.is_multicast(), "{v4}");
            assert!(v4.octets().first().is_some_and(|first| (1..240).contains(first)), "{v4}");
        }
        TargetHost::Address(IpAddr::V6(v6)) => {
            let [first, ..] = v6.segments();
            assert!(first >> 13 == 1 || first == 0x64, "{v6} is no global unicast address");
            assert!(v6.to_ipv4_mapped().is_none(), "{v6}");
        }
    }
}
