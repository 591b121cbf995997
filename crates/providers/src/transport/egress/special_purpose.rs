//! Which addresses are ordinary internet addresses: the IANA special-purpose registries as data.
//!
//! `Ipv4Addr::is_global` is not stable, and a hand-written chain of conditions can't be compared with
//! the registries. So here is a table: one row per registry row, and the most specific row that covers
//! an address decides. What no IPv4 row covers is global; IPv6 has a row for everything.
//!
//! Sources, read 2026-11: "IANA IPv4 Special-Purpose Address Registry", "IANA IPv6 Special-Purpose
//! Address Registry". Rows that those registries leave out (multicast, deprecated forms, the metadata
//! addresses of clouds) say so in their `source`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the guard makes of an address range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Globally reachable: nothing to hold against it.
    Global,
    /// Not globally reachable: needs an entry in the allow-list.
    Special,
    /// Link-local, or where a cloud hands out credentials: needs an entry that names it exactly.
    /// A network that happens to contain it does not admit it.
    ExactOnly,
}

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    first: IpAddr,
    prefix: u8,
    /// How the range reads in the sentence "… is {name}".
    pub name: &'static str,
    /// The document that reserves the range.
    pub source: &'static str,
    /// What the guard makes of it.
    pub reach: Reach,
}

impl Row {
    /// Whether `address` lies in this row's range. The families never mix.
    #[must_use]
    pub fn covers(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                same_prefix(u32::from(first).into(), u32::from(address).into(), 32, self.prefix)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                same_prefix(first.into(), address.into(), 128, self.prefix)
            }
            _ => false,
        }
    }

    /// The first address of the range.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The length of the range's prefix in bits.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

fn same_prefix(left: u128, right: u128, width: u32, prefix: u8) -> bool {
    let host_bits = width.saturating_sub(u32::from(prefix));
    // A shift by the whole width of the integer has no value: then every address is covered.
    match (left.checked_shr(host_bits), right.checked_shr(host_bits)) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    }
}

/// The row that decides about `address`, or `None` for an ordinary IPv4 address.
///
/// Judges the bits as they stand: an IPv4 address inside an IPv6 one is the caller's to unwrap.
#[must_use]
pub fn row_of(address: IpAddr) -> Option<&'static Row> {
    rows().filter(|row| row.covers(address)).max_by_key(|row| row.prefix)
}

/// Every row, in the order of the registries.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    IPV4.iter().chain(IPV6)
}

const fn v4(octets: [u8; 4], prefix: u8, name: &'static str, source: &'static str, reach: Reach) -> Row {
    let [a, b, c, d] = octets;
    Row { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix, name, source, reach }
}

const fn v6(segments: [u16; 8], prefix: u8, name: &'static str, source: &'static str, reach: Reach) -> Row {
    let [a, b, c, d, e, f, g, h] = segments;
    Row { first: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), prefix, name, source, reach }
}

use Reach::{ExactOnly, Global, Special};

