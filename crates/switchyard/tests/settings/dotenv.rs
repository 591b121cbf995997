//! The `.env` file.

use crate::{dotenv, load, warnings};
use std::path::Path;
use switchyard::settings::{DotEnv, DotEnvError, LineFault, LogLevel, Sources};

/// What a value of `.env` is read as, seen through a setting that takes any name.
fn read(value: &str) -> String {
    let text = format!("SWITCHYARD_GROK_MODEL={value}\n");
    load(&Sources { dotenv: Some(dotenv(&text)), ..Sources::default() }).settings.shared_models.grok.model
}

#[test]
fn values_are_bare_or_quoted_and_never_interpolated() {
    for (value, meaning) in [
        ("grok-4", "grok-4"),
        ("  grok-4  ", "grok-4"),
        ("grok-4 # the newest", "grok-4"),
        ("grok#4", "grok#4"),
        ("'grok # $HOME \\n'", "grok # $HOME \\n"),
        ("\"grok # 4\" # quoted", "grok # 4"),
        (r#""a \"b\" \\ \$c""#, r#"a "b" \ $c"#),
        (r#""a\q""#, r"a\q"),
        ("a=b=c", "a=b=c"),
        ("$HOME", "$HOME"),
        ("${HOME}", "${HOME}"),
        ("it's", "it's"),
    ] {
        assert_eq!(read(value), meaning, "{value}");
    }
}

#[test]
fn comments_blank_lines_exports_carriage_returns_and_a_mark_at_the_start_are_understood() {
    let text =
        "\u{feff}# levels\r\n\r\n  export  LOG_LEVEL = debug \r\nexport SWITCHYARD_WORKERS=2\r\nOTHER=x\r\n";
    let loaded = load(&Sources { dotenv: Some(dotenv(text)), ..Sources::default() });
    assert_eq!((loaded.settings.logging.level, loaded.settings.server.workers), (LogLevel::Debug, Some(2)));
    assert_eq!(loaded.warnings, []);
}

#[test]
fn a_line_that_is_no_assignment_is_named_by_number_and_not_shown() {
    for (line, expected) in [
        ("SECRET_KEY hunter2", LineFault::NoAssignment),
        ("1KEY=hunter2", LineFault::Name),
        ("=hunter2", LineFault::Name),
        ("MY-KEY=hunter2", LineFault::Name),
        ("KEY='hunter2", LineFault::OpenQuote),
        ("KEY=\"hunter2\\\"", LineFault::OpenQuote),
        ("KEY='hunter2' and more", LineFault::AfterQuote),
    ] {
        let error = DotEnv::parse(Path::new(".env"), &format!("A=1\n\n{line}\n"), false).unwrap_err();
        let DotEnvError::Malformed { line: at, fault, .. } = &error else { panic!("{error}") };
        assert_eq!((*at, *fault), (3, expected), "{line}");
        assert!(
            error.to_string().starts_with(".env line 3: ") && !error.to_string().contains("hunter2"),
            "{error}"
        );
    }
}

#[test]
fn of_two_lines_for_one_name_the_last_counts_and_a_difference_is_warned_of() {
    let of = |text: &str| load(&Sources { dotenv: Some(dotenv(text)), ..Sources::default() });
    let loaded = of("LOG_LEVEL=debug\nLOG_LEVEL=error\n");
    assert_eq!(loaded.settings.logging.level, LogLevel::Error);
    assert_eq!(warnings(&loaded), "LOG_LEVEL: stands in .env twice; line 2 counts");
    assert_eq!(of("LOG_LEVEL=debug\nLOG_LEVEL=debug\n").warnings, []);
}

#[test]
fn a_missing_file_is_none_and_an_unreadable_one_an_error() {
    let directory = tempfile::tempdir().unwrap();
    assert!(DotEnv::read(&directory.path().join(".env")).unwrap().is_none());
    assert!(matches!(DotEnv::read(directory.path()), Err(DotEnvError::Unreadable { .. })));
}

#[cfg(unix)]
#[test]
fn a_file_that_every_user_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    std::fs::write(&path, "LOG_LEVEL=debug\n").unwrap();
    let warned = |mode: u32| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let loaded = load(&Sources { dotenv: DotEnv::read(&path).unwrap(), ..Sources::default() });
        assert_eq!(loaded.settings.logging.level, LogLevel::Debug);
        warnings(&loaded)
    };
    assert!(warned(0o644).contains("chmod 600"), "{}", warned(0o644));
    assert_eq!(warned(0o600), "");
    assert_eq!(warned(0o640), "");
}
