//! A fleet of eight targets whose latency, faults, prices and quotas change, by each strategy: that the picks are the rule's, that the
//! trouble of one target is hidden, that it is not paid with a flood of attempts, and that the quick ones are found.

mod cell;
pub mod served;
pub mod virtual_time;

use switchyard_domain::route::Strategy;

/// All that equals can share by.
pub(crate) const STRATEGIES: [Strategy; 7] = [
    Strategy::Failover,
    Strategy::RoundRobin,
    Strategy::Weighted,
    Strategy::LeastLatency,
    Strategy::LeastBusy,
    Strategy::Cheapest,
    Strategy::Headroom,
];
