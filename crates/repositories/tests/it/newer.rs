//! A newer version of the program works beside this one, as in a rolling upgrade.

use crate::databases::shared_ones;
use switchyard_ports::repositories::{ConfigurationRepository as _, Revision};

// A list with a hole would leave a revoked key valid, and a fault would leave everything as it was.
#[tokio::test]
async fn a_change_of_a_kind_that_is_not_known_here_makes_readers_load_everything() {
    for opened in shared_ones().await {
        let known = opened.database.revision().await.unwrap();
        opened.tamper(
            "UPDATE revision SET value = value + 1; \
             INSERT INTO changes (revision, kind, object_id) SELECT value, 'team', 1 FROM revision",
        );
        assert_eq!(opened.database.changes_since(known).await.unwrap(), None);
        let newest = opened.database.revision().await.unwrap();
        assert_eq!(newest, Revision(known.0 + 1));
        assert_eq!(opened.database.changes_since(newest).await.unwrap(), Some(vec![]));
    }
}
