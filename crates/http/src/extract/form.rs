use super::body::{BodyLimits, Pieces, unsupported};
use super::media_type;
use super::upload::{Spool, Uploads};
use crate::connection::Connection;
use crate::gateway::{GatewayError, dialects};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use std::rc::Rc;
use std::sync::Arc;
use switchyard_dialects::openai_operations::{CheckedForm, TranscriptionForm};
use switchyard_dialects::request::RequestError;
use switchyard_ports::client_call::WireForm;

/// A form with sound in it, judged, and kept in a file that nobody else can open.
#[derive(Clone, Debug)]
pub(crate) struct GatewayForm {
    pub(crate) checked: CheckedForm,
    pub(crate) form: WireForm,
}

impl FromRequest for GatewayForm {
    type Error = GatewayError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let settings = request.app_data::<BodyLimits>().cloned().zip(request.app_data::<Uploads>().cloned());
        let (connection, codec) =
            (request.conn_data::<Rc<Connection>>().cloned(), dialects::at(request.path(), request.headers()));
        let admitted = settings.ok_or_else(GatewayError::defect).and_then(|(limits, uploads)| {
            let boundary = media_type::form(request.headers()).map_err(|fault| unsupported(&fault))?;
            let limits = limits.of_up_to(uploads.most_bytes);
            let declared = limits.declared(request.headers())?;
            Ok((boundary, limits, declared, uploads))
        });
        let payload = payload.take();
        async move {
            let taken = match admitted {
                Ok((boundary, limits, declared, uploads)) => {
                    take(Pieces::new(payload, declared, &limits), boundary, &uploads).await
                }
                Err(error) => Err(error),
            };
            let form = taken.map_err(|error| match codec {
                Some(codec) => error.in_dialect(codec),
                None => error,
            })?;
            if let Some(connection) = connection {
                connection.body_ended();
            }
            Ok(form)
        }
        .boxed_local()
    }
}

/// Takes a form in. It is judged piece by piece, so that what is no form ends at once.
async fn take(
    mut pieces: Pieces<'_>,
    boundary: String,
    uploads: &Uploads,
) -> Result<GatewayForm, GatewayError> {
    let mut form = TranscriptionForm::new(&boundary);
    let mut spool = Spool::open(uploads).await.map_err(|error| unkept(&error))?;
    while let Some(piece) = pieces.next().await? {
        form.push(&piece).map_err(|error| refused(error).and_closing())?;
        spool.push(&piece).await.map_err(|error| unkept(&error))?;
    }
    let checked = form.finish().map_err(refused)?;
    let upload = Arc::new(spool.close().await.map_err(|error| unkept(&error))?);
    let form = WireForm { boundary, upload, model: checked.model.clone() };
    Ok(GatewayForm { checked, form })
}

/// A form that is not what it should be.
fn refused(error: RequestError) -> GatewayError {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    GatewayError::bad_body(status, error.code.as_str(), error.message, error.param)
}

fn unkept(error: &std::io::Error) -> GatewayError {
    tracing::error!(error = %error, "a client's file can't be kept until it is sent on");
    let message = "The file can't be taken at the moment. Try again shortly; an administrator should look at the server's disk.";
    GatewayError::closing(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", message.to_owned())
}
