//! The backup of providers and routes.

use crate::documents::configuration;
use crate::world::{Setting, World, named};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchyard_domain::declared::{Declared, DeclaredModel, DeclaredProvider};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::provider::{Capabilities, SharedPlace};
use switchyard_domain::provider_health::HealthStatus;
use switchyard_orchestrator::admin::{
    AdminPorts, Applied, DeclaredConfiguration, DocumentFormat, ProviderAdmin, ProviderPorts,
    ProviderRequest, RouteAdmin, SharedCredentialAdmin, Step,
};
use switchyard_orchestrator::backup::{BackupPorts, BackupWriter, Backups, RestoreError};
use switchyard_ports::backup_file::BackupFile;
use switchyard_ports::repositories::{ConfigurationRepository, ProviderPatch};
use switchyard_ports::vault::KeyRotation;
use switchyard_testkit::fakes::backup_file::MemoryBackupFile;

/// A world whose providers and routes are backed up.
pub(crate) struct Kept {
    pub(crate) world: World,
    pub(crate) file: MemoryBackupFile,
    pub(crate) writer: Arc<BackupWriter>,
    pub(crate) backups: Backups,
    pub(crate) declared: Arc<DeclaredConfiguration>,
    pub(crate) providers: Arc<ProviderAdmin>,
    pub(crate) shared: SharedCredentialAdmin,
    pub(crate) routes: RouteAdmin,
}

impl Kept {
    pub(crate) fn over(world: World, file: &MemoryBackupFile) -> Self {
        Self::writing(world, file, Arc::new(file.clone()))
    }

    /// The same, writing `file` by way of another port.
    fn writing(world: World, file: &MemoryBackupFile, port: Arc<dyn BackupFile>) -> Self {
        let writer = Arc::new(BackupWriter::new(BackupPorts {
            clock: Arc::clone(&world.clock) as _,
            configuration: Arc::clone(&world.store) as _,
            audit: Arc::clone(&world.store) as _,
            vault: Arc::clone(&world.vault) as _,
            file: port,
        }));
        let ports = AdminPorts {
            clock: Arc::clone(&world.clock) as _,
            configuration: Arc::clone(&world.store) as _,
            audit: Arc::clone(&world.store) as _,
            keeper: Some(Arc::clone(&world.keeper)),
            backup: Some(Arc::clone(&writer)),
        };
        let besides = ProviderPorts {
            factory: Arc::new(world.factory.clone()),
            vault: Arc::clone(&world.vault) as _,
            prices: Arc::clone(&world.prices) as _,
            health: Arc::clone(&world.store) as _,
        };
        let providers = Arc::new(ProviderAdmin::new(ports.clone(), besides));
        let vault = Arc::clone(&world.vault) as _;
        let shared = SharedCredentialAdmin::new(ports.clone(), Arc::clone(&providers), vault);
        let routes = RouteAdmin::new(ports.clone());
        let declared = Arc::new(DeclaredConfiguration::new(ports, Arc::clone(&providers)));
        let backups = Backups::new(Some(Arc::clone(&writer)), Arc::clone(&declared));
        Self { world, file: file.clone(), writer, backups, declared, providers, shared, routes }
    }

