//! People as the use cases are given them.

use switchyard_domain::ids::UserId;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::{Owner, RowMeta};
use switchyard_domain::role::Role;
use switchyard_domain::user::{User, Username};
use switchyard_testkit::clock::START;

/// Somebody of this role, without limits.
pub(crate) fn person(id: i64, name: &str, role: Role) -> User {
    User {
        id: UserId(id),
        username: Username::new(name).unwrap(),
        email: None,
        role,
        is_active: true,
        limits: Limits::NONE,
        last_login_at: None,
        meta: RowMeta {
            version: 1,
            owner: Owner::Api,
            created_at: START,
            updated_at: START,
            updated_by: "ada.admin".to_owned(),
        },
    }
}
