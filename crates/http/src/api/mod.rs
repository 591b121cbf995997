//! The canonical API: what people and administrators do, in one envelope, with cookies or a bearer token.

mod audit;
mod auth;
mod backup;
mod configuration;
mod error;
mod explain;
mod held;
mod json;
mod keys;
mod ledger;
mod moments;
mod password;
pub(crate) mod providers;
mod rekey;
mod requests;
mod routes;
mod sessions;
mod shapes;
mod status;
mod usage;
mod users;
mod virtual_keys;

pub(crate) use backup::counted;
pub(crate) use error::ApiError;
pub(crate) use json::{ApiBody, ApiDocument, ApiJson, ApiJsonOrNothing, YamlBody, present};
pub(crate) use routes::SelectQuery;
pub(crate) use shapes::Secret;

pub(crate) mod documented {
    //! What the API document names.
    pub(crate) use super::audit::__path_list_audit;
    pub(crate) use super::auth::{__path_log_in, __path_log_out, __path_me, __path_refresh, __path_register};
    pub(crate) use super::backup::{__path_back_up, __path_restore};
    pub(crate) use super::configuration::{__path_apply, __path_export, __path_plan};
    pub(crate) use super::explain::__path_explain_call;
    pub(crate) use super::keys::{
        __path_forget_key, __path_own_keys, __path_store_keys, __path_system_keys, __path_test_key,
    };
    pub(crate) use super::ledger::__path_verify_ledger;
    pub(crate) use super::password::{__path_change_password, __path_follow_link};
    pub(crate) use super::providers::{
        __path_add_credential, __path_change_provider, __path_create_provider, __path_discover_models,
        __path_list_credentials, __path_list_providers, __path_list_vendors, __path_one_model,
        __path_one_provider, __path_put_model, __path_remove_credential, __path_remove_model,
        __path_remove_provider, __path_replace_credential, __path_test_credential, __path_test_provider,
        __path_test_unsaved,
    };
    pub(crate) use super::rekey::__path_seal_anew;
    pub(crate) use super::requests::{__path_list_requests, __path_one_request};
    pub(crate) use super::routes::{
        __path_change_route, __path_create_route, __path_dry_run, __path_list_routes, __path_list_versions,
        __path_one_route, __path_remove_route, __path_roll_back_route, __path_select_target,
        __path_show_state,
    };
    pub(crate) use super::sessions::{__path_end_others, __path_end_session, __path_list_sessions};
    pub(crate) use super::status::__path_show_status;
    pub(crate) use super::usage::{__path_show_usage, __path_show_usage_csv};
    pub(crate) use super::users::{
        __path_change_user, __path_list_users, __path_one_user, __path_reset_password,
    };
    pub(crate) use super::virtual_keys::{
        __path_change_key, __path_create_key, __path_list_keys, __path_one_key, __path_own_key,
        __path_remove_key, __path_rotate_key,
    };
}

use crate::routes::Routes;

