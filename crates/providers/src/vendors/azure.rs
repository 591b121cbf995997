//! Azure OpenAI and Azure AI Foundry: OpenAI's dialects at addresses of their own.

use super::hooks::{put_secret, segment};
use super::{Authorizer, Called, Hooks, HttpFacts, Means, Note, Reach, Vendor, below};
use crate::transport::OutboundRequest;
use crate::vocabulary::Vocabulary::{Cl100k, O200k};
use async_trait::async_trait;
use http::{HeaderName, header};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::TargetFacts;
use switchyard_dialects::openai_operations::{
    OpenAiCompletions, OpenAiEmbeddings, OpenAiImages, OpenAiSpeech, OpenAiTranscriptions,
};
use switchyard_dialects::openai_responses::OpenAiResponses;
use switchyard_domain::chat::Dialect;
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::time::Timestamp;
use url::Url;

const VERSION: &str = "api-version";
/// Of chat completions at deployments, and of listings: the last that is no preview.
const DEPLOYMENTS_VERSION: &str = "2024-10-21";
const RESPONSES_VERSION: &str = "2025-03-01-preview";
const FOUNDRY_VERSION: &str = "2024-05-01-preview";
const API_KEY: HeaderName = HeaderName::from_static("api-key");

/// Some of its endpoint's models are of other makers, and show what they think.
static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts { hides_reasoning: false, ..OpenAiChat::PLAIN.requests },
    ..OpenAiChat::PLAIN
};

static RESPONSES: OpenAiResponses = OpenAiResponses { issuer: "azure", ..OpenAiResponses::PLAIN };

pub(super) static VENDOR: Vendor = Vendor {
    key: "azure",
    name: "Azure OpenAI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT, &RESPONSES],
        operations: &[
            &OpenAiEmbeddings::PLAIN,
            &OpenAiCompletions::PLAIN,
            &OpenAiImages,
            &OpenAiSpeech,
            &OpenAiTranscriptions,
        ],
        base_query: &[VERSION],
        hooks: Some(&Azure),
        request_id_header: Some("apim-request-id"),
        ..HttpFacts::OPENAI_CHAT
    }),
    // For deployments that have the name of their model.
    vocabularies: &[
        ("gpt-4o", O200k),
        ("gpt-4.1", O200k),
        ("gpt-5", O200k),
        ("o1", O200k),
        ("o3", O200k),
        ("o4", O200k),
        ("gpt-4", Cl100k),
        ("gpt-35", Cl100k),
    ],
    notes: &[
        Note {
            fact: "The base URL is the resource: `https://RESOURCE.openai.azure.com` (or `.services.ai.azure.com`, `.cognitiveservices.azure.com`). A model is a deployment then, and stands in the path. `?api-version=` may follow; without it, it is 2024-10-21, the last version that is no preview, and 2025-03-01-preview for Responses.",
            evidence: "azure-embeddings-e1d24364cb, azure-responses-b0b12b792f; learn.microsoft.com, Azure OpenAI REST reference; 2026-11-21",
        },
        Note {
            fact: "A base URL that ends in `/openai/v1` means the address without versions, where the model stands in the body.",
            evidence: "azure-responses-1891ce5340; 2026-11-21",
        },
        Note {
            fact: "A base URL that ends in `/models` means the endpoint for models of all makers (version 2024-05-01-preview); they count and reason as their makers do.",
            evidence: "azure-chat_completions-01941b4740, azure-chat_completions-1577589b13; 2026-11-21",
        },
        Note {
            fact: "Models are listed with the makers' names, whether they are deployed or not, and deployments are not among them: what is discovered can only be called where a deployment has its model's name.",
            evidence: "learn.microsoft.com/rest/api/azureopenai/models/list; learn.microsoft.com/answers/questions/1371786 (deployments are listed by the management plane alone); 2026-11-21",
        },
        Note {
            fact: "A key goes along as `api-key`, an Entra token (a JWT) as a bearer.",
            evidence: "learn.microsoft.com, Azure OpenAI REST reference, no recorded exchange; 2026-11-21",
        },
        Note {
            fact: "Embeddings, completions, images, speech and transcriptions are OpenAI's, at the addresses of deployments.",
            evidence: "azure-embeddings-e1d24364cb; learn.microsoft.com, Azure OpenAI REST reference; 2026-11-21",
        },
        Note {
            fact: "A stream's first chunk may have no choices but `prompt_filter_results`.",
            evidence: "azure-chat_completions-2fe181dc01; 2026-11-21",
        },
        Note {
            fact: "A prompt that the content filter blocks is an error `content_filter` with an `innererror`, and may come as a 200 that names its status in the body.",
            evidence: "azure-chat_completions-0399f2a207; 2026-11-21",
        },
    ],
};

