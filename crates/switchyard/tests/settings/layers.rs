//! Which source wins, and what is said about the others.

use crate::{dotenv, environment, file, load, load_environment, refuse, warnings};
use switchyard::settings::{LogLevel, Origin, Sources};

#[test]
fn each_source_wins_over_the_one_below_it() {
    let mut sources = Sources::default();
    let level = |sources: &Sources| {
        let loaded = load(sources);
        let listed =
            loaded.listing.into_iter().find(|listed| listed.variable == "SWITCHYARD_LOG_LEVEL").unwrap();
        (loaded.settings.logging.level, listed.origin)
    };
    assert_eq!(level(&sources), (LogLevel::Info, Origin::Default));
    sources.file = file("settings:\n  log_level: trace\n").file;
    assert_eq!(level(&sources), (LogLevel::Trace, Origin::File { path: "switchyard.yaml".into(), line: 2 }));
    sources.dotenv = Some(dotenv("# levels\nSWITCHYARD_LOG_LEVEL=debug\n"));
    assert_eq!(level(&sources), (LogLevel::Debug, Origin::DotEnv { path: ".env".into(), line: 2 }));
    sources.environment = environment(&[("SWITCHYARD_LOG_LEVEL", "warn")]).environment;
    assert_eq!(level(&sources), (LogLevel::Warn, Origin::Environment));
    sources.flags = vec![("log-level".to_owned(), "error".to_owned())];
    assert_eq!(level(&sources), (LogLevel::Error, Origin::Flag));
    assert_eq!(load(&sources).warnings, []);
}

#[test]
fn the_prefixed_name_wins_and_a_differing_alias_is_warned_of_by_name_only() {
    let loaded = load_environment(&[("SWITCHYARD_LOG_LEVEL", "error"), ("LOG_LEVEL", "debug")]);
    assert_eq!(loaded.settings.logging.level, LogLevel::Error);
    assert_eq!(warnings(&loaded), "LOG_LEVEL: differs from SWITCHYARD_LOG_LEVEL, which wins");

    let two_aliases =
        [("DATABASE_URL", "sqlite:////a.db"), ("BACKEND_DATABASE_URL", "postgresql://u:hunter2@localhost/b")];
    let loaded = load_environment(&two_aliases);
    assert_eq!(loaded.settings.database.url.to_string(), "/a.db");
    assert_eq!(warnings(&loaded), "BACKEND_DATABASE_URL: differs from DATABASE_URL, which wins");
}

#[test]
fn two_names_with_one_value_need_no_warning() {
    let loaded = load_environment(&[("SWITCHYARD_LOG_LEVEL", "debug"), ("LOG_LEVEL", " debug ")]);
    assert_eq!(loaded.warnings, []);
}

#[test]
fn the_environment_wins_over_the_dotenv_file_even_by_its_weaker_name() {
    let mut sources = environment(&[("LOG_LEVEL", "warn")]);
    sources.dotenv = Some(dotenv("SWITCHYARD_LOG_LEVEL=debug"));
    let loaded = load(&sources);
    assert_eq!(loaded.settings.logging.level, LogLevel::Warn);
    assert_eq!(warnings(&loaded), "SWITCHYARD_LOG_LEVEL: differs from LOG_LEVEL, which wins");
}

#[test]
fn an_empty_value_is_the_default_whatever_lies_below() {
    let mut sources =
        environment(&[("SWITCHYARD_LOG_LEVEL", ""), ("REGISTRATION_TOKEN", ""), ("GEMINI_API_KEY", " ")]);
    sources.file = file("settings:\n  log_level: error\n").file;
    let loaded = load(&sources);
    assert_eq!(loaded.settings.logging.level, LogLevel::Info);
    assert!(loaded.settings.accounts.registration_token.is_none());
    assert!(loaded.settings.shared_models.gemini.api_key.is_none());
}

