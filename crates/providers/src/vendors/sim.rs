//! The simulated vendor: answers without key, network or cost.

use super::{Reach, Vendor};

pub(super) static VENDOR: Vendor =
    Vendor { key: "sim", name: "Simulated models", reach: Reach::InProcess, vocabularies: &[], notes: &[] };
