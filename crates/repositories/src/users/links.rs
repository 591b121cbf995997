//! Links of one use; the caller gives the transaction.

use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::one_time_links;
use diesel::prelude::*;
use switchyard_domain::ids::UserId;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{Author, LinkPurpose, OneTimeLink};
use switchyard_ports::tokens::SecretHash;

fn user_of(purpose: LinkPurpose) -> Option<i64> {
    match purpose {
        LinkPurpose::Setup => None,
        LinkPurpose::Reset(user) => Some(user.0),
    }
}

/// Writes a link in place of all earlier ones of its purpose.
pub(super) fn put(connection: &mut AnyConnection, link: &OneTimeLink, author: &Author) -> Result<(), Fault> {
    forget(connection, link.purpose)?;
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::hash.eq(link.hash.0.as_slice()),
            one_time_links::user_id.eq(user_of(link.purpose)),
            one_time_links::created_at.eq(author.at.0),
            one_time_links::expires_at.eq(link.expires_at.0),
            one_time_links::created_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)?;
    Ok(())
}

/// Forgets all links of a purpose.
pub(super) fn forget(connection: &mut AnyConnection, purpose: LinkPurpose) -> Result<(), Fault> {
    match user_of(purpose) {
        None => diesel::delete(one_time_links::table.filter(one_time_links::user_id.is_null()))
            .execute(connection),
        Some(user) => {
            diesel::delete(one_time_links::table.filter(one_time_links::user_id.eq(user))).execute(connection)
        }
    }?;
    Ok(())
}

/// The link of this hash, if it may be used now.
pub(super) fn find(
    connection: &mut AnyConnection,
    hash: SecretHash,
    now: Timestamp,
) -> Result<Option<OneTimeLink>, Fault> {
    let found: Option<(Option<i64>, i64)> = one_time_links::table
        .find(hash.0.to_vec())
        .filter(one_time_links::expires_at.gt(now.0))
        .select((one_time_links::user_id, one_time_links::expires_at))
        .first(connection)
        .optional()?;
    Ok(found.map(|(user, expires_at)| OneTimeLink {
        hash,
        purpose: user.map_or(LinkPurpose::Setup, |user| LinkPurpose::Reset(UserId(user))),
        expires_at: Timestamp(expires_at),
    }))
}
