//! For build scripts: packs a file of the repository, so that the binary carries it small.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Packs the file at `source`, a path from the crate's folder, into `packed` in the crate's `OUT_DIR`.
pub(crate) fn pack(source: &str, packed: &str) -> io::Result<()> {
    println!("cargo::rerun-if-changed={source}");
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let mut packer = GzEncoder::new(File::create(Path::new(&folder).join(packed))?, Compression::best());
    packer.write_all(&fs::read(source)?)?;
    packer.finish()?.flush()
}
