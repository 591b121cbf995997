//! The environment of the process, as whoever reads it hands it over.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

/// Environment variables. Their values may be secrets, so `Debug` tells only how many there are.
#[derive(Clone, Default)]
pub struct Environment {
    pub(super) variables: BTreeMap<String, String>,
    /// Names of variables whose value is no UTF-8 text.
    pub(super) unreadable: Vec<String>,
}

impl Environment {
    /// Takes pairs such as those of `std::env::vars_os`. A name that is no text can be no setting and is left out.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            let Ok(name) = name.into().into_string() else { continue };
            match value.into().into_string() {
                Ok(value) => drop(environment.variables.insert(name, value)),
                Err(_) => environment.unreadable.push(name),
            }
        }
        environment
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.variables.len())
    }
}
