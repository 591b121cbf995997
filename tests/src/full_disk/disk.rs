//! Ways to have a full disk that is nobody else's.

use crate::installation::{Installation, ServerProcess};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A way to have a full disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullDisk {
    /// The journal stands on a file system of 1 MiB that somebody else fills. It is mounted for the server's eyes only, and
    /// gone with it.
    SmallFileSystem,
    /// No file can be written any more, those of the database and the log included: the process may not let files grow.
    NoFileGrows,
}

impl FullDisk {
    /// Both.
    pub const ALL: [Self; 2] = [Self::SmallFileSystem, Self::NoFileGrows];

    /// Whether this machine allows it.
    #[must_use]
    pub fn is_possible(self) -> bool {
        match self {
            Self::SmallFileSystem => {
                let folder = tempfile::tempdir().expect("a folder");
                let mut command = Command::new("/bin/sh");
                command.args(["-c", &mounting(), "try", "true"]).env("MOUNT_AT", folder.path());
                command.output().is_ok_and(|output| output.status.success())
            }
            Self::NoFileGrows => Command::new("prlimit").arg("--version").output().is_ok(),
        }
    }

    /// Starts the server so that its disk can be filled.
    ///
    /// # Panics
    /// When a directory can't be made.
    #[must_use]
    pub fn start(self, installation: &Installation) -> ServerProcess {
        match self {
            Self::SmallFileSystem => {
                std::fs::create_dir_all(installation.journal()).expect("the journal's directory");
                let at = installation.journal().display().to_string();
                installation.start_by(&format!("MOUNT_AT='{at}'; export MOUNT_AT; {}", mounting()))
            }
            // The signal that comes with it would end the process; ignored, it stays ignored in what the shell becomes.
            Self::NoFileGrows => installation.start_by("trap '' XFSZ; exec \"$@\""),
        }
    }

    /// Fills the disk of a server.
    ///
    /// # Panics
    /// When it can't be filled.
    #[must_use]
    pub fn fill(self, installation: &Installation, server: u32) -> Filling {
        match self {
            Self::SmallFileSystem => {
                let journal = installation.journal();
                let inside = journal.strip_prefix("/").expect("an absolute path");
                Filling::Ballast(Ballast::begin(&Path::new(&format!("/proc/{server}/root")).join(inside)))
            }
            Self::NoFileGrows => {
                let limit = Limit { server };
                limit.set("0:unlimited");
                Filling::Limit(limit)
            }
        }
    }
}

impl fmt::Display for FullDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SmallFileSystem => "the journal's file system is full",
            Self::NoFileGrows => "no file of the server can grow",
        })
    }
}

/// A script that runs `"$@"` with a small file system of its own at `$MOUNT_AT`. Whoever is not root becomes it in a name
/// space of his own, where that is allowed.
fn mounting() -> String {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let user = if is_root { "" } else { "--user --map-root-user" };
    format!(
        "exec unshare {user} --mount --propagation private /bin/sh -c \
         'mount -t tmpfs -o size=1m,mode=0700 tmpfs \"$MOUNT_AT\" && exec \"$@\"' mounted \"$@\""
    )
}

/// A disk that is full until told otherwise.
#[derive(Debug)]
pub enum Filling {
    /// Filled by a file.
    Ballast(Ballast),
    /// Filled by a limit.
    Limit(Limit),
}

impl Filling {
    /// Makes space again.
    pub fn free(self) {
        match self {
            Self::Ballast(ballast) => ballast.end(),
            Self::Limit(limit) => limit.set("unlimited:unlimited"),
        }
    }
}

/// A file that takes all space, and what becomes free, too.
#[derive(Debug)]
pub struct Ballast {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    growing: JoinHandle<()>,
}

impl Ballast {
    fn begin(folder: &Path) -> Self {
        let path = folder.join("ballast");
        let mut file = OpenOptions::new().create(true).append(true).open(&path).expect("a file");
        grow(&mut file);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let growing = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                grow(&mut file);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self { path, stop, growing }
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.growing.join().expect("the ballast grows");
        std::fs::remove_file(self.path).expect("the ballast goes");
    }
}

/// Grows until there is no space.
fn grow(file: &mut File) {
    while file.write_all(&[0; 4096]).is_ok() {}
}

/// The limit of a process on the size of its files.
#[derive(Debug)]
pub struct Limit {
    server: u32,
}

impl Limit {
    fn set(&self, limit: &str) {
        let process = self.server.to_string();
        let set = Command::new("prlimit").args(["--pid", &process, &format!("--fsize={limit}")]).status();
        assert!(set.is_ok_and(|status| status.success()), "the limit can't be set");
    }
}
