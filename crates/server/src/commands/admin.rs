//! `switchyard admin`: how whoever runs this machine gets in.

use super::{open, writer};
use crate::arguments::{AdminAction, AdminOptions};
use crate::failure::Failure;
use crate::output;
use crate::setup_link;
use secrecy::ExposeSecret;
use serde_json::json;
use switchyard::settings::Loaded;
use switchyard_domain::user::name_key;

pub(crate) async fn run(loaded: &Loaded, options: AdminOptions) -> Result<(), Failure> {
    match options.action {
        AdminAction::Link { json } => link(loaded, json).await,
        AdminAction::Token { user, json } => token(loaded, user.as_deref(), json).await,
    }
}

async fn link(loaded: &Loaded, as_json: bool) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    let made = administration.accounts().links.setup(&writer()).await?;
    let link = made.ok_or_else(|| {
        Failure::refused(
            "there is an administrator already, who can reset passwords; `switchyard admin token` lets you in for a short time",
        )
    })?;
    let told = setup_link::told_server(&loaded.settings);
    let is_in_a_file = told.is_some();
    let server = told.unwrap_or_else(|| configured_server(loaded));
    // The secret stands behind the `#`, which no browser sends and no log sees.
    let address = format!("{server}/setup#{}", link.token.expose_secret());
    if as_json {
        let token = link.token.expose_secret();
        output::json(&json!({ "url": address, "token": token, "expires_at": link.expires_at.to_string() }));
    } else {
        output::line(&address);
        output::line(format!("It opens once, until {}, and ends all earlier links.", link.expires_at));
        output::line(setup_advice(&address));
    }
    // Its earlier link is none any more. The new one was shown, whatever becomes of the file.
    if is_in_a_file { setup_link::write(&loaded.settings, &address) } else { Ok(()) }
}

/// How to use a link without a page that opens it.
pub(crate) fn setup_advice(address: &str) -> String {
    let (server, token) = address.split_once("/setup#").unwrap_or((address, "TOKEN"));
    format!(
        "From a shell: curl -X POST {server}/api/v1/auth/setup -H 'Content-Type: application/json' -d \
         '{{\"token\":\"{token}\",\"username\":\"NAME\",\"password\":\"PASSWORD\"}}'"
    )
}

fn configured_server(loaded: &Loaded) -> String {
    let server = &loaded.settings.server;
    let scheme = if server.tls.is_some() { "https" } else { "http" };
    let address = server.listen.addresses().first().map_or_else(String::new, ToString::to_string);
    format!("{scheme}://{address}")
}

async fn token(loaded: &Loaded, user: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    let key = user.map(name_key);
    let issued = administration.accounts().admin.token(key.as_deref(), &writer()).await?;
    let tokens = issued.ok_or_else(|| {
        Failure::not_found("there is no administrator yet: `switchyard admin link` makes the first one")
    })?;
    let token = tokens.access.expose_secret();
    if as_json {
        output::json(&json!({
            "access_token": token,
            "token_type": "Bearer",
            "username": tokens.user.username.as_str(),
            "expires_in": tokens.access_lifetime.as_secs(),
        }));
    } else {
        output::line(token);
    }
    Ok(())
}
