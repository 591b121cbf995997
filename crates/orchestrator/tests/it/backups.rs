//! The backup of providers and routes.

use crate::world::{Setting, World, named};
use std::sync::Arc;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_orchestrator::admin::{AdminPorts, DeclaredConfiguration, DocumentFormat, Step};
use switchyard_orchestrator::backup::{BackupPorts, BackupWriter, Backups, RestoreError};
use switchyard_ports::repositories::{ConfigurationRepository, ProviderPatch};
use switchyard_ports::vault::KeyRotation;
use switchyard_testkit::fakes::backup_file::MemoryBackupFile;

/// A world whose providers and routes are backed up.
struct Kept {
    world: World,
    file: MemoryBackupFile,
    writer: Arc<BackupWriter>,
    backups: Backups,
    declared: Arc<DeclaredConfiguration>,
}

impl Kept {
    fn over(world: World, file: &MemoryBackupFile) -> Self {
        let writer = Arc::new(BackupWriter::new(BackupPorts {
            clock: Arc::clone(&world.clock) as _,
            configuration: Arc::clone(&world.store) as _,
            audit: Arc::clone(&world.store) as _,
            vault: Arc::clone(&world.vault) as _,
            file: Arc::new(file.clone()),
        }));
        let ports = AdminPorts {
            clock: Arc::clone(&world.clock) as _,
            configuration: Arc::clone(&world.store) as _,
            audit: Arc::clone(&world.store) as _,
            keeper: Some(Arc::clone(&world.keeper)),
            backup: Some(Arc::clone(&writer)),
        };
        let declared = Arc::new(DeclaredConfiguration::new(ports, Arc::clone(&world.providers)));
        let backups = Backups::new(Some(Arc::clone(&writer)), Arc::clone(&declared));
        Self { world, file: file.clone(), writer, backups, declared }
    }

    async fn usual() -> Self {
        let world = World::usual().await;
        for name in ["a", "b", "c"] {
            let stored = world.providers.find(&named(name)).await.unwrap();
            let secret = format!("sk-{name}").into();
            world
                .providers
                .update(&stored, ProviderPatch::default(), Some(&secret), &Writer::API)
                .await
                .unwrap();
        }
        let kept = Self::over(world, &MemoryBackupFile::default());
        kept.writer.wake_and_begin().await;
        kept
    }

    async fn export(&self) -> String {
        DocumentFormat::Json.write(&self.declared.export().await.unwrap()).unwrap()
    }

    async fn empty(file: &MemoryBackupFile) -> Self {
        let world = World::over(Arc::default(), Setting::default()).await;
        // Ids differ from those of every other database.
        world.provider("ahead", &["x"]).await;
        Self::over(world, file)
    }
}

#[tokio::test]
async fn a_backup_restored_into_an_empty_database_gives_back_all_with_its_keys() {
    let kept = Kept::usual().await;
    let before = kept.export().await;
    let other = Kept::empty(&kept.file).await;
    let preview = other.backups.preview().await.unwrap();
    assert_eq!((preview.providers, preview.routes), (3, 1));
    assert_eq!(preview.plan.of(Step::Create).count(), 4);
    assert_eq!(other.world.store.load().await.unwrap().providers.len(), 1, "nothing was written yet");
    let restored = other.backups.restore(&Writer::API).await.unwrap();
    assert_eq!(restored, preview);
    assert_ne!(other.world.providers.find(&named("a")).await.unwrap().id, ProviderId(1));
    other.world.ask("all").await.unwrap();
    let (first, again) = (kept.world.ask("all").await.map(drop), &other.world.factory.calls()[0]);
    first.unwrap();
    assert_eq!(again.credential, kept.world.factory.calls()[0].credential, "the original key is sent");
    assert!(again.credential.is_some());
    other.world.providers.remove(&named("ahead"), &Writer::API).await.unwrap();
    assert_eq!(other.export().await, before);
    assert_eq!(other.backups.preview().await.unwrap().plan.of(Step::Unchanged).count(), 4);
}

