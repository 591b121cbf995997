//! The binary as a server that runs, asked over its socket.

use crate::place::{Place, Server, eventually};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

pub(crate) const ADMIN: &str = "ada.admin";
pub(crate) const PASSWORD: &str = "Gravel-Otter-77";

/// What was answered.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A server, and the directory that it runs in.
pub(crate) struct Running {
    pub(crate) place: Place,
    pub(crate) address: SocketAddr,
    server: Server,
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Running {
    /// In this directory, on a port of its own.
    pub(crate) fn start(place: Place) -> Self {
        let address = free_address();
        Self::at(place.set("SWITCHYARD_LISTEN", address.to_string()), address)
    }

    /// In this directory, whose settings make it listen here.
    pub(crate) fn at(place: Place, address: SocketAddr) -> Self {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(place.path("log")).unwrap();
        let server = Server::spawn(place.command().stdout(std::process::Stdio::null()).stderr(log));
        let running = Self { place, address, server };
        eventually(|| {
            TcpStream::connect(address).is_ok() && running.ask("GET", "/ping", &[], "").status == 200
        });
        running
    }

    /// Ends it, and gives its directory back.
    pub(crate) fn end(mut self) -> Place {
        self.server.signal("TERM");
        assert!(self.server.ended_within(Duration::from_secs(30)).is_some(), "{}", self.log());
        self.place
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        self.server.signal(name);
    }

    /// The process' id.
    pub(crate) fn id(&self) -> u32 {
        self.server.id()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.place.path("log")).unwrap()
    }

    /// Asks over a connection of its own.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Heard {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{headers}\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        let _refused_already = stream.write_all(body.as_bytes());
        let mut answer = String::new();
        let _cut_after_a_refusal = stream.read_to_string(&mut answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let head = head.to_owned();
        let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        Heard { status, body: if is_chunked { unchunked(body) } else { body.to_owned() }, head }
    }

    /// Signs the administrator in: the access token and the refresh token.
    pub(crate) fn sign_in(&self) -> (String, String) {
        let body = format!(r#"{{"username":"{ADMIN}","password":"{PASSWORD}"}}"#);
        let heard = self.ask("POST", "/api/auth/login", &[], &body);
        assert_eq!(heard.status, 200, "{heard:?}");
        let token = |name: &str| heard.json()[name].as_str().unwrap().to_owned();
        (token("access_token"), token("refresh_token"))
    }

    /// Asks with a bearer token.
    pub(crate) fn ask_as(&self, token: &str, method: &str, path: &str, body: &str) -> Heard {
        self.ask(method, path, &[("authorization", &format!("Bearer {token}"))], body)
    }
}

fn unchunked(body: &str) -> String {
    let (mut whole, mut rest) = (String::new(), body);
    while let Some((size, more)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(piece) = more.get(..size).filter(|_| size > 0) else { break };
        whole.push_str(piece);
        rest = more.get(size + 2..).unwrap_or_default();
    }
    whole
}

/// A directory whose server has an administrator.
pub(crate) fn administered() -> Place {
    Place::new().set("SWITCHYARD_ADMIN_USERNAME", ADMIN).set("SWITCHYARD_ADMIN_PASSWORD", PASSWORD)
}
