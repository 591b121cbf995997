//! Messages that are wrong.

use crate::door::{Gateway, TOO_LARGE, call_without, wrong};

async fn refused(row: u32, values: &[&str], param: &str) {
    let gateway = Gateway::start().await;
    for value in values {
        gateway.refuses_member(row, "messages", value, wrong(param)).await;
    }
}

/// Row 35.
#[tokio::test]
async fn messages_are_a_list_of_objects_with_one_at_least() {
    refused(35, &["[]", "\"hi\"", "[null]", "[[]]", "{}", "null", "[\"hi\"]"], "messages").await;
    Gateway::start().await.refuses(35, call_without("messages"), wrong("messages")).await;
}

/// Row 36.
#[tokio::test]
async fn a_role_is_one_of_those_that_there_are() {
    let values = [
        r#"[{"content":"hi"}]"#,
        r#"[{"role":null,"content":"hi"}]"#,
        r#"[{"role":"wizard","content":"hi"}]"#,
        r#"[{"role":{"a":1},"content":"hi"}]"#,
        r#"[{"role":"USER","content":"hi"}]"#,
        r#"[{"role":"user ","content":"hi"}]"#,
        r#"[{"role":"","content":"hi"}]"#,
    ];
    refused(36, &values, "messages[0].role").await;
}

/// Rows 37, 38.
#[tokio::test]
async fn content_is_a_text_or_known_parts_and_only_an_assistant_may_do_without() {
    let values = [
        r#"[{"role":"user","content":7}]"#,
        r#"[{"role":"user"}]"#,
        r#"[{"role":"user","content":null}]"#,
        r#"[{"role":"user","content":{}}]"#,
        r#"[{"role":"user","content":[{"type":"hologram"}]}]"#,
        r#"[{"role":"user","content":[{"type":"text"}]}]"#,
        r#"[{"role":"user","content":[{"type":"text","text":7}]}]"#,
        r#"[{"role":"user","content":["hi"]}]"#,
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]"#,
        r#"[{"role":"assistant"}]"#,
        r#"[{"role":"assistant","content":null}]"#,
        r#"[{"role":"assistant","tool_calls":[]}]"#,
    ];
    refused(37, &values, "messages[0].content").await;
}

/// Row 38.
#[tokio::test]
async fn a_tools_result_names_its_call_and_a_call_is_whole() {
    let results = [
        r#"[{"role":"tool","content":"42"}]"#,
        r#"[{"role":"tool","content":"42","tool_call_id":""}]"#,
        r#"[{"role":"tool","content":"42","tool_call_id":7}]"#,
    ];
    refused(38, &results, "messages[0].tool_call_id").await;
    let calls = [
        r#"[{"role":"assistant","tool_calls":{}}]"#,
        r#"[{"role":"assistant","tool_calls":[{"id":"a"}]}]"#,
        r#"[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":{}}}]}]"#,
    ];
    refused(38, &calls, "messages[0].tool_calls").await;
}

/// Row 35: a fault in a later message is told by its place.
#[tokio::test]
async fn a_wrong_message_is_named_by_its_index() {
    let value = r#"[{"role":"user","content":"hi"},{"role":"assistant","content":"yes"},{"role":"user","content":7}]"#;
    refused(37, &[value], "messages[2].content").await;
}

/// Row 39.
#[tokio::test]
async fn pictures_are_never_fetched_by_us_and_files_are_not_read() {
    let gateway = Gateway::start().await;
    let with = |url: &str| {
        format!(r#"[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"{url}"}}}}]}}]"#)
    };
    for url in [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        " file:///etc/passwd",
        r"fi\u006ce:///etc/passwd",
        "ftp://host/x",
        "gopher://x",
        "javascript:alert(1)",
    ] {
        gateway.refuses_member(39, "messages", &with(url), wrong("messages[0].content")).await;
    }
    let data = format!("data:image/png;base64,{}", "A".repeat(11 << 20));
    gateway.refuses_member(39, "messages", &with(&data), TOO_LARGE).await;
    let canary = switchyard_harness::testkit::simulator::Simulator::start();
    for url in ["http://169.254.169.254/latest/meta-data", &format!("http://{}/picture.png", canary.addr())] {
        gateway.takes_member(39, "messages", &with(url)).await;
    }
    assert_eq!(canary.accepted_connections(), 0, "a picture was fetched");
}
