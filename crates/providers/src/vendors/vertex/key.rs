//! A service account's key, as Google writes it: what is used of it, and what is signed with it.

use crate::vendors::hooks::unusable;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::time::Timestamp;
use url::Url;

/// Where Google gives tokens. Nothing else may stand in a key, which is sent nowhere else thus.
const TOKEN_PLACES: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://www.googleapis.com/oauth2/v4/token",
    "https://accounts.google.com/o/oauth2/token",
];
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The longest that Google grants.
const HOUR: i64 = 3600;

/// What is used of a key.
#[derive(Deserialize)]
struct Members {
    #[serde(rename = "type")]
    kind: String,
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: String,
}

/// A key that can sign.
pub(super) struct Key {
    email: String,
    id: Option<String>,
    signer: EncodingKey,
    /// Where tokens are asked for, in the key's own spelling: it is signed.
    place: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl Key {
    /// The key of a stored credential.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub(super) fn read(text: &str) -> Result<Self, ProviderFault> {
        let members: Members = serde_json::from_str(text).map_err(|_| {
            unusable("the stored credential is JSON, but no service account's key (`client_email`, `private_key`, `token_uri`)")
        })?;
        if members.kind != "service_account" {
            return Err(unusable("the stored credential is not of the type `service_account`"));
        }
        if !TOKEN_PLACES.contains(&members.token_uri.as_str()) {
            return Err(unusable("the `token_uri` of the stored service account is not Google's own"));
        }
        Self::of(members)
    }

    fn of(members: Members) -> Result<Self, ProviderFault> {
        let signer = EncodingKey::from_rsa_pem(members.private_key.as_bytes())
            .map_err(|_| unusable("the private key of the stored service account can't be used"))?;
        Ok(Self { email: members.client_email, id: members.private_key_id, signer, place: members.token_uri })
    }

    /// Where its tokens are asked for.
    pub(super) fn place(&self) -> Result<Url, ProviderFault> {
        Url::parse(&self.place)
            .map_err(|_| unusable("the `token_uri` of the stored service account is no address"))
    }

    /// A JSON web token that asks for a token for an hour.
    pub(super) fn assertion(&self, now: Timestamp) -> Result<String, ProviderFault> {
        let header = Header { kid: self.id.clone(), ..Header::new(Algorithm::RS256) };
        let iat = now.0.div_euclid(1000);
        let claims =
            Claims { iss: &self.email, scope: SCOPE, aud: &self.place, iat, exp: iat.saturating_add(HOUR) };
        encode(&header, &claims, &self.signer)
            .map_err(|_| unusable("nothing can be signed with the stored service account"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};
    use switchyard_domain::fault::FaultKind;

    /// A key as Google writes one, of a private key made for the test.
    pub(in crate::vendors::vertex) fn made() -> Value {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        json!({"type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": pair.serialize_pem(),
            "client_email": "x@p.iam.gserviceaccount.com", "client_id": "2", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token", "universe_domain": "googleapis.com"})
    }

    /// The same, with another place to ask at than Google's.
    pub(in crate::vendors::vertex) fn made_at(place: &str) -> Key {
        let mut key = made();
        key["token_uri"] = json!(place);
        Key::of(serde_json::from_value(key).unwrap()).ok().unwrap()
    }

    fn bare() -> Value {
        let mut key = json!({"type": "service_account", "private_key": "-----BEGIN…"});
        key["client_email"] = json!("x@p.iam.gserviceaccount.com");
        key["token_uri"] = json!("https://oauth2.googleapis.com/token");
        key
    }

    fn why(text: &str) -> String {
        let fault = Key::read(text).err().unwrap();
        assert_eq!(fault.kind, FaultKind::NoCredential);
        fault.message
    }

    fn decoded(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_key_as_google_writes_it_signs_what_google_wants_to_know() {
        let pretty = serde_json::to_string_pretty(&made()).unwrap();
        let told = Key::read(&pretty).ok().unwrap().assertion(Timestamp(1_795_262_400_999)).unwrap();
        let parts: Vec<_> = told.split('.').collect();
        assert_eq!(decoded(parts[0]), json!({"alg": "RS256", "typ": "JWT", "kid": "1"}));
        assert_eq!(
            decoded(parts[1]),
            json!({"iss": "x@p.iam.gserviceaccount.com", "scope": SCOPE, "aud": "https://oauth2.googleapis.com/token",
                "iat": 1_795_262_400, "exp": 1_795_266_000})
        );
        assert_eq!(URL_SAFE_NO_PAD.decode(parts[2]).unwrap().len(), 256, "2048 bits");
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
            let mut key = bare();
            key["token_uri"] = json!(place);
            assert!(why(&key.to_string()).contains("token_uri"), "{place}");
        }
        let twice = bare().to_string().replacen('{', r#"{"token_uri":"http://127.0.0.1/","#, 1);
        assert!(why(&twice).contains("no service account"), "one that says it twice is refused");
    }

    #[test]
    fn what_is_no_service_account_is_refused_without_repeating_it() {
        for (text, word) in [
            (r#"{"type":"authorized_user","client_secret":"verysecret"}"#.to_owned(), "no service account"),
            (
                bare().to_string().replace("service_account", "impersonated_service_account"),
                "not of the type",
            ),
            (bare().to_string(), "private key"),
        ] {
            let message = why(&text);
            assert!(message.contains(word), "{message}");
            assert!(!message.contains("verysecret") && !message.contains("BEGIN"), "{message}");
        }
    }
}
