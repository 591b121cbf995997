//! Google's Vertex AI: Gemini in a project of Google's cloud.

mod account;
mod grant;
mod key;

use self::account::Account;
use super::hooks::put_secret;
use super::{Authorizer, Hooks, HttpFacts, Means, Note, Reach, Vendor, below};
use crate::transport::OutboundRequest;
use async_trait::async_trait;
use http::header;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex, PoisonError};
use switchyard_dialects::gemini::Gemini;
use switchyard_dialects::gemini::embeddings::GeminiEmbeddings;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::time::Timestamp;
use url::Url;

/// Nobody stores more service accounts than this for one provider; of more, the oldest asks for its tokens anew.
const MOST_ACCOUNTS: usize = 64;

pub(super) static VENDOR: Vendor = Vendor {
    key: "vertex",
    name: "Google Vertex AI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&Gemini::VERTEX],
        operations: &[&GeminiEmbeddings::VERTEX_ONE],
        listing: "publishers/google/models",
        hooks: Some(&Vertex),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        Note {
            fact: "The base URL is `https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION`, for the location `global` at `https://aiplatform.googleapis.com`. `/publishers/google` may follow.",
            evidence: "paths of vertex-generatecontent-b8d88197d5, vertex-generatecontent-0ef3bb4494; 2026-11-21",
        },
        Note {
            fact: "The credential is a service account's key in JSON, for which tokens are asked of Google as they are needed, or a token. They are asked for under the same rules of egress and trust as calls, at `oauth2.googleapis.com` or what else of Google's the key names.",
            evidence: "cloud.google.com, Vertex AI authentication; developers.google.com, OAuth 2.0 for server to server applications; 2026-11-21",
        },
        Note {
            fact: "Vectors come by `embedContent`, one text in a call. The models before `gemini-embedding-2`, which answer to `predict`, are not called for vectors.",
            evidence: "vertex-embedcontent-977ab53a89; 2026-11-21",
        },
        Note {
            fact: "Its endpoint in OpenAI's dialect is not used: usage leaves out what was thought there. Calls in that dialect are translated.",
            evidence: "google-chat_completions-07c4fda80d, of the same endpoint elsewhere; 2026-11-21",
        },
    ],
};

#[derive(Debug)]
struct Vertex;

impl Hooks for Vertex {
    fn base(&self, given: &Url) -> Result<Url, String> {
        let path = given.path().trim_end_matches('/');
        let path = path.strip_suffix("/publishers/google").unwrap_or(path);
        if !(path.contains("/projects/") && path.contains("/locations/")) {
            return Err("its base URL must name the project and the location, as in \
                        `https://aiplatform.googleapis.com/v1/projects/PROJECT/locations/global`"
                .to_owned());
        }
        let mut base = given.clone();
        base.set_path(path);
        Ok(base)
    }

    /// The makers' models stand in no project; that they are listed shows that the credential is good.
    fn models(&self, base: &Url, listing: &str) -> Url {
        let before = base.path().split_once("/projects/").map_or("", |(before, _)| before);
        // The stable version has no such list.
        let before = before.strip_suffix("/v1").map_or(before.to_owned(), |root| format!("{root}/v1beta1"));
        let mut root = base.clone();
        root.set_path(&before);
        below(&root, listing)
    }

    fn authorizer(&self, _base: &Url, means: &Means) -> Option<Box<dyn Authorizer>> {
        Some(Box::new(Tokens { means: means.clone(), accounts: Mutex::default() }))
    }
}

/// The service accounts that were seen, with their tokens.
struct Tokens {
    means: Means,
    accounts: Mutex<Vec<(Arc<SecretString>, Arc<Account>)>>,
}

impl Tokens {
    fn known(&self, credential: &Arc<SecretString>) -> Option<Arc<Account>> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |known: &Arc<SecretString>| {
            Arc::ptr_eq(known, credential) || known.expose_secret() == credential.expose_secret()
        };
        accounts.iter().find(|(known, _)| is_same(known)).map(|(_, account)| Arc::clone(account))
    }

    async fn account(&self, credential: &Arc<SecretString>) -> Result<Arc<Account>, ProviderFault> {
        if let Some(account) = self.known(credential) {
            return Ok(account);
        }
        let (key, means) = (Arc::clone(credential), self.means.clone());
        let read = tokio::task::spawn_blocking(move || Account::of(&key, &means)).await;
        let account = read.map_err(|_| {
            ProviderFault::new(FaultKind::Internal, "reading the stored service account was broken off")
        })??;
        if let Some(account) = self.known(credential) {
            return Ok(account);
        }
        let account = Arc::new(account);
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MOST_ACCOUNTS {
            accounts.remove(0);
        }
        accounts.push((Arc::clone(credential), Arc::clone(&account)));
        Ok(account)
    }
}

#[async_trait]
impl Authorizer for Tokens {
    async fn authorize(
        &self,
        request: &mut OutboundRequest,
        credential: &Arc<SecretString>,
        _now: Timestamp,
    ) -> Result<Arc<SecretString>, ProviderFault> {
        let token = if credential.expose_secret().trim_start().starts_with('{') {
            self.account(credential).await?.token().await?
        } else {
            Arc::clone(credential)
        };
        put_secret(request, header::AUTHORIZATION, "Bearer ", &token)?;
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(given: &str) -> Result<Url, String> {
        Vertex.base(&Url::parse(given).unwrap())
    }

    #[test]
    fn a_base_names_project_and_location() {
        let plain = "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4";
        for given in [plain.to_owned(), format!("{plain}/"), format!("{plain}/publishers/google")] {
            assert_eq!(base(&given).unwrap().as_str(), plain);
        }
        assert!(base("https://aiplatform.googleapis.com/v1").unwrap_err().contains("project"));
    }

    #[test]
    fn models_are_listed_outside_of_the_project() {
        for version in ["v1", "v1beta1"] {
            let base =
                base(&format!("https://aiplatform.googleapis.com/{version}/projects/p/locations/global"))
                    .unwrap();
            assert_eq!(
                Vertex.models(&base, "publishers/google/models").as_str(),
                "https://aiplatform.googleapis.com/v1beta1/publishers/google/models"
            );
        }
    }
}
