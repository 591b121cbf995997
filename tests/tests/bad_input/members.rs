//! Members of a call that are wrong, one at a time.

use crate::door::{DOORS, Gateway, MODEL, NO_REQUEST, call, call_with, call_without, is_no_echo, wrong};

fn text(characters: usize) -> String {
    format!("\"{}\"", "m".repeat(characters))
}

/// Rows 29, 30, 31.
#[tokio::test]
async fn a_model_is_a_name_of_1_to_256_characters() {
    let gateway = Gateway::start().await;
    gateway.refuses(29, call_without("model"), wrong("model")).await;
    for value in ["null", "7", "[]", "{}", "true"] {
        gateway.refuses_member(29, "model", value, wrong("model")).await;
    }
    for value in ["\"\"", "\" \"", r#""\t\n""#, "\"\u{a0}\""] {
        gateway.refuses_member(30, "model", value, wrong("model")).await;
    }
    for characters in [257, 100_000] {
        gateway.refuses_member(31, "model", &text(characters), wrong("model")).await;
    }
}

/// Rows 32, 33.
#[tokio::test]
async fn an_unknown_model_is_404_or_400_by_the_address_and_never_rendered() {
    let gateway = Gateway::start().await;
    for model in [
        "x\\r\\nset-cookie: a=b",
        "../../etc/passwd",
        "upstream/../upstream/gpt-sim",
        "upstream/gpt-sim%00",
        "upstream%2Fgpt-sim",
        "UPSTREAM/GPT-SIM",
        " upstream/gpt-sim",
        "upstream/gpt-sim/",
        "{{7*7}}",
        "${7*7}",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "nobody",
        "upstream/nobody",
        "nobody/gpt-sim",
        "/",
        "//",
        "*",
        "upstream/*",
    ] {
        let body = call_with("model", &format!("\"{model}\""));
        for (door, status) in DOORS.into_iter().zip([404, 400]) {
            let answer = gateway.client.post(door, body.clone()).await;
            assert_eq!(answer.status, status, "{model} at {door}: {}", answer.text);
            let error = &answer.json()["error"];
            assert_eq!((&error["code"], &error["param"]), (&"model_not_found".into(), &"model".into()));
            assert!(!answer.headers.contains_key("set-cookie"));
            assert!(answer.header("content-type").starts_with("application/json"));
            assert!(!answer.text.contains("49"), "{model} was rendered: {}", answer.text);
            is_no_echo(32, &body, &answer);
        }
    }
    assert!(gateway.app.simulator().calls().is_empty());
}

/// Rows 40, 41.
#[tokio::test]
async fn sampling_members_have_their_ranges() {
    let gateway = Gateway::start().await;
    for value in ["-0.1", "2.0001", "\"hot\"", "true", "[]", "{}"] {
        gateway.refuses_member(40, "temperature", value, wrong("temperature")).await;
    }
    for value in ["-1", "1.5", "\"x\"", "1.0000001"] {
        gateway.refuses_member(41, "top_p", value, wrong("top_p")).await;
    }
    for name in ["presence_penalty", "frequency_penalty"] {
        for value in ["2.1", "-2.1", "\"1\""] {
            gateway.refuses_member(41, name, value, wrong(name)).await;
        }
    }
    for (name, value) in [
        ("temperature", "null"),
        ("temperature", "2"),
        ("temperature", "0"),
        ("top_p", "1.0"),
        ("presence_penalty", "-2.0"),
    ] {
        gateway.takes_member(40, name, value).await;
    }
}

/// Rows 42, 43.
#[tokio::test]
async fn output_limits_and_choices_are_positive_integers() {
    let gateway = Gateway::start().await;
    for name in ["max_tokens", "max_completion_tokens"] {
        for value in ["0", "-1", "1.5", "\"10\"", "2147483648", "9223372036854775808", "1e3.5", "[]"] {
            let refusal = if value == "1e3.5" { crate::door::NO_JSON } else { wrong(name) };
            gateway.refuses_member(42, name, value, refusal).await;
        }
    }
    for value in ["0", "-5", "1.5", "129", "100000", "\"2\"", "true"] {
        gateway.refuses_member(43, "n", value, wrong("n")).await;
    }
}

/// Rows 44, 45.
#[tokio::test]
async fn stream_is_true_or_false_and_its_options_need_it() {
    let gateway = Gateway::start().await;
    for value in ["\"yes\"", "1", "0", "\"true\"", "[]"] {
        gateway.refuses_member(44, "stream", value, wrong("stream")).await;
    }
    let options = r#"{"include_usage":true}"#;
    gateway.refuses_member(45, "stream_options", options, wrong("stream_options")).await;
    gateway
        .refuses_member(45, "stream", &format!("false,\"stream_options\":{options}"), wrong("stream_options"))
        .await;
    gateway.refuses_member(45, "stream", "true,\"stream_options\":[]", wrong("stream_options")).await;
    gateway.takes_member(44, "stream", "null").await;
    let calls = gateway.app.simulator().calls();
    assert_eq!(calls.len(), DOORS.len(), "`stream: null` is no stream");
}

