/// The most bytes that a client may send ahead while a request of its own is being answered.
const MOST_AHEAD: usize = 32 * 1024;

/// The most bytes taken in one go before the protocol gets its turn with them.
const MOST_AT_ONCE: usize = 64 * 1024;

/// What is to be done before the next read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Read.
    Read,
    /// Let the protocol take what was read, then come back.
    Yield,
    /// Read no more.
    GiveUp,
}

/// Counts what is read ahead of the protocol.
///
/// The framework queues 16 requests and 128 KiB behind them; with both full it asks to be woken again and again until the
/// request before them is answered, which keeps a worker busy for nothing. So that much is never read.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    of: u64,
    bytes: usize,
    at_once: usize,
}

impl Ahead {
    /// Notes a read, and whether its bytes belong to requests after number `request`.
    pub(super) fn note(&mut self, bytes: usize, request: u64, is_ahead: bool) {
        if self.of != request {
            (self.of, self.bytes) = (request, 0);
        }
        if is_ahead {
            self.bytes += bytes;
        }
        self.at_once += bytes;
    }

    /// There was nothing to read.
    pub(super) fn paused(&mut self) {
        self.at_once = 0;
    }

    pub(super) fn turn(&mut self) -> Turn {
        if self.bytes > MOST_AHEAD {
            return Turn::GiveUp;
        }
        if self.at_once >= MOST_AT_ONCE {
            self.at_once = 0;
            return Turn::Yield;
        }
        Turn::Read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_request_is_not_ahead_of_it() {
        let mut ahead = Ahead::default();
        for _ in 0..1000 {
            ahead.note(MOST_AT_ONCE, 1, false);
            assert_eq!(ahead.turn(), Turn::Yield, "the protocol takes its turn");
            assert_eq!(ahead.turn(), Turn::Read);
        }
    }

    #[test]
    fn a_client_that_runs_far_ahead_is_given_up_and_one_that_is_answered_starts_anew() {
        let mut ahead = Ahead::default();
        ahead.note(MOST_AHEAD, 1, true);
        ahead.paused();
        assert_eq!(ahead.turn(), Turn::Read);
        ahead.note(MOST_AHEAD, 2, true);
        ahead.paused();
        assert_eq!(ahead.turn(), Turn::Read);
        ahead.note(1, 2, true);
        assert_eq!(ahead.turn(), Turn::GiveUp);
    }
}
