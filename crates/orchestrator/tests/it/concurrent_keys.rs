//! Virtual keys that somebody else writes while a change of theirs is judged.

use crate::people::person;
use crate::world::{World, named};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::User;
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_orchestrator::admin::{AdminPorts, KeyAdmin, KeyChange, KeyRequest, QuotaAdmin};
use switchyard_orchestrator::error::AdminError;
use switchyard_ports::repositories::{
    Author, KeyPatch, NewVirtualKey, RepositoryError, VirtualKeyRepository,
};
use switchyard_testkit::clock::START;
use switchyard_testkit::fakes::mint::CountingMint;
use switchyard_testkit::fakes::store::MemoryStore;

/// The same keys, where somebody else writes right after each of the next times that a key is read.
struct Contended {
    store: Arc<MemoryStore>,
    patches: Mutex<VecDeque<KeyPatch>>,
}

#[async_trait]
impl VirtualKeyRepository for Contended {
    async fn create(&self, key: NewVirtualKey, author: &Author) -> Result<VirtualKeyId, RepositoryError> {
        VirtualKeyRepository::create(&*self.store, key, author).await
    }

    async fn update(
        &self,
        id: VirtualKeyId,
        patch: KeyPatch,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        VirtualKeyRepository::update(&*self.store, id, patch, author).await
    }

    async fn delete(
        &self,
        id: VirtualKeyId,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        VirtualKeyRepository::delete(&*self.store, id, expected_version, author).await
    }

