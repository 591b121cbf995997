//! Which choices of a stream there are, and whether all of them have ended.

/// A set of choices by their index. Indices above 127 are left out: nobody may ask for so many choices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChoiceSet(u128);

impl ChoiceSet {
    /// The set of one choice.
    pub(crate) fn of(index: u32) -> Self {
        Self(1_u128.checked_shl(index).unwrap_or_default())
    }

    /// Takes in a choice.
    pub fn insert(&mut self, index: u32) {
        self.extend(Self::of(index));
    }

    /// Takes in the choices of another set.
    pub fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Takes out the choices of another set.
    pub fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// Whether a choice is in it.
    #[must_use]
    pub fn contains(self, index: u32) -> bool {
        self.0 & Self::of(index).0 != 0
    }

    /// Whether no choice is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many choices are in it.
    #[must_use]
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }
}

/// How far the choices of one stream have come.
#[derive(Debug)]
pub(crate) struct Progress {
    /// How many choices were asked for, as far as they are told apart.
    asked: u32,
    begun: ChoiceSet,
    ended: ChoiceSet,
}

impl Progress {
    /// Of so many choices.
    pub(crate) fn of(choices: u32) -> Self {
        Self { asked: choices.min(u128::BITS), begun: ChoiceSet::default(), ended: ChoiceSet::default() }
    }

    /// Notes of which choices an event speaks, of which it has content, and which it ends. One that says more after its end goes
    /// on until it ends anew.
    pub(crate) fn note(&mut self, choices: ChoiceSet, said: ChoiceSet, finished: ChoiceSet) {
        self.begun.extend(choices);
        self.ended.remove(said);
        self.ended.extend(finished);
    }

    /// Whether all choices that were asked for have ended, and at least one.
    pub(crate) fn is_whole(&self) -> bool {
        self.has_ended() && self.ended.len() >= self.asked
    }

    /// Whether all choices that came have ended, and at least one.
    pub(crate) fn has_ended(&self) -> bool {
        !self.begun.is_empty() && self.begun == self.ended
    }
}
