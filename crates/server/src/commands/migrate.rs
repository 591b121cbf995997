//! `switchyard migrate`

use crate::arguments::{MigrateAction, MigrateOptions};
use crate::failure::Failure;
use crate::output;
use switchyard::Builder;
use switchyard::settings::Loaded;

pub(crate) async fn run(loaded: &Loaded, options: &MigrateOptions) -> Result<(), Failure> {
    let migrations = Builder::from_settings(&loaded.settings, None)?.open_migrations().await?;
    match options.action {
        MigrateAction::Status => {
            let state = migrations.state().await?;
            state.applied.iter().for_each(|name| output::line(format!("applied  {name}")));
            state.pending.iter().for_each(|name| output::line(format!("pending  {name}")));
        }
        MigrateAction::Up => {
            let applied = migrations.up().await?;
            applied.iter().for_each(|name| output::line(format!("applied  {name}")));
            if applied.is_empty() {
                output::line("nothing waits");
            }
        }
        MigrateAction::Down { steps, yes } => {
            if !yes {
                let message =
                    "taking migrations back loses the data in what they made; add --yes if you mean it";
                return Err(Failure::refused(message));
            }
            let taken = migrations.down(steps).await?;
            taken.iter().for_each(|name| output::line(format!("taken back  {name}")));
        }
    }
    Ok(())
}
