//! The names of what a report is about, as they are now.

use super::Group;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{users, virtual_keys};
use diesel::prelude::*;
use std::collections::HashMap;

/// Ids in one statement; SQLite takes at most 32,766 parameters.
const IDS_AT_ONCE: usize = 10_000;

/// Names by id.
#[derive(Default)]
pub(super) struct Names {
    keys: HashMap<i64, String>,
    users: HashMap<i64, String>,
}

macro_rules! named {
    ($connection:expr, $ids:expr, $table:ident, $name:ident) => {{
        let ids: Vec<i64> = $ids;
        let mut names: HashMap<i64, String> = HashMap::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let found: Vec<(i64, String)> = $table::table
                .filter($table::id.eq_any(ids))
                .select(($table::id, $table::$name))
                .load($connection)?;
            names.extend(found);
        }
        names
    }};
}

/// The names of these.
pub(super) fn of<'a>(
    connection: &mut AnyConnection,
    groups: impl Iterator<Item = &'a Group>,
) -> Result<Names, Fault> {
    let (mut keys, mut people) = (Vec::new(), Vec::new());
    for group in groups {
        match group {
            Group::Named(_) => {}
            Group::Key(id) => keys.push(*id),
            Group::User(id) => people.push(*id),
        }
    }
    let mut keys = named!(connection, keys, virtual_keys, name);
    tell_apart(&mut keys);
    Ok(Names { keys, users: named!(connection, people, users, username) })
}

/// Keys of several people may have one name: their ids tell which is which.
fn tell_apart(keys: &mut HashMap<i64, String>) {
    let mut bearers: HashMap<String, usize> = HashMap::new();
    for name in keys.values() {
        *bearers.entry(name.clone()).or_default() += 1;
    }
    for (id, name) in keys {
        if bearers.get(name).is_some_and(|bearers| *bearers > 1) {
            *name = format!("{name}#{id}");
        }
    }
}

impl Names {
    /// A group's name; the number of what is no more there.
    pub(super) fn name(&self, group: Group) -> String {
        let (names, id, nobody) = match group {
            Group::Named(name) => return name,
            Group::Key(id) => (&self.keys, id, "(no key)"),
            Group::User(id) => (&self.users, id, "(no user)"),
        };
        match names.get(&id) {
            Some(name) => name.clone(),
            None if id == 0 => nobody.to_owned(),
            None => format!("#{id}"),
        }
    }
}
