//! The scripts, each under the digest that Redis knows it by.

use std::sync::LazyLock;

const PRELUDE: &str = include_str!("lua/prelude.lua");
const SCOPES: &str = include_str!("lua/scopes.lua");
const PURSES: &str = include_str!("lua/purses.lua");

/// A script.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) code: String,
    pub(super) digest: String,
}

impl Program {
    fn new(parts: &[&str]) -> Self {
        let code = parts.concat();
        let digest = redis::Script::new(&code).get_hash().to_owned();
        Self { code, digest }
    }
}

macro_rules! programs {
    ($($(#[doc = $doc:literal])+ $name:ident = [$($part:expr),+];)+) => {
        $($(#[doc = $doc])+ pub(super) static $name: LazyLock<Program> = LazyLock::new(|| Program::new(&[$($part),+]));)+

        /// All of them.
        pub(super) fn all() -> Vec<&'static Program> {
            vec![$(&*$name),+]
        }
    };
}

programs! {
    /// Takes all that is asked, or nothing.
    ACQUIRE = [PRELUDE, SCOPES, PURSES, include_str!("lua/acquire.lua")];
    /// What became of permits.
    APPLY = [PRELUDE, SCOPES, PURSES, include_str!("lua/apply.lua")];
    /// Holds more of a permit's budgets.
    COVER = [PRELUDE, PURSES, include_str!("lua/cover.lua")];
    /// What is known of a counter.
    STANDING = [PRELUDE, PURSES, include_str!("lua/standing.lua")];
    /// Tells a counter what the ledger says.
    SEED = [PRELUDE, PURSES, include_str!("lua/seed.lua")];
    /// Of which counters the ledger is to be asked.
    QUESTIONS = [PRELUDE, include_str!("lua/questions.lua")];
    /// A process lives.
    BEAT = [PRELUDE, include_str!("lua/beat.lua")];
    /// A process ends.
    LEAVE = [PRELUDE, include_str!("lua/leave.lua")];
    /// Counts a try.
    TRY = [PRELUDE, include_str!("lua/try.lua")];
    /// Claims a named request, and notes what became of it.
    NAME = [PRELUDE, include_str!("lua/name.lua")];
}
