//! The forms of database URLs.

use crate::{load_environment, refuse_environment};
use secrecy::ExposeSecret;
use switchyard::settings::DatabaseUrl;

fn shown(url: &str) -> String {
    DatabaseUrl::parse(url).map_or_else(|reason| format!("refused: {reason}"), |url| url.to_string())
}

#[test]
fn sqlite_urls_are_read_as_sqlalchemy_reads_them() {
    for (url, place) in [
        ("sqlite:///switchyard.db", "switchyard.db"),
        ("sqlite:///./data/a.db", "./data/a.db"),
        ("sqlite:///instance/a.db", "instance/a.db"),
        ("sqlite:////var/lib/a.db", "/var/lib/a.db"),
        ("sqlite+pysqlite:////var/a.db", "/var/a.db"),
        ("SQLITE:///a.db", "a.db"),
        ("sqlite:///a.db?check_same_thread=False&timeout=5", "a.db"),
        ("sqlite://", "in memory"),
        ("sqlite:///", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ] {
        assert_eq!(shown(url), place, "{url}");
    }
    for wrong in [
        "sqlite:a.db",
        "sqlite:/a.db",
        "sqlite://a.db",
        "sqlite:///dir/",
        "sqlite:///a.db?mode=ro",
        "a.db",
        "",
    ] {
        assert!(shown(wrong).starts_with("refused"), "{wrong}: {}", shown(wrong));
    }
}

#[test]
fn postgresql_urls_show_host_and_database_and_nothing_else() {
    for (url, place) in [
        ("postgres://u:hunter2@db.example.com:5433/app", "db.example.com/app"),
        ("postgresql://db/app", "db/app"),
        ("postgresql+psycopg2://u:hunter2@db/app?sslmode=require", "db/app"),
        ("postgresql://u:hunt@er2@db/app", "db/app"),
        ("postgresql://u:hunter2@[2001:db8::1]:5432/app", "2001:db8::1/app"),
        ("postgresql://u:hunter2@a:1,b:2/app", "a,b/app"),
        ("postgresql://u:hunter2@/app?host=/run/postgresql", "/run/postgresql/app"),
        ("postgresql:///app", "localhost/app"),
        ("postgresql://u@db", "db/u"),
        ("postgresql://db?dbname=app&password=hunter2", "db/app"),
    ] {
        assert_eq!(shown(url), place, "{url}");
    }
    for wrong in [
        "postgresql:db",
        "postgresql://db:99999/a",
        "postgresql://d b/a",
        "postgresql://db/a/b",
        "mysql://db/a",
    ] {
        assert!(shown(wrong).starts_with("refused"), "{wrong}: {}", shown(wrong));
    }
}

#[test]
fn the_driver_gets_the_url_without_the_python_driver_s_name() {
    let DatabaseUrl::Postgres(url) =
        DatabaseUrl::parse("postgresql+asyncpg://u:p@db/app?sslmode=disable").unwrap()
    else {
        panic!("expected PostgreSQL")
    };
    assert_eq!(url.url().expose_secret(), "postgresql://u:p@db/app?sslmode=disable");
    assert!(!url.is_local());
}

#[test]
fn without_tls_in_the_build_another_machine_s_database_must_be_named_as_plain() {
    let check = |url: &str, tls: bool| DatabaseUrl::parse(url).unwrap().check_transport(tls);
    for fine in [
        "sqlite:///a.db",
        "postgresql://u:p@127.0.0.1/a",
        "postgresql://u:p@localhost/a?sslmode=prefer",
        "postgresql://u:p@[::1]:5432/a",
        "postgresql:///a?host=/run/postgresql",
        "postgresql:///a",
        "postgresql://u:p@db/a?sslmode=disable",
    ] {
        assert_eq!(check(fine, false), Ok(()), "{fine}");
    }
    for risky in [
        "postgresql://u:p@db/a",
        "postgresql://u:p@localhost,db/a",
        "postgresql://u:p@localhost/a?hostaddr=10.0.0.1",
        "postgresql://u:p@db/a?sslmode=prefer",
        "postgresql://u:p@localhost/a?sslmode=require",
    ] {
        let reason = check(risky, false).expect_err(risky).to_string();
        assert!(reason.contains("sslmode=disable") && !reason.contains("u:p"), "{reason}");
        assert_eq!(check(risky, true), Ok(()), "{risky}");
    }
}

#[test]
fn a_wrong_url_is_named_and_its_password_is_not() {
    for url in ["mysql://u:hunter2@db/app", "postgresql://u:hunter2@db:port/app", "sqlite:///a?key=hunter2"] {
        let text = refuse_environment(&[("DATABASE_URL", url)]).to_string();
        assert!(text.contains("DATABASE_URL (environment)") && !text.contains("hunter2"), "{text}");
    }
    let listing = load_environment(&[("DATABASE_URL", "postgresql://u:hunter2@db/app")]).listing;
    assert!(!format!("{listing:?}").contains("hunter2"));
}

#[test]
fn a_database_in_memory_is_warned_of() {
    let loaded = load_environment(&[("SWITCHYARD_DATABASE_URL", "sqlite://")]);
    assert!(crate::warnings(&loaded).contains("ends with the process"));
}

#[test]
fn a_start_without_tls_names_the_setting_of_the_database() {
    let settings = load_environment(&[("DATABASE_URL", "postgresql://u:hunter2@db/app")]).settings;
    let errors = settings.check_database_transport(false).unwrap_err();
    assert_eq!(errors.exit_code(), 78);
    assert!(errors.to_string().contains("SWITCHYARD_DATABASE_URL"), "{errors}");
    settings.check_database_transport(true).unwrap();
}
