//! Whether the server lives and can take calls. Nobody needs a credential to ask, so nothing here costs more than a look at
//! what the server's own loops last saw: never a query, never a call.

mod health;
mod probes;

pub(crate) use health::Environment;

pub(crate) mod documented {
    //! What the API document names.
    pub(crate) use super::health::{__path_api_health, __path_health};
    pub(crate) use super::probes::{__path_live, __path_ping, __path_ready};
}

use crate::routes::Routes;

pub(crate) fn mount(routes: &mut Routes) {
    routes.get("/health", health::health);
    routes.get("/api/health", health::api_health);
    routes.get("/health/live", probes::live);
    routes.get("/health/ready", probes::ready);
    routes.get("/ping", probes::ping);
    // What orchestrators ask for by habit.
    routes.get("/livez", probes::live);
    routes.get("/healthz", probes::live);
    routes.get("/readyz", probes::ready);
}
