//! Clients' files on their way: in a file without a name, which is gone with the last who holds it, even if the process is killed.

use crate::server::ServerConfig;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use std::fs::{File, Permissions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use switchyard_ports::client_call::Upload;
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::task::spawn_blocking;

/// Bytes that are written, and read, at once.
const AT_ONCE: usize = 256 * 1024;

/// Where clients' files wait, and how large they may be.
#[derive(Clone, Debug)]
pub(crate) struct Uploads {
    folder: Arc<PathBuf>,
    pub(super) most_bytes: usize,
}

impl Uploads {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        Self { folder: Arc::new(config.uploads.clone()), most_bytes: config.limits.form_bytes }
    }
}

/// A file that is being taken in.
pub(super) struct Spool {
    file: BufWriter<tokio::fs::File>,
    length: u64,
}

impl Spool {
    /// Opens a file that only this process can read.
    pub(super) async fn open(uploads: &Uploads) -> io::Result<Self> {
        let folder = Arc::clone(&uploads.folder);
        let file = spawn_blocking(move || nameless(&folder)).await??;
        Ok(Self { file: BufWriter::with_capacity(AT_ONCE, tokio::fs::File::from_std(file)), length: 0 })
    }

    pub(super) async fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.length += piece.len() as u64;
        self.file.write_all(piece).await
    }

    /// The whole file.
    pub(super) async fn close(mut self) -> io::Result<Spooled> {
        self.file.flush().await?;
        let file = self.file.into_inner().into_std().await;
        Ok(Spooled { file: Arc::new(file), length: self.length })
    }
}

fn nameless(folder: &Path) -> io::Result<File> {
    let file = tempfile::tempfile_in(folder)?;
    // It has no name to be opened by, but those who may look into the process can still reach it.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// A file that was taken in.
#[derive(Clone, Debug)]
pub(super) struct Spooled {
    file: Arc<File>,
    length: u64,
}

impl Upload for Spooled {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
        let file = Arc::clone(&self.file);
        unfold((file, range), |(file, range)| async move {
            if range.is_empty() {
                return None;
            }
            let piece = read_at(Arc::clone(&file), range.clone()).await;
            // After an error there is nothing more to read.
            let next = piece.as_ref().map_or(range.end, |piece| range.start + piece.len() as u64);
            Some((piece, (file, next..range.end)))
        })
        .boxed()
    }
}

/// The beginning of a range, by its place: others may be reading the same file.
async fn read_at(file: Arc<File>, range: Range<u64>) -> io::Result<Bytes> {
    let length = usize::try_from(range.end - range.start).unwrap_or(AT_ONCE).min(AT_ONCE);
    spawn_blocking(move || {
        let mut piece = vec![0; length];
        file.read_exact_at(&mut piece, range.start)?;
        Ok(Bytes::from(piece))
    })
    .await?
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::TryStreamExt;

    async fn spooled(folder: &Path, pieces: &[&[u8]]) -> Spooled {
        let uploads = Uploads { folder: Arc::new(folder.to_owned()), most_bytes: 0 };
        let mut spool = Spool::open(&uploads).await.unwrap();
        for piece in pieces {
            spool.push(piece).await.unwrap();
        }
        spool.close().await.unwrap()
    }

    async fn read(spooled: &Spooled, range: Range<u64>) -> Vec<u8> {
        spooled.read(range).try_collect::<Vec<Bytes>>().await.unwrap().concat()
    }

    #[tokio::test]
    async fn what_was_taken_in_is_read_again_and_again_and_leaves_no_name_behind() {
        let folder = tempfile::tempdir().unwrap();
        let large = vec![7; AT_ONCE + 5];
        let spooled = spooled(folder.path(), &[b"abc", &large, b"xyz"]).await;
        assert_eq!(spooled.length(), large.len() as u64 + 6);
        for _ in 0..2 {
            assert_eq!(read(&spooled, 0..spooled.length()).await, [b"abc", &large[..], b"xyz"].concat());
        }
        assert_eq!(read(&spooled, 1..3).await, b"bc");
        assert_eq!(read(&spooled, 3..3).await, b"");
        assert_eq!(spooled.file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has a name");
    }

    #[tokio::test]
    async fn a_file_that_is_too_short_is_an_error_and_then_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let spooled = spooled(folder.path(), &[b"abc"]).await;
        let pieces: Vec<io::Result<Bytes>> = spooled.read(0..9).collect().await;
        assert!(pieces.len() == 1 && pieces[0].is_err());
    }
}
