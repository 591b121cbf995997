//! Configuration as a document: written, compared, applied.

use super::routes::ChangedField;
use super::shapes::EnvelopeAnswer;
use super::{ApiBody, ApiDocument, ApiError, Secret, YamlBody};
use crate::extract::Administrator;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use switchyard_domain::declared::Declared;
use switchyard_orchestrator::admin::{DeclaredConfiguration, DocumentFormat, Plan, PlannedObject, Step};
use utoipa::ToSchema;
use validator::{Validate, ValidationErrors};

/// Providers and routes, as `GET /api/v1/export` writes them. `api_key` of a provider is taken too; of what the document does not say
/// whose it is, it is the file's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(crate) struct DocumentBody(Declared);

impl Validate for DocumentBody {
    // What it means is judged by the use case.
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

impl ApiBody for DocumentBody {
    const MOST_BYTES: usize = 16 * 1024 * 1024;

    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        Vec::new()
    }
}

impl YamlBody for DocumentBody {
    fn of_yaml(text: &str) -> Result<Self, ApiError> {
        Ok(Self(DocumentFormat::Yaml.read(text)?))
    }
}

/// A provider or a route, and what becomes of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlannedShape {
    /// `provider` or `route`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// Whose it is then: `file`, `api`, `seed` or `cli:<user>`.
    owner: String,
    /// `create`, `change`, `disable`, `unchanged`, or `conflict`: it is left alone.
    step: &'static str,
    /// What differs, before it is done and after. Of a secret, only what becomes of it.
    differences: Vec<ChangedField>,
    /// Why it is left alone, or why it changes though the document does not say so.
    reason: Option<String>,
}

impl From<&PlannedObject> for PlannedShape {
    fn from(object: &PlannedObject) -> Self {
        Self {
            kind: object.kind.as_str(),
            name: object.name.to_string(),
            owner: object.owner.to_string(),
            step: object.step.as_str(),
            differences: object.differences.iter().cloned().map(Into::into).collect(),
            reason: object.reason.clone(),
        }
    }
}

/// What a document does, object by object.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanShape {
    /// Written anew.
    create: usize,
    /// Changed.
    change: usize,
    /// Switched off, as they are not declared any more.
    disable: usize,
    /// As declared.
    unchanged: usize,
    /// Left alone.
    conflict: usize,
    objects: Vec<PlannedShape>,
}

impl From<&Plan> for PlanShape {
    fn from(plan: &Plan) -> Self {
        let count = |step| plan.of(step).count();
        Self {
            create: count(Step::Create),
            change: count(Step::Change),
            disable: count(Step::Disable),
            unchanged: count(Step::Unchanged),
            conflict: count(Step::Conflict),
            objects: plan.objects.iter().map(Into::into).collect(),
        }
    }
}

/// In which form the document is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `json` (if absent) or `yaml`.
    format: Option<String>,
}

/// All providers and routes as a document that can be applied again, with whose each is, without secrets and without times. Two
/// exports are equal to the byte when nothing changed in between.
#[utoipa::path(
    get,
    path = "/api/v1/export",
    tag = "configuration",
    params(ExportQuery),
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, description = "The document", body = Value),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn export(
    _: Administrator,
    request: HttpRequest,
    declared: web::Data<DeclaredConfiguration>,
) -> Result<HttpResponse, ApiError> {
    let words = || ApiError::invalid_field("format", "this is `json` or `yaml`");
    let query = web::Query::<ExportQuery>::from_query(request.query_string()).map_err(|_| words())?;
    let format = query.into_inner().format;
    let format = format.as_deref().map_or(Some(DocumentFormat::Json), DocumentFormat::parse);
    let format = format.ok_or_else(words)?;
    let media_type = match format {
        DocumentFormat::Json => "application/json",
        DocumentFormat::Yaml => "application/yaml",
    };
    let text = format.write(&declared.export().await?)?;
    Ok(HttpResponse::Ok().content_type(media_type).body(text))
}

/// What applying a document would do now, to the member. Nothing is written.
#[utoipa::path(
    post,
    path = "/api/v1/plan",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body(content(
        (DocumentBody = "application/json"),
        (DocumentBody = "application/yaml"),
    )),
    responses(
        (status = 200, body = PlanShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, description = "Something of it can't be used", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn plan(
    _: Administrator,
    body: ApiDocument<DocumentBody>,
    declared: web::Data<DeclaredConfiguration>,
) -> Result<web::Json<PlanShape>, ApiError> {
    let document = without_variables(body.0.0)?;
    Ok(web::Json((&declared.plan(&document).await?).into()))
}

/// Makes providers and routes what a document says, all of it in one transaction or nothing. What the file owned and the document
/// does not declare is switched off, never deleted. What others own is left alone and told as a conflict. A document that has all that
/// there is (`whole: true`, as an export says) switches off what came with the product, nobody changed and it does not name, unless a
/// route that stays on leads there.
#[utoipa::path(
    post,
    path = "/api/v1/apply",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body(content(
        (DocumentBody = "application/json"),
        (DocumentBody = "application/yaml"),
    )),
    responses(
        (status = 200, description = "What was done", body = PlanShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 409, description = "It can't be written beside what is there; nothing was", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, description = "Something of it can't be used; nothing was written", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn apply(
    administrator: Administrator,
    body: ApiDocument<DocumentBody>,
    declared: web::Data<DeclaredConfiguration>,
) -> Result<web::Json<PlanShape>, ApiError> {
    let person = administrator.0;
    let document = without_variables(body.0.0)?;
    let by = person.client.writer(&person.who.entry.user);
    Ok(web::Json((&declared.carry_out(&document, &by).await?).into()))
}

/// A variable of the server's environment is not for those who send documents: it would be sent to an address of theirs.
fn without_variables(document: Declared) -> Result<Declared, ApiError> {
    let names_one = |key: &SecretString| key.expose_secret().contains("${");
    for provider in &document.providers {
        let named = match (&provider.api_key, provider.api_keys.iter().position(names_one)) {
            (Some(key), _) if names_one(key) => "api_key".to_owned(),
            (_, Some(index)) => format!("api_keys[{index}]"),
            _ => continue,
        };
        return Err(ApiError::invalid_field(
            &format!("providers.{}.{named}", provider.name),
            "variables stand in files only: send the key itself, or leave it out",
        ));
    }
    Ok(document)
}