pub(crate) fn mount(routes: &mut Routes) {
    routes.post("/api/v1/auth/register", auth::register);
    routes.post("/api/v1/auth/login", auth::log_in);
    routes.post("/api/v1/auth/refresh", auth::refresh);
    routes.post("/api/v1/auth/logout", auth::log_out);
    routes.get("/api/v1/auth/me", auth::me);
    routes.post("/api/v1/auth/password", password::change_password);
    routes.post("/api/v1/auth/setup", password::follow_link);
    routes.get("/api/v1/sessions", sessions::list_sessions);
    routes.delete("/api/v1/sessions", sessions::end_others);
    routes.delete("/api/v1/sessions/{id}", sessions::end_session);
    routes.get("/api/v1/users", users::list_users);
    routes.get("/api/v1/users/{id}", users::one_user);
    routes.patch("/api/v1/users/{id}", users::change_user);
    routes.post("/api/v1/users/{id}/password-reset", users::reset_password);
    routes.get("/api/v1/virtual-keys", virtual_keys::list_keys);
    routes.post("/api/v1/virtual-keys", virtual_keys::create_key);
    // Before the ids: the first path that fits answers.
    routes.get("/api/v1/virtual-keys/self", virtual_keys::own_key);
    routes.get("/api/v1/virtual-keys/{id}", virtual_keys::one_key);
    routes.patch("/api/v1/virtual-keys/{id}", virtual_keys::change_key);
    routes.delete("/api/v1/virtual-keys/{id}", virtual_keys::remove_key);
    routes.post("/api/v1/virtual-keys/{id}/rotate", virtual_keys::rotate_key);
    routes.get("/api/v1/keys", keys::own_keys);
    routes.post("/api/v1/keys", keys::store_keys);
    routes.get("/api/v1/keys/system-keys", keys::system_keys);
    routes.delete("/api/v1/keys/{provider}", keys::forget_key);
    routes.post("/api/v1/keys/{provider}/test", keys::test_key);
    routes.get("/api/v1/routes", routes::list_routes);
    routes.post("/api/v1/routes", routes::create_route);
    routes.get("/api/v1/routes/{id}", routes::one_route);
    routes.patch("/api/v1/routes/{id}", routes::change_route);
    routes.delete("/api/v1/routes/{id}", routes::remove_route);
    routes.get("/api/v1/routes/{id}/versions", routes::list_versions);
    routes.post("/api/v1/routes/{id}/rollback", routes::roll_back_route);
    routes.post("/api/v1/routes/{id}/select", routes::select_target);
    routes.get("/api/v1/routes/{id}/state", routes::show_state);
    routes.post("/api/v1/routes/{id}/dry-run", routes::dry_run);
    routes.get("/api/v1/vendors", providers::list_vendors);
    routes.get("/api/v1/providers", providers::list_providers);
    routes.post("/api/v1/providers", providers::create_provider);
    // Before the ids, as above.
    routes.post("/api/v1/providers/test", providers::test_unsaved);
    routes.get("/api/v1/providers/{id}", providers::one_provider);
    routes.patch("/api/v1/providers/{id}", providers::change_provider);
    routes.delete("/api/v1/providers/{id}", providers::remove_provider);
    routes.post("/api/v1/providers/{id}/test", providers::test_provider);
    routes.post("/api/v1/providers/{id}/discover", providers::discover_models);
    routes.get("/api/v1/providers/{id}/models/{model:.*}", providers::one_model);
    routes.put("/api/v1/providers/{id}/models/{model:.*}", providers::put_model);
    routes.delete("/api/v1/providers/{id}/models/{model:.*}", providers::remove_model);
    routes.get("/api/v1/providers/{id}/credentials", providers::list_credentials);
    routes.post("/api/v1/providers/{id}/credentials", providers::add_credential);
    routes.put("/api/v1/providers/{id}/credentials/{place}", providers::replace_credential);
    routes.delete("/api/v1/providers/{id}/credentials/{place}", providers::remove_credential);
    routes.post("/api/v1/providers/{id}/credentials/{place}/test", providers::test_credential);
    routes.get("/api/v1/audit", audit::list_audit);
    routes.post("/api/v1/rekey", rekey::seal_anew);
    routes.get("/api/v1/export", configuration::export);
    routes.post("/api/v1/plan", configuration::plan);
    routes.post("/api/v1/apply", configuration::apply);
    routes.post("/api/v1/backup", backup::back_up);
    routes.post("/api/v1/restore", backup::restore);
    routes.get("/api/v1/usage", usage::show_usage);
    routes.get("/api/v1/usage.csv", usage::show_usage_csv);
    routes.get("/api/v1/requests", requests::list_requests);
    routes.get("/api/v1/requests/{id}", requests::one_request);
    routes.get("/api/v1/ledger/verify", ledger::verify_ledger);
    routes.get("/api/v1/status", status::show_status);
    routes.post("/api/v1/explain", explain::explain_call);
}
