//! IPv4 addresses inside IPv6 ones.
//!
//! A translator or tunnel on the way turns such an IPv6 address into a packet to the IPv4 address it
//! carries, so both must be harmless: `64:ff9b::a9fe:a9fe` reaches 169.254.169.254 where NAT64 runs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address itself in canonical form (IPv4-mapped becomes IPv4, as the kernel sees it), and then every IPv4
/// address that it carries.
pub(super) fn unwrapped(address: IpAddr) -> impl Iterator<Item = IpAddr> + Clone {
    let outer = address.to_canonical();
    let carried = match outer {
        IpAddr::V4(_) => [None; 2],
        IpAddr::V6(v6) => carried(v6),
    };
    std::iter::once(outer).chain(carried.into_iter().flatten().map(IpAddr::V4))
}

fn carried(address: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let last = join(g, h);
    match (a, b, c, d, e, f) {
        // :: and ::1 are not IPv4-compatible addresses, though they look like two.
        (0, 0, 0, 0, 0, 0) if g == 0 && h <= 1 => [None; 2],
        // IPv4-compatible (RFC 4291), IPv4-translated (RFC 2765), NAT64 (RFC 6052 and 8215).
        (0, 0, 0, 0, 0, 0) | (0, 0, 0, 0, 0xffff, 0) | (0x64, 0xff9b, 0 | 1, _, _, _) => [Some(last), None],
        // Teredo (RFC 4380): the server in the clear, the client inverted.
        (0x2001, 0, ..) => [Some(join(c, d)), Some(join(!g, !h))],
        (0x2002, ..) => [Some(join(b, c)), isatap(e, f, last)],
        _ => [isatap(e, f, last), None],
    }
}

/// RFC 5214: the interface id `[02]00:5efe` before an IPv4 address, under any prefix.
fn isatap(e: u16, f: u16, last: Ipv4Addr) -> Option<Ipv4Addr> {
    (matches!(e, 0 | 0x0200) && f == 0x5efe).then_some(last)
}

fn join(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        unwrapped(text.parse().unwrap()).map(|address| address.to_string()).collect()
    }

    #[test]
    fn each_transition_form_shows_what_it_carries() {
        let expected: [(&str, &[&str]); 13] = [
            ("8.8.8.8", &["8.8.8.8"]),
            ("::1", &["::1"]),
            ("::", &["::"]),
            ("::ffff:127.0.0.1", &["127.0.0.1"]),
            ("::127.0.0.1", &["::7f00:1", "127.0.0.1"]),
            ("::ffff:0:127.0.0.1", &["::ffff:0:7f00:1", "127.0.0.1"]),
            ("64:ff9b::10.0.0.1", &["64:ff9b::a00:1", "10.0.0.1"]),
            ("64:ff9b:1::10.0.0.1", &["64:ff9b:1::a00:1", "10.0.0.1"]),
            ("2002:a00:1::5", &["2002:a00:1::5", "10.0.0.1"]),
            ("2002:808:808::5efe:a00:1", &["2002:808:808::5efe:a00:1", "8.8.8.8", "10.0.0.1"]),
            ("2001:0:808:808::f5ff:fffe", &["2001:0:808:808::f5ff:fffe", "8.8.8.8", "10.0.0.1"]),
            ("2606:4700::5efe:10.0.0.1", &["2606:4700::5efe:a00:1", "10.0.0.1"]),
            ("2606:4700::200:5efe:10.0.0.1", &["2606:4700::200:5efe:a00:1", "10.0.0.1"]),
        ];
        for (text, addresses) in expected {
            assert_eq!(all(text), addresses, "{text}");
        }
    }

    #[test]
    fn an_ordinary_ipv6_address_carries_nothing() {
        assert_eq!(all("2606:4700::6810:84e5"), ["2606:4700::6810:84e5"]);
    }
}
