//! What we add to a PostgreSQL URL: bounds on how long a connection may be silent.

/// Parameters that are added unless the URL names them. A connection attempt takes at most three seconds a host; a peer that
/// vanished is noticed within ten.
const DEFAULTS: [(&str, &str); 6] = [
    ("application_name", "switchyard"),
    ("connect_timeout", "3"),
    ("tcp_user_timeout", "5000"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "2"),
];

/// Not a PostgreSQL URL. Says nothing of what it is instead: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a PostgreSQL URL begins with postgres:// or postgresql://")]
pub(crate) struct NotPostgres;

/// The URL with our defaults behind its own parameters.
///
/// Worked on as text: libpq reads lists of hosts, which no URL parser takes.
pub(crate) fn with_defaults(url: &str) -> Result<String, NotPostgres> {
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(NotPostgres);
    }
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let named = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let mut whole = url.to_owned();
    for (name, value) in DEFAULTS.into_iter().filter(|(name, _)| !named(name)) {
        let mark = match whole.chars().last() {
            Some('?' | '&') => "",
            _ if whole.contains('?') => "&",
            _ => "?",
        };
        whole.push_str(&format!("{mark}{name}={value}"));
    }
    Ok(whole)
}

/// Whether a complaint of libpq's about a URL may hold a piece of the password: it repeats what it can't decode, and takes what
/// stands behind a bare `@` or `/` for a host, a port or a database.
pub(crate) fn may_repeat_password(url: &str, complaint: &str) -> bool {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let credentials = place.rsplit_once('@').map_or("", |(credentials, _)| credentials);
    let query = place.split_once('?').map_or("", |(_, query)| query);
    let names_password = query.split('&').any(|pair| pair.starts_with("password="));
    let is_about_the_text = !complaint.starts_with("connection to server");
    credentials.contains(['/', '@']) || (is_about_the_text && (names_password || has_bare_percent(url)))
}

fn has_bare_percent(url: &str) -> bool {
    let is_encoded = |rest: &str| {
        let mut digits = rest.bytes().take(2);
        let mut is_digit = || digits.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        is_digit() && is_digit() && !rest.starts_with("00")
    };
    url.split('%').skip(1).any(|rest| !is_encoded(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_its_own_parameters_and_gains_the_others() {
        let url = with_defaults("postgres://u:p@a,b:5433/db?connect_timeout=9&sslmode=require").unwrap();
        assert!(url.starts_with("postgres://u:p@a,b:5433/db?connect_timeout=9&sslmode=require&"));
        assert_eq!(url.matches("connect_timeout").count(), 1);
        assert!(url.contains("&tcp_user_timeout=5000"));
        assert!(with_defaults("postgresql://h/db").unwrap().contains("/db?application_name=switchyard&"));
        assert!(with_defaults("postgresql://h/db?").unwrap().contains("/db?application_name=switchyard&"));
    }

    #[test]
    fn a_complaint_about_a_password_that_is_not_encoded_may_repeat_it() {
        let about_text = "invalid percent-encoded token: \"p%zz\"";
        let refused = "connection to server at \"h\", port 5432 failed: Connection refused";
        for (url, refused_too) in [
            ("postgres://u:p%zz@h/db", false),
            ("postgres://u:100%@h/db", false),
            ("postgres://u:p%00@h/db", false),
            ("postgres://h/db?user=u&password=p&w", false),
            ("postgres://u:p/w@h/db", true),
            ("postgres://u:p@w@h/db", true),
        ] {
            assert!(may_repeat_password(url, about_text), "{url}");
            assert_eq!(may_repeat_password(url, refused), refused_too, "{url}");
        }
        for url in [
            "postgres://u:p%25w%2F%40@h:5433/db?sslmode=require",
            "postgres://u:p@%2Fvar%2Frun/db",
            "postgres:///db?host=/var/run",
            "postgres://h",
        ] {
            assert!(!may_repeat_password(url, about_text), "{url}");
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in ["postgres-typo://h/db", "sqlite::memory:", "mysql://h/db", "", "postgres:/h"] {
            assert_eq!(with_defaults(url), Err(NotPostgres), "{url}");
        }
    }
}
