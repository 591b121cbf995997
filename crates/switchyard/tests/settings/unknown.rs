//! Names that are no setting: errors where they are ours to know, ignored where others put them.

use crate::{environment, file, load, load_environment, refuse, refuse_environment, warnings};
use switchyard::settings::Sources;

#[test]
fn an_unknown_prefixed_variable_is_an_error_that_names_the_probable_one() {
    let text = |name: &str| refuse_environment(&[(name, "x")]).problems()[0].to_string();
    assert_eq!(
        text("SWITCHYARD_LOGLEVEL"),
        "SWITCHYARD_LOGLEVEL (environment): is no setting (did you mean SWITCHYARD_LOG_LEVEL?)"
    );
    assert!(text("SWITCHYARD_JWT_SECRET_KEY").contains("did you mean SWITCHYARD_JWT_SECRET?"));
    assert!(text("SWITCHYARD_PORT").contains("did you mean SWITCHYARD_LISTEN?"));
    assert!(text("SWITCHYARD_TELEMETRY_ENDPOINT").contains("`switchyard check` lists all settings"));
    assert!(text("SWITCHYARD_").contains("is no setting"));
}

#[test]
fn unknown_flags_and_file_entries_are_errors_in_their_own_spelling() {
    let flags = vec![("lisen".to_owned(), "x".to_owned())];
    let errors = refuse(&Sources { flags, ..Sources::default() });
    assert_eq!(errors.problems()[0].to_string(), "--lisen (flag): is no setting (did you mean --listen?)");
    let errors = refuse(&file("settings:\n  LISTEN: 127.0.0.1:1\n"));
    assert!(
        errors.to_string().contains("settings.LISTEN (switchyard.yaml line 2): is no setting"),
        "{errors}"
    );
}

#[test]
fn unknown_variables_without_the_prefix_are_other_programs_business() {
    let loaded = load_environment(&[
        ("LOGLEVEL", "x"),
        ("OPENAI_BASE_URL", "http://elsewhere"),
        ("OPENAI_API_KEY", "k"),
    ]);
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.settings.upstream.base_urls.openai, None);
}

#[test]
fn what_an_orchestrator_puts_there_is_ignored_with_a_warning() {
    let loaded = load_environment(&[
        ("SWITCHYARD_SERVICE_HOST", "10.96.0.7"),
        ("SWITCHYARD_SERVICE_PORT", "3044"),
        ("SWITCHYARD_PORT", "tcp://10.96.0.7:3044"),
        ("SWITCHYARD_PORT_3044_TCP", "tcp://10.96.0.7:3044"),
        ("SWITCHYARD_PORT_3044_TCP_PROTO", "tcp"),
        ("SWITCHYARD_CONSOLE_SERVICE_PORT_HTTP", "80"),
    ]);
    assert_eq!(loaded.settings.server.listen.to_string(), "127.0.0.1:3044");
    let text = warnings(&loaded);
    for name in
        ["SWITCHYARD_SERVICE_HOST", "SWITCHYARD_PORT,", "SWITCHYARD_PORT_3044_TCP_PROTO", "_CONSOLE_SERVICE_"]
    {
        assert!(text.contains(name), "{name} in {text}");
    }
    assert!(text.contains("ignored"), "{text}");
}

#[test]
fn a_documented_name_that_a_service_link_took_is_ignored_with_a_warning() {
    let loaded = load_environment(&[("PORT", "tcp://10.0.0.9:80")]);
    assert_eq!(loaded.settings.server.listen.to_string(), "127.0.0.1:3044");
    assert!(warnings(&loaded).starts_with("PORT: looks like a service address"), "{}", warnings(&loaded));
}

#[test]
fn a_known_setting_with_a_service_address_is_wrong_and_not_ignored() {
    let errors = refuse_environment(&[("SWITCHYARD_REDIS_URL", "tcp://10.0.0.9:6379")]);
    assert!(errors.to_string().contains("SWITCHYARD_REDIS_URL"), "{errors}");
}

#[test]
fn debugging_the_sources_shows_no_value() {
    let mut sources = environment(&[("SWITCHYARD_SECRET_KEY", crate::GOOD_KEY)]);
    sources.dotenv = Some(crate::dotenv(&format!("JWT_SECRET_KEY={}", crate::OTHER_KEY)));
    let shown = format!("{sources:?} {:?}", load(&sources));
    assert!(!shown.contains(crate::GOOD_KEY) && !shown.contains(crate::OTHER_KEY), "{shown}");
}
