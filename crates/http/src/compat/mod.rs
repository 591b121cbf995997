//! The other documented surfaces: a module for each document. They map shapes and call the same use cases.

mod call_log;
mod counted;
mod external;
mod multi_llm;
mod pairs;
mod restoring;
mod virtual_key_proxy;

pub(crate) mod documented {
    //! What the API document names.
    pub(crate) use super::call_log::__path_call_log;
    pub(crate) use super::external::{
        __path_external_delete, __path_external_get, __path_external_post, __path_external_put,
    };
    pub(crate) use super::multi_llm::{__path_log_in, __path_profile, __path_refresh, __path_register};
    pub(crate) use super::restoring::__path_restore_providers;
    pub(crate) use super::virtual_key_proxy::{__path_generate_key, __path_reload_config, __path_save_keys};
}

use crate::routes::Routes;

pub(crate) fn mount(routes: &mut Routes) {
    routes.post("/api/auth/register", multi_llm::register);
    routes.post("/api/auth/login", multi_llm::log_in);
    routes.post("/api/auth/refresh", multi_llm::refresh);
    routes.get("/api/profile", multi_llm::profile);
    routes.post("/api/generate-virtual-key", virtual_key_proxy::generate_key);
    routes.post("/api/save-keys", virtual_key_proxy::save_keys);
    routes.get("/api/logs", call_log::call_log);
    routes.post("/api/admin/providers/restore", restoring::restore_providers);
    routes.post("/reload-config", virtual_key_proxy::reload_config);
    routes.post("/api/external/get", external::external_get);
    routes.post("/api/external/post", external::external_post);
    routes.post("/api/external/put", external::external_put);
    routes.post("/api/external/delete", external::external_delete);
}
