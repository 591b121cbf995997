//! Every route: method, path, who may call it, and its handler.

use crate::access::{Access, DeclaresAccess};
use crate::fallback;
use crate::{api, compat, docs, gateway, idempotency, openapi, ops};
use actix_web::dev::Handler;
use actix_web::{FromRequest, HttpRequest, Responder, guard, web};

/// A route as the table tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `GET` (which answers `HEAD` too), `POST`, `PUT`, `PATCH` or `DELETE`.
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
    api::mount(&mut routes);
    compat::mount(&mut routes);
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
        self.add(Endpoint { method: "GET", path, access: F::ACCESS }, None, route);
    }

    /// Answers `POST` at `path`.
    pub(crate) fn post<F, Arguments>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Arguments> + DeclaresAccess<Arguments>,
        Arguments: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add_post(path, handler, false);
    }

    /// The same, where work is asked for that is billed whole as soon as it was sent.
    pub(crate) fn post_for_pieces<F, Arguments>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Arguments> + DeclaresAccess<Arguments>,
        Arguments: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add_post(path, handler, true);
    }

    fn add_post<F, Arguments>(&mut self, path: &'static str, handler: F, is_billed_whole: bool)
    where
        F: Handler<Arguments> + DeclaresAccess<Arguments>,
        Arguments: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        // Nobody has names of their own where everybody may call.
        let named =
            (F::ACCESS != Access::Public).then(|| idempotency::route(handler.clone(), is_billed_whole));
        self.add(Endpoint { method: "POST", path, access: F::ACCESS }, named, web::post().to(handler));
    }

    /// Answers `PUT` at `path`.
    pub(crate) fn put<F, Arguments>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Arguments> + DeclaresAccess<Arguments>,
        Arguments: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Endpoint { method: "PUT", path, access: F::ACCESS }, None, web::put().to(handler));
    }

    /// Answers `PATCH` at `path`.
    pub(crate) fn patch<F, Arguments>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Arguments> + DeclaresAccess<Arguments>,
        Arguments: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Endpoint { method: "PATCH", path, access: F::ACCESS }, None, web::patch().to(handler));
    }

    /// Answers `DELETE` at `path`.
    pub(crate) fn delete<F, Arguments>(&mut self, path: &'static str, handler: F)
    where
        F: Handler<Arguments> + DeclaresAccess<Arguments>,
        Arguments: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Endpoint { method: "DELETE", path, access: F::ACCESS }, None, web::delete().to(handler));
    }

    /// Adds an endpoint's handler; `first` is asked before it.
    fn add(&mut self, endpoint: Endpoint, first: Option<actix_web::Route>, route: actix_web::Route) {
        let routes = first.into_iter().chain([route]);
        match self.resources.iter_mut().find(|resource| resource.path == endpoint.path) {
            Some(resource) => {
                resource.endpoints.push(endpoint);
                resource.handlers.extend(routes);
            }
            None => self.resources.push(Resource {
                path: endpoint.path,
                endpoints: vec![endpoint],
                handlers: routes.collect(),
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
