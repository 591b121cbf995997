use serde_json::{Value, json};

/// The models, as OpenAI and most others list them.
pub(super) fn listing(names: &[String]) -> Value {
    let model = |name: &String| json!({"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "simulator"});
    json!({"object": "list", "data": names.iter().map(model).collect::<Vec<_>>()})
}
