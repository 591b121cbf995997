//! The configuration file.

use crate::{GOOD_KEY, environment, file, load, refuse};
use secrecy::ExposeSecret;
use switchyard::settings::{LogLevel, Sources};

fn with_environment(text: &str, pairs: &[(&str, &str)]) -> Sources {
    Sources { file: file(text).file, ..environment(pairs) }
}

#[test]
fn settings_stand_under_their_names_in_lower_case_as_scalars_or_lists() {
    let loaded = load(&file(
        "settings:\n  listen: [127.0.0.1:1, '[::1]:2']\n  log_level: DEBUG\n  max_attempts: 5\n  \
         allow_open_registration: yes\n  cors_origins:\n    - https://a.example\n    - https://b.example\n  \
         trusted_proxies: 10.0.0.0/8\n  workers: ~\n  llm_timeout_seconds: 2.5\n",
    ));
    let settings = loaded.settings;
    assert_eq!(settings.server.listen.addresses().len(), 2);
    assert_eq!((settings.logging.level, settings.upstream.max_attempts), (LogLevel::Debug, 5));
    assert!(settings.accounts.allow_open_registration && settings.server.workers.is_none());
    assert_eq!((settings.server.cors_origins.len(), settings.server.trusted_proxies.len()), (2, 1));
    assert_eq!(settings.upstream.first_byte_timeout.as_millis(), 2_500);
}

#[test]
fn in_json_settings_are_numbers_words_and_lists_too_and_wrong_ones_are_told_with_their_lines() {
    let settings = load(&file(
        "{\n\"settings\": {\"max_attempts\": 5, \"allow_open_registration\": true,\n\"log_level\": \"DEBUG\", \
         \"cors_origins\": [\"https://a.example\"], \"workers\": null, \"llm_timeout_seconds\": 2.5},\n\"providers\": []}",
    ))
    .settings;
    assert_eq!((settings.logging.level, settings.upstream.max_attempts), (LogLevel::Debug, 5));
    assert!(settings.accounts.allow_open_registration && settings.server.workers.is_none());
    assert_eq!(settings.server.cors_origins.len(), 1);
    assert_eq!(settings.upstream.first_byte_timeout.as_millis(), 2_500);
    let wrong = refuse(&file("{\"providers\": [],\n\"settings\": {\n\"max_attempts\": -1}}")).to_string();
    assert!(wrong.contains("settings.max_attempts (switchyard.yaml line 3)"), "{wrong}");
    for twice in [
        "{\"settings\": {\"log_level\": \"debug\",\n\"log_level\": \"error\"}}",
        "{\"settings\": {},\n\"settings\": {}}",
    ] {
        let wrong = refuse(&file(twice)).to_string();
        assert!(wrong.contains("line 2"), "{wrong}");
    }
}

#[test]
fn a_secret_of_digits_stays_a_text() {
    let digits = "8301946275510384926647158203957416820395748103695274861039572846";
    let loaded = load(&file(&format!("settings:\n  secret_key: {digits}\n")));
    assert_eq!(loaded.settings.secrets.secret_key.unwrap().expose_secret(), digits);
}

#[test]
fn an_empty_file_and_one_of_comments_say_nothing() {
    for text in ["", "# nothing yet\n", "settings:\n", "settings: {}\nproviders: []\nroutes:\n"] {
        let loaded = load(&file(text));
        assert_eq!(loaded.settings.logging.level, LogLevel::Info, "{text}");
        assert!(loaded.declared.unwrap().providers.is_empty(), "{text}");
    }
    assert!(load(&Sources::default()).declared.is_none());
}

#[test]
fn wrong_settings_are_named_with_their_lines_all_at_once() {
    let errors = refuse(&file(
        "# ours\nsettings:\n  max_attempts: -1\n\n  listen: 127.0.0.1:99999\n  surprise: 1\n  config: other.yaml\n",
    ));
    let text = errors.to_string();
    for part in [
        "settings.max_attempts (switchyard.yaml line 3): expected a whole number from 1 to 10, got `-1`",
        "settings.listen (switchyard.yaml line 5): expected addresses",
        "settings.surprise (switchyard.yaml line 6): is no setting",
        "settings.config (switchyard.yaml line 7): must be known before the file is read",
    ] {
        assert!(text.contains(part), "missing: {part}\nin: {text}");
    }
    assert_eq!(errors.problems().len(), 4);
}

