//! The other documented surfaces: a module for each document. They map shapes and call the same use cases.

mod call_log;
mod counted;
mod external;
mod multi_llm;
mod observability;
mod pairs;
mod provider_management;
mod restoring;
mod route_management;
mod virtual_key_proxy;

pub(crate) mod documented {
    //! What the API document names.
    pub(crate) use super::call_log::__path_call_log;
    pub(crate) use super::external::{
        __path_external_delete, __path_external_get, __path_external_post, __path_external_put,
    };
    pub(crate) use super::multi_llm::{__path_log_in, __path_profile, __path_refresh, __path_register};
    pub(crate) use super::observability::{__path_server_log, __path_server_stats};
    pub(crate) use super::provider_management::{
        __path_change_managed_provider, __path_create_managed_provider, __path_list_managed_providers,
        __path_one_managed_provider, __path_remove_managed_provider, __path_state_managed_health,
        __path_test_direct, __path_test_managed_provider,
    };
    pub(crate) use super::restoring::__path_restore_providers;
    pub(crate) use super::route_management::{
        __path_change_managed_route, __path_create_managed_route, __path_list_managed_routes,
        __path_one_managed_route, __path_remove_managed_route, __path_select_node, __path_show_turns,
    };
    pub(crate) use super::virtual_key_proxy::{__path_generate_key, __path_reload_config, __path_save_keys};
}

use crate::routes::Routes;
use serde::Serialize;
use utoipa::ToSchema;

/// An error of the provider management: a sentence, or of a body that is wrong, what is wrong where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DetailError {
    /// What happened and what to do; or a list of `{"loc", "msg", "type"}`.
    detail: serde_json::Value,
}

pub(crate) fn mount(routes: &mut Routes) {
    routes.post("/api/auth/register", multi_llm::register);
    routes.post("/api/auth/login", multi_llm::log_in);
    routes.post("/api/auth/refresh", multi_llm::refresh);
    routes.get("/api/profile", multi_llm::profile);
    routes.post("/api/generate-virtual-key", virtual_key_proxy::generate_key);
    routes.post("/api/save-keys", virtual_key_proxy::save_keys);
    routes.get("/api/logs", call_log::call_log);
    routes.get("/api/admin/stats", observability::server_stats);
    routes.get("/api/admin/logs", observability::server_log);
    routes.post("/api/admin/providers/restore", restoring::restore_providers);
    routes.post("/reload-config", virtual_key_proxy::reload_config);
    routes.get("/api/providers", provider_management::list_managed_providers);
    routes.post("/api/providers", provider_management::create_managed_provider);
    // Before the ids: the first path that fits answers.
    routes.post("/api/providers/test-direct", provider_management::test_direct);
    routes.get("/api/providers/{id}", provider_management::one_managed_provider);
    routes.patch("/api/providers/{id}", provider_management::change_managed_provider);
    routes.delete("/api/providers/{id}", provider_management::remove_managed_provider);
    routes.post("/api/providers/{id}/test", provider_management::test_managed_provider);
    routes.patch("/api/providers/{id}/health", provider_management::state_managed_health);
    routes.get("/api/model-routes", route_management::list_managed_routes);
    routes.post("/api/model-routes", route_management::create_managed_route);
    routes.get("/api/model-routes/{id}", route_management::one_managed_route);
    routes.patch("/api/model-routes/{id}", route_management::change_managed_route);
    routes.delete("/api/model-routes/{id}", route_management::remove_managed_route);
    routes.post("/api/model-routes/{id}/select", route_management::select_node);
    routes.get("/api/model-routes/{id}/state", route_management::show_turns);
    routes.post("/api/external/get", external::external_get);
    routes.post("/api/external/post", external::external_post);
    routes.post("/api/external/put", external::external_put);
    routes.post("/api/external/delete", external::external_delete);
}
