//! Signing a request with an access key (Signature Version 4).

use crate::transport::OutboundRequest;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue, header};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::time::Timestamp;

/// For whom a signature holds.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// Adds the headers that make a request signed. Signed are the method, the address, the body, and of the headers `host` and
/// `content-type`: whatever else is sent along may be changed on its way.
pub(super) fn add(
    request: &mut OutboundRequest,
    credentials: &Credentials,
    scope: Scope<'_>,
    now: Timestamp,
) -> Result<(), ProviderFault> {
    let identity = credentials.clone().into();
    // By default the path is encoded a second time, as all services but S3 want it.
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(now.0.unsigned_abs()))
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| unsigned())?
        .into();
    let kind = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let headers = kind.map(|kind| (header::CONTENT_TYPE.as_str(), kind));
    let body = request.body.to_bytes();
    let signable = SignableRequest::new(
        request.method.as_str(),
        request.url.as_str(),
        headers.into_iter(),
        SignableBody::Bytes(&body),
    );
    let (instructions, _) =
        sign(signable.map_err(|_| unsigned())?, &params).map_err(|_| unsigned())?.into_parts();
    let (headers, _) = instructions.into_parts();
    for header in headers {
        let mut value = HeaderValue::from_str(header.value()).map_err(|_| unsigned())?;
        value.set_sensitive(header.sensitive() || header.name() == "authorization");
        request.headers.insert(HeaderName::from_static(header.name()), value);
    }
    Ok(())
}

/// The part of an access key that must show nowhere.
pub(super) fn secret_of(credentials: &Credentials) -> Arc<SecretString> {
    let secret = credentials.session_token().unwrap_or_else(|| credentials.secret_access_key());
    Arc::new(SecretString::from(secret))
}

fn unsigned() -> ProviderFault {
    ProviderFault::new(FaultKind::NoCredential, "the request can't be signed with the stored access key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, Method};
    use switchyard_domain::time::Timestamp;
    use url::Url;

    /// 2015-08-30T12:36:00Z
    const THEN: Timestamp = Timestamp(1_440_938_160_000);

    fn credentials(session: Option<&str>) -> Credentials {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        Credentials::new("AKIDEXAMPLE", secret, session.map(str::to_owned), None, "test")
    }

    fn request(method: Method, url: &str, body: &'static str) -> OutboundRequest {
        let body = Bytes::from_static(body.as_bytes());
        OutboundRequest {
            method,
            url: Url::parse(url).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    fn authorization(request: &OutboundRequest) -> &str {
        request.headers.get("authorization").unwrap().to_str().unwrap()
    }

    /// Amazon's published test suite of the algorithm: `get-vanilla`, `post-vanilla`, `get-vanilla-query-order-key-case`,
    /// `post-sts-header-before`.
    #[test]
    fn published_requests_have_their_published_signatures() {
        let token = concat!(
            "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8",
            "YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6f",
            "E8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj",
            "2ICCR/oLxBA=="
        );
        let host = "https://example.amazonaws.com/";
        for (method, url, session, headers, signature) in [
            (
                Method::GET,
                host.to_owned(),
                None,
                "host;x-amz-date",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                Method::POST,
                host.to_owned(),
                None,
                "host;x-amz-date",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                Method::GET,
                format!("{host}?Param2=value2&Param1=value1"),
                None,
                "host;x-amz-date",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                Method::POST,
                host.to_owned(),
                Some(token),
                "host;x-amz-date;x-amz-security-token",
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
        ] {
            let mut request = request(method, &url, "");
            let scope = Scope { region: "us-east-1", service: "service" };
            add(&mut request, &credentials(session), scope, THEN).unwrap();
            assert_eq!(
                authorization(&request),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={headers}, Signature={signature}"
                )
            );
            assert_eq!(request.headers["x-amz-date"], "20150830T123600Z");
            assert!(request.headers["authorization"].is_sensitive());
            assert!(request.headers.get("x-amz-security-token").is_none_or(HeaderValue::is_sensitive));
        }
    }

    /// Computed by hand with HMAC-SHA256 from the canonical request whose path is
    /// `/model/anthropic.claude-3-haiku-20240307-v1%253A0/converse`.
    #[test]
    fn the_path_of_a_model_is_encoded_twice_in_what_is_signed() {
        let url = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
        let mut request = request(Method::POST, url, r#"{"messages":[]}"#);
        request.headers.insert("content-type", HeaderValue::from_static("application/json"));
        request.headers.insert("x-request-id", HeaderValue::from_static("not signed"));
        add(&mut request, &credentials(None), Scope { region: "eu-central-1", service: "bedrock" }, THEN)
            .unwrap();
        assert_eq!(
            authorization(&request),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-central-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=bc4e82a71a92e773d0528183a1663ce904daab57736950096c565d45183f3265"
        );
    }
}