#[test]
fn a_file_that_is_not_well_formed_is_one_problem_with_a_line_and_without_a_snippet() {
    for (text, line) in [
        ("settings:\n  secret_key: [hunter2hunter2\n", 0),
        ("settings:\n  log_level: debug\n  log_level: error\n", 3),
        ("settings:\n\tsecret_key: hunter2hunter2\n", 2),
        ("settings:\n  secret_key: {deep: hunter2hunter2}\n", 2),
        ("settings:\n  max_attempts: [1, 2]\n", 2),
        ("providers: []\nsecrets: hunter2hunter2\n", 2),
        ("- settings\n", 1),
        ("settings: hunter2hunter2\n", 1),
        ("providers:\n  - name: a\n    vendor: openai\n    api_key: [hunter2hunter2]\n", 4),
    ] {
        let errors = refuse(&file(text));
        let problem = &errors.problems()[0];
        assert_eq!(errors.problems().len(), 1, "{errors}");
        assert_eq!(problem.name, "configuration file");
        if line != 0 {
            assert!(errors.to_string().contains(&format!("line {line}")), "line {line} in {errors}");
        }
        assert!(!errors.to_string().contains("hunter2"), "{errors}");
    }
}

#[test]
fn a_variable_stands_for_a_whole_value_and_only_so() {
    let text = "settings:\n  secret_key: ${VAULT_KEY}\n  grok_model: '${MODEL}'\n";
    let mut sources = with_environment(text, &[("VAULT_KEY", GOOD_KEY)]);
    sources.dotenv = Some(crate::dotenv("MODEL=grok-4\nVAULT_KEY=shadowed"));
    let settings = load(&sources).settings;
    assert_eq!(settings.secrets.secret_key.unwrap().expose_secret(), GOOD_KEY);
    assert_eq!(settings.shared_models.grok.model, "grok-4");

    let errors = refuse(&file("settings:\n  secret_key: ${VAULT_KEY}\n")).to_string();
    assert!(errors.contains("line 2): the environment has no variable VAULT_KEY"), "{errors}");
    let errors =
        refuse(&with_environment("settings:\n  log_dir: /logs/${NAME}\n", &[("NAME", "x")])).to_string();
    assert!(errors.contains("line 2): `${VARIABLE}` must be the whole value"), "{errors}");
}

const DECLARED: &str = "\
providers:
  - name: main
    vendor: openai
    api_key: ${OPENAI_KEY}
    models:
      - model: gpt-4o-mini
  - name: local
    vendor: ollama
    base_url: http://localhost:11434/v1
    enabled: false
routes:
  - name: fast
    targets:
      - provider: main
        model: gpt-4o-mini
      - provider: local
        model: llama3
        priority: 1
";

#[test]
fn providers_and_routes_are_declared_with_their_credentials_resolved() {
    let declared = load(&with_environment(DECLARED, &[("OPENAI_KEY", "sk-live-1")])).declared.unwrap();
    let [main, local] = declared.providers.as_slice() else { panic!("expected two providers") };
    assert_eq!((main.name.as_str(), main.vendor.as_str(), main.models.len()), ("main", "openai", 1));
    assert_eq!(main.api_key.as_ref().unwrap().expose_secret(), "sk-live-1");
    assert!(main.enabled && !local.enabled && local.api_key.is_none());
    assert_eq!(local.base_url.as_deref(), Some("http://localhost:11434/v1"));
    assert_eq!(declared.routes[0].targets[1].priority, 1);
}

/// As Google writes a service account's key.
const PRETTY: &str =
    "{\n  \"type\": \"service_account\",\n  \"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMIIE\\n\"\n}\n";
const KEPT: &str = r#"{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY-----\nMIIE\n"}"#;

#[test]
fn a_service_account_s_key_is_taken_as_its_maker_writes_it() {
    let block = PRETTY.trim_end().replace('\n', "\n      ");
    let inline = DECLARED.replace("${OPENAI_KEY}", &format!("|\n      {block}"));
    for loaded in [load(&with_environment(DECLARED, &[("OPENAI_KEY", PRETTY)])), load(&file(&inline))] {
        let declared = loaded.declared.unwrap();
        assert_eq!(declared.providers[0].api_key.as_ref().unwrap().expose_secret(), KEPT);
    }
    let cut = PRETTY.trim_end().trim_end_matches('}');
    let errors = refuse(&with_environment(DECLARED, &[("OPENAI_KEY", cut)])).to_string();
    assert!(errors.contains("begins like JSON, but is no JSON object"), "{errors}");
}

