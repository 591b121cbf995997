//! The applications: routes, what they ask for, and the layer around them.

use crate::api::providers::ProviderTestTime;
use crate::connection::Sources;
use crate::cookies::CookieRule;
use crate::extract::{BodyLimits, Gate, OpenMinting, Uploads};
use crate::idempotency::Names;
use crate::metrics::{self, Metrics};
use crate::middleware::{Edge, Origins};
use crate::ops::Environment;
use crate::provenance::Provenance;
use crate::server::ServerConfig;
use crate::services::Services;
use crate::{fallback, routes};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{App, Error, HttpResponse, web};
use std::sync::Arc;

/// What a gateway listener serves.
pub(crate) fn gateway(
    config: &ServerConfig,
    services: &Services,
    metrics: &Arc<Metrics>,
    sources: &Arc<Sources>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let edge = Edge {
        limits: config.limits,
        trusted_proxies: config.trusted_proxies.as_slice().into(),
        sources: Arc::clone(sources),
        origins: Origins::new(&config.cors_origins),
        clock: Arc::clone(&services.clock),
        entropy: Arc::clone(&services.entropy),
        metrics: Arc::clone(metrics),
    };
    App::new()
        .app_data(web::Data::from(Arc::clone(&services.chat)))
        .app_data(web::Data::from(Arc::clone(&services.models)))
        .app_data(web::Data::from(Arc::clone(&services.status)))
        .app_data(web::Data::from(Arc::clone(&services.clock)))
        .app_data(web::Data::new(Environment(config.environment.clone())))
        .app_data(web::Data::from(metrics.stats()))
        .app_data(web::Data::new(services.recent_log.clone()))
        .configure(|app| accounts(app, config, services))
        .app_data(Gate::new(config, services))
        .app_data(Names::new(services))
        .app_data(BodyLimits::new(config, &services.clock))
        .app_data(Uploads::new(config))
        .configure(|app| routes::gateway_routes().mount(app))
        .default_service(web::to(fallback::not_found))
        .wrap(edge)
}

/// What the surfaces for people ask for.
fn accounts(app: &mut web::ServiceConfig, config: &ServerConfig, services: &Services) {
    let accounts = &services.accounts;
    let provenance = Provenance::new(config);
    app.app_data(web::Data::from(Arc::clone(&services.sessions)))
        .app_data(web::Data::from(Arc::clone(&services.external)))
        .app_data(web::Data::from(Arc::clone(&services.credentials)))
        .app_data(web::Data::from(Arc::clone(&services.providers)))
        .app_data(web::Data::from(Arc::clone(&services.shared_credentials)))
        .app_data(web::Data::new(ProviderTestTime(config.provider_test_timeout)))
        .app_data(web::Data::from(Arc::clone(&services.audit)))
        .app_data(web::Data::from(Arc::clone(&services.rekey)))
        .app_data(web::Data::from(Arc::clone(&accounts.registration)))
        .app_data(web::Data::from(Arc::clone(&accounts.sign_in)))
        .app_data(web::Data::from(Arc::clone(&accounts.own)))
        .app_data(web::Data::from(Arc::clone(&accounts.admin)))
        .app_data(web::Data::from(Arc::clone(&accounts.links)))
        .app_data(web::Data::from(Arc::clone(&accounts.throttles)))
        .app_data(web::Data::from(Arc::clone(&services.keys)))
        .app_data(web::Data::from(Arc::clone(&services.authenticator)))
        .app_data(web::Data::from(Arc::clone(&services.routes)))
        .app_data(web::Data::from(Arc::clone(&services.reloading)))
        .app_data(web::Data::from(Arc::clone(&services.declared)))
        .app_data(web::Data::from(Arc::clone(&services.backups)))
        .app_data(web::Data::new(OpenMinting(config.open_virtual_keys)))
        .app_data(web::Data::from(Arc::clone(&services.insight.reports)))
        .app_data(web::Data::from(Arc::clone(&services.insight.history)))
        .app_data(web::Data::from(Arc::clone(&services.insight.proof)))
        .app_data(web::Data::from(Arc::clone(&services.insight.overview)))
        .app_data(web::Data::from(Arc::clone(&services.insight.explainer)))
        .app_data(web::Data::from(Arc::clone(&services.insight.routing)))
        .app_data(web::Data::new(services.demo.clone()))
        .app_data(web::Data::new(CookieRule { secure: config.cookie_secure }))
        .app_data(web::Data::new(provenance.clone()))
        .app_data(provenance);
}

/// What a metrics listener serves: one page, to everybody who can connect, and nothing of a request's own.
pub(crate) fn metrics(
    metrics: &Arc<Metrics>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    App::new().app_data(web::Data::from(Arc::clone(metrics))).route("/metrics", web::get().to(scrape))
}

async fn scrape(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, metrics::MEDIA_TYPE)).body(metrics.text())
}
