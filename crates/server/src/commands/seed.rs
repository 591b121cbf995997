//! `switchyard seed`

use super::open;
use crate::failure::Failure;
use crate::output;
use switchyard::settings::Loaded;

pub(crate) async fn run(loaded: &Loaded) -> Result<(), Failure> {
    let added = open(loaded).await?.seeding()?.add_missing().await?;
    added.iter().for_each(|what| output::line(format!("added {what}")));
    if added.is_empty() {
        output::line("nothing is missing");
    }
    Ok(())
}
