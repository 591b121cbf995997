//! `switchyard backup`

use super::document::show;
use super::{open, writer};
use crate::arguments::BackupOptions;
use crate::failure::Failure;
use crate::output;
use switchyard::settings::Loaded;

pub(crate) async fn run(loaded: &Loaded, options: BackupOptions) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    if options.export {
        let written = match options.file {
            Some(path) => administration.backups_to(path).write().await?,
            None => administration.backups().write().await?,
        };
        output::line(&written.place);
        return match written.lost_keys {
            0 => Ok(()),
            lost => Err(Failure::runtime(format!(
                "{lost} keys are not in the backup, since no encryption key at hand opens them"
            ))),
        };
    }
    let other = options.file.map(|path| administration.backups_from(path));
    let backups = other.as_ref().unwrap_or_else(|| administration.backups());
    if options.dry_run {
        let restored = backups.preview().await?;
        show(&restored.plan, false, "would be ");
        return Ok(());
    }
    let restored = backups.restore(&writer()).await?;
    output::line(format!("Restored {} providers and {} routes", restored.providers, restored.routes));
    Ok(())
}
