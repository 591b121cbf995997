//! The line that a started server says.

use crate::{load, load_environment};
use switchyard::settings::Sources;

#[test]
fn a_start_names_address_and_database_and_no_password() {
    let bound = ["127.0.0.1:3044".parse().unwrap()];
    let line = load(&Sources::default()).settings.describe_startup(&bound);
    assert_eq!(line, "listening on 127.0.0.1:3044, database ./data/switchyard.db");

    let both = ["127.0.0.1:41234".parse().unwrap(), "[::1]:41235".parse().unwrap()];
    let loaded =
        load_environment(&[("DATABASE_URL", "postgresql://app:hunter2@db.example.com:5432/switchyard")]);
    let line = loaded.settings.describe_startup(&both);
    assert_eq!(line, "listening on 127.0.0.1:41234, [::1]:41235, database db.example.com/switchyard");
}
