//! Methods, addresses and headers by which other servers were talked round.

use crate::door::{DOORS, Gateway, call, is_no_echo};
use switchyard_harness::{Answer, RawConnection};

async fn ask(gateway: &Gateway, first: &str, lines: &str) -> Answer {
    let mut connection = RawConnection::open(gateway.app.address()).await;
    connection.send(format!("{first}\r\nhost: gateway\r\n{lines}\r\n")).await;
    connection.answer().await.unwrap()
}

/// Row 121.
#[tokio::test]
async fn other_methods_are_405_or_400_everywhere() {
    let gateway = Gateway::start().await;
    let long = "M".repeat(10_000);
    for method in ["TRACE", "TRACK", "CONNECT", "PROPFIND", "FOO", "get", long.as_str()] {
        for path in ["/v1/chat/completions", "/v1/models", "/health", "/nowhere", "/"] {
            let answer = ask(&gateway, &format!("{method} {path} HTTP/1.1"), "content-length: 0\r\n").await;
            assert!(matches!(answer.status, 400 | 405), "{method:.20} {path}: {}", answer.status);
            is_no_echo(121, method, &answer);
        }
    }
    for (method, path) in [("GET", "/v1/chat/completions"), ("DELETE", "/v1/models"), ("PUT", "/health")] {
        let answer = ask(&gateway, &format!("{method} {path} HTTP/1.1"), "content-length: 0\r\n").await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert!(!answer.header("allow").is_empty(), "{method} {path}");
    }
}

/// Row 122.
#[tokio::test]
async fn a_method_is_what_the_first_line_says() {
    let gateway = Gateway::start().await;
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let answer = ask(&gateway, "GET /v1/chat/completions HTTP/1.1", &format!("{header}: POST\r\n")).await;
        assert_eq!(answer.status, 405, "{header}");
        let answer = ask(&gateway, "GET /ping HTTP/1.1", &format!("{header}: DELETE\r\n")).await;
        assert_eq!(answer.status, 200, "{header}");
    }
    let answer = ask(&gateway, "GET /v1/chat/completions?_method=POST HTTP/1.1", "").await;
    assert_eq!(answer.status, 405);
}

/// Rows 123, 124: nothing but the credential opens a door.
#[tokio::test]
async fn no_header_about_addresses_opens_a_door() {
    let gateway = Gateway::start().await;
    for line in [
        "x-forwarded-for: 127.0.0.1",
        "x-real-ip: 127.0.0.1",
        "forwarded: for=127.0.0.1",
        "x-original-url: /ping",
        "x-rewrite-url: /ping",
        "x-forwarded-prefix: /ping",
        "x-custom-ip-authorization: 127.0.0.1",
    ] {
        let answer = ask(&gateway, "GET /v1/models HTTP/1.1", &format!("{line}\r\n")).await;
        assert_eq!(answer.status, 401, "{line}");
        let answer = ask(&gateway, "GET /ping HTTP/1.1", &format!("{line}\r\n")).await;
        assert_eq!(answer.status, 200, "{line}");
    }
    let answer = ask(&gateway, "GET http://elsewhere.example/v1/models HTTP/1.1", "").await;
    assert!(matches!(answer.status, 400 | 401 | 404), "{}", answer.status);
}

/// Row 125.
#[tokio::test]
async fn only_the_exact_address_is_an_address() {
    let gateway = Gateway::start().await;
    let key = format!("authorization: Bearer {}\r\n", gateway.client.key());
    for path in [
        "//v1/models",
        "/v1//models",
        "/./v1/models",
        "/v1/./models",
        "/ping/../v1/models",
        "/v1/%2e%2e/v1/models",
        "/v1/models;x",
        "/V1/models",
        "/v1/MODELS",
        "/%76%31/models",
        "/%2576%2531/models",
        "/v1%2fmodels",
        "/v1/models%00",
        "/v1/models%0d%0aset-cookie:a=b",
        "/v1\\models",
        "/api/v1/../../v1/models",
    ] {
        let answer = ask(&gateway, &format!("GET {path} HTTP/1.1"), "").await;
        assert!(matches!(answer.status, 400 | 401 | 404), "{path}: {}", answer.status);
        assert!(!answer.headers.contains_key("set-cookie"), "{path}");
        // An address that another parser reads otherwise must not be the same one here, whoever asks.
        let answer = ask(&gateway, &format!("GET {path} HTTP/1.1"), &key).await;
        assert!(matches!(answer.status, 200 | 400 | 404), "{path}: {}", answer.status);
    }
    for path in ["//chat/completions", "/chat/completions/", "/Chat/completions", "/chat%2fcompletions"] {
        let answer = gateway.app.anonymous().post(path, call()).await;
        assert!(matches!(answer.status, 401 | 404), "{path}: {}", answer.status);
    }
}

/// Rows 132, 133.
#[tokio::test]
async fn nothing_of_the_disk_is_served() {
    let gateway = Gateway::start().await;
    for path in [
        "/.env",
        "/.git/config",
        "/app.db",
        "/switchyard.db",
        "/data/switchyard.db",
        "/config_backup.json",
        "/debug/pprof",
        "/server-status",
        "/actuator/env",
        "/Cargo.toml",
        "/assets/..%5c..%5cetc/passwd",
        "/assets/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
    ] {
        for key in ["", gateway.client.key()] {
            let line =
                if key.is_empty() { String::new() } else { format!("authorization: Bearer {key}\r\n") };
            let answer = ask(&gateway, &format!("GET {path} HTTP/1.1"), &line).await;
            assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
            assert!(!answer.text.contains("root:"), "{path}");
        }
    }
}

/// Rows 125, 132: at every address that there is not, the shape is that of its surface and nothing is said of the rest.
#[tokio::test]
async fn an_unknown_address_is_404_in_the_shape_of_its_surface() {
    let gateway = Gateway::start().await;
    let answer = gateway.app.anonymous().get("/v1/nowhere").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (404, "not_found"));
    let answer = gateway.app.anonymous().get("/nowhere").await;
    assert_eq!((answer.status, &answer.json()["error"]), (404, &"not_found".into()));
    for door in DOORS {
        let answer = gateway.app.anonymous().get(door).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    }
}
