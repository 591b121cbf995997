//! What every place of a backup does.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use switchyard_ports::backup_file::{BackupFile, MOST_BACKUP_BYTES};

/// What every place of a backup does; `make` gives one where nothing is yet, and what must stay while it is used.
pub fn contract<T, F: BackupFile>(make: impl Fn() -> (T, F)) {
    let (_kept, file) = make();
    assert_eq!(file.read().unwrap(), None, "nothing is there yet");
    assert!(file.set_aside().is_err(), "there is nothing to set aside");
    file.write("first").unwrap();
    assert_eq!(file.read().unwrap().as_deref(), Some("first"));
    let aside = file.set_aside().unwrap();
    assert_ne!(aside, file.place());
    file.write("second, and longer").unwrap();
    assert_eq!(file.read().unwrap().as_deref(), Some("second, and longer"));
    assert_ne!(file.set_aside().unwrap(), aside, "what was set aside stays");
    let too_long = "x".repeat(usize::try_from(MOST_BACKUP_BYTES).unwrap() + 1);
    assert!(file.write(&too_long).is_err());
    assert_eq!(file.read().unwrap().as_deref(), Some("second, and longer"));
}