#[test]
fn a_provider_may_be_declared_with_a_list_of_keys() {
    let list = |keys: &str| DECLARED.replace("api_key: ${OPENAI_KEY}", &format!("api_keys: {keys}"));
    let text = list("\n      - ${OPENAI_KEY}\n      - sk-live-2");
    let declared = load(&with_environment(&text, &[("OPENAI_KEY", "sk-live-1")])).declared.unwrap();
    let main = &declared.providers[0];
    let keys: Vec<&str> = main.api_keys.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(keys, ["sk-live-1", "sk-live-2"]);
    assert!(main.api_key.is_none() && declared.providers[1].api_keys.is_empty());

    for (keys, expected) in [
        (
            "\n      - sk-live-1\n      - ${NOBODY}",
            "api_keys[1] (switchyard.yaml line 6): the environment has no variable NOBODY",
        ),
        ("['']", "api_keys[0] (switchyard.yaml line 4): is empty"),
        ("[your-openai-api-key]", "api_keys[0] (switchyard.yaml line 4): is a placeholder"),
        ("[]", "api_keys (switchyard.yaml line 4): is empty; leave it out"),
        ("[sk-live-1]\n    api_key: sk-live-2", "only one of them can be meant"),
        ("[sk-live-1]\n    api_key_file: /nowhere/key", "only one of them can be meant"),
    ] {
        let errors = refuse(&file(&list(keys))).to_string();
        assert!(errors.contains(expected) && !errors.contains("sk-live"), "{keys}: {errors}");
    }
}

#[test]
fn a_credential_that_can_not_be_had_is_named_by_provider_and_line() {
    let errors = refuse(&file(DECLARED)).to_string();
    let expected =
        "providers.main.api_key (switchyard.yaml line 4): the environment has no variable OPENAI_KEY";
    assert!(errors.contains(expected), "{errors}");
    let errors = refuse(&file(&DECLARED.replace("${OPENAI_KEY}", "your-openai-api-key"))).to_string();
    assert!(errors.contains("providers.main.api_key (switchyard.yaml line 4): is a placeholder"), "{errors}");
    let errors = refuse(&with_environment(DECLARED, &[("OPENAI_KEY", "")])).to_string();
    assert!(errors.contains("is empty"), "{errors}");
}

#[test]
fn an_unknown_member_of_a_declaration_is_an_error_with_its_line_beside_those_of_settings() {
    let text = format!("settings:\n  workers: none\n{}", DECLARED.replace("vendor: ollama", "vendr: ollama"));
    let errors = refuse(&with_environment(&text, &[("OPENAI_KEY", "sk-live-1")]));
    let text = errors.to_string();
    assert!(text.contains("settings.workers (switchyard.yaml line 2)"), "{text}");
    assert!(text.contains("configuration file (switchyard.yaml line 10): unknown field `vendr`"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_credential_may_stand_in_a_file_of_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("openai.key");
    let text = DECLARED.replace("api_key: ${OPENAI_KEY}", &format!("api_key_file: {}", path.display()));
    let errors = refuse(&file(&text)).to_string();
    assert!(errors.contains("providers.main.api_key_file (switchyard.yaml line 4)"), "{errors}");

    std::fs::write(&path, "sk-from-file\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let errors = refuse(&file(&text)).to_string();
    assert!(
        errors.contains("every user of this machine can read") && !errors.contains("sk-from-file"),
        "{errors}"
    );

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let declared = load(&file(&text)).declared.unwrap();
    assert_eq!(declared.providers[0].api_key.as_ref().unwrap().expose_secret(), "sk-from-file");
    std::fs::write(&path, PRETTY).unwrap();
    let declared = load(&file(&text)).declared.unwrap();
    assert_eq!(declared.providers[0].api_key.as_ref().unwrap().expose_secret(), KEPT);

    let both = text.replace("    vendor: openai\n", "    vendor: openai\n    api_key: sk-live-2\n");
    let errors = refuse(&file(&both)).to_string();
    assert!(errors.contains("only one of them can be meant"), "{errors}");
}
