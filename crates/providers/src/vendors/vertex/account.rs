//! Google's service accounts: a key in JSON, for which Google gives tokens that last an hour.

use crate::vendors::hooks::unusable;
use gcp_auth::{CustomServiceAccount, Token, TokenProvider};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use switchyard_domain::fault::{FaultKind, ProviderFault};

/// Where Google gives tokens. The library that asks for them knows no egress guard, so that nothing else may stand in a key.
const TOKEN_PLACES: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://www.googleapis.com/oauth2/v4/token",
    "https://accounts.google.com/o/oauth2/token",
];
const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/cloud-platform"];

/// What is used of a key.
#[derive(Deserialize, Serialize)]
struct Key {
    #[serde(rename = "type")]
    kind: String,
    client_email: String,
    private_key: String,
    token_uri: String,
    project_id: Option<String>,
}

/// A service account that tokens can be had for.
pub(super) struct Account {
    library: CustomServiceAccount,
    token: Mutex<Option<Arc<Token>>>,
    /// Held by the one who asks for a token, so that a burst of calls does not ask once each.
    asking: tokio::sync::Mutex<()>,
}

impl Account {
    /// The account of a key. Reads the machine's root certificates: not for an async thread.
    pub(super) fn of(credential: &SecretString) -> Result<Self, ProviderFault> {
        let key = read(credential.expose_secret())?;
        // The library reads only what was checked here.
        let text = serde_json::to_string(&key).map(SecretString::from);
        let text = text.map_err(|_| unusable("the stored service account can't be read"))?;
        let library = CustomServiceAccount::from_json(text.expose_secret())
            .map_err(|_| unusable("the private key of the stored service account can't be used"))?;
        Ok(Self { library, token: Mutex::default(), asking: tokio::sync::Mutex::default() })
    }

    /// A token that has not run out, asked for where none is kept.
    pub(super) async fn token(&self) -> Result<Arc<SecretString>, ProviderFault> {
        if let Some(token) = self.kept() {
            return Ok(token);
        }
        let _asking = self.asking.lock().await;
        if let Some(token) = self.kept() {
            return Ok(token);
        }
        let token = self.library.token(&SCOPES).await.map_err(|_| refused())?;
        let secret = Arc::new(SecretString::from(token.as_str()));
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
        Ok(secret)
    }

    fn kept(&self) -> Option<Arc<SecretString>> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let token = token.as_ref().filter(|token| !token.has_expired())?;
        Some(Arc::new(SecretString::from(token.as_str())))
    }
}

fn read(text: &str) -> Result<Key, ProviderFault> {
    let key: Key = serde_json::from_str(text).map_err(|_| {
        unusable("the stored credential is JSON, but no service account's key (`client_email`, `private_key`, `token_uri`)")
    })?;
    if key.kind != "service_account" {
        return Err(unusable("the stored credential is not of the type `service_account`"));
    }
    if !TOKEN_PLACES.contains(&key.token_uri.as_str()) {
        return Err(unusable("the `token_uri` of the stored service account is not Google's own"));
    }
    Ok(key)
}

fn refused() -> ProviderFault {
    ProviderFault::new(FaultKind::AuthFailed, "Google gave no token for the stored service account")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn key() -> Value {
        json!({"type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": "-----BEGIN…",
            "client_email": "x@p.iam.gserviceaccount.com", "client_id": "2", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token", "universe_domain": "googleapis.com"})
    }

    fn why(text: &str) -> String {
        let fault = read(text).err().unwrap();
        assert_eq!(fault.kind, FaultKind::NoCredential);
        fault.message
    }

    #[test]
    fn a_key_as_google_writes_it_is_read() {
        assert_eq!(read(&key().to_string()).unwrap().client_email, "x@p.iam.gserviceaccount.com");
    }

    #[test]
    fn tokens_are_asked_for_at_googles_own_address_only() {
        for place in [
            "http://oauth2.googleapis.com/token",
            "https://oauth2.googleapis.com.evil.example/token",
            "https://oauth2.googleapis.com@127.0.0.1/token",
            "https://oauth2.googleapis.com:8443/token",
            "http://169.254.169.254/computeMetadata/v1/token",
            "https://oauth2.googleapis.com/token?x=1",
            "",
        ] {
            let mut key = key();
            key["token_uri"] = json!(place);
            assert!(why(&key.to_string()).contains("token_uri"), "{place}");
        }
        let twice = key()
            .to_string()
            .replacen('{', r#"{"token_uri":"http://127.0.0.1/",""#, 1)
            .replacen(r#","""#, r#",""#, 1);
        assert!(why(&twice).contains("no service account"), "one that says it twice is refused");
    }

    #[test]
    fn what_is_no_service_account_is_refused_without_repeating_it() {
        for (text, word) in [
            (r#"{"type":"authorized_user","client_secret":"verysecret"}"#.to_owned(), "no service account"),
            (key().to_string().replace("service_account", "impersonated_service_account"), "not of the type"),
        ] {
            let message = why(&text);
            assert!(message.contains(word) && !message.contains("verysecret"), "{message}");
        }
        let unusable = Account::of(&SecretString::from(key().to_string())).err().unwrap();
        assert!(unusable.message.contains("private key"), "{unusable}");
        assert!(!unusable.message.contains("BEGIN"), "{unusable}");
    }
}
