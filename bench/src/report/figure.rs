//! The figures, each with its unit.

use super::Round;

/// What is told of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Microseconds of CPU for a call.
    CpuPerCall,
    /// Microseconds of CPU for a content chunk, the call's share included.
    CpuPerChunk,
    /// Calls in a second.
    CallRate,
    /// Content chunks in a second.
    ChunkRate,
    /// Milliseconds to the last byte, of half of all calls.
    Median,
    /// Of 99 in 100 calls.
    P99,
    /// Milliseconds to the first content, of half of all calls.
    FirstTokenMedian,
    /// Of 99 in 100 calls.
    FirstTokenP99,
    /// MiB held at the end of the load.
    Resident,
}

/// How the gateway is compared with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Ratio,
    Difference,
}

impl Figure {
    pub(super) const OF_WHOLE: &[Self] =
        &[Self::CpuPerCall, Self::CallRate, Self::Median, Self::P99, Self::Resident];
    pub(super) const OF_STREAMS: &[Self] = &[
        Self::CpuPerCall,
        Self::CpuPerChunk,
        Self::ChunkRate,
        Self::FirstTokenMedian,
        Self::FirstTokenP99,
        Self::Resident,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::CpuPerCall => "CPU us/call",
            Self::CpuPerChunk => "CPU us/chunk",
            Self::CallRate => "calls/s",
            Self::ChunkRate => "chunks/s",
            Self::Median => "p50 ms",
            Self::P99 => "p99 ms",
            Self::FirstTokenMedian => "first token p50 ms",
            Self::FirstTokenP99 => "first token p99 ms",
            Self::Resident => "RSS MiB",
        }
    }

    pub(super) fn digits(self) -> usize {
        match self {
            Self::CallRate | Self::ChunkRate => 0,
            Self::CpuPerCall | Self::Resident => 1,
            Self::CpuPerChunk => 2,
            Self::Median | Self::P99 | Self::FirstTokenMedian | Self::FirstTokenP99 => 3,
        }
    }

    pub(super) fn comparison(self) -> Comparison {
        match self {
            Self::CpuPerCall | Self::CpuPerChunk | Self::CallRate | Self::ChunkRate | Self::Resident => {
                Comparison::Ratio
            }
            Self::Median | Self::P99 | Self::FirstTokenMedian | Self::FirstTokenP99 => Comparison::Difference,
        }
    }

    pub(super) fn of(self, round: &Round) -> Option<f64> {
        let cpu_us = round.cpu.map(|cpu| cpu.as_nanos() as f64 / 1_000.0);
        let ms = |ns: Option<u64>| ns.map(|ns| ns as f64 / 1e6);
        match self {
            Self::CpuPerCall => Some(cpu_us? / round.calls as f64),
            Self::CpuPerChunk => Some(cpu_us? / round.chunks? as f64),
            Self::CallRate => Some(round.calls as f64 / round.elapsed.as_secs_f64()),
            Self::ChunkRate => Some(round.chunks? as f64 / round.elapsed.as_secs_f64()),
            Self::Median => ms(round.total.0),
            Self::P99 => ms(round.total.1),
            Self::FirstTokenMedian => ms(round.first_token.0),
            Self::FirstTokenP99 => ms(round.first_token.1),
            Self::Resident => Some(round.resident_kib? as f64 / 1024.0),
        }
    }
}
