//! A PostgreSQL server of the test's own: in a temporary folder, on a free port of the loopback, gone when the test is.

#![expect(clippy::panic, reason = "a test that can't have its server fails")]

use crate::port::OwnPort;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::Duration;

/// The variable that lets a machine without PostgreSQL skip what needs it.
pub const SKIP: &str = "SWITCHYARD_SKIP_POSTGRES";

const PROGRAMS: [&str; 3] = ["initdb", "postgres", "createdb"];

// Keeps the server alive exactly as long as somebody holds its standard input: `stop` ends it and keeps its data, the end of the
// input (the test process died, by whatever means) ends it at once and removes everything. Signals to the whole group of a test
// must not end the keeper before its work is done. A stopped server takes no signal but one, hence SIGCONT to all of it first.
const KEEPER: &str = r#"
trap '' INT TERM HUP
folder=$1; shift
"$@" >>"$folder/log" 2>&1 &
server=$!
word=
read -r word
kill -CONT "$server" $(cat "/proc/$server/task/$server/children" 2>/dev/null) 2>/dev/null
if [ "$word" = stop ]; then
    kill -INT "$server"
    wait "$server"
else
    kill -QUIT "$server"
    wait "$server"
    rm -rf "$folder"
fi
"#;

/// A running (or stopped) server. It trusts every connection from the loopback and does not wait for the disk.
#[derive(Debug)]
pub struct PrivatePostgres {
    programs: PathBuf,
    folder: PathBuf,
    owner: Option<User>,
    port: OwnPort,
    keeper: Mutex<Option<Child>>,
    databases: AtomicU32,
}

/// A signal that hangs the server or wakes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGSTOP: connections stay open, and nothing is answered.
    Stop,
    /// SIGCONT.
    Continue,
}

impl PrivatePostgres {
    /// Starts a server.
    ///
    /// `None` when [`SKIP`] is 1, and says so. Fails the test when PostgreSQL is not installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "how to run the tests is told by the environment")]
        let skip = std::env::var(SKIP).is_ok_and(|value| value == "1");
        if skip {
            say(&format!("skipped: {SKIP}=1, so nothing of this was tried on PostgreSQL"));
            return None;
        }
        let Some(programs) = find_programs() else {
            panic!(
                "PostgreSQL is not installed ({} were looked for on PATH and in /usr/lib/postgresql/*/bin). Install it \
                 (Debian: apt-get install postgresql), or set {SKIP}=1 to leave these tests out",
                PROGRAMS.join(", ")
            );
        };
        let owner = unprivileged_user();
        let folder = make_folder(owner.as_ref());
        let server = Self {
            programs,
            folder,
            owner,
            port: OwnPort::take(),
            keeper: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        let data = server.data();
        let arguments = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"];
        server.run(server.command("initdb").args(arguments).arg("-D").arg(data));
        server.start_again();
        Some(server)
    }

    /// The server that all tests of this process share; as [`Self::start`].
    #[must_use]
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<PrivatePostgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Makes an empty database and returns its URL.
    #[must_use]
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let port = self.port.number().to_string();
        self.run(self.command("createdb").args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", &name]));
        format!("postgres://postgres@127.0.0.1:{port}/{name}")
    }

    /// All of a database as text, as a backup has it.
    #[must_use]
    pub fn dump(&self, url: &str) -> Vec<u8> {
        let mut command = self.command("pg_dump");
        let output = command.args(["--inserts", "-d", url]).output();
        let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The server's port on 127.0.0.1; the same for all its life.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Signals the server and every process that serves one of its connections.
    pub fn signal(&self, signal: Signal) {
        let server = self.process_id();
        // The parent first, so that it makes no further children meanwhile.
        self.kill(signal, &server);
        self.signal_connections(signal);
    }

    /// Signals the processes that serve the connections of now (and those that keep house), so that old connections hang while new
    /// ones work.
    pub fn signal_connections(&self, signal: Signal) {
        let server = self.process_id();
        let children =
            fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap_or_default();
        assert!(!children.trim().is_empty(), "the PostgreSQL server has no children");
        self.kill(signal, &children);
    }

    /// Shuts the server down: open connections break, new ones are refused. Its data stay.
    pub fn stop(&self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut keeper) = keeper else { return };
        if let Some(input) = keeper.stdin.as_mut() {
            let _ = input.write_all(b"stop\n");
        }
        let _ = keeper.wait();
    }

