//! Every route: method, path, who may call it, and its handler.

use crate::access::{Access, DeclaresAccess};
use crate::fallback;
use crate::{docs, gateway, openapi, ops};
use actix_web::dev::Handler;
use actix_web::{FromRequest, HttpRequest, Responder, guard, web};

/// A route as the table tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `GET` (which answers `HEAD` too) or `POST`.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

/// The path of the route that answers a request, for logs and metrics: bounded, whatever clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RouteTemplate(pub(crate) &'static str);

impl RouteTemplate {
    /// No route answered.
    pub(crate) const UNMATCHED: Self = Self("unmatched");

    /// Of a request that was routed.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.app_data::<Self>().copied().unwrap_or(Self::UNMATCHED)
    }
}

/// All routes of the server, for documents and tests.
#[must_use]
pub fn table() -> Vec<Endpoint> {
    gateway_routes().resources.into_iter().flat_map(|resource| resource.endpoints).collect()
}

/// The routes of a gateway listener.
pub(crate) fn gateway_routes() -> Routes {
    let mut routes = Routes::default();
    gateway::mount(&mut routes);
    ops::mount(&mut routes);
    openapi::mount(&mut routes);
    docs::mount(&mut routes);
    routes
}

/// Routes on their way into an application.
#[derive(Default)]
pub(crate) struct Routes {
    resources: Vec<Resource>,
}

struct Resource {
    path: &'static str,
    endpoints: Vec<Endpoint>,
    handlers: Vec<actix_web::Route>,
}

impl Routes {
    /// Answers `GET` and `HEAD` at `path`.
    pub(crate) fn get<F, Arguments>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Arguments> + DeclaresAccess<Arguments>,
        Arguments: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let methods = guard::Any(guard::Get()).or(guard::Head());
        let route = web::route().guard(methods).to(handler);
        self.add(Endpoint { method: "GET", path, access: F::ACCESS }, route);
    }

    /// Answers `POST` at `path`.
    pub(crate) fn post<F, Arguments>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Arguments> + DeclaresAccess<Arguments>,
        Arguments: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let route = web::post().to(handler);
        self.add(Endpoint { method: "POST", path, access: F::ACCESS }, route);
    }

    fn add(&mut self, endpoint: Endpoint, route: actix_web::Route) {
        match self.resources.iter_mut().find(|resource| resource.path == endpoint.path) {
            Some(resource) => {
                resource.endpoints.push(endpoint);
                resource.handlers.push(route);
            }
            None => self.resources.push(Resource {
                path: endpoint.path,
                endpoints: vec![endpoint],
                handlers: vec![route],
            }),
        }
    }

    /// Puts the routes into an application. Another method at their paths is a 405 that names those that there are.
    pub(crate) fn mount(self, config: &mut web::ServiceConfig) {
        for Resource { path, endpoints, handlers } in self.resources {
            let allowed = fallback::allowed(&endpoints);
            let mut resource = web::resource(path).app_data(RouteTemplate(path)).app_data(allowed);
            for handler in handlers {
                resource = resource.route(handler);
            }
            config.service(resource.default_service(web::to(fallback::method_not_allowed)));
        }
    }
}
