//! How whoever runs the machine gets in: `admin link`, `admin token`, and the link that a start leaves in the data directory.

use crate::place::{Ended, Place, Server, eventually};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

const PASSWORD: &str = "Gravel-Otter-7";

/// A server that can be asked.
struct Running {
    place: Place,
    address: SocketAddr,
    _server: Server,
}

impl Running {
    fn start(place: Place) -> Self {
        let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let place = place.set("SWITCHYARD_LISTEN", address.to_string());
        let mut command = place.command();
        command.arg("serve");
        let log = std::fs::File::create(place.path("log")).unwrap();
        let server = Server::spawn(command.stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null()));
        let running = Self { place, address, _server: server };
        eventually(|| {
            running.try_ask("GET", "/health/ready", None, &Value::Null).is_some_and(|(s, _)| s == 200)
        });
        running
    }

    fn logged(&self) -> String {
        std::fs::read_to_string(self.place.path("log")).unwrap()
    }

    fn try_ask(&self, method: &str, path: &str, bearer: Option<&str>, body: &Value) -> Option<(u16, Value)> {
        let mut connection = TcpStream::connect(self.address).ok()?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let bearer = bearer.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: yard\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{bearer}\r\n{body}",
            body.len()
        );
        connection.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    fn ask(&self, method: &str, path: &str, bearer: Option<&str>, body: &Value) -> (u16, Value) {
        self.try_ask(method, path, bearer, body).expect("an answer")
    }

    fn follow(&self, token: &str, name: &str) -> u16 {
        let body = json!({"token": token, "username": name, "password": PASSWORD});
        self.ask("POST", "/api/v1/auth/setup", None, &body).0
    }

    /// The actions and objects of the audit log that are about these objects, the oldest first.
    fn audit(&self, bearer: &str, action: &str) -> Vec<(String, String)> {
        let (status, page) =
            self.ask("GET", &format!("/api/v1/audit?action={action}&limit=100"), Some(bearer), &Value::Null);
        assert_eq!(status, 200, "{page}");
        let items = page.get("items").and_then(Value::as_array).unwrap().iter().rev();
        items.map(|entry| (text(&entry["actor"]), text(&entry["object"]))).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What stands behind the `#` of a link.
fn token_of(url: &str) -> &str {
    url.lines()
        .next()
        .and_then(|line| line.split_once("/setup#"))
        .unwrap_or_else(|| panic!("no link: {url}"))
        .1
}

fn link(place: &Place) -> Value {
    let made = place.say("admin link --json");
    assert_eq!(made.code, 0, "{made:?}");
    made.json()
}

#[test]
fn a_start_leaves_a_link_in_a_file_that_only_its_owner_reads_and_in_no_log() {
    let running = Running::start(Place::new());
    let path = running.place.path("data/setup-link");
    let url = std::fs::read_to_string(&path).unwrap();
    assert!(url.starts_with(&format!("http://{}/setup#", running.address)), "{url}");
    assert!(url.contains(&format!("curl -X POST http://{}/api/v1/auth/setup", running.address)), "{url}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let logged = running.logged();
    assert!(logged.contains("setup-link") && !logged.contains(token_of(&url)), "{logged}");
    assert_eq!(running.follow(token_of(&url), "ada.admin"), 200);
    assert_eq!(running.follow(token_of(&url), "eve.other"), 400, "once");
}

#[test]
fn a_link_file_that_others_could_read_is_replaced_at_the_next_start() {
    let place = Place::new();
    place.say("admin link").good();
    let path = place.path("data/setup-link");
    std::fs::write(&path, "http://127.0.0.1/setup#planted").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let running = Running::start(place);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let url = std::fs::read_to_string(&path).unwrap();
    assert_ne!(token_of(&url), "planted");
    assert_eq!(running.follow("planted", "eve.other"), 400);
    assert_eq!(running.follow(token_of(&url), "ada.admin"), 200);
}

#[test]
fn a_new_link_is_shown_though_its_file_can_not_be_written() {
    let running = Running::start(Place::new());
    std::fs::create_dir(running.place.path("data/setup-link.new")).unwrap();
    let made = running.place.say("admin link");
    assert!(made.code != 0 && made.err.contains("setup-link can't be written"), "{made:?}");
    assert_eq!(running.follow(token_of(made.out.lines().next().unwrap()), "ada.admin"), 200);
}

#[test]
fn a_new_link_ends_the_earlier_ones_and_there_is_none_once_somebody_administers() {
    let running = Running::start(Place::new());
    let at_start = std::fs::read_to_string(running.place.path("data/setup-link")).unwrap();
    let (first, second) = (link(&running.place), link(&running.place));
    let shown = running.place.say("admin link").good();
    assert!(shown.contains("/setup#") && shown.contains("curl -X POST"), "{shown}");
    let third = token_of(shown.lines().next().unwrap());
    for old in [token_of(&at_start), first["token"].as_str().unwrap(), second["token"].as_str().unwrap()] {
        assert_eq!(running.follow(old, "eve.other"), 400);
    }
    let kept = std::fs::read_to_string(running.place.path("data/setup-link")).unwrap();
    assert_eq!(token_of(&kept), third, "the file has the link that counts");
    assert_eq!(
        second["url"].as_str().unwrap().split_once("/setup#").unwrap().0,
        format!("http://{}", running.address)
    );
    assert_eq!(token_of(second["url"].as_str().unwrap()), second["token"].as_str().unwrap());
    assert_eq!(running.follow(third, "ada.admin"), 200);
    let refused = running.place.say("admin link");
    assert_ne!(refused.code, 0);
    assert!(refused.err.contains("there is an administrator already"), "{refused:?}");
    assert!(
        refused.err.contains("switchyard admin token") && !refused.out.contains("/setup#"),
        "{refused:?}"
    );
}

#[test]
fn a_token_lets_an_administrator_in_for_a_short_time_and_nobody_else() {
    let running = Running::start(Place::new());
    let none = running.place.say("admin token");
    assert_eq!(none.code, 4, "{none:?}");
    assert!(none.err.contains("switchyard admin link"), "{none:?}");
    let first = link(&running.place);
    assert_eq!(running.follow(first["token"].as_str().unwrap(), "ada.admin"), 200);

    let whole = running.place.say("admin token --json").json();
    assert_eq!((&whole["token_type"], &whole["username"]), (&json!("Bearer"), &json!("ada.admin")));
    assert!((1..=900).contains(&whole["expires_in"].as_u64().unwrap()), "{whole}");
    assert!(whole.get("refresh_token").is_none(), "it can't be refreshed: {whole}");
    let bare = running.place.say("admin token --user ADA.admin").good();
    assert_eq!(bare.lines().count(), 1, "a script takes it as it is");
    for token in [whole["access_token"].as_str().unwrap(), bare.trim()] {
        let (status, me) = running.ask("GET", "/api/v1/auth/me", Some(token), &Value::Null);
        assert_eq!((status, &me["user"]["role"]), (200, &json!("admin")), "{me}");
    }
    let nobody: Ended = running.place.say("admin token --user eve.other");
    assert_eq!((nobody.code, nobody.out.as_str()), (4, ""), "{nobody:?}");
    assert!(!running.logged().contains(bare.trim()));
}

#[test]
fn who_made_a_link_or_a_token_stands_in_the_audit_log() {
    let running = Running::start(Place::new());
    let made = link(&running.place);
    assert_eq!(running.follow(made["token"].as_str().unwrap(), "ada.admin"), 200);
    let token = running.place.say("admin token").good();
    let links: Vec<_> = running
        .audit(token.trim(), "create")
        .into_iter()
        .filter(|(_, object)| object == "link:setup")
        .collect();
    assert_eq!(links.len(), 2, "the start's and the command's: {links:?}");
    let (by, _) = links.last().unwrap();
    assert_eq!(by, "cli:ada");
    let sessions = running.audit(token.trim(), "sign_in");
    let [(by, session)] = &sessions[..] else { panic!("{sessions:?}") };
    assert!(by == "cli:ada" && session.starts_with("session:"), "{sessions:?}");
    running.place.say("audit verify").good();
}
