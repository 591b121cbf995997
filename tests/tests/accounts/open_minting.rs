//! Virtual keys that everybody may make, where the operator says so.

use crate::scene::{ADMIN, bearer, builder, send};
use switchyard_harness::{Database, on_both_databases};

on_both_databases! {
    no_page_of_another_site_makes_keys_where_everybody_may,
}

async fn no_page_of_another_site_makes_keys_where_everybody_may(database: Database) {
    let app = builder().on(database).server(|config| config.open_virtual_keys = true).start().await;
    let ask = async |headers: &[(&str, &str)]| {
        let request = app.anonymous().request("POST", "/api/generate-virtual-key");
        send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    };
    for forged in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")],
    ] {
        let answer = ask(forged).await;
        assert_eq!(answer.status, 403, "{forged:?}: {}", answer.text);
        assert!(answer.json()["error"].as_str().unwrap().contains("another site"), "{}", answer.text);
    }
    for own in [&[][..], &[("origin", app.url().trim_end_matches('/')), ("sec-fetch-site", "same-origin")]] {
        let answer = ask(own).await;
        assert_eq!(answer.status, 201, "{own:?}: {}", answer.text);
    }
    let admin = app.client(&bearer(&app, ADMIN).await);
    let listed = admin.get("/api/v1/virtual-keys").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
}
