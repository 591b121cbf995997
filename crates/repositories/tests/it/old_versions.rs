//! Versions of routes as they were stored once: by names alone.

use crate::databases;
use switchyard_domain::name::Name;
use switchyard_ports::repositories::{ConfigurationRepository, NewRoute};
use switchyard_testkit::contracts::repositories::author;

#[tokio::test]
async fn a_version_that_was_stored_by_names_alone_is_read_by_them() {
    for opened in databases::shared_ones().await {
        let database = &opened.database;
        let new = NewRoute::new(Name::new("fast").unwrap());
        let id = database.create_route(new, &author(0)).await.unwrap();
        let document = r#"{"name":"slow","mode":"multi","strategy":"failover","failover_on":"availability","strict":true,
            "on_disconnect":"cancel","fallback":"spare","config":{"a":[1.5,{}]},"targets":[{"provider":"p","model":"m"}],"enabled":true}"#;
        opened.tamper(&format!("UPDATE route_versions SET document = '{document}' WHERE route_id = {id}"));
        let versions = database.route_versions(id, None, 10).await.unwrap();
        let [version] = versions.as_slice() else { panic!("{versions:?}") };
        assert_eq!((version.route.name.as_str(), version.route.strict), ("slow", true));
        assert_eq!(version.route.fallback.as_ref().map(Name::as_str), Some("spare"));
        assert_eq!(version.route.targets.first().unwrap().provider.as_str(), "p");
        assert_eq!(version.led_to, None, "what the names were is not known");
    }
}
