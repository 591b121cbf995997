//! Where the server may listen, and what it says when it may not.

use crate::{load_environment, refuse_environment, warnings};

fn listen(pairs: &[(&str, &str)]) -> String {
    load_environment(pairs).settings.server.listen.to_string()
}

#[test]
fn the_documented_port_moves_the_listener_and_keeps_its_hosts() {
    assert_eq!(listen(&[("PORT", "5000")]), "127.0.0.1:5000");
    let mut sources = crate::environment(&[("PORT", "8000")]);
    sources.file = crate::file("settings:\n  listen: ['[::1]:1', '127.0.0.2:1']\n").file;
    assert_eq!(crate::load(&sources).settings.server.listen.to_string(), "[::1]:8000,127.0.0.2:8000");
    sources.flags = vec![("port".to_owned(), "9000".to_owned())];
    assert_eq!(crate::load(&sources).settings.server.listen.to_string(), "[::1]:9000,127.0.0.2:9000");
    assert_eq!(listen(&[("PORT", "")]), "127.0.0.1:3044");
}

#[test]
fn an_address_wins_over_the_documented_port() {
    let both = [("SWITCHYARD_LISTEN", "127.0.0.1:7000"), ("PORT", "5000")];
    assert_eq!(listen(&both), "127.0.0.1:7000");
    assert_eq!(warnings(&load_environment(&both)), "PORT: differs from SWITCHYARD_LISTEN, which wins");
    let same = [("SWITCHYARD_LISTEN", "127.0.0.1:5000"), ("PORT", "5000")];
    assert_eq!(load_environment(&same).warnings, []);
}

#[test]
fn a_port_that_is_none_is_refused_by_the_name_it_came_under() {
    let errors = refuse_environment(&[("PORT", "99999")]);
    assert_eq!(
        errors.problems()[0].to_string(),
        "PORT (environment): expected a port from 0 to 65535, got `99999`"
    );
    let errors = refuse_environment(&[("SWITCHYARD_LISTEN", "127.0.0.1:99999")]);
    assert!(errors.to_string().contains("SWITCHYARD_LISTEN (environment)"), "{errors}");
}

#[test]
fn an_address_that_others_reach_needs_tls_or_a_word_that_it_ends_in_front() {
    for open in ["0.0.0.0:3044", "[::]:3044", "10.0.0.5:3044", "127.0.0.1:1,192.168.1.1:2"] {
        let errors = refuse_environment(&[("SWITCHYARD_LISTEN", open)]);
        assert_eq!((errors.exit_code(), errors.problems().len()), (78, 1), "{open}");
        let text = errors.to_string();
        for name in ["SWITCHYARD_LISTEN", "ALLOW_PLAIN_HTTP", "TLS_CERT_FILE", "COOKIE_SECURE"] {
            assert!(text.contains(name), "{name} in {text}");
        }
    }
    let errors = refuse_environment(&[("SWITCHYARD_METRICS_LISTEN", "0.0.0.0:9090")]);
    assert!(errors.to_string().contains("SWITCHYARD_METRICS_LISTEN"), "{errors}");
}

#[test]
fn with_plain_http_allowed_or_tls_files_an_open_address_is_taken_and_cookies_are_secure() {
    let plain =
        load_environment(&[("SWITCHYARD_LISTEN", "0.0.0.0:3044"), ("SWITCHYARD_ALLOW_PLAIN_HTTP", "true")]);
    assert!(plain.settings.accounts.cookie_secure && !plain.settings.server.listen.is_loopback_only());
    let tls = load_environment(&[
        ("SWITCHYARD_LISTEN", "0.0.0.0:3044"),
        ("SWITCHYARD_TLS_CERT_FILE", "/c"),
        ("SWITCHYARD_TLS_KEY_FILE", "/k"),
    ]);
    assert!(tls.settings.accounts.cookie_secure && tls.settings.server.tls.is_some());
}

#[test]
fn half_of_a_certificate_is_one_problem_and_not_two() {
    let errors = refuse_environment(&[("SWITCHYARD_LISTEN", "0.0.0.0:1"), ("SWITCHYARD_TLS_KEY_FILE", "/k")]);
    assert_eq!(
        errors.problems().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["SWITCHYARD_TLS_KEY_FILE (environment): needs SWITCHYARD_TLS_CERT_FILE beside it"]
    );
}

#[test]
fn what_is_open_on_an_open_address_is_warned_of() {
    let loaded = load_environment(&[
        ("SWITCHYARD_LISTEN", "0.0.0.0:3044"),
        ("SWITCHYARD_ALLOW_PLAIN_HTTP", "true"),
        ("JWT_COOKIE_SECURE", "false"),
        ("SWITCHYARD_OPEN_LLM_CHAT", "true"),
        ("SWITCHYARD_GATEWAY_AUTH", "off"),
    ]);
    let text = warnings(&loaded);
    for name in ["JWT_COOKIE_SECURE: ", "SWITCHYARD_OPEN_LLM_CHAT: ", "SWITCHYARD_GATEWAY_AUTH: "] {
        assert!(text.contains(name), "{name} in {text}");
    }
    let at_home =
        load_environment(&[("SWITCHYARD_OPEN_LLM_CHAT", "true"), ("SWITCHYARD_GATEWAY_AUTH", "off")]);
    assert_eq!(at_home.warnings, []);
}

#[test]
fn a_tunnel_that_ends_at_this_server_is_off_and_says_so() {
    let own = |listen: &str, url: &str| {
        let pairs =
            [("SWITCHYARD_LISTEN", listen), ("NGROK_BASE_URL", url), ("SWITCHYARD_ALLOW_PLAIN_HTTP", "1")];
        let loaded = load_environment(&pairs);
        let said = warnings(&loaded).contains("NGROK_BASE_URL: is this server's own address");
        assert_eq!(said, loaded.settings.shared_models.ngrok.is_own_listener);
        said
    };
    assert!(own("127.0.0.1:8080", "http://localhost:8080"));
    assert!(own("0.0.0.0:8080", "http://127.0.0.1:8080/v1"));
    assert!(own("10.1.2.3:80", "http://10.1.2.3"));
    assert!(!own("127.0.0.1:3044", "http://localhost:8080"));
    assert!(!own("10.1.2.3:8080", "http://localhost:8080"));
    let by_default = load_environment(&[("SWITCHYARD_LISTEN", "127.0.0.1:8080")]);
    assert!(by_default.settings.shared_models.ngrok.is_own_listener && by_default.warnings.is_empty());
}

#[test]
fn metrics_have_an_address_of_their_own() {
    let twice = [("PORT", "9000"), ("SWITCHYARD_METRICS_LISTEN", "127.0.0.1:9001,127.0.0.1:9000")];
    let errors = refuse_environment(&twice);
    assert_eq!(
        errors.problems()[0].to_string(),
        "SWITCHYARD_METRICS_LISTEN (environment): 127.0.0.1:9000 is an address of LISTEN too: /metrics needs one of its own"
    );
    load_environment(&[("PORT", "0"), ("SWITCHYARD_METRICS_LISTEN", "127.0.0.1:0")]);
}