/// Rows 46, 47.
#[tokio::test]
async fn stop_and_logit_bias_are_bounded() {
    let gateway = Gateway::start().await;
    let stops = |count: usize| format!("[{}]", vec!["\"x\""; count].join(","));
    for value in [stops(5), stops(1_000), "[1]".to_owned(), text(1 << 20), "{}".to_owned(), "7".to_owned()] {
        gateway.refuses_member(46, "stop", &value, wrong("stop")).await;
    }
    let biases = |count: usize| {
        let members: Vec<String> = (0..count).map(|token| format!("\"{token}\":1")).collect();
        format!("{{{}}}", members.join(","))
    };
    for value in ["[]".to_owned(), r#"{"1":101}"#.to_owned(), r#"{"1":"x"}"#.to_owned(), biases(5_000)] {
        gateway.refuses_member(47, "logit_bias", &value, wrong("logit_bias")).await;
    }
    gateway.refuses_member(47, "logit_bias", &biases(100_000), NO_REQUEST).await;
    gateway.takes_member(46, "stop", &stops(4)).await;
    gateway.takes_member(47, "logit_bias", r#"{"1":-100}"#).await;
}

/// Rows 50, 51.
#[tokio::test]
async fn formats_seeds_users_and_metadata_have_their_types() {
    let gateway = Gateway::start().await;
    for value in ["\"json\"", r#"{"type":"yaml"}"#, "{}", "[]"] {
        gateway.refuses_member(50, "response_format", value, wrong("response_format")).await;
    }
    let nameless = r#"{"type":"json_schema","json_schema":{}}"#;
    gateway.refuses_member(50, "response_format", nameless, wrong("response_format.json_schema")).await;
    for value in ["1.25", "18446744073709551616", "\"1\""] {
        gateway.refuses_member(51, "seed", value, wrong("seed")).await;
    }
    for value in [text(1 << 20), "7".to_owned(), "[]".to_owned()] {
        gateway.refuses_member(51, "user", &value, wrong("user")).await;
    }
    for value in [r#"{"a":1}"#, r#"{"a":null}"#, "[]", "\"a\""] {
        gateway.refuses_member(51, "metadata", value, wrong("metadata")).await;
    }
}

/// Row 52: members that would make another gateway send the call, or its key, elsewhere.
#[tokio::test]
async fn members_that_name_another_upstream_are_refused() {
    let gateway = Gateway::start().await;
    let canary = switchyard_harness::testkit::simulator::Simulator::start();
    let address = format!("\"http://{}/v1\"", canary.addr());
    for name in ["api_base", "base_url"] {
        gateway.refuses_member(52, name, &address, wrong(name)).await;
    }
    gateway.refuses_member(52, "api_key", "\"sk-mine\"", wrong("api_key")).await;
    gateway.refuses_member(52, "custom_llm_provider", "\"openai\"", wrong("custom_llm_provider")).await;
    gateway.refuses_member(52, "extra_headers", r#"{"x":"y"}"#, wrong("extra_headers")).await;
    gateway.refuses_member(52, "user_config", "{}", wrong("user_config")).await;
    assert_eq!(canary.accepted_connections(), 0);
}

/// What names another model than the one that is permitted and priced, for a provider that is a gateway itself or reads names in
/// any case.
#[tokio::test]
async fn members_that_name_another_model_are_refused_and_say_what_to_do() {
    let gateway = Gateway::start().await;
    for (name, value) in [
        ("fallbacks", r#"[{"model":"big"}]"#),
        ("models", r#"["big"]"#),
        ("route", "\"fallback\""),
        ("preset", "\"p\""),
        ("Model", "\"big\""),
        ("Stream", "true"),
    ] {
        gateway.refuses_member(52, name, value, wrong(name)).await;
    }
    let body = call().replacen('{', r#"{"fallbacks":["big"],"#, 1);
    let refused = gateway.client.post(DOORS[0], body).await.json();
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("another model") && message.contains("a route with several targets"),
        "{message}"
    );
}

/// Row 53.
#[tokio::test]
async fn headers_that_steer_other_gateways_are_ignored_and_not_sent_on() {
    let gateway = Gateway::start().await;
    let canary = switchyard_harness::testkit::simulator::Simulator::start();
    let elsewhere = canary.base_url();
    let steering = [
        ("x-portkey-custom-host", elsewhere.as_str()),
        ("x-portkey-provider", "openai"),
        ("x-litellm-api-base", elsewhere.as_str()),
        ("x-litellm-tags", "a"),
        ("x-bf-vk", "x"),
        ("openai-organization", "org-mine"),
        ("openai-project", "proj-mine"),
        ("cookie", "a=b"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-custom", "mine"),
    ];
    let mut request = gateway.client.request("POST", DOORS[0]).header("content-type", "application/json");
    for (name, value) in steering {
        request = request.header(name, value);
    }
    assert_eq!(request.body(call()).send().await.unwrap().status(), 200);
    assert_eq!(canary.accepted_connections(), 0);
    let calls = gateway.app.simulator().calls();
    let sent = &calls[0];
    for (name, _) in steering {
        assert_eq!(sent.header(name), None, "{name} was sent on");
    }
    assert_eq!(sent.header("authorization"), Some("Bearer sk-simulated-0123456789"));
    assert!(
        sent.headers.iter().all(|(_, value)| !value.contains(gateway.client.key())),
        "our key was sent on"
    );
    assert_eq!(sent.json["model"], "gpt-sim");
    assert_eq!(MODEL, "upstream/gpt-sim");
}
