//! Amazon Bedrock: Converse, with a key of its own or signed by an access key.

mod credential;
mod signature;

use self::credential::Credential;
use self::signature::Scope;
use super::hooks::{put_secret, unusable};
use super::{Authorizer, Hooks, HttpFacts, Means, Note, Reach, Vendor, below};
use crate::transport::OutboundRequest;
use async_trait::async_trait;
use http::header;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::time::Timestamp;
use url::{Host, Url};

const REGION: &str = "region";
const SERVICE: &str = "bedrock";
const RUNTIME: &str = "bedrock-runtime";
const RUNTIME_FIPS: &str = "bedrock-runtime-fips";

pub(super) static VENDOR: Vendor = Vendor {
    key: "bedrock",
    name: "Amazon Bedrock",
    reach: Reach::Http(HttpFacts {
        dialects: &[&BedrockConverse],
        base_query: &[REGION],
        listing: "foundation-models",
        hooks: Some(&Bedrock),
        spent: &["ServiceQuotaExceededException"],
        request_id_header: Some("x-amzn-requestid"),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        Note {
            fact: "The base URL is `https://bedrock-runtime.REGION.amazonaws.com`. Requests are signed for the region in that name; at another address, for the one in `?region=`.",
            evidence: "bedrock-converse-feced96a25; 2026-11-21",
        },
        Note {
            fact: "The credential is a Bedrock API key, which goes along as a bearer, or an access key: `ID:SECRET`, `ID:SECRET:SESSION`, or those in JSON. Then the method, the address, the body, `host` and `content-type` are signed.",
            evidence: "docs.aws.amazon.com, Bedrock API keys and Signature Version 4; 2026-11-21",
        },
        Note {
            fact: "An error's class stands in the header `x-amzn-errortype`, before a colon.",
            evidence: "bedrock-converse-feced96a25, bedrock-converse-2a0ed818d1; 2026-11-21",
        },
        Note {
            fact: "An account over one of its quotas is 400 `ServiceQuotaExceededException`, or that in the middle of a stream.",
            evidence: "docs.aws.amazon.com, Converse and ConverseStream, errors, no recorded exchange; 2026-11-21",
        },
        Note {
            fact: "Models are listed by another host, `bedrock.REGION.amazonaws.com`; inference profiles are not among them. Any other address than Amazon's own for a region is asked for its models itself.",
            evidence: "docs.aws.amazon.com, ListFoundationModels and Bedrock endpoints, no recorded exchange; 2026-11-21",
        },
    ],
};

#[derive(Debug)]
struct Bedrock;

impl Hooks for Bedrock {
    fn models(&self, base: &Url, listing: &str) -> Url {
        let mut url = below(base, listing);
        if let Some(host) = base.host_str().filter(|host| is_amazons(host)) {
            let control = host.replacen(RUNTIME, SERVICE, 1);
            // A part of a name is a name.
            let _ = url.set_host(Some(&control));
        }
        url
    }

    fn authorizer(&self, base: &Url, _means: &Means) -> Option<Box<dyn Authorizer>> {
        Some(Box::new(Signer { region: region(base) }))
    }
}

/// Whether a name is one of Amazon's own for its models in a region, beside which there is one that lists them.
fn is_amazons(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let [service, region, domain @ ..] = labels.as_slice() else { return false };
    matches!(*service, RUNTIME | RUNTIME_FIPS)
        && is_region(region)
        && matches!(domain, ["amazonaws", "com"] | ["amazonaws", "com", "cn"] | ["api", "aws"])
}

/// The region that a base address says, in its query or in its host's name.
fn region(base: &Url) -> Option<String> {
    let said = base.query_pairs().find(|(name, _)| name == REGION).map(|(_, region)| region.into_owned());
    said.or_else(|| {
        let Some(Host::Domain(host)) = base.host() else { return None };
        let mut labels = host.split('.').skip_while(|label| !label.starts_with(RUNTIME));
        labels.nth(1).filter(|label| is_region(label)).map(str::to_owned)
    })
}

/// As in `eu-central-1`, `us-gov-west-1`.
fn is_region(label: &str) -> bool {
    let digit_last = label.ends_with(|c: char| c.is_ascii_digit());
    digit_last && label.matches('-').count() >= 2
}

struct Signer {
    region: Option<String>,
}

#[async_trait]
impl Authorizer for Signer {
    async fn authorize(
        &self,
        request: &mut OutboundRequest,
        credential: &Arc<SecretString>,
        now: Timestamp,
    ) -> Result<Arc<SecretString>, ProviderFault> {
        match Credential::read(credential.expose_secret()) {
            Some(Credential::Key) => {
                put_secret(request, header::AUTHORIZATION, "Bearer ", credential)?;
                Ok(Arc::clone(credential))
            }
            Some(Credential::Pair(pair)) => {
                let region = self.region.as_deref().ok_or_else(|| {
                    unusable("the base URL names no region to sign for; add `?region=REGION` to it")
                })?;
                signature::add(request, &pair, Scope { region, service: SERVICE }, now)?;
                Ok(signature::secret_of(&pair))
            }
            None => Err(unusable(
                "the stored credential is JSON, but no access key; store `access_key_id` and `secret_access_key`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, Method};
    use switchyard_domain::fault::FaultKind;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_region_is_found_in_the_name_or_the_query() {
        for (base, expected) in [
            ("https://bedrock-runtime.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", Some("us-east-1")),
            ("https://gate.example.com/aws?region=ap-south-2", Some("ap-south-2")),
            ("https://bedrock-runtime.example.com", None),
            ("https://127.0.0.1", None),
        ] {
            assert_eq!(region(&url(base)).as_deref(), expected, "{base}");
        }
    }

    #[test]
    fn models_are_listed_by_the_host_beside() {
        for (base, expected) in [
            (
                "https://bedrock-runtime.eu-west-1.amazonaws.com",
                "https://bedrock.eu-west-1.amazonaws.com/foundation-models",
            ),
            (
                "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
                "https://bedrock-fips.us-gov-west-1.amazonaws.com/foundation-models",
            ),
            (
                "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
                "https://bedrock.cn-north-1.amazonaws.com.cn/foundation-models",
            ),
            (
                "https://bedrock-runtime.us-east-1.api.aws",
                "https://bedrock.us-east-1.api.aws/foundation-models",
            ),
            ("https://gate.example.com/aws?region=x", "https://gate.example.com/aws/foundation-models"),
        ] {
            assert_eq!(Bedrock.models(&url(base), "foundation-models").as_str(), expected);
        }
    }

    #[test]
    fn a_key_goes_to_no_host_that_nobody_named() {
        for base in [
            "https://bedrock-runtime.example.com",
            "https://bedrock-runtime-proxy.corp.example",
            "https://bedrock-runtime.us-east-1.amazonaws.com.evil.example",
            "https://bedrock-runtime.us-east-1.example.com",
            "https://bedrock-runtime-x.us-east-1.amazonaws.com",
            "https://bedrock-runtime.amazonaws.com",
            "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com",
        ] {
            let listed = Bedrock.models(&url(base), "foundation-models");
            assert_eq!(listed.as_str(), format!("{base}/foundation-models"));
        }
    }

    async fn authorized(
        base: &str,
        credential: &str,
    ) -> Result<(OutboundRequest, Arc<SecretString>), ProviderFault> {
        let mut request = OutboundRequest {
            method: Method::POST,
            url: url("https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse"),
            headers: HeaderMap::new(),
            body: Bytes::new().into(),
        };
        let signer = Signer { region: region(&url(base)) };
        let sent = signer
            .authorize(&mut request, &Arc::new(SecretString::from(credential)), Timestamp(1_440_938_160_000))
            .await?;
        Ok((request, sent))
    }

    #[tokio::test]
    async fn a_key_is_sent_and_an_access_key_signs() {
        let base = "https://bedrock-runtime.eu-west-1.amazonaws.com";
        let (request, sent) = authorized(base, "ABSKQmVkcm9j").await.unwrap();
        assert_eq!(request.headers["authorization"], "Bearer ABSKQmVkcm9j");
        assert_eq!(sent.expose_secret(), "ABSKQmVkcm9j");

        let (request, sent) = authorized(base, "AKIAIOSFODNN7EXAMPLE:verysecret").await.unwrap();
        let header = request.headers["authorization"].to_str().unwrap();
        let scope = "Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-west-1/bedrock/aws4_request";
        assert!(header.starts_with("AWS4-HMAC-SHA256 ") && header.contains(scope), "{header}");
        assert_eq!(sent.expose_secret(), "verysecret");
    }

    #[tokio::test]
    async fn what_can_not_be_signed_is_told_without_the_secret() {
        for (base, credential) in [
            ("https://gate.example.com", "AKIAIOSFODNN7EXAMPLE:verysecret"),
            ("https://bedrock-runtime.eu-west-1.amazonaws.com", r#"{"key":"verysecret"}"#),
        ] {
            let fault = authorized(base, credential).await.err().unwrap();
            assert_eq!(fault.kind, FaultKind::NoCredential);
            assert!(!fault.message.contains("verysecret"), "{fault}");
        }
    }
}
