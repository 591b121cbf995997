/// The most bytes that a client may send ahead while a request of its own is being answered.
const MOST_AHEAD: usize = 32 * 1024;

/// The most bytes of a body that are thrown away once its request is answered. Most clients read no answer before they have
/// sent their body, so that much of one may follow its refusal and the client still learns why; a flood is cut.
const MOST_LEFT_OVER: usize = 64 * 1024 * 1024;

/// The most bytes taken in one go before the protocol gets its turn with them.
const MOST_AT_ONCE: usize = 64 * 1024;

/// What the bytes of a read are to the request of the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belonging {
    /// Its head or its body, which have limits of their own.
    Own,
    /// A later request's.
    Ahead,
    /// The rest of its body, though it is answered.
    LeftOver,
}

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

/// Counts what is read for nobody: ahead of the protocol, or behind an answer.
///
/// The framework queues 16 requests and 128 KiB behind them; with both full it asks to be woken again and again until the
/// request before them is answered, which keeps a worker busy for nothing. So that much is never read.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    of: u64,
    ahead: usize,
    left_over: usize,
    at_once: usize,
}

impl Ahead {
    /// Notes a read, and what its bytes are to request number `request`.
    pub(super) fn note(&mut self, bytes: usize, request: u64, belonging: Belonging) {
        if self.of != request {
            (self.of, self.ahead, self.left_over) = (request, 0, 0);
        }
        match belonging {
            Belonging::Own => {}
            Belonging::Ahead => self.ahead += bytes,
            Belonging::LeftOver => self.left_over += bytes,
        }
        self.at_once += bytes;
    }

    /// There was nothing to read.
    pub(super) fn paused(&mut self) {
        self.at_once = 0;
    }

    pub(super) fn turn(&mut self) -> Turn {
        if self.ahead > MOST_AHEAD || self.left_over > MOST_LEFT_OVER {
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
            ahead.note(MOST_AT_ONCE, 1, Belonging::Own);
            assert_eq!(ahead.turn(), Turn::Yield, "the protocol takes its turn");
            assert_eq!(ahead.turn(), Turn::Read);
        }
    }

    #[test]
    fn a_client_that_runs_far_ahead_is_given_up_and_one_that_is_answered_starts_anew() {
        let mut ahead = Ahead::default();
        ahead.note(MOST_AHEAD, 1, Belonging::Ahead);
        ahead.paused();
        assert_eq!(ahead.turn(), Turn::Read);
        ahead.note(MOST_AHEAD, 2, Belonging::Ahead);
        ahead.paused();
        assert_eq!(ahead.turn(), Turn::Read);
        ahead.note(1, 2, Belonging::Ahead);
        assert_eq!(ahead.turn(), Turn::GiveUp);
    }
    #[test]
    fn the_rest_of_a_refused_body_is_thrown_away_only_so_far() {
        let mut ahead = Ahead::default();
        ahead.note(MOST_LEFT_OVER, 1, Belonging::LeftOver);
        ahead.paused();
        assert_eq!(ahead.turn(), Turn::Read);
        ahead.note(1, 1, Belonging::LeftOver);
        assert_eq!(ahead.turn(), Turn::GiveUp);
    }
}
