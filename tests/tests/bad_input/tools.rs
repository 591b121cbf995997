//! Tools that are wrong.

use crate::door::{Gateway, NO_REQUEST, Refusal, TOO_LARGE, wrong};

fn tool(name: &str, parameters: &str) -> String {
    format!(r#"[{{"type":"function","function":{{"name":{name},"parameters":{parameters}}}}}]"#)
}

/// Row 48.
#[tokio::test]
async fn tools_are_a_list_of_functions_with_plain_names() {
    let gateway = Gateway::start().await;
    for value in ["{}", "\"f\"", "7"] {
        gateway.refuses_member(48, "tools", value, wrong("tools")).await;
    }
    let name = wrong("tools[0].function.name");
    gateway.refuses_member(48, "tools", r#"[{"type":"function","function":{}}]"#, name).await;
    for bad in ["\"a b\"", "\"\"", "7", "\"é\"", "\"a\\nb\"", "\"a/b\"", &format!("\"{}\"", "x".repeat(65))]
    {
        gateway.refuses_member(48, "tools", &tool(bad, "{}"), name).await;
    }
    for value in ["[null]", "[7]", r#"[{"type":"function"}]"#, "[{}]"] {
        gateway.refuses_member(48, "tools", value, Refusal { param: None, ..NO_REQUEST }).await;
    }
    gateway.takes_member(48, "tools", &tool("\"get_weather-2\"", r#"{"type":"object"}"#)).await;
}

/// Row 49.
#[tokio::test]
async fn schemas_that_are_bottomless_circular_or_huge_are_refused() {
    let gateway = Gateway::start().await;
    let deep = format!("{}{{}}{}", r#"{"properties":{"a":"#.repeat(2_500), "}}".repeat(2_500));
    gateway.refuses_member(49, "tools", &tool("\"f\"", &deep), NO_REQUEST).await;
    for circular in [
        r##"{"$ref":"#"}"##,
        r##"{"type":"object","properties":{"a":{"$ref":"#/properties/a"}}}"##,
        r##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##,
    ] {
        let refusal = wrong("tools[0].function.parameters");
        gateway.refuses_member(49, "tools", &tool("\"f\"", circular), refusal).await;
    }
    let huge = format!(r#"{{"description":"{}"}}"#, "x".repeat(5 << 20));
    gateway
        .refuses_member(49, "tools", &tool("\"f\"", &huge), Refusal { param: Some("tools[0]"), ..TOO_LARGE })
        .await;
    // A schema of a tree refers to itself through a property, and ends wherever its data do.
    let tree = r##"{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#"}}}}"##;
    gateway.takes_member(49, "tools", &tool("\"f\"", tree)).await;
}