#[derive(Debug)]
struct Azure;

/// What is at the end of a base address.
#[derive(Clone, Copy)]
enum Style {
    Deployments,
    V1,
    Foundry,
}

impl Style {
    fn of(base: &Url) -> Self {
        match base.path().trim_end_matches('/').rsplit('/').next() {
            Some("v1") => Self::V1,
            Some("models") => Self::Foundry,
            _ => Self::Deployments,
        }
    }
}

impl Hooks for Azure {
    fn base(&self, given: &Url) -> Result<Url, String> {
        let path = given.path().trim_end_matches('/');
        if let Some((before, _)) = path.split_once("/openai/deployments") {
            let mut resource = given.clone();
            resource.set_path(before);
            let resource = resource.as_str().trim_end_matches('/');
            return Err(format!("its base URL names a deployment, which is the model; give `{resource}`"));
        }
        let mut base = given.clone();
        if matches!(Style::of(given), Style::Deployments) {
            base.set_path(&format!("{}/openai", path.trim_end_matches("/openai")));
        } else {
            base.set_path(path);
        }
        Ok(base)
    }

    fn address(&self, base: &Url, call: &Called<'_>) -> Url {
        let Called { dialect, endpoint, model } = *call;
        let responses = dialect == Dialect::OPENAI_RESPONSES;
        match Style::of(base) {
            Style::Deployments if responses => versioned(base, endpoint, Some(RESPONSES_VERSION)),
            Style::Deployments => {
                let place = format!("deployments/{}/{endpoint}", segment(model));
                versioned(base, &place, Some(DEPLOYMENTS_VERSION))
            }
            Style::V1 => versioned(base, endpoint, None),
            // That endpoint speaks chat completions only.
            Style::Foundry if responses => below(&v1_of_foundry(base), endpoint),
            Style::Foundry => versioned(base, endpoint, Some(FOUNDRY_VERSION)),
        }
    }

    fn models(&self, base: &Url, listing: &str) -> Url {
        match Style::of(base) {
            Style::Deployments => versioned(base, listing, Some(DEPLOYMENTS_VERSION)),
            Style::V1 => versioned(base, listing, None),
            Style::Foundry => below(&v1_of_foundry(base), listing),
        }
    }

    fn authorizer(&self, _base: &Url, _means: &Means) -> Option<Box<dyn Authorizer>> {
        Some(Box::new(KeyOrToken))
    }
}

/// A place below the base, in the version that the base names, or else in this one.
fn versioned(base: &Url, place: &str, version: Option<&str>) -> Url {
    let given = base.query_pairs().find(|(name, _)| name == VERSION).map(|(_, version)| version);
    let mut url = below(base, place);
    if let Some(version) = given.as_deref().or(version) {
        url.query_pairs_mut().append_pair(VERSION, version);
    }
    url
}

fn v1_of_foundry(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/openai/v1", base.path().trim_end_matches("/models")));
    url
}

struct KeyOrToken;

#[async_trait]
impl Authorizer for KeyOrToken {
    async fn authorize(
        &self,
        request: &mut OutboundRequest,
        credential: &Arc<SecretString>,
        _now: Timestamp,
    ) -> Result<Arc<SecretString>, ProviderFault> {
        if is_token(credential.expose_secret()) {
            put_secret(request, header::AUTHORIZATION, "Bearer ", credential)?;
        } else {
            put_secret(request, API_KEY, "", credential)?;
        }
        Ok(Arc::clone(credential))
    }
}

