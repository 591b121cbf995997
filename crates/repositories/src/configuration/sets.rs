//! Providers and routes that are written together.

use super::revision::{Landing, Written};
use super::{credentials, health, providers, routes};
use crate::connection::AnyConnection;
use crate::error::Fault;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::declaration::Declaration;
use switchyard_domain::declared::DeclaredTarget;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_ports::repositories::{
    Author, ChangeKind, ConfigurationSet, CredentialWrite, NewRoute, NewTarget, ProviderStep, ProviderWrite,
    RouteWrite,
};

/// Writes all of a set; the caller gives the transaction.
pub(super) fn write(
    connection: &mut AnyConnection,
    set: &ConfigurationSet,
    author: &Author,
) -> Result<Vec<Landing>, Fault> {
    let mut landings = Vec::with_capacity(set.providers.len() + set.routes.len());
    // What the set says of a route is what it is to be; it holds for the version that was looked at.
    let said: Vec<RouteId> = set.routes.iter().filter_map(|route| Some(route.current?.0)).collect();
    for provider in &set.providers {
        landings.push(write_provider(connection, provider, &said, as_owner(author, &provider.owner))?);
    }
    routes::part(connection, &said)?;
    for route in &set.routes {
        landings.push(write_route(connection, route, as_owner(author, &route.owner))?);
    }
    Ok(landings)
}

/// The author, whose new rows belong to this owner.
fn as_owner(author: &Author, owner: &Owner) -> Author {
    Author { by: Writer { owner: owner.clone(), ..author.by.clone() }, at: author.at }
}

fn write_provider(
    connection: &mut AnyConnection,
    write: &ProviderWrite,
    said: &[RouteId],
    author: Author,
) -> Result<Landing, Fault> {
    let (id, action, written) = match &write.step {
        ProviderStep::Create(provider) => {
            let created = providers::create(connection, provider, said, &author)?;
            let id = ProviderId(created.id);
            (id, AuditAction::Create, created.written((), provider.name.as_str()))
        }
        ProviderStep::Update(id, patch) => {
            (*id, AuditAction::Update, providers::update(connection, *id, patch, said, &author)?)
        }
    };
    if let Some(known) = &write.health {
        health::keep(connection, id, known)?;
    }
    let written = put_credentials(connection, id, &write.credentials, written, &author)?;
    let written = declare(connection, id, write.declaration, written, &author)?;
    Ok(Landing { kind: ChangeKind::Provider, action, author, written })
}

/// Notes what the file says of a provider as a part of the provider's own change.
fn declare(
    connection: &mut AnyConnection,
    id: ProviderId,
    declaration: Declaration,
    written: Written<()>,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let is_other = providers::declare(connection, id, declaration)?;
    if !is_other || !matches!(written, Written::Nothing(())) {
        return Ok(written);
    }
    let name = providers::raise_version(connection, id, author)?;
    Ok(Written::changed(id.0).with("name", name).with_fields(&["declaration"]))
}

/// Writes a provider's credentials as a part of the provider's own change.
fn put_credentials(
    connection: &mut AnyConnection,
    id: ProviderId,
    writes: &[CredentialWrite],
    mut written: Written<()>,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let (mut stored, mut removed) = (Vec::new(), Vec::new());
    for CredentialWrite { owner, secret } in writes {
        match secret {
            Some(seal) => {
                let sealed = seal(id).map_err(Fault::Decided)?;
                credentials::store(connection, id, owner, &sealed, author)?;
                stored.push(owner.to_word());
            }
            None if credentials::remove(connection, id, owner)?.is_some() => removed.push(owner.to_word()),
            None => {}
        }
    }
    if matches!(written, Written::Nothing(())) && !(stored.is_empty() && removed.is_empty()) {
        let name = providers::raise_version(connection, id, author)?;
        written = Written::changed(id.0).with("name", name).with_fields(&["credential"]);
    }
    for (what, owners) in [("credentials_stored", stored), ("credentials_removed", removed)] {
        if !owners.is_empty() {
            written = written.with(what, owners.join(" "));
        }
    }
    Ok(written)
}

fn write_route(connection: &mut AnyConnection, write: &RouteWrite, author: Author) -> Result<Landing, Fault> {
    let route = by_ids(connection, write)?;
    let (id, action, written) = match write.current {
        None => {
            let created = routes::create(connection, &route, &author)?;
            (RouteId(created.id), AuditAction::Create, created.written((), route.name.as_str()))
        }
        Some((id, version)) => {
            (id, AuditAction::Update, routes::replace(connection, id, &route, Some(version), &author)?)
        }
    };
    if write.is_withdrawn {
        routes::withdraw(connection, id)?;
    }
    Ok(Landing { kind: ChangeKind::Route, action, author, written })
}

fn by_ids(connection: &mut AnyConnection, write: &RouteWrite) -> Result<NewRoute, Fault> {
    let route = &write.route;
    let mut target =
        |target: &DeclaredTarget| Ok(NewTarget::of(target, providers::id_of(connection, &target.provider)?));
    let targets = route.targets.iter().map(&mut target).collect::<Result<_, Fault>>()?;
    let fallback = route.fallback.as_ref().map(|name| routes::id_of(connection, name)).transpose()?;
    Ok(NewRoute::of(route, fallback, targets))
}