static IPV4: &[Row] = &[
    v4([0, 0, 0, 0], 8, "an address of \"this network\"", "RFC 791", Special),
    v4([0, 0, 0, 0], 32, "the unspecified address", "RFC 1122", Special),
    v4([10, 0, 0, 0], 8, "a private address", "RFC 1918", Special),
    v4([100, 64, 0, 0], 10, "a shared (carrier NAT) address", "RFC 6598", Special),
    v4([127, 0, 0, 0], 8, "a loopback address", "RFC 1122", Special),
    v4([169, 254, 0, 0], 16, "a link-local address", "RFC 3927", ExactOnly),
    v4([172, 16, 0, 0], 12, "a private address", "RFC 1918", Special),
    v4([192, 0, 0, 0], 24, "an IETF protocol assignment", "RFC 6890", Special),
    v4([192, 0, 0, 0], 29, "an IPv4 service continuity address", "RFC 7335", Special),
    v4([192, 0, 0, 8], 32, "the IPv4 dummy address", "RFC 7600", Special),
    v4([192, 0, 0, 9], 32, "the port control protocol anycast address", "RFC 7723", Global),
    v4([192, 0, 0, 10], 32, "the TURN anycast address", "RFC 8155", Global),
    v4([192, 0, 0, 170], 32, "a NAT64/DNS64 discovery address", "RFC 8880", Special),
    v4([192, 0, 0, 171], 32, "a NAT64/DNS64 discovery address", "RFC 8880", Special),
    v4([192, 0, 2, 0], 24, "a documentation address", "RFC 5737", Special),
    v4([192, 31, 196, 0], 24, "an AS112 address", "RFC 7535", Global),
    v4([192, 52, 193, 0], 24, "an automatic multicast tunnelling address", "RFC 7450", Global),
    v4([192, 88, 99, 0], 24, "a deprecated 6to4 relay address", "RFC 7526", Special),
    v4([192, 88, 99, 2], 32, "the 6a44 relay address", "RFC 6751", Special),
    v4([192, 168, 0, 0], 16, "a private address", "RFC 1918", Special),
    v4([192, 175, 48, 0], 24, "an AS112 address", "RFC 7534", Global),
    v4([198, 18, 0, 0], 15, "a benchmarking address", "RFC 2544", Special),
    v4([198, 51, 100, 0], 24, "a documentation address", "RFC 5737", Special),
    v4([203, 0, 113, 0], 24, "a documentation address", "RFC 5737", Special),
    v4([240, 0, 0, 0], 4, "a reserved address", "RFC 1112", Special),
    v4([255, 255, 255, 255], 32, "the limited broadcast address", "RFC 8190", Special),
    // Not in the registry of special-purpose addresses.
    v4([224, 0, 0, 0], 4, "a multicast address", "RFC 5771", Special),
    v4([100, 100, 100, 200], 32, "a cloud metadata address", "documented by its cloud", ExactOnly),
    v4([168, 63, 129, 16], 32, "a cloud host agent's address", "documented by its cloud", ExactOnly),
    v4([192, 0, 0, 192], 32, "a cloud metadata address", "documented by its cloud", ExactOnly),
];

