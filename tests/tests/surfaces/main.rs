//! The calls that the documents of the surfaces show, sent as their users send them: with what is secure by default, where the answer
//! may be a refusal that says what to do, and with the settings that open the documented way.
//!
//! The calls stand in `calls/<surface>/<scene>.http`; `fixture` tells how such a file is written.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod declaring;
mod defaults;
mod external;
mod fallback;
mod fixture;
mod lost_models;
mod naming_members;
mod pattern;
mod refusals;
mod restoring;
mod rolling_back;
mod run;
mod scene;
mod yaml_documents;

use run::{Store, run_all};
use scene::Setting;
use std::collections::BTreeSet;
use switchyard_http::routes::table;

/// The surfaces whose every route is asked by a call of theirs: a folder, and the beginnings of its paths.
const SURFACES: [(&str, &[&str]); 5] = [
    (
        "virtual-key-proxy",
        &["/api/generate-virtual-key", "/api/save-keys", "/reload-config", "/api/logs", "/chat/completions"],
    ),
    ("multi-llm", &["/api/auth", "/api/profile", "/api/external"]),
    ("side-by-side", &["/api/v1/auth", "/api/v1/keys"]),
    (
        "canonical",
        &[
            "/api/v1/virtual-keys",
            "/api/v1/users",
            "/api/v1/sessions",
            "/api/v1/usage",
            "/api/v1/usage.csv",
            "/api/v1/requests",
            "/api/v1/ledger",
            "/api/v1/audit",
            "/api/v1/status",
            "/api/v1/explain",
            "/api/v1/keys",
            "/api/v1/rekey",
            "/api/v1/providers",
            "/api/v1/vendors",
            "/api/v1/routes",
            "/api/v1/export",
            "/api/v1/plan",
            "/api/v1/apply",
            "/api/v1/backup",
            "/api/v1/restore",
        ],
    ),
    (
        "provider-management",
        &[
            "/api/providers",
            "/api/model-routes",
            "/api/admin/stats",
            "/api/admin/logs",
            "/api/admin/providers/restore",
        ],
    ),
];

macro_rules! surfaces {
    ($($sqlite:ident, $postgres:ident: $folder:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $sqlite() {
            run_all($folder, Store::Sqlite).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn $postgres() {
            run_all($folder, Store::Postgres).await;
        }
    )*};
}

surfaces! {
    calls_of_the_virtual_key_proxy_are_answered_as_documented,
    calls_of_the_virtual_key_proxy_are_answered_as_documented_in_postgresql: "virtual-key-proxy";
    calls_of_the_multi_llm_api_are_answered_as_documented,
    calls_of_the_multi_llm_api_are_answered_as_documented_in_postgresql: "multi-llm";
    calls_of_the_side_by_side_api_are_answered_as_documented,
    calls_of_the_side_by_side_api_are_answered_as_documented_in_postgresql: "side-by-side";
    calls_of_the_canonical_api_are_answered_as_documented,
    calls_of_the_canonical_api_are_answered_as_documented_in_postgresql: "canonical";
    calls_of_the_provider_management_are_answered_as_documented,
    calls_of_the_provider_management_are_answered_as_documented_in_postgresql: "provider-management";
}

#[test]
fn every_route_of_these_surfaces_is_asked_in_both_settings() {
    for (folder, beginnings) in SURFACES {
        let fixtures = fixture::all(folder);
        for setting in Setting::ALL {
            let steps = fixtures.iter().flat_map(|fixture| &fixture.steps);
            let asked: BTreeSet<(&str, &str)> = steps
                .filter(|step| step.expected(setting).is_some())
                .map(|step| (step.method.as_str(), step.route.as_str()))
                .collect();
            for endpoint in table() {
                let is_of = |beginning: &&str| {
                    let rest = endpoint.path.strip_prefix(beginning);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                if beginnings.iter().any(is_of) {
                    let route = (endpoint.method, endpoint.path);
                    assert!(asked.contains(&route), "no call of `{folder}` asks {route:?} ({setting:?})");
                }
            }
        }
    }
}
