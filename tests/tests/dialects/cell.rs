use crate::client::Client;
use crate::vendor::Vendor;
use std::fmt;

/// A client that speaks one dialect, and a vendor that speaks one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) client: Client,
    pub(crate) vendor: Vendor,
}

impl Cell {
    /// All pairs.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Client::ALL.into_iter().flat_map(Self::of)
    }

    /// Those of a client.
    pub(crate) fn of(client: Client) -> impl Iterator<Item = Self> {
        Vendor::ALL.into_iter().map(move |vendor| Self { client, vendor })
    }

    /// Whether the client's own bytes go on.
    pub(crate) fn is_verbatim(self) -> bool {
        self.client.name() == self.vendor.name()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.client.name(), self.vendor.name())
    }
}
