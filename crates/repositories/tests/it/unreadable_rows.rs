//! A row that has no meaning here, by a hand in the tables or by rules that became stricter, is switched off; all others are read.

use crate::databases;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::name::Name;
use switchyard_domain::role::Role;
use switchyard_domain::user::{Email, Username};
use switchyard_domain::virtual_key::KeyHash;
use switchyard_ports::passwords::PasswordHash;
use switchyard_ports::repositories::{NewUser, NewVirtualKey, UserRepository, VirtualKeyRepository};
use switchyard_repositories::Database;
use switchyard_testkit::contracts::repositories::author;

async fn person(database: &Database, name: &str, role: Role) -> UserId {
    let user = NewUser {
        username: Username::new(name).unwrap(),
        email: Some(Email::new(&format!("{name}@example.com")).unwrap()),
        password: PasswordHash("hash".to_owned()),
        role,
    };
    UserRepository::create(database, user, &author(0)).await.unwrap().unwrap()
}

async fn key(database: &Database, number: u8) -> VirtualKeyId {
    let key = NewVirtualKey {
        name: Name::new(format!("key-{number}")).unwrap(),
        prefix: "sy-abc".to_owned(),
        hash: KeyHash([number; 32]),
        models: Some(vec!["fast".to_owned()]),
        limits: Limits::NONE,
        expires_at: None,
        user: None,
        tags: vec!["ci".to_owned()],
        at_most: None,
        budget: None,
        is_lent: false,
    };
    VirtualKeyRepository::create(database, key, &author(0)).await.unwrap()
}

#[tokio::test]
async fn a_name_that_no_rule_lets_in_any_more_is_a_name_still() {
    for opened in databases::shared_ones().await {
        let database = &opened.database;
        let (ana, bob) =
            (person(database, "ana", Role::Admin).await, person(database, "bob", Role::Member).await);
        opened.tamper(&format!("UPDATE users SET username = 'ab', email = 'no address' WHERE id = {ana}"));
        let people = UserRepository::page(database, None, 10).await.unwrap();
        let seen: Vec<_> =
            people.iter().map(|user| (user.id, user.username.as_str(), user.is_active)).collect();
        assert_eq!(seen, [(ana, "ab", true), (bob, "bob", true)]);
        assert_eq!(people[0].role, Role::Admin);
    }
}

#[tokio::test]
async fn somebody_of_whom_something_has_no_meaning_is_switched_off_alone() {
    for opened in databases::shared_ones().await {
        let database = &opened.database;
        let ids = [
            person(database, "ana", Role::Admin).await,
            person(database, "bob", Role::Admin).await,
            person(database, "cyd", Role::Admin).await,
        ];
        opened.tamper(&format!("UPDATE users SET role = 'emperor' WHERE id = {}", ids[0]));
        opened.tamper(&format!("UPDATE users SET rpm = -1 WHERE id = {}", ids[1]));
        let people = UserRepository::page(database, None, 10).await.unwrap();
        let seen: Vec<_> = people.iter().map(|user| (user.role, user.is_active)).collect();
        assert_eq!(seen, [(Role::Member, false), (Role::Admin, false), (Role::Admin, true)]);
        let (found, _) = UserRepository::by_id(database, ids[0]).await.unwrap().unwrap();
        assert!(!found.is_active);
    }
}

#[tokio::test]
async fn a_key_of_which_something_has_no_meaning_is_switched_off_alone() {
    for opened in databases::shared_ones().await {
        let database = &opened.database;
        let mut ids = Vec::new();
        for number in 1..=5 {
            ids.push(key(database, number).await);
        }
        let short = match &opened.target {
            switchyard_repositories::DatabaseTarget::Postgres(_) => "'\\x01'::bytea",
            _ => "x'01'",
        };
        opened.tamper(&format!("UPDATE virtual_keys SET models = '{{' WHERE id = {}", ids[0]));
        opened.tamper(&format!("UPDATE virtual_keys SET tags = '7' WHERE id = {}", ids[1]));
        opened.tamper(&format!("UPDATE virtual_keys SET hash = {short} WHERE id = {}", ids[2]));
        opened.tamper(&format!("UPDATE virtual_keys SET owner = 'nobody at all' WHERE id = {}", ids[3]));
        let keys = VirtualKeyRepository::page(database, None, 10).await.unwrap();
        let seen: Vec<_> = keys.iter().map(|key| (key.id, key.is_active)).collect();
        let wanted: Vec<_> = ids.iter().map(|id| (*id, id == &ids[4])).collect();
        assert_eq!(seen, wanted);
        assert_eq!((&keys[0].models, keys[2].hash), (&Some(Vec::new()), KeyHash(hash_without_key(ids[2]))));
    }
}

fn hash_without_key(id: VirtualKeyId) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&id.0.to_be_bytes());
    hash
}
