//! Sealed vendor secrets.

use super::providers;
use super::revision::Written;
use crate::connection::{AnyConnection, each};
use crate::error::{Fault, corrupt};
use crate::schema::credentials;
use diesel::prelude::*;
use diesel::upsert::excluded;
use switchyard_domain::ids::ProviderId;
use switchyard_ports::repositories::{Author, SealedSecret};

pub(super) fn put(
    connection: &mut AnyConnection,
    provider: ProviderId,
    owner: &str,
    secret: &SealedSecret,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let name = providers::raise_version(connection, provider, author)?;
    let row = (
        credentials::provider_id.eq(provider.0),
        credentials::owner.eq(owner),
        credentials::sealed.eq(&secret.sealed),
        credentials::sealed_under.eq(sealing_key(&secret.sealed)?),
        credentials::hint.eq(&secret.hint),
        credentials::version.eq(1),
        credentials::source.eq(author.by.owner.to_string()),
        credentials::created_at.eq(author.at.0),
        credentials::updated_at.eq(author.at.0),
        credentials::updated_by.eq(author.by.name.as_ref()),
    );
    each!(connection, inner => diesel::insert_into(credentials::table)
        .values(row)
        .on_conflict((credentials::provider_id, credentials::owner))
        .do_update()
        .set((
            credentials::sealed.eq(excluded(credentials::sealed)),
            credentials::sealed_under.eq(excluded(credentials::sealed_under)),
            credentials::hint.eq(excluded(credentials::hint)),
            credentials::version.eq(credentials::version + 1),
            credentials::source.eq(excluded(credentials::source)),
            credentials::updated_at.eq(excluded(credentials::updated_at)),
            credentials::updated_by.eq(excluded(credentials::updated_by)),
        ))
        .execute(inner))?;
    Ok(told(provider, name, owner, "stored"))
}

pub(super) fn forget(
    connection: &mut AnyConnection,
    provider: ProviderId,
    owner: &str,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let theirs = credentials::provider_id.eq(provider.0).and(credentials::owner.eq(owner));
    let rows = diesel::delete(credentials::table.filter(theirs)).execute(connection)?;
    if rows == 0 {
        return providers::must_exist(connection, &[provider]).map(Written::Nothing);
    }
    let name = providers::raise_version(connection, provider, author)?;
    Ok(told(provider, name, owner, "forgotten"))
}

fn told(provider: ProviderId, name: String, owner: &str, what: &str) -> Written<()> {
    let written = Written::changed(provider.0).with("name", name).with_fields(&["credential"]);
    written.with("credential_of", owner).with("credential", what)
}

/// The key id of a sealed text, `v1.<key id>.<nonce>.<ciphertext>`: kept in a column of its own, so that it can be counted.
fn sealing_key(sealed: &str) -> Result<&str, Fault> {
    let mut parts = sealed.split('.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("v1"), Some(key), Some(_)) if !key.is_empty() => Ok(key),
        _ => Err(corrupt("a credential that is no sealed text was to be stored")),
    }
}
