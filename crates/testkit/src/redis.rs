//! A Redis server of the test's own: in a temporary folder, on a free port of the loopback, gone when the test is.

#![expect(clippy::panic, reason = "a test that can't have its server fails")]

use crate::port::OwnPort;
use crate::postgres::Signal;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::Duration;

/// The variable that lets a machine without Redis skip what needs it.
pub const SKIP: &str = "SWITCHYARD_SKIP_REDIS";

// Keeps the server alive exactly as long as somebody holds its standard input, so that it ends with the test however that ends. A
// stopped server takes no signal but one, hence SIGCONT first.
const KEEPER: &str = r#"
trap '' INT TERM HUP
folder=$1; shift
"$@" >>"$folder/log" 2>&1 &
server=$!
echo "$server" >"$folder/pid"
word=
read -r word
kill -CONT "$server" 2>/dev/null
kill -KILL "$server" 2>/dev/null
wait "$server" 2>/dev/null
[ "$word" = stop ] || rm -rf "$folder"
"#;

/// Where a server's certificate and its key are, in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// How a server speaks TLS beside its other port.
#[derive(Debug)]
struct Tls {
    port: OwnPort,
    files: TlsFiles,
}

/// A running (or stopped) server. It keeps nothing on the disk: what was in it is gone when it stops.
#[derive(Debug)]
pub struct PrivateRedis {
    folder: PathBuf,
    port: OwnPort,
    password: Option<String>,
    tls: Option<Tls>,
    keeper: Mutex<Option<Child>>,
    prefixes: AtomicU32,
}

impl PrivateRedis {
    /// Starts a server.
    ///
    /// `None` when [`SKIP`] is 1, and says so. Fails the test when Redis is not installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// Starts one that wants a password.
    #[must_use]
    pub fn start_with(password: Option<&str>) -> Option<Self> {
        Self::start_as(password, None)
    }

    /// Starts one that wants a password, and whose [`Self::url`] is for TLS.
    #[must_use]
    pub fn start_over_tls(password: &str, files: &TlsFiles) -> Option<Self> {
        Self::start_as(Some(password), Some(Tls { port: OwnPort::take(), files: files.clone() }))
    }

    fn start_as(password: Option<&str>, tls: Option<Tls>) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "how to run the tests is told by the environment")]
        let skip = std::env::var(SKIP).is_ok_and(|value| value == "1");
        if skip {
            let _ = writeln!(std::io::stderr(), "skipped: {SKIP}=1, so nothing of this was tried with Redis");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("switchyard-redis-").tempdir();
        let folder = folder.unwrap_or_else(|error| panic!("a temporary folder: {error}")).keep();
        let server = Self {
            folder,
            port: OwnPort::take(),
            password: password.map(str::to_owned),
            tls,
            keeper: Mutex::new(None),
            prefixes: AtomicU32::new(0),
        };
        server.start_again();
        Some(server)
    }

    /// The server that all tests of this process share; as [`Self::start`].
    #[must_use]
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<PrivateRedis>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        let login = self.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        match &self.tls {
            Some(tls) => format!("rediss://{login}127.0.0.1:{}/0", tls.port.number()),
            None => format!("redis://{login}127.0.0.1:{}/0", self.port.number()),
        }
    }

    /// The server's port on 127.0.0.1; the same for all its life.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// A prefix of keys that no other test of this process has.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("test{}:", self.prefixes.fetch_add(1, Ordering::Relaxed))
    }

    /// Hangs the server or wakes it: connections stay open, new ones are taken, and nothing is answered.
    pub fn signal(&self, signal: Signal) {
        let name = match signal {
            Signal::Stop => "-STOP",
            Signal::Continue => "-CONT",
        };
        let process = fs::read_to_string(self.folder.join("pid")).unwrap_or_default();
        let sent = Command::new("/bin/sh").args(["-c", "kill \"$@\"", "kill", name, process.trim()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the Redis server does not run");
    }

    /// Asks the server something, as words; answers the first line of what it says.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let ask = || -> std::io::Result<String> {
            let mut connection = TcpStream::connect(("127.0.0.1", self.port.number()))?;
            connection.set_read_timeout(Some(Duration::from_secs(5)))?;
            let mut reader = BufReader::new(connection.try_clone()?);
            let mut line = String::new();
            if let Some(password) = &self.password {
                connection.write_all(&encode(&["AUTH", password]))?;
                reader.read_line(&mut line)?;
                line.clear();
            }
            connection.write_all(&encode(words))?;
            reader.read_line(&mut line)?;
            Ok(line.trim_end().to_owned())
        };
        ask().unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Takes away everything that is in it.
    pub fn wipe(&self) {
        assert_eq!(self.command(&["FLUSHALL"]), "+OK");
    }

    /// Everything that is in it, keys and values, as the server would write it to its disk.
    #[must_use]
    pub fn dump(&self) -> Vec<u8> {
        assert_eq!(self.command(&["SAVE"]), "+OK");
        fs::read(self.folder.join("dump.rdb")).unwrap_or_else(|error| panic!("the dump: {error}"))
    }

    /// Ends the server at once. What was in it is gone.
    pub fn stop(&self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut keeper) = keeper {
            if let Some(mut words) = keeper.stdin.take() {
                let _ = words.write_all(b"stop\n");
            }
            let _ = keeper.wait();
        }
        let _ = fs::remove_file(self.folder.join("dump.rdb"));
    }

    /// Starts the server anew on its port, and returns once it answers.
    pub fn start_again(&self) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.is_some() {
            return;
        }
        let program = find_program().unwrap_or_else(|| {
            panic!(
                "Redis is not installed (redis-server was looked for on PATH). Install it (Debian: apt-get install \
                 redis-server), or set {SKIP}=1 to leave these tests out"
            )
        });
        let mut command = Command::new("/bin/sh");
        command.args(["-c", KEEPER, "keeper"]).arg(&self.folder).arg(program);
        command.args([
            "--port",
            &self.port.number().to_string(),
            "--bind",
            "127.0.0.1",
            "--appendonly",
            "no",
        ]);
        // Compression would hide what lies in a dump.
        command
            .args(["--save", "", "--rdbcompression", "no", "--daemonize", "no", "--dir"])
            .arg(&self.folder);
        if let Some(password) = &self.password {
            command.args(["--requirepass", password]);
        }
        if let Some(Tls { port, files }) = &self.tls {
            command.args(["--tls-port", &port.number().to_string(), "--tls-auth-clients", "no"]);
            command.arg("--tls-cert-file").arg(&files.certificate);
            command.arg("--tls-key-file").arg(&files.key);
        }
        command.current_dir(&self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        *keeper = Some(command.spawn().unwrap_or_else(|error| panic!("/bin/sh: {error}")));
        drop(keeper);
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port.number())).is_ok() {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("the Redis server did not become ready:\n{log}");
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn encode(words: &[&str]) -> Vec<u8> {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    text.into_bytes()
}

fn find_program() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where programs are is told by the environment")]
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/bin".into(), "/usr/local/bin".into()]);
    folders.map(|folder| folder.join("redis-server")).find(|program| program.is_file())
}
