use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::Outcome;
use crate::seen::Seen;
use crate::vendor::Vendor;
use serde_json::Value;
use switchyard_harness::testkit::simulator::RecordedCall;

/// One thing that clients ask of a model.
pub(crate) struct Feature {
    /// Its name.
    pub(crate) name: &'static str,
    /// What is asked and looked at, for people.
    pub(crate) about: &'static str,
    /// The calls that show it.
    pub(crate) cases: &'static [Case],
    /// What vendors never say, so that no client can be told, for people.
    pub(crate) untold: &'static [&'static str],
}

/// One call, made in each client dialect of each vendor dialect.
pub(crate) struct Case {
    /// What sets it apart from the feature's other cases; empty where there is one only.
    pub(crate) name: &'static str,
    /// What the vendor does.
    pub(crate) script: &'static str,
    /// Whether it is asked for in one piece, streamed, or each in turn.
    pub(crate) forms: &'static [Form],
    /// A turn that comes before, if any: the client asks another vendor then, and goes on from its answer.
    pub(crate) first: Option<First>,
    /// What the client sends, but for the model and how it is to be answered.
    pub(crate) ask: fn(Client) -> Value,
    /// What the vendor must have been told, in its own words.
    pub(crate) told: fn(Cell) -> Seen,
    /// How the call ends.
    pub(crate) ending: Ending,
    /// What is lost, or why it can't be.
    pub(crate) outcome: fn(Cell) -> Outcome,
}

/// A turn before the one that is looked at, in the same form of answer.
pub(crate) struct First {
    /// Who answers it.
    pub(crate) maker: Vendor,
    /// What it does.
    pub(crate) script: &'static str,
    /// What the client sends next: from what it sent, and the answer.
    pub(crate) next: fn(Client, Value, &Value) -> Value,
}

/// How a call wants to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Buffered,
    Streamed,
}

/// In one piece, then streamed.
pub(crate) const BOTH: &[Form] = &[Form::Buffered, Form::Streamed];
/// In one piece.
pub(crate) const BUFFERED: &[Form] = &[Form::Buffered];
/// Streamed.
pub(crate) const STREAMED: &[Form] = &[Form::Streamed];

/// How a call ends.
pub(crate) enum Ending {
    /// With an answer, in which the client must see this.
    Answer(fn(Answered<'_>) -> Seen),
    /// With an answer, in which the client must see this, and that lacks a member of the vendor's: the second says which, or
    /// none. Only an answer in one piece can tell of it in its header.
    LesserAnswer(fn(Answered<'_>) -> Seen, fn(Cell) -> &'static str),
    /// With an error.
    Error(fn(Cell) -> Shown),
    /// With a stream that breaks: its last event is an error in which the client must see this.
    Broken(fn(Cell) -> Seen),
    /// With the client's leaving.
    Left,
}

/// An answer, and what the vendor knows of it.
#[derive(Clone, Copy)]
pub(crate) struct Answered<'a> {
    pub(crate) cell: Cell,
    pub(crate) call: &'a RecordedCall,
    /// In how many events it came; none if it came in one piece.
    pub(crate) events: usize,
}

/// What a client sees of an error.
pub(crate) struct Shown {
    pub(crate) status: u16,
    /// The header `retry-after`; empty where there is none.
    pub(crate) retry_after: &'static str,
    /// What must stand in the body.
    pub(crate) body: Seen,
}

impl Feature {
    /// What becomes of a cell, case by case, with their names.
    pub(crate) fn outcomes(&self, cell: Cell) -> impl Iterator<Item = (&'static str, Outcome)> {
        self.cases.iter().map(move |case| (case.name, (case.outcome)(cell)))
    }
}

/// Nothing is lost.
pub(crate) fn whole(_: Cell) -> Outcome {
    Outcome::Whole
}
