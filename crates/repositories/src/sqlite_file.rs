//! The SQLite file on disk.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

/// Makes the file, readable by its owner alone (SQLite gives its companion files the same mode), and returns what SQLite is to
/// open.
pub(crate) fn prepare(path: &Path) -> io::Result<String> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
    let text = path.to_str().ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "the path of the SQLite file is not UTF-8")
    })?;
    // A relative path may look like one of the URLs that SQLite reads (`file:...`).
    Ok(if path.is_absolute() { text.to_owned() } else { format!("./{text}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_never_read_as_a_url() {
        let error = prepare(Path::new("file:absent/x")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(prepare(Path::new("Cargo.toml")).unwrap(), "./Cargo.toml");
    }
}