#[tokio::test]
async fn what_was_deleted_and_what_was_changed_is_as_it_was() {
    let kept = Kept::usual().await;
    let (before, good) = (kept.export().await, kept.file.text());
    let world = &kept.world;
    world.routes.remove(&named("all"), &Writer::API).await.unwrap();
    world.providers.remove(&named("a"), &Writer::API).await.unwrap();
    let b = world.providers.find(&named("b")).await.unwrap();
    world
        .providers
        .update(&b, ProviderPatch::default(), Some(&"sk-other".into()), &Writer::API)
        .await
        .unwrap();
    world.provider("newer", &["x"]).await;
    kept.file.set_text(good);
    kept.backups.restore(&Writer::API).await.unwrap();
    let newer = world.providers.find(&named("newer")).await.unwrap();
    assert!(newer.is_enabled, "what is not in the backup stays");
    for model in ["a/m", "b/m"] {
        world.ask(model).await.unwrap();
    }
    let sent: Vec<_> = world.factory.calls().iter().map(|call| call.credential.clone()).collect();
    assert_eq!(sent, [Some("sk-a".to_owned()), Some("sk-b".to_owned())]);
    world.providers.remove(&named("newer"), &Writer::API).await.unwrap();
    assert_eq!(kept.export().await, before);
}

#[tokio::test]
async fn a_provider_that_became_another_vendors_is_the_old_ones_again() {
    let kept = Kept::usual().await;
    let good = kept.file.text();
    let world = &kept.world;
    world.routes.remove(&named("all"), &Writer::API).await.unwrap();
    world.providers.remove(&named("a"), &Writer::API).await.unwrap();
    world.provider_of("locked", "a", &["m"]).await;
    kept.file.set_text(good);
    kept.backups.restore(&Writer::API).await.unwrap();
    assert_eq!(world.providers.find(&named("a")).await.unwrap().vendor, "acme");
}