    async fn page(
        &self,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<Vec<VirtualKey>, RepositoryError> {
        VirtualKeyRepository::page(&*self.store, after, limit).await
    }

    async fn page_of(
        &self,
        user: UserId,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<Vec<VirtualKey>, RepositoryError> {
        VirtualKeyRepository::page_of(&*self.store, user, after, limit).await
    }

    async fn by_ids(&self, ids: &[VirtualKeyId]) -> Result<Vec<VirtualKey>, RepositoryError> {
        let found = VirtualKeyRepository::by_ids(&*self.store, ids).await?;
        let patch = self.patches.lock().unwrap().pop_front();
        for (id, patch) in ids.iter().zip(patch) {
            self.update(*id, patch, &Author { by: Writer::API, at: START }).await?;
        }
        Ok(found)
    }

    async fn by_name(&self, name: &Name) -> Result<Vec<VirtualKey>, RepositoryError> {
        VirtualKeyRepository::by_name(&*self.store, name).await
    }

    async fn touch(&self, used: &[(VirtualKeyId, Timestamp)]) -> Result<(), RepositoryError> {
        VirtualKeyRepository::touch(&*self.store, used).await
    }
}

/// A member's own key, and what administers it while others write.
struct Scene {
    member: User,
    id: VirtualKeyId,
    contended: Arc<Contended>,
    keys: KeyAdmin,
}

impl Scene {
    async fn of() -> Self {
        let world = World::usual().await;
        let contended = Arc::new(Contended { store: Arc::clone(&world.store), patches: Mutex::default() });
        let ports = AdminPorts {
            clock: Arc::clone(&world.clock) as _,
            configuration: Arc::clone(&world.store) as _,
            audit: Arc::clone(&world.store) as _,
            keeper: None,
            backup: None,
        };
        let quotas = QuotaAdmin::new(
            ports.clone(),
            Arc::clone(&world.store) as _,
            Arc::clone(&world.store) as _,
            Arc::clone(&world.store) as _,
            Arc::clone(&world.store) as _,
        );
        let mint = Arc::new(CountingMint::default());
        let keys = KeyAdmin::new(ports, Arc::clone(&contended) as _, mint, Arc::new(quotas));
        let member = person(7, "person.7", Role::Member);
        let request = KeyRequest {
            name: named("own"),
            models: None,
            limits: Limits { rpm: Some(10), ..Limits::NONE },
            expires_at: None,
            user: Some(member.id),
            tags: Vec::new(),
            budget: None,
        };
        let id = keys.create_for(&member, request, &Writer::API).await.unwrap().id;
        Self { member, id, contended, keys }
    }

    fn while_judged(&self, patches: impl IntoIterator<Item = KeyPatch>) {
        self.contended.patches.lock().unwrap().extend(patches);
    }

    async fn change(&self, person: &User, change: KeyChange) -> Result<(), AdminError> {
        self.keys.change(person, self.id, change, &Writer::API).await.map(drop)
    }

    async fn now(&self) -> VirtualKey {
        let found = VirtualKeyRepository::by_ids(&*self.contended.store, &[self.id]).await.unwrap();
        found.into_iter().next().unwrap()
    }
}

fn lent_with(rpm: u32) -> KeyPatch {
    let limits = Limits { rpm: Some(rpm), ..Limits::NONE };
    KeyPatch { limits: Some(limits), is_lent: Some(true), ..KeyPatch::default() }
}

fn tagged(tag: &str) -> KeyPatch {
    KeyPatch { tags: Some(vec![tag.to_owned()]), ..KeyPatch::default() }
}

fn unlimited() -> KeyChange {
    KeyChange { limits: Some(Limits::NONE), ..KeyChange::default() }
}

fn is_stale(result: &Result<(), AdminError>) -> bool {
    matches!(result, Err(AdminError::Repository(RepositoryError::Stale { .. })))
}

#[tokio::test]
async fn what_an_administrator_says_of_a_key_while_its_holders_change_is_judged_holds() {
    let scene = Scene::of().await;
    scene.while_judged([lent_with(1)]);
    let refused = scene.change(&scene.member, unlimited()).await.unwrap_err();
    assert!(
        matches!(&refused, AdminError::Invalid { param: Some(param), .. } if param == "limits"),
        "{refused:?}"
    );
    assert_eq!(scene.now().await.limits.rpm, Some(1));

    let scene = Scene::of().await;
    let barred = KeyPatch { is_active: Some(false), is_barred: Some(true), ..KeyPatch::default() };
    scene.while_judged([barred]);
    let on = KeyChange { is_active: Some(true), ..KeyChange::default() };
    let refused = scene.change(&scene.member, on).await.unwrap_err();
    assert!(
        matches!(&refused, AdminError::Invalid { param: Some(param), .. } if param == "is_active"),
        "{refused:?}"
    );
    assert!(!scene.now().await.is_active);
}

#[tokio::test]
async fn a_change_that_is_allowed_all_the_same_is_made_over_what_somebody_else_wrote() {
    let scene = Scene::of().await;
    scene.while_judged([tagged("a"), tagged("b")]);
    scene.change(&scene.member, unlimited()).await.unwrap();
    let now = scene.now().await;
    assert_eq!((now.limits, now.tags), (Limits::NONE, vec!["b".to_owned()]));
}

#[tokio::test]
async fn a_key_that_is_written_all_the_time_is_told_to_its_holder_and_changed_by_an_administrator() {
    let scene = Scene::of().await;
    scene.while_judged((0..50).map(|number| tagged(&number.to_string())));
    assert!(is_stale(&scene.change(&scene.member, unlimited()).await));
    assert_eq!(scene.now().await.limits.rpm, Some(10));
    scene.change(&person(1, "person.1", Role::Admin), unlimited()).await.unwrap();
    assert_eq!(scene.now().await.limits, Limits::NONE, "whoever administers may say what they want");
}

#[tokio::test]
async fn a_version_that_was_not_the_one_that_is_judged_is_stale_also_where_it_comes_to_be() {
    let scene = Scene::of().await;
    scene.while_judged([lent_with(1)]);
    let next = scene.now().await.meta.version + 1;
    let change = KeyChange { expected_version: Some(next), ..unlimited() };
    assert!(is_stale(&scene.change(&scene.member, change).await));
    let now = scene.now().await;
    assert_eq!((now.limits.rpm, now.meta.version), (Some(1), next));
}

#[tokio::test]
async fn a_key_that_is_given_to_somebody_else_meanwhile_is_neither_changed_nor_removed() {
    let given = || KeyPatch { user: Some(Some(UserId(8))), ..KeyPatch::default() };
    let is_unknown = |result: Result<(), AdminError>| {
        matches!(result, Err(AdminError::Repository(RepositoryError::NotFound { .. })))
    };
    let scene = Scene::of().await;
    scene.while_judged([given()]);
    assert!(is_unknown(scene.change(&scene.member, unlimited()).await));
    let scene = Scene::of().await;
    scene.while_judged([given()]);
    assert!(is_unknown(scene.keys.remove(&scene.member, scene.id, None, &Writer::API).await));
    assert_eq!(scene.now().await.user, Some(UserId(8)));
}
