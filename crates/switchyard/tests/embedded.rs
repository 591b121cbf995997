//! The application as a library: opened, used and closed without a socket.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures_util::StreamExt;
use secrecy::ExposeSecret;
use switchyard::chat::{ChatRequest, Message, Role};
use switchyard::orchestrator::admin::KeyRequest;
use switchyard::orchestrator::error::CallErrorKind;
use switchyard::{Builder, Embedded, Name};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::usage::{GroupBy, Outcome, UsageFilter};

fn request(model: &str) -> ChatRequest {
    ChatRequest {
        model: model.to_owned(),
        messages: vec![Message::text(Role::User, "hello there")],
        ..ChatRequest::default()
    }
}

async fn key(app: &Embedded, name: &str) -> String {
    let request = KeyRequest {
        name: Name::new(name).unwrap(),
        models: None,
        limits: Limits::NONE,
        expires_at: None,
        user: None,
        tags: Vec::new(),
        budget: None,
    };
    let created = app.keys().create(request, &Writer::API).await.unwrap();
    created.key.expose_secret().to_owned()
}

async fn calls(app: &Embedded) -> u64 {
    let filter = UsageFilter { include_simulated: true, ..UsageFilter::default() };
    let rows = app.usage().report(filter, GroupBy::Status).await.unwrap();
    rows.iter().map(|row| row.sums.calls).sum()
}

#[tokio::test]
async fn an_answer_comes_whole_or_in_pieces_and_is_in_the_ledger() {
    let app = Builder::in_memory().open().await.unwrap();
    let whole = app.chat().complete(request("sim/swift")).await.unwrap();
    assert!(!whole.text().is_empty());
    let mut pieces = app.chat().stream(request("sim/swift")).await.unwrap();
    while let Some(event) = pieces.next().await {
        event.unwrap();
    }
    assert!(app.flush_usage().await);
    assert_eq!(calls(&app).await, 2);
    assert!(app.usage().verify().await.unwrap().problems.is_empty());
    assert!(app.close().await);
}

#[tokio::test]
async fn a_client_of_a_key_calls_on_its_bill_until_the_key_is_revoked() {
    let app = Builder::in_memory().open().await.unwrap();
    assert!(app.chat_with_key("sy-nobody").is_none());
    let client = app.chat_with_key(&key(&app, "ci").await).unwrap();
    client.complete(request("sim/swift")).await.unwrap();
    let id = app.keys().revoke(&Name::new("ci").unwrap(), &Writer::API).await.unwrap();
    for error in [
        client.complete(request("sim/swift")).await.err().unwrap(),
        client.stream(request("sim/swift")).await.err().unwrap(),
    ] {
        assert_eq!(error.kind, CallErrorKind::InvalidApiKey);
        assert!(error.message.contains("revoked"), "{}", error.message);
    }
    assert!(app.flush_usage().await);
    let filter = UsageFilter { key: Some(id), include_simulated: true, ..UsageFilter::default() };
    let rows = app.usage().report(filter, GroupBy::Key).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.sums.calls).sum::<u64>(), 1);
    assert!(app.close().await);
}

#[tokio::test]
async fn what_a_closed_application_left_is_there_when_it_is_opened_again() {
    let home = tempfile::tempdir().unwrap();
    let app = Builder::in_directory(home.path()).open().await.unwrap();
    let text = key(&app, "ci").await;
    let before = app.providers().list().await.unwrap();
    // A stream that its reader leaves while the application closes is recorded behind the loops' last drain.
    let mut pieces = app.chat_with_key(&text).unwrap().stream(request("sim/verbose")).await.unwrap();
    pieces.next().await.unwrap().unwrap();
    drop(pieces);
    assert!(app.close().await);

    let app = Builder::in_directory(home.path()).open().await.unwrap();
    assert!(app.chat_with_key(&text).is_some());
    assert_eq!(app.providers().list().await.unwrap(), before, "it is seeded once");
    let filter = UsageFilter { include_simulated: true, ..UsageFilter::default() };
    let rows = app.usage().report(filter, GroupBy::Status).await.unwrap();
    let groups: Vec<(&str, u64)> = rows.iter().map(|row| (row.group.as_str(), row.sums.calls)).collect();
    assert_eq!(groups, [(Outcome::ClientClosed.as_str(), 1)]);
    assert!(app.close().await);
}

#[tokio::test]
async fn an_application_that_is_dropped_lets_go_of_its_directory() {
    let home = tempfile::tempdir().unwrap();
    drop(Builder::in_directory(home.path()).open().await.unwrap());
    for _ in 0..200 {
        match Builder::in_directory(home.path()).open().await {
            Ok(app) => {
                assert!(app.close().await);
                return;
            }
            Err(error) => assert!(error.to_string().contains("journal"), "{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the loops of the dropped application still hold the journal");
}

// What a process can open it keeps; what is in use is what its file says.
#[tokio::test(flavor = "multi_thread")]
async fn one_running_application_changes_its_encryption_key_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let app = Builder::in_directory(folder.path()).open().await.unwrap();
    let (mut keys, file) = (Vec::new(), folder.path().join("master.key"));
    for _ in 0..2 {
        let report = app.use_cases().rekey.run(true, &Writer::API).await.unwrap();
        assert!(report.is_new && report.retired.len() == 1, "{report:?}");
        assert!(!keys.contains(&report.active), "{report:?}");
        keys.push(report.active);
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 1);
    }
    let report = app.use_cases().rekey.run(false, &Writer::API).await.unwrap();
    assert_eq!((Some(&report.active), report.is_new, report.counts.len()), (keys.last(), false, 1));
    assert!(app.close().await);
}
