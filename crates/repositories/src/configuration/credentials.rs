//! Sealed vendor secrets.

use super::providers;
use super::revision::Written;
use crate::connection::{AnyConnection, each};
use crate::error::{Fault, conflict, corrupt};
use crate::schema::{credentials, keyring};
use diesel::prelude::*;
use diesel::upsert::excluded;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::provider::{CredentialOwner, SharedPlace};
use switchyard_ports::repositories::{Author, SealedSecret};

/// Writes a credential where there is none. The caller is queued behind other writers, so that what is free stays free.
pub(super) fn add(
    connection: &mut AnyConnection,
    provider: ProviderId,
    owner: &CredentialOwner,
    secret: &SealedSecret,
    author: &Author,
) -> Result<Written<()>, Fault> {
    if find(connection, provider, owner)?.is_some() {
        return Err(conflict(format!("the provider has a credential of `{}`", owner.to_word())));
    }
    put(connection, provider, owner, secret, author)
}

pub(super) fn put(
    connection: &mut AnyConnection,
    provider: ProviderId,
    owner: &CredentialOwner,
    secret: &SealedSecret,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let name = touched(connection, provider, owner, author)?;
    let id = store(connection, provider, owner, secret, author)?;
    Ok(told(provider, owner, id, name, "stored"))
}

/// Writes the row or replaces it, and answers its id. The provider's version is the caller's to raise.
pub(super) fn store(
    connection: &mut AnyConnection,
    provider: ProviderId,
    owner: &CredentialOwner,
    secret: &SealedSecret,
    author: &Author,
) -> Result<i64, Fault> {
    let row = (
        credentials::provider_id.eq(provider.0),
        credentials::owner.eq(owner.to_word()),
        credentials::sealed.eq(&secret.sealed),
        credentials::sealed_under.eq(sealing_key(connection, &secret.sealed)?),
        credentials::hint.eq(&secret.hint),
        credentials::version.eq(1),
        credentials::source.eq(author.by.owner.to_string()),
        credentials::created_at.eq(author.at.0),
        credentials::updated_at.eq(author.at.0),
        credentials::updated_by.eq(author.by.name.as_ref()),
    );
    Ok(each!(connection, inner => diesel::insert_into(credentials::table)
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
        .returning(credentials::id)
        .get_result(inner))?)
}

pub(super) fn forget(
    connection: &mut AnyConnection,
    provider: ProviderId,
    owner: &CredentialOwner,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let Some(id) = remove(connection, provider, owner)? else {
        return providers::must_exist(connection, &[provider]).map(Written::Nothing);
    };
    let name = touched(connection, provider, owner, author)?;
    Ok(told(provider, owner, id, name, "forgotten"))
}

/// Removes the row, and answers the id that it had. The provider's version is the caller's to raise.
pub(super) fn remove(
    connection: &mut AnyConnection,
    provider: ProviderId,
    owner: &CredentialOwner,
) -> Result<Option<i64>, Fault> {
    let found = find(connection, provider, owner)?;
    if let Some(id) = found {
        diesel::delete(credentials::table.find(id)).execute(connection)?;
    }
    Ok(found)
}

fn find(
    connection: &mut AnyConnection,
    provider: ProviderId,
    owner: &CredentialOwner,
) -> Result<Option<i64>, Fault> {
    let theirs = credentials::provider_id.eq(provider.0).and(credentials::owner.eq(owner.to_word()));
    Ok(credentials::table.filter(theirs).select(credentials::id).first(connection).optional()?)
}

/// The words of all shared credentials, whatever their places.
pub(super) fn shared_words() -> Vec<String> {
    SharedPlace::all().map(|place| CredentialOwner::Shared(place).to_word()).collect()
}

/// A provider's shared credential is a part of it: its client must be built anew. Answers the provider's name.
fn touched(
    connection: &mut AnyConnection,
    provider: ProviderId,
    owner: &CredentialOwner,
    author: &Author,
) -> Result<String, Fault> {
    match owner {
        CredentialOwner::Shared(_) => providers::raise_version(connection, provider, author),
        CredentialOwner::User(_) | CredentialOwner::VirtualKey(_) => providers::name_of(connection, provider),
    }
}

fn told(provider: ProviderId, owner: &CredentialOwner, id: i64, name: String, what: &str) -> Written<()> {
    let object = if owner.is_shared() { provider.0 } else { id };
    let written = Written::changed(object).with("name", name).with_fields(&["credential"]);
    written.with("credential_of", owner.to_word()).with("credential", what)
}

/// The key id of a sealed text, `v1.<key id>.<nonce>.<ciphertext>`: kept in a column of its own, so that it can be counted. A key
/// that was retired while the text was on its way is refused: nobody would keep it. The caller is queued behind other writers.
pub(crate) fn sealing_key<'a>(connection: &mut AnyConnection, sealed: &'a str) -> Result<&'a str, Fault> {
    let mut parts = sealed.split('.');
    let key = match (parts.next(), parts.next(), parts.next()) {
        (Some("v1"), Some(key), Some(_)) if !key.is_empty() => key,
        _ => return Err(corrupt("a credential that is no sealed text was to be stored")),
    };
    let retired: Option<Option<i64>> =
        keyring::table.find(key).select(keyring::retired_at).first(connection).optional()?;
    match retired.flatten() {
        Some(_) => {
            Err(conflict(format!("the encryption key {key} was changed for another meanwhile: try again")))
        }
        None => Ok(key),
    }
}