    /// Starts the server anew on its port and its data, and returns once it takes connections.
    pub fn start_again(&self) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.is_some() {
            return;
        }
        let mut command = Command::new("/bin/sh");
        command.args(["-c", KEEPER, "keeper"]).arg(&self.folder).arg(self.programs.join("postgres"));
        command.arg("-D").arg(self.data()).args(["-p", &self.port.number().to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=32MB",
            "max_connections=100",
        ] {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.as_owner(&mut command);
        *keeper = Some(command.spawn().unwrap_or_else(|error| panic!("/bin/sh: {error}")));
        drop(keeper);
        self.wait_until_ready();
    }

    fn wait_until_ready(&self) {
        for _ in 0..600 {
            // The server writes its state into the eighth line of its pid file.
            let file = fs::read_to_string(self.pid_file()).unwrap_or_default();
            if file.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("the PostgreSQL server did not become ready within 30 s:\n{log}");
    }

    fn process_id(&self) -> String {
        let file = fs::read_to_string(self.pid_file()).unwrap_or_default();
        let Some(id) = file.lines().next() else { panic!("the PostgreSQL server does not run") };
        id.trim().to_owned()
    }

    fn kill(&self, signal: Signal, processes: &str) {
        let name = match signal {
            Signal::Stop => "-STOP",
            Signal::Continue => "-CONT",
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "kill \"$@\"", "kill", name]).args(processes.split_whitespace());
        // A connection's process may have ended by itself in the meantime.
        let _ = command.output();
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("data/postmaster.pid")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(&self.folder).env("PGCONNECT_TIMEOUT", "10").stdin(Stdio::null());
        self.as_owner(&mut command);
        command
    }

    fn as_owner(&self, command: &mut Command) {
        if let Some(user) = &self.owner {
            command.uid(user.uid).gid(user.gid);
        }
    }

    fn run(&self, command: &mut Command) {
        let Output { status, stderr, .. } =
            command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(status.success(), "{command:?}: {status}: {}", String::from_utf8_lossy(&stderr));
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut keeper) = keeper {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[derive(Clone, Copy, Debug)]
struct User {
    uid: u32,
    gid: u32,
}

/// Whom the server runs as where the tests run as root, which PostgreSQL refuses to run as.
fn unprivileged_user() -> Option<User> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !is_root {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map_while(|number| number.parse().ok());
        Some(User { uid: numbers.next()?, gid: numbers.next()? })
    };
    let user = find("postgres").or_else(|| find("nobody"));
    Some(user.unwrap_or_else(|| panic!("PostgreSQL does not run as root, and there is no user `nobody`")))
}

fn make_folder(owner: Option<&User>) -> PathBuf {
    let made = tempfile::Builder::new().prefix("switchyard-postgres-").tempdir().and_then(|folder| {
        if let Some(user) = owner {
            std::os::unix::fs::chown(folder.path(), Some(user.uid), Some(user.gid))?;
        }
        Ok(folder.keep())
    });
    made.unwrap_or_else(|error| panic!("a temporary folder: {error}"))
}

fn find_programs() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where programs are is told by the environment")]
    let path = std::env::var("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in std::env::split_paths(&path) {
        // A link to one program of the folder stands for all of them.
        folders.extend(fs::canonicalize(folder.join("postgres")).ok().and_then(|real| parent(&real)));
        folders.push(folder);
    }
    let mut packaged: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    packaged.sort_unstable();
    folders.extend(packaged.into_iter().rev());
    folders.into_iter().find(|folder| PROGRAMS.iter().all(|program| folder.join(program).is_file()))
}

fn parent(path: &Path) -> Option<PathBuf> {
    path.parent().map(Path::to_path_buf)
}

fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    if let Err(error) = writeln!(out, "{text}") {
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}
