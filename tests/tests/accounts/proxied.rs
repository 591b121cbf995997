//! Browsers behind a proxy that asks us under a name of its own.

use crate::browser::Browser;
use crate::scene::{ADMIN, builder};
use switchyard_harness::TestApp;

const HOST: (&str, &str) = ("x-forwarded-host", "chat.example");
const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");
const PAGE: (&str, &str) = ("origin", "https://chat.example");
const PLAIN_PAGE: (&str, &str) = ("origin", "http://chat.example");

/// What a browser hears that ends its session with these headers beside its value against forged requests.
async fn signed_out(app: &TestApp, headers: &[(&str, &str)]) -> u16 {
    let mut browser = Browser::signed_in(app, ADMIN).await;
    let value = browser.jar["csrf_access_token"].clone();
    let mut all = vec![("x-csrf-token", value.as_str())];
    all.extend(headers);
    browser.send("POST", "/api/v1/auth/logout", &all, None).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_host_that_a_trusted_proxy_was_asked_for_are_our_own() {
    let app = builder()
        .server(|server| server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()])
        .start()
        .await;
    assert_eq!(signed_out(&app, &[HOST, HTTPS, PAGE]).await, 200);
    assert_eq!(signed_out(&app, &[HOST, PAGE]).await, 200);
    assert_eq!(signed_out(&app, &[HOST, HTTPS, PLAIN_PAGE]).await, 403, "by another scheme");
    assert_eq!(signed_out(&app, &[HOST, HTTPS, ("origin", "https://evil.example")]).await, 403);
    assert_eq!(signed_out(&app, &[PAGE]).await, 403, "the proxy said no such host");
    let own = format!("http://{}", app.address());
    assert_eq!(signed_out(&app, &[HOST, ("origin", &own)]).await, 200, "the host that it asked for itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_says_what_host_was_asked_for() {
    let app = builder().start().await;
    assert_eq!(signed_out(&app, &[HOST, HTTPS, PAGE]).await, 403);
    let own = format!("http://{}", app.address());
    assert_eq!(signed_out(&app, &[HOST, HTTPS, ("origin", &own)]).await, 200);
}
