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
    fn other_schemes_are_refused() {
        for url in ["postgres-typo://h/db", "sqlite::memory:", "mysql://h/db", "", "postgres:/h"] {
            assert_eq!(with_defaults(url), Err(NotPostgres), "{url}");
        }
    }
}
