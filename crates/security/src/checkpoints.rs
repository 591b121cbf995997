//! The file of the audit log's checkpoints: one line each, `v1 <place> <milliseconds> <key id> <hash> <seal>`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use switchyard_domain::audit::Checkpoint;
use switchyard_domain::time::Timestamp;
use switchyard_ports::audit_seal::{CheckpointStore, Thinning};

/// The file's name in the data directory.
pub const CHECKPOINT_FILE: &str = "audit.checkpoints";
const VERSION: &str = "v1";
/// A line is some 200 bytes long.
const LONGEST_LINE: u64 = 1_024;

/// Checkpoints in a file. Processes take turns when they change it.
#[derive(Debug)]
pub struct CheckpointFile {
    path: PathBuf,
}

impl CheckpointFile {
    /// The file of this name; made when the first checkpoint is added.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl CheckpointStore for CheckpointFile {
    fn add(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let _lock = self.lock()?;
        let mut file =
            OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(&self.path)?;
        drop_torn_line(&mut file)?;
        file.write_all(line(checkpoint).as_bytes())?;
        file.sync_data()
    }

    fn all(&self) -> io::Result<Vec<Checkpoint>> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            text => text?,
        };
        // A line without its end was cut short by a crash.
        let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        whole.map(|line| parsed(line).ok_or_else(|| self.unreadable(line))).collect()
    }

    fn thin(&self, thinning: Thinning<'_>) -> io::Result<()> {
        let _lock = self.lock()?;
        let all = self.all()?;
        let many = all.len();
        let kept = thinning(all);
        if kept.len() == many {
            return Ok(());
        }
        let text: String = kept.iter().map(line).collect();
        let temporary = beside(&self.path, ".tmp");
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl CheckpointFile {
    /// Held by whoever changes the file, which gets another inode when it is thinned.
    fn lock(&self) -> io::Result<File> {
        let path = beside(&self.path, ".lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        file.lock()?;
        Ok(file)
    }

    fn unreadable(&self, line: &str) -> io::Error {
        let shown: String =
            line.chars().take(40).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let what = format!("{}: `{shown}` is no checkpoint", self.path.display());
        io::Error::new(ErrorKind::InvalidData, what)
    }
}

/// Takes away a last line that was cut short by a crash, so that the next one does not continue it.
fn drop_torn_line(file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(LONGEST_LINE);
    file.seek(SeekFrom::Start(start))?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |place| place + 1);
    if whole < text.len() { file.set_len(start + whole as u64) } else { Ok(()) }
}

fn line(checkpoint: &Checkpoint) -> String {
    let Checkpoint { sequence, hash, at, key_id, seal } = checkpoint;
    format!("{VERSION} {sequence} {} {key_id} {} {}\n", at.0, hex::encode(hash), hex::encode(seal))
}

fn parsed(line: &str) -> Option<Checkpoint> {
    let mut parts = line.split(' ');
    let mut part = || parts.next();
    if part()? != VERSION {
        return None;
    }
    let checkpoint = Checkpoint {
        sequence: part()?.parse().ok()?,
        at: Timestamp(part()?.parse().ok()?),
        key_id: part()?.to_owned(),
        hash: hex::decode(part()?).ok()?,
        seal: hex::decode(part()?).ok()?,
    };
    parts.next().is_none().then_some(checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn checkpoint(sequence: i64) -> Checkpoint {
        let (hash, seal) = (vec![1, 2, 254], vec![9; 32]);
        Checkpoint { sequence, hash, at: Timestamp(77), key_id: "0a1b2c3d".to_owned(), seal }
    }

    #[test]
    fn what_is_added_is_there_in_its_order_and_nobody_elses_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CHECKPOINT_FILE);
        let file = CheckpointFile::new(path.clone());
        assert_eq!(file.all().unwrap(), []);
        file.add(&checkpoint(3)).unwrap();
        file.add(&checkpoint(9)).unwrap();
        assert_eq!(file.all().unwrap(), [checkpoint(3), checkpoint(9)]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_thinned_file_holds_what_stayed_and_takes_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CHECKPOINT_FILE);
        let file = CheckpointFile::new(path.clone());
        (1..=20).for_each(|place| file.add(&checkpoint(place)).unwrap());
        let many = fs::metadata(&path).unwrap().len();
        file.thin(&|all| all.into_iter().filter(|one| one.sequence % 10 == 0).collect()).unwrap();
        assert_eq!(file.all().unwrap(), [checkpoint(10), checkpoint(20)]);
        assert!(fs::metadata(&path).unwrap().len() < many / 5);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        file.add(&checkpoint(21)).unwrap();
        assert_eq!(file.all().unwrap(), [checkpoint(10), checkpoint(20), checkpoint(21)]);
    }

    #[test]
    fn a_line_that_is_none_is_told_and_one_that_was_cut_short_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CHECKPOINT_FILE);
        let file = CheckpointFile::new(path.clone());
        file.add(&checkpoint(3)).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"v1 4 77 0a").unwrap();
        assert_eq!(file.all().unwrap(), [checkpoint(3)]);
        file.add(&checkpoint(4)).unwrap();
        assert_eq!(file.all().unwrap(), [checkpoint(3), checkpoint(4)]);
        fs::write(&path, "v1 three 77 0a1b2c3d 00 00\n").unwrap();
        assert_eq!(file.all().unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
