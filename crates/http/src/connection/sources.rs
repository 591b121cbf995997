use ipnet::IpNet;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connections each source holds, over all workers; of those whom a trusted proxy speaks for, how many requests.
#[derive(Debug)]
pub(crate) struct Sources {
    most: usize,
    uncounted: Vec<IpNet>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Sources {
    /// At most `most` connections for each source. Those from `uncounted` networks, where the proxies stand that carry the
    /// connections of many, are not counted.
    pub(crate) fn new(most: usize, uncounted: Vec<IpNet>) -> Self {
        Self { most, uncounted, open: Mutex::default() }
    }

    /// A place for one more connection, or carried request, of `peer`, unless it has all of its own.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        if self.uncounted.iter().any(|network| network.contains(&peer)) {
            return Some(Place(None));
        }
        let source = source_of(peer);
        let mut open = self.open();
        let count = open.entry(source).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place(Some((Arc::clone(self), source))))
    }

    fn leave(&self, source: IpAddr) {
        let mut open = self.open();
        if let Some(count) = open.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                open.remove(&source);
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place; given back when dropped. One by default is of no source.
#[derive(Debug, Default)]
pub(crate) struct Place(Option<(Arc<Sources>, IpAddr)>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((sources, source)) = self.0.take() {
            sources.leave(source);
        }
    }
}

/// What counts as one source: an IPv4 address, or the /64 network of an IPv6 address, which one host has to itself.
fn source_of(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_source_gets_its_share_and_others_are_not_touched_by_it() {
        let sources = Arc::new(Sources::new(2, Vec::new()));
        let first = sources.enter(ip("192.0.2.1")).unwrap();
        let _second = sources.enter(ip("192.0.2.1")).unwrap();
        assert!(sources.enter(ip("192.0.2.1")).is_none());
        assert!(sources.enter(ip("192.0.2.2")).is_some());
        drop(first);
        assert!(sources.enter(ip("192.0.2.1")).is_some());
    }

    #[test]
    fn addresses_of_one_host_are_one_source() {
        let sources = Arc::new(Sources::new(1, Vec::new()));
        let _held = (sources.enter(ip("2001:db8::1")).unwrap(), sources.enter(ip("192.0.2.1")).unwrap());
        assert!(sources.enter(ip("2001:db8::ffff")).is_none());
        assert!(sources.enter(ip("2001:db8:0:1::1")).is_some());
        assert!(sources.enter(ip("::ffff:192.0.2.1")).is_none());
    }

    #[test]
    fn a_trusted_proxy_is_not_a_source() {
        let sources = Arc::new(Sources::new(0, vec!["10.0.0.0/8".parse().unwrap()]));
        assert!(sources.enter(ip("10.1.2.3")).is_some());
        assert!(sources.enter(ip("192.0.2.1")).is_none());
    }

    #[test]
    fn sources_that_left_take_no_memory() {
        let sources = Arc::new(Sources::new(1, Vec::new()));
        drop(sources.enter(ip("192.0.2.1")));
        assert!(sources.open().is_empty());
    }
}