/// Whether it has the shape of a JWT: three parts, the first of which is a JSON object in base64. No key has a dot.
fn is_token(credential: &str) -> bool {
    credential.starts_with("eyJ") && credential.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(given: &str) -> Url {
        Azure.base(&Url::parse(given).unwrap()).unwrap()
    }

    fn address(given: &str, dialect: Dialect, endpoint: &str) -> String {
        Azure.address(&base(given), &Called { dialect, endpoint, model: "my gpt/5?" }).into()
    }

    #[test]
    fn a_deployment_stands_in_the_path_and_a_version_in_the_query() {
        let chat = |given| address(given, Dialect::OPENAI_CHAT, "chat/completions");
        for given in ["https://r.openai.azure.com", "https://r.openai.azure.com/openai/"] {
            assert_eq!(
                chat(given),
                "https://r.openai.azure.com/openai/deployments/my%20gpt%2F5%3F/chat/completions?api-version=2024-10-21"
            );
        }
        assert_eq!(
            chat("https://gate.example.com/ai?api-version=2025-01-01-preview"),
            "https://gate.example.com/ai/openai/deployments/my%20gpt%2F5%3F/chat/completions?api-version=2025-01-01-preview"
        );
    }

    #[test]
    fn the_newer_address_has_the_model_in_the_body() {
        let v1 = "https://r.openai.azure.com/openai/v1";
        assert_eq!(address(v1, Dialect::OPENAI_CHAT, "chat/completions"), format!("{v1}/chat/completions"));
        assert_eq!(address(v1, Dialect::OPENAI_RESPONSES, "responses"), format!("{v1}/responses"));
        assert_eq!(
            address(&format!("{v1}/?api-version=preview"), Dialect::OPENAI_CHAT, "chat/completions"),
            format!("{v1}/chat/completions?api-version=preview")
        );
    }

    #[test]
    fn responses_and_models_of_all_makers_have_their_own_places() {
        assert_eq!(
            address("https://r.cognitiveservices.azure.com", Dialect::OPENAI_RESPONSES, "responses"),
            "https://r.cognitiveservices.azure.com/openai/responses?api-version=2025-03-01-preview"
        );
        let foundry = "https://r.services.ai.azure.com/models";
        assert_eq!(
            address(foundry, Dialect::OPENAI_CHAT, "chat/completions"),
            format!("{foundry}/chat/completions?api-version=2024-05-01-preview")
        );
        assert_eq!(
            address(foundry, Dialect::OPENAI_RESPONSES, "responses"),
            "https://r.services.ai.azure.com/openai/v1/responses"
        );
    }

    #[test]
    fn models_are_listed_where_each_address_has_them() {
        for (given, expected) in [
            ("https://r.openai.azure.com", "https://r.openai.azure.com/openai/models?api-version=2024-10-21"),
            ("https://r.openai.azure.com/openai/v1", "https://r.openai.azure.com/openai/v1/models"),
            ("https://r.services.ai.azure.com/models", "https://r.services.ai.azure.com/openai/v1/models"),
        ] {
            assert_eq!(Azure.models(&base(given), "models").as_str(), expected);
        }
    }

    #[test]
    fn an_address_of_one_deployment_is_told_what_to_give_instead() {
        let given = Url::parse("https://r.openai.azure.com/openai/deployments/gpt?api-version=1").unwrap();
        let why = Azure.base(&given).unwrap_err();
        assert!(why.contains("`https://r.openai.azure.com/?api-version=1`"), "{why}");
    }

    #[test]
    fn tokens_are_told_from_keys() {
        assert!(is_token("eyJ0eXAi.eyJhdWQi.c2ln"));
        assert!(!is_token("0123456789abcdef0123456789abcdef"));
        assert!(!is_token("eyJ0eXAi"));
    }
}