#[test]
fn everything_wrong_is_said_at_once_with_name_place_and_text() {
    let mut sources =
        environment(&[("SWITCHYARD_MAX_ATTEMPTS", "0"), ("BACKEND_HEALTH_CHECK_ENABLED", "maybe")]);
    sources.file = file("settings:\n  drain_seconds: -5\n  listne: 127.0.0.1:1\n").file;
    sources.dotenv = Some(dotenv("\nAPI_RATE_LIMIT=60/minute\n"));
    sources.flags = vec![("workers".to_owned(), "many".to_owned())];
    let errors = refuse(&sources);
    assert_eq!(errors.exit_code(), 78);
    let text = errors.to_string();
    for line in [
        "settings.listne (switchyard.yaml line 3): is no setting (did you mean listen?)",
        "settings.drain_seconds (switchyard.yaml line 2): expected seconds from 0 to 3600, got `-5`",
        "API_RATE_LIMIT (.env line 2): expected `<n> per second|minute|hour|day` with n from 1 to 1000000, got `60/minute`",
        "SWITCHYARD_MAX_ATTEMPTS (environment): expected a whole number from 1 to 10, got `0`",
        "BACKEND_HEALTH_CHECK_ENABLED (environment): expected true or false, got `maybe`",
        "--workers (flag): expected a whole number from 1 to 1024, got `many`",
    ] {
        assert!(text.contains(line), "missing: {line}\nin: {text}");
    }
    assert_eq!(errors.problems().len(), 6);
}

#[test]
fn the_configuration_file_is_named_by_flag_before_environment_before_dotenv() {
    let mut sources = Sources { dotenv: Some(dotenv("SWITCHYARD_CONFIG=c.yaml")), ..Sources::default() };
    assert_eq!(sources.configuration_file(), Some("c.yaml".into()));
    sources.environment = environment(&[("SWITCHYARD_CONFIG", "b.yaml")]).environment;
    assert_eq!(sources.configuration_file(), Some("b.yaml".into()));
    sources.flags = vec![("config".to_owned(), "a.yaml".to_owned())];
    assert_eq!(sources.configuration_file(), Some("a.yaml".into()));
    assert_eq!(Sources::default().configuration_file(), None);
}

#[cfg(unix)]
#[test]
fn a_setting_that_is_no_text_is_named_and_other_variables_do_not_matter() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use switchyard::settings::Environment;
    let odd = || OsString::from_vec(vec![b'/', 0xff]);
    let of = |name: &str| Sources { environment: Environment::new([(name, odd())]), ..Sources::default() };
    let errors = refuse(&of("SWITCHYARD_LOG_DIR"));
    assert_eq!(errors.problems()[0].to_string(), "SWITCHYARD_LOG_DIR (environment): is not a UTF-8 text");
    assert_eq!(load(&of("PATH_OF_SOMEONE_ELSE")).warnings, []);
}

#[test]
fn one_origin_s_single_redis_variables_make_a_url() {
    use secrecy::ExposeSecret;
    let url = |pairs: &[(&str, &str)]| {
        let redis = load_environment(pairs).settings.database.redis;
        redis.map(|redis| redis.url().expose_secret().to_owned())
    };
    let all =
        [("REDIS_HOST", "r"), ("REDIS_PORT", "6380"), ("REDIS_DB", "3"), ("REDIS_PASSWORD", "p@ss/w:rd")];
    assert_eq!(url(&all).as_deref(), Some("redis://:p%40ss%2Fw%3Ard@r:6380/3"));
    assert_eq!(url(&[("REDIS_HOST", "r")]).as_deref(), Some("redis://r:6379/0"));
    assert_eq!(
        url(&[("REDIS_HOST", "r"), ("REDIS_URL", "redis://other/1")]).as_deref(),
        Some("redis://other/1")
    );
    assert_eq!(url(&[("REDIS_PORT", "6380")]), None);
    assert_eq!(
        url(&[("REDIS_HOST", "r"), ("REDIS_PORT", "tcp://10.0.0.1:6379")]).as_deref(),
        Some("redis://r:6379/0")
    );
}