#[tokio::test]
async fn a_backup_is_written_once_for_a_change_and_not_for_what_is_none_of_it() {
    let kept = Kept::usual().await;
    let first = kept.file.writes();
    kept.writer.keep_current(None).await;
    kept.world.key("k", Default::default(), None).await;
    kept.writer.keep_current(None).await;
    assert_eq!(kept.file.writes(), first, "nothing of it changed");
    kept.world.provider("d", &["m"]).await;
    kept.writer.keep_current(None).await;
    assert_eq!(kept.file.writes(), first + 1);
    kept.writer.write_after_test().await;
    assert_eq!(kept.file.writes(), first + 2, "a test is backed up in any case");
    assert_eq!(kept.writer.state().written.unwrap().providers, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_change_at_once_share_the_writing() {
    let kept = Kept::usual().await;
    let before = kept.file.writes();
    let writers = (0..64).map(|_| {
        let writer = Arc::clone(&kept.writer);
        async move { writer.write_now().await.map(drop) }
    });
    for done in crate::world::at_once(writers).await {
        done.unwrap();
    }
    let written = kept.file.writes() - before;
    assert!((1..64).contains(&written), "{written}");
}

#[tokio::test]
async fn a_backup_that_can_not_be_written_is_told_and_stands_in_nobodys_way() {
    let kept = Kept::usual().await;
    let good = kept.file.text();
    kept.file.set_failing(true);
    kept.world.provider("d", &["m"]).await;
    kept.writer.keep_current(None).await;
    assert_eq!(kept.file.text(), good);
    assert!(kept.writer.state().error.unwrap().contains("filled"));
    assert!(matches!(kept.backups.write().await, Err(RestoreError::NotWritten(_))));
    kept.file.set_failing(false);
    kept.writer.keep_current(None).await;
    assert_eq!(kept.writer.state().error, None, "what was missed is made up for");
    assert!(kept.file.text().unwrap().contains("\"name\": \"d\""));
}

#[tokio::test]
async fn the_backup_of_another_database_is_left_at_a_start_and_set_aside_by_a_change() {
    let kept = Kept::usual().await;
    let good = kept.file.text().unwrap();
    let other = Kept::empty(&kept.file).await;
    other.writer.wake_and_begin().await;
    assert_eq!(other.file.text().as_deref(), Some(good.as_str()));
    other.world.provider("new", &["m"]).await;
    other.writer.keep_current(None).await;
    assert_eq!(other.file.aside(), [good]);
    assert!(other.file.text().unwrap().contains("\"name\": \"new\""));
    other.world.provider("newer", &["m"]).await;
    other.writer.keep_current(None).await;
    assert_eq!(other.file.aside().len(), 1, "its own is not kept");
}

#[tokio::test]
async fn nothing_is_written_before_the_start_is_over() {
    let file = MemoryBackupFile::default();
    let kept = Kept::over(World::usual().await, &file);
    kept.writer.keep_current(None).await;
    kept.writer.write_after_test().await;
    assert_eq!(file.text(), None);
}

#[tokio::test]
async fn what_is_wrong_with_a_backup_is_told_and_nothing_is_changed() {
    let kept = Kept::usual().await;
    let good = kept.file.text().unwrap();
    let before = kept.world.store.load().await.unwrap();
    type Fits = fn(&RestoreError) -> bool;
    let cases: [(&str, Option<String>, Fits); 7] = [
        ("none", None, |error| matches!(error, RestoreError::NotFound(_))),
        ("cut", Some(good[..good.len() / 2].into()), |error| matches!(error, RestoreError::Unreadable(_))),
        ("bare", Some("{\"version\": 1}".into()), |error| matches!(error, RestoreError::Unreadable(_))),
        ("changed", Some(good.replace("sk-b", "sk-a")), |error| matches!(error, RestoreError::Tampered)),
        ("trailed", Some(format!("{good} ")), |error| matches!(error, RestoreError::Unreadable(_))),
        (
            "foreign",
            Some(good.replace("v1.k1.", "v1.k9.")),
            |error| matches!(error, RestoreError::ForeignKey(key) if key == "k9"),
        ),
        ("newer", Some(good.replace("\"version\": 1", "\"version\": 2")), |error| {
            matches!(error, RestoreError::Newer(2))
        }),
    ];
    for (what, text, fits) in cases {
        kept.file.set_text(text);
        for error in
            [kept.backups.restore(&Writer::API).await.unwrap_err(), kept.backups.preview().await.unwrap_err()]
        {
            assert!(fits(&error), "{what}: {error:?}");
        }
        assert_eq!(kept.world.store.load().await.unwrap(), before, "{what}");
    }
}

#[tokio::test]
async fn a_backup_that_does_not_fit_here_changes_nothing() {
    let kept = Kept::usual().await;
    let other = Kept::empty(&kept.file).await;
    other.world.store.next_writes([switchyard_testkit::fakes::store::Fate::Refused]);
    let before = other.world.store.load().await.unwrap();
    assert!(matches!(other.backups.restore(&Writer::API).await, Err(RestoreError::Admin(_))));
    assert_eq!(other.world.store.load().await.unwrap(), before);
}

#[tokio::test]
async fn under_another_key_the_backup_is_sealed_anew() {
    let kept = Kept::usual().await;
    let first = kept.file.writes();
    kept.writer.follow_key().await;
    assert_eq!(kept.file.writes(), first);
    kept.world.vault.begin().unwrap();
    kept.writer.follow_key().await;
    assert_eq!(kept.file.writes(), first + 1);
    assert!(kept.file.text().unwrap().contains("\"seal\": \"v1.k2."));
}

#[tokio::test]
async fn a_key_that_opens_no_more_is_counted_and_its_provider_is_backed_up_without_it() {
    let kept = Kept::usual().await;
    kept.world.vault.lose_key();
    let written = kept.backups.write().await.unwrap();
    assert_eq!((written.providers, written.lost_keys), (3, 3));
}

#[tokio::test]
async fn what_is_restored_belongs_to_whom_it_belonged() {
    let kept = Kept::usual().await;
    kept.world.routes.add(&crate::world::route("mine", &["a/m"]), &Writer::cli("ada".into())).await.unwrap();
    kept.writer.keep_current(None).await;
    let other = Kept::empty(&kept.file).await;
    other.backups.restore(&Writer::API).await.unwrap();
    let stored = other.world.store.load().await.unwrap();
    let owner =
        |name: &str| stored.routes.iter().find(|route| route.name == named(name)).unwrap().meta.owner.clone();
    assert_eq!((owner("mine"), owner("all")), (Owner::Cli("ada".into()), Owner::Api));
}
