//! A start with a wrong encryption key: the keys in the backup that lies there outlive it.

use crate::backups::Kept;
use crate::world::{World, named};
use std::sync::Arc;
use switchyard_domain::meta::Writer;
use switchyard_testkit::fakes::backup_file::MemoryBackupFile;
use switchyard_testkit::fakes::store::MemoryStore;

/// A process over this database and this file, whose provider's key is `sk-p`. `has_key` says whether its encryption key is the right one.
async fn start(store: &Arc<MemoryStore>, file: &MemoryBackupFile, has_key: bool) -> Kept {
    let world = World::over(Arc::clone(store), crate::world::Setting::default()).await;
    if !has_key {
        world.vault.start_with("other");
    }
    let kept = Kept::over(world, file);
    kept.writer.wake_and_begin().await;
    kept
}

/// A database with a backup in which is a key.
async fn furnished() -> (Arc<MemoryStore>, MemoryBackupFile) {
    let (store, file) = (Arc::<MemoryStore>::default(), MemoryBackupFile::default());
    let kept = start(&store, &file, true).await;
    kept.world.provider("p", &["m"]).await;
    kept.shared.add(&named("p"), &"sk-p".into(), &Writer::API).await.unwrap();
    kept.writer.keep_current(None).await;
    (store, file)
}

/// The key that comes back where this file is restored into an empty database.
async fn restored(file: &MemoryBackupFile) -> Option<String> {
    let copy = MemoryBackupFile::default();
    copy.set_text(file.text());
    let empty = Kept::over(World::empty().await, &copy);
    empty.backups.restore(&Writer::API).await.unwrap();
    empty.world.ask("p/m").await.unwrap();
    empty.world.factory.calls().remove(0).credential
}

#[tokio::test]
async fn a_mere_start_with_a_wrong_key_leaves_the_backup_as_it_is() {
    let (store, file) = furnished().await;
    let good = file.text();
    start(&store, &file, false).await;
    assert_eq!((file.text(), file.aside().len()), (good, 0));
    assert_eq!(restored(&file).await.as_deref(), Some("sk-p"));
}

#[tokio::test]
async fn what_is_changed_under_a_wrong_key_sets_the_backup_with_the_keys_aside_once() {
    let (store, file) = furnished().await;
    let good = file.text().unwrap();
    let wrong = start(&store, &file, false).await;
    for name in ["first", "second", "third"] {
        wrong.world.provider(name, &["m"]).await;
        wrong.writer.keep_current(None).await;
    }
    assert_eq!(file.aside(), [good]);
    assert!(file.text().unwrap().contains("\"third\""), "what was changed is backed up");
    assert_eq!(wrong.writer.state().written.unwrap().lost_keys, 1);
}

#[tokio::test]
async fn after_changes_under_a_wrong_key_the_right_one_backs_up_the_original_keys_again() {
    let (store, file) = furnished().await;
    let wrong = start(&store, &file, false).await;
    wrong.world.provider("newer", &["m"]).await;
    wrong.shared.add(&named("newer"), &"sk-newer".into(), &Writer::API).await.unwrap();
    wrong.writer.keep_current(None).await;
    let of_wrong = file.text().unwrap();
    start(&store, &file, true).await;
    assert_eq!(
        file.aside().last(),
        Some(&of_wrong),
        "that one has a key too, which opens under the wrong key alone"
    );
    assert_eq!(restored(&file).await.as_deref(), Some("sk-p"));
}

#[tokio::test]
async fn a_key_that_is_removed_with_its_provider_under_a_wrong_key_is_in_what_is_set_aside() {
    let (store, file) = furnished().await;
    let good = file.text().unwrap();
    let wrong = start(&store, &file, false).await;
    wrong.providers.remove(&named("p"), &Writer::API).await.unwrap();
    wrong.writer.keep_current(None).await;
    assert_eq!(file.aside(), [good]);
}

#[tokio::test]
async fn what_people_change_and_remove_under_the_right_key_sets_nothing_aside() {
    let (store, file) = furnished().await;
    let kept = start(&store, &file, true).await;
    kept.shared
        .replace(&named("p"), switchyard_domain::provider::SharedPlace::FIRST, &"sk-q".into(), &Writer::API)
        .await
        .unwrap();
    kept.providers.remove(&named("p"), &Writer::API).await.unwrap();
    kept.writer.keep_current(None).await;
    assert_eq!(file.aside(), [""; 0]);
}
