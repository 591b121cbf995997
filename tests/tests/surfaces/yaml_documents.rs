//! Documents in YAML over HTTP: read within the same bounds as the configuration file, and never repeated in what is said of them.

use crate::scene::{Scene, Setting};
use serde_json::json;
use switchyard::Store;

const GOOD: &str = "\
providers:
  - name: one  # a comment
    vendor: openai
    api_key: sk-0123456789abcdef
    models: [{model: m}]
routes:
  - {name: fast, targets: [{provider: one, model: m}]}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_document_in_yaml_is_planned_and_applied_by_every_name_of_yaml() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    let admin = scene.admin().await;
    let client = scene.app.client(&admin);
    let send = async |path: &str, media_type: &str, body: &str| {
        let request = client.request("POST", path).header("content-type", media_type);
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for media_type in ["application/yaml", "application/x-yaml", "text/yaml; charset=utf-8", "Text/X-YAML"] {
        let (status, text) = send("/api/v1/plan", media_type, GOOD).await;
        let planned: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &planned["create"]), (200, &json!(2)), "{media_type}: {text}");
    }
    let (status, text) = send("/api/v1/apply", "application/yaml", GOOD).await;
    assert_eq!(status, 200, "{text}");
    let before = client.get("/api/v1/export").await.text;
    let deep = format!("providers: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    let variable = GOOD.replace("sk-0123456789abcdef", "${OPENAI_API_KEY}");
    let unknown = GOOD.replace("vendor", "vendro");
    let cases: [(&str, &str, &str, u16); 10] = [
        ("nothing", "application/yaml", "", 422),
        ("a comment", "application/yaml", "# nothing\n", 422),
        ("a list", "application/yaml", "[]", 422),
        ("cut off", "application/yaml", &GOOD[..GOOD.len() - 3], 422),
        ("an unknown member", "application/yaml", &unknown, 422),
        ("too deep", "application/yaml", &deep, 422),
        ("aliases of aliases", "application/yaml", &bomb, 422),
        ("a variable of the server's", "application/yaml", &variable, 422),
        ("YAML as JSON", "application/json", GOOD, 400),
        ("another type", "text/plain", GOOD, 415),
    ];
    for (what, media_type, body, expected) in cases {
        let (status, text) = send("/api/v1/apply", media_type, body).await;
        assert_eq!(status, expected, "{what}: {text}");
        assert!(!text.contains("sk-0123456789abcdef"), "{what}: {text}");
        assert_eq!(client.get("/api/v1/export").await.text, before, "{what}");
    }
    let (_, text) = send("/api/v1/apply", "text/plain", GOOD).await;
    assert!(text.contains("application/yaml"), "{text}");
}
