//! What the application applies when it is opened.

use crate::builder::Builder;
use switchyard_domain::declared::Declared;

/// What a file or the embedding program declares.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) declared: Declared,
    /// Whether it is what a file says that says nothing of providers and routes.
    pub(crate) says_nothing: bool,
}

impl Said {
    pub(crate) fn of(declared: Declared) -> Box<Self> {
        Box::new(Self { declared, says_nothing: false })
    }
}

impl Builder {
    /// Whether the file that the configuration was read from says nothing of providers and routes, not even that there are none: it is
    /// refused then while objects of the file are switched on.
    #[must_use]
    pub fn says_nothing(mut self, says_nothing: bool) -> Self {
        if let Some(said) = &mut self.declared {
            said.says_nothing = says_nothing;
        }
        self
    }
}