static IPV6: &[Row] = &[
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "the loopback address", "RFC 4291", Special),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "the unspecified address", "RFC 4291", Special),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "an IPv4-mapped address", "RFC 4291", Special),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "a NAT64 address", "RFC 6052", Global),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "a local-use NAT64 address", "RFC 8215", Special),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "a discard-only address", "RFC 6666", Special),
    v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64, "a dummy IPv6 address", "RFC 9780", Special),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "an IETF protocol assignment", "RFC 2928", Special),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "a Teredo address", "RFC 4380", Special),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 1], 128, "the port control protocol anycast address", "RFC 7723", Global),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 2], 128, "the TURN anycast address", "RFC 8155", Global),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 3], 128, "the service registration anycast address", "RFC 9665", Global),
    v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "a benchmarking address", "RFC 5180", Special),
    v6([0x2001, 3, 0, 0, 0, 0, 0, 0], 32, "an automatic multicast tunnelling address", "RFC 7450", Global),
    v6([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48, "an AS112 address", "RFC 7535", Global),
    v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28, "a deprecated ORCHID address", "RFC 4843", Special),
    v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, "an ORCHIDv2 address", "RFC 7343", Global),
    v6([0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28, "a drone remote id address", "RFC 9374", Global),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "a documentation address", "RFC 3849", Special),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "a 6to4 address", "RFC 3056", Special),
    v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "an AS112 address", "RFC 7534", Global),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "a documentation address", "RFC 9637", Special),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "a segment routing id", "RFC 9602", Special),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "a unique local address", "RFC 4193", Special),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "a link-local address", "RFC 4291", ExactOnly),
    // Not in the registry of special-purpose addresses.
    v6([0, 0, 0, 0, 0, 0, 0, 0], 0, "outside the global unicast range", "RFC 4291", Special),
    v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, "a global unicast address", "RFC 4291", Global),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, "a deprecated IPv4-compatible address", "RFC 4291", Special),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "a deprecated site-local address", "RFC 3879", Special),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "a multicast address", "RFC 4291", Special),
    v6(
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254],
        128,
        "a cloud metadata address",
        "documented by its cloud",
        ExactOnly,
    ),
    v6(
        [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254],
        128,
        "a cloud metadata address",
        "documented by its cloud",
        ExactOnly,
    ),
    v6(
        [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42],
        128,
        "a cloud metadata address",
        "documented by its cloud",
        ExactOnly,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(address: IpAddr) -> (u128, u32) {
        match address {
            IpAddr::V4(v4) => (u32::from(v4).into(), 32),
            IpAddr::V6(v6) => (v6.into(), 128),
        }
    }

    fn address(like: IpAddr, bits: u128) -> IpAddr {
        match like {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(bits).unwrap())),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(bits)),
        }
    }

    #[test]
    fn every_row_covers_its_first_and_last_address_and_nothing_beside_them() {
        for row in rows() {
            let (first, width) = bits(row.first);
            let span = 1u128.checked_shl(width - u32::from(row.prefix)).map_or(u128::MAX, |size| size - 1);
            let last = first + span;
            let highest = if width == 32 { u128::from(u32::MAX) } else { u128::MAX };
            assert!(row.covers(row.first), "{row:?} does not cover its first address");
            assert!(row.covers(address(row.first, last)), "{row:?} does not cover its last address");
            if first > 0 {
                assert!(!row.covers(address(row.first, first - 1)), "{row:?} covers what stands before it");
            }
            if last < highest {
                assert!(!row.covers(address(row.first, last + 1)), "{row:?} covers what stands after it");
            }
            assert_eq!(first & span, 0, "{row:?} starts inside its own range");
        }
    }

    #[test]
    fn the_most_specific_row_decides() {
        let expected = [
            ("0.0.0.0", Special),
            ("0.255.255.255", Special),
            ("10.0.0.0", Special),
            ("10.255.255.255", Special),
            ("100.64.0.0", Special),
            ("100.127.255.255", Special),
            ("100.100.100.200", ExactOnly),
            ("127.0.0.1", Special),
            ("127.255.255.255", Special),
            ("168.63.129.16", ExactOnly),
            ("169.254.0.0", ExactOnly),
            ("169.254.169.254", ExactOnly),
            ("169.254.255.255", ExactOnly),
            ("172.16.0.0", Special),
            ("172.31.255.255", Special),
            ("192.0.0.7", Special),
            ("192.0.0.8", Special),
            ("192.0.0.9", Global),
            ("192.0.0.10", Global),
            ("192.0.0.11", Special),
            ("192.0.0.170", Special),
            ("192.0.0.192", ExactOnly),
            ("192.0.2.1", Special),
            ("192.31.196.1", Global),
            ("192.52.193.1", Global),
            ("192.88.99.1", Special),
            ("192.88.99.2", Special),
            ("192.168.255.255", Special),
            ("192.175.48.1", Global),
            ("198.18.0.0", Special),
            ("198.19.255.255", Special),
            ("198.51.100.1", Special),
            ("203.0.113.1", Special),
            ("224.0.0.1", Special),
            ("239.255.255.255", Special),
            ("240.0.0.0", Special),
            ("255.255.255.254", Special),
            ("255.255.255.255", Special),
            ("::", Special),
            ("::1", Special),
            ("::2", Special),
            ("::ffff:8.8.8.8", Special),
            ("::ffff:0:808:808", Special),
            ("64:ff9b::808:808", Global),
            ("64:ff9b:1::808:808", Special),
            ("64:ff9b:2::1", Special),
            ("100::1", Special),
            ("100:0:0:1::1", Special),
            ("2001::1", Special),
            ("2001:1::1", Global),
            ("2001:1::2", Global),
            ("2001:1::3", Global),
            ("2001:1::4", Special),
            ("2001:2::1", Special),
            ("2001:3::1", Global),
            ("2001:4:112::1", Global),
            ("2001:4:113::1", Special),
            ("2001:10::1", Special),
            ("2001:20::1", Global),
            ("2001:30::1", Global),
            ("2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Special),
            ("2001:200::", Global),
            ("2001:db8::1", Special),
            ("2002:808:808::1", Special),
            ("2003::1", Global),
            ("2606:4700::1111", Global),
            ("2620:4f:8000::1", Global),
            ("3fff::1", Special),
            ("3fff:1000::1", Global),
            ("4000::1", Special),
            ("5f00::1", Special),
            ("fc00::1", Special),
            ("fd00:ec2::254", ExactOnly),
            ("fd00:ec2::253", Special),
            ("fd20:ce::254", ExactOnly),
            ("fd00:42::42", ExactOnly),
            ("fe7f:ffff::1", Special),
            ("fe80::1", ExactOnly),
            ("febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ExactOnly),
            ("fec0::1", Special),
            ("ff02::1", Special),
        ];
        for (text, reach) in expected {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(row_of(address).map(|row| row.reach), Some(reach), "{text}");
        }
    }

    #[test]
    fn ordinary_ipv4_addresses_have_no_row() {
        for text in ["1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"]
            .into_iter()
            .chain(["126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255"])
            .chain(["172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255"])
            .chain(["198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255"])
        {
            assert_eq!(row_of(text.parse().unwrap()), None, "{text}");
        }
    }
}
