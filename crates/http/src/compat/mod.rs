//! The other documented surfaces: a module for each document. They map shapes and call the same use cases.

mod multi_llm;

pub(crate) mod documented {
    //! What the API document names.
    pub(crate) use super::multi_llm::{__path_log_in, __path_profile, __path_refresh, __path_register};
}

use crate::routes::Routes;

pub(crate) fn mount(routes: &mut Routes) {
    routes.post("/api/auth/register", multi_llm::register);
    routes.post("/api/auth/login", multi_llm::log_in);
    routes.post("/api/auth/refresh", multi_llm::refresh);
    routes.get("/api/profile", multi_llm::profile);
}