    pub(crate) async fn usual() -> Self {
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

    fn written(&self) -> Value {
        serde_json::from_str(&self.file.text().unwrap()).unwrap()
    }

    /// What is written of a provider.
    fn written_of(&self, name: &str) -> Value {
        let written = self.written();
        written["providers"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    }

    pub(crate) async fn export(&self) -> String {
        DocumentFormat::Json.write(&self.declared.export().await.unwrap()).unwrap()
    }

    pub(crate) async fn empty(file: &MemoryBackupFile) -> Self {
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
async fn a_backup_tells_what_the_file_declared_switched_off_from_what_it_had_withdrawn() {
    let kept = Kept::over(World::empty().await, &MemoryBackupFile::default());
    kept.writer.wake_and_begin().await;
    let document = |part: &str| -> Declared { serde_json::from_str(part).unwrap() };
    let both = document(
        r#"{"providers": [{"name": "off", "vendor": "acme", "enabled": false, "api_keys": ["sk-only-0123456789"]},
            {"name": "left", "vendor": "acme"}],
            "routes": [{"name": "off", "enabled": false, "targets": []}, {"name": "left", "targets": []}]}"#,
    );
    let less =
        Declared { whole: false, providers: both.providers[..1].to_vec(), routes: both.routes[..1].to_vec() };
    kept.declared.apply(&both, &Writer::FILE).await.unwrap();
    kept.declared.apply(&less, &Writer::FILE).await.unwrap();
    let said = async |kept: &Kept| {
        let stored = kept.world.store.load().await.unwrap();
        let of_file = stored.providers.into_iter().filter(|known| known.meta.owner == Owner::File);
        let mut providers: Vec<_> = of_file.map(|known| (known.name, known.declaration)).collect();
        let mut routes: Vec<_> =
            stored.routes.into_iter().map(|known| (known.name, known.is_withdrawn)).collect();
        providers.sort_by(|one, other| one.0.cmp(&other.0));
        routes.sort();
        (providers, routes)
    };
    let before = said(&kept).await;
    assert_eq!(before.1, [(named("left"), true), (named("off"), false)]);
    let other = Kept::empty(&kept.file).await;
    other.backups.restore(&Writer::API).await.unwrap();
    assert_eq!(said(&other).await, before);
    assert_eq!(other.declared.apply(&less, &Writer::FILE).await.unwrap(), Applied::default());
    // What was withdrawn since, and what was declared again, is as it was.
    let good = other.file.text();
    other.declared.apply(&Declared::default(), &Writer::FILE).await.unwrap();
    other.file.set_text(good);
    other.backups.restore(&Writer::API).await.unwrap();
    assert_eq!(said(&other).await, before);
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
    kept.world.routes.add(&crate::world::route("mine", &["a/m"]), &Writer::cli("ada")).await.unwrap();
    kept.writer.keep_current(None).await;
    let other = Kept::empty(&kept.file).await;
    other.backups.restore(&Writer::API).await.unwrap();
    let stored = other.world.store.load().await.unwrap();
    let owner =
        |name: &str| stored.routes.iter().find(|route| route.name == named(name)).unwrap().meta.owner.clone();
    assert_eq!((owner("mine"), owner("all")), (Owner::Cli("ada".into()), Owner::Api));
}

const SECOND: Duration = Duration::from_secs(1);

fn place(number: u8) -> SharedPlace {
    SharedPlace::new(number).unwrap()
}

/// The keys that the next calls of a model are sent with.
async fn keys_sent(world: &World, model: &str, calls: usize) -> Vec<String> {
    let before = world.factory.calls().len();
    for _ in 0..calls {
        world.ask(model).await.unwrap();
    }
    let mut sent: Vec<String> =
        world.factory.calls()[before..].iter().map(|call| call.credential.clone().unwrap()).collect();
    sent.sort_unstable();
    sent
}

#[tokio::test]
async fn every_shared_key_comes_back_at_its_place_and_is_sent() {
    let kept = Kept::usual().await;
    for secret in ["sk-a-2", "sk-a-3", "sk-a-4"] {
        kept.shared.add(&named("a"), &secret.into(), &Writer::API).await.unwrap();
    }
    kept.shared.remove(&named("a"), place(3), &Writer::API).await.unwrap();
    let written = kept.written_of("a");
    let places: Vec<&Value> =
        written["api_keys"].as_array().unwrap().iter().map(|key| &key["place"]).collect();
    assert_eq!(places, [&json!(2), &json!(4)]);
    assert!(written["api_key_encrypted"].is_string());
    let other = Kept::empty(&kept.file).await;
    other.backups.restore(&Writer::API).await.unwrap();
    let restored = other.providers.find(&named("a")).await.unwrap();
    let stored: Vec<u8> =
        restored.credentials.iter().map(|one| one.shared_place().unwrap().number()).collect();
    assert_eq!(stored, [1, 2, 4]);
    assert_eq!(keys_sent(&other.world, "a/m", 3).await, ["sk-a", "sk-a-2", "sk-a-4"]);
    let again = other.backups.preview().await.unwrap();
    assert!(again.plan.is_settled(), "{again:?}");
}

#[tokio::test]
async fn a_provider_whose_first_key_is_gone_keeps_the_others() {
    let kept = Kept::usual().await;
    kept.shared.add(&named("a"), &"sk-a-2".into(), &Writer::API).await.unwrap();
    kept.shared.remove(&named("a"), place(1), &Writer::API).await.unwrap();
    assert_eq!(kept.written_of("a")["api_key_encrypted"], Value::Null);
    let other = Kept::empty(&kept.file).await;
    other.backups.restore(&Writer::API).await.unwrap();
    assert_eq!(keys_sent(&other.world, "a/m", 2).await, ["sk-a-2", "sk-a-2"]);
}

#[tokio::test]
async fn a_key_that_moved_since_comes_back_to_its_place_and_a_newer_one_stays() {
    let kept = Kept::usual().await;
    let good = kept.file.text();
    kept.shared.replace(&named("a"), place(1), &"sk-newer".into(), &Writer::API).await.unwrap();
    kept.shared.add(&named("a"), &"sk-a".into(), &Writer::API).await.unwrap();
    kept.shared.add(&named("a"), &"sk-added".into(), &Writer::API).await.unwrap();
    kept.file.set_text(good);
    kept.backups.restore(&Writer::API).await.unwrap();
    let restored = kept.providers.find(&named("a")).await.unwrap();
    let stored: Vec<u8> =
        restored.credentials.iter().map(|one| one.shared_place().unwrap().number()).collect();
    assert_eq!(stored, [1, 3], "none stands twice, and what is not in the backup stays");
    assert_eq!(keys_sent(&kept.world, "a/m", 2).await, ["sk-a", "sk-added"]);
}

#[tokio::test]
async fn a_key_of_another_place_or_provider_does_not_open_as_this_ones() {
    let kept = Kept::usual().await;
    kept.shared.add(&named("a"), &"sk-a-2".into(), &Writer::API).await.unwrap();
    let written = kept.written_of("a");
    let (first, second) = (&written["api_key_encrypted"], &written["api_keys"][0]["api_key_encrypted"]);
    let opened = |sealed: &Value, owner: &str| {
        use switchyard_ports::vault::{Binding, Vault};
        let binding = Binding { table: "backup", row: 1, owner: owner.to_owned(), column: "api_key" };
        kept.world.vault.open(sealed.as_str().unwrap(), &binding).is_ok()
    };
    assert!(opened(first, "a/shared") && opened(second, "a/shared:2"));
    assert!(!opened(first, "b/shared") && !opened(first, "a/shared:2") && !opened(second, "a/shared"));
}

#[tokio::test]
async fn what_is_said_of_models_and_what_was_found_of_a_provider_come_back() {
    let kept = Kept::usual().await;
    let a = kept.providers.find(&named("a")).await.unwrap();
    let said = Capabilities { tools: Some(false), vision: Some(true), ..Capabilities::UNKNOWN };
    let model = DeclaredModel {
        model: "m".to_owned(),
        capabilities: said,
        enabled: false,
        ..DeclaredModel::default()
    };
    kept.providers.put_model(a.id, model, None, &Writer::API).await.unwrap();
    kept.world.factory.list(["m"]);
    kept.providers.test_by_id(a.id, SECOND, &Writer::API).await.unwrap();
    kept.providers.state_health(a.id, false, &Writer::API).await.unwrap();
    let known = kept.providers.find(&named("a")).await.unwrap().health;
    assert_eq!((known.last.status, known.is_healthy), (HealthStatus::Online, false));
    let written = kept.written_of("a");
    assert_eq!(written["status"], "online");
    assert!(written["latency_ms"].is_u64(), "{written}");
    assert_eq!(written["last_tested_at"], known.last_tested_at.unwrap().to_string());
    let other = Kept::empty(&kept.file).await;
    other.backups.restore(&Writer::API).await.unwrap();
    let restored = other.providers.find(&named("a")).await.unwrap();
    assert_eq!(restored.health, known);
    let model = restored.models.iter().find(|model| model.model == "m").unwrap();
    assert_eq!((model.capabilities, model.is_enabled), (said, false));
}

#[tokio::test]
async fn each_test_of_a_provider_and_each_change_of_its_keys_or_health_rewrites_the_backup() {
    let kept = Kept::usual().await;
    let (a, name, by) = (kept.providers.find(&named("a")).await.unwrap().id, named("a"), Writer::API);
    kept.world.factory.list(["m", "n"]);
    let mut before = kept.file.writes();
    let mut is_rewritten = |what: &str| {
        let now = kept.file.writes();
        assert!(now > before, "{what} left the backup as it was");
        before = now;
    };
    kept.providers.test(&name, SECOND, &by).await.unwrap();
    is_rewritten("a test by name");
    kept.providers.test_by_id(a, SECOND, &by).await.unwrap();
    is_rewritten("a test by id");
    kept.shared.add(&name, &"sk-a-2".into(), &by).await.unwrap();
    is_rewritten("another key");
    kept.shared.test(&name, place(2), SECOND, &by).await.unwrap();
    is_rewritten("a test of another key");
    kept.shared.replace(&name, place(2), &"sk-a-3".into(), &by).await.unwrap();
    is_rewritten("a key in the place of one");
    kept.shared.remove(&name, place(2), &by).await.unwrap();
    is_rewritten("a key that is forgotten");
    kept.providers.discover_by_id(a, SECOND, &by).await.unwrap();
    is_rewritten("asking for the models");
    for is_healthy in [true, false, false, true] {
        kept.providers.state_health(a, is_healthy, &by).await.unwrap();
        is_rewritten("a word on its health");
    }
    kept.world.factory.fail_listing("a", Some(switchyard_domain::fault::FaultKind::Connect));
    let _what_it_showed = kept.providers.test_by_id(a, SECOND, &by).await;
    is_rewritten("a test that fails");
    kept.routes.add(&crate::world::route("new", &["a/m"]), &by).await.unwrap();
    is_rewritten("a route");
    kept.routes.remove(&named("new"), &by).await.unwrap();
    is_rewritten("a route that goes");
}

/// A file in whose place somebody else changes the configuration while it is written.
struct Interrupted {
    file: MemoryBackupFile,
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl BackupFile for Interrupted {
    fn place(&self) -> String {
        self.file.place()
    }

    fn write(&self, text: &str) -> std::io::Result<()> {
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        self.file.write(text)
    }

    fn read(&self) -> std::io::Result<Option<String>> {
        self.file.read()
    }

    fn set_aside(&self) -> std::io::Result<String> {
        self.file.set_aside()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_changed_while_the_backup_was_written_is_in_it() {
    let (file, world) = (MemoryBackupFile::default(), World::usual().await);
    let others = World::over(Arc::clone(&world.store), Setting::default()).await;
    let runtime = tokio::runtime::Handle::current();
    let meanwhile = move || runtime.block_on(others.provider("theirs", &["m"]));
    let port = Interrupted { file: file.clone(), meanwhile: Mutex::new(Some(Box::new(meanwhile))) };
    let kept = Kept::writing(world, &file, Arc::new(port));
    kept.writer.wake();
    kept.writer.write_now().await.unwrap();
    assert_eq!(kept.written_of("theirs")["name"], "theirs");
    assert_eq!(file.writes(), 2, "the older state is not left there");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn an_export_is_the_same_to_the_byte_after_a_backup_was_restored_elsewhere(wanted in configuration()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let here = Kept::over(World::empty().await, &MemoryBackupFile::default());
            here.declared.apply(&wanted, &Writer::FILE).await.unwrap();
            here.writer.wake_and_begin().await;
            let there = Kept::over(World::empty().await, &here.file);
            there.backups.restore(&Writer::API).await.unwrap();
            assert_eq!(there.export().await, here.export().await);
        });
    }
}

#[tokio::test]
async fn a_backup_that_is_cut_anywhere_or_has_any_byte_changed_is_refused() {
    let kept = Kept::usual().await;
    let good = kept.file.text().unwrap();
    let before = kept.world.store.load().await.unwrap();
    let sealed = good.find("\"seal\"").unwrap();
    let cuts = (0..good.len()).step_by(23).map(|at| good[..at].to_owned());
    let flips = (0..sealed).step_by(17).map(|at| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(bytes).unwrap()
    });
    for text in cuts.chain(flips) {
        kept.file.set_text(Some(text.clone()));
        assert!(kept.backups.restore(&Writer::API).await.is_err(), "{text}");
    }
    assert_eq!(kept.world.store.load().await.unwrap(), before);
}

#[tokio::test]
async fn what_a_backup_does_not_hold_stays_and_what_is_off_in_it_is_off_again() {
    let seeds: Declared = serde_json::from_str(
        r#"{"providers": [{"name": "sim", "owner": "seed", "vendor": "acme", "models": [{"model": "m"}]},
                          {"name": "tunnel", "owner": "seed", "vendor": "acme", "models": [{"model": "m"}]}],
            "routes": [{"name": "auto", "owner": "seed", "targets": [{"provider": "sim", "model": "m"}]}]}"#,
    )
    .unwrap();
    let kept = Kept::usual().await;
    let tunnel = ProviderRequest { is_enabled: false, ..request(&seeds.providers[1]) };
    kept.providers.add(tunnel, &Writer::SEED).await.unwrap();
    let other = Kept::empty(&kept.file).await;
    other.declared.apply(&seeds, &Writer::SEED).await.unwrap();
    other.file.set_text(kept.file.text());
    let restored = other.backups.restore(&Writer::API).await.unwrap();
    let switched_off: Vec<String> = restored.plan.of(Step::Change).map(|object| object.label()).collect();
    assert_eq!(
        (restored.plan.of(Step::Disable).count(), switched_off),
        (0, vec!["provider tunnel".to_owned()])
    );
    let stored = other.world.store.load().await.unwrap();
    let is_on = |name: &str| stored.providers.iter().any(|it| it.name == named(name) && it.is_enabled);
    assert_eq!((is_on("sim"), is_on("tunnel"), is_on("a")), (true, false, true));
    assert!(stored.routes.iter().any(|route| route.name == named("auto") && route.is_active));
}

fn request(provider: &DeclaredProvider) -> ProviderRequest {
    ProviderRequest {
        name: provider.name.clone(),
        vendor: provider.vendor.clone(),
        base_url: None,
        api_key: None,
        models: provider.models.clone(),
        is_enabled: true,
    }
}
