//! Trying a provider step by step.

use super::attempt::{KEY, Scene};
use super::subject::Subject;
use crate::simulator::Script;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::{Duration, Instant};
use switchyard_domain::fault::FaultKind;
use switchyard_ports::probe::{ProbeReport, ProbeStage, StageOutcome};
use switchyard_ports::provider::Provider;

const PATIENCE: Duration = Duration::from_secs(10);

async fn probe(provider: &dyn Provider) -> ProbeReport {
    provider.probe(Some(Arc::new(SecretString::from(KEY))), PATIENCE).await
}

impl Scene {
    /// A probe whose listing is answered by this script.
    async fn probed(&self, script: &str) -> ProbeReport {
        self.upstream.script("/v1/models", Script::of(script));
        probe(self.provider.as_ref()).await
    }
}

/// What came of each step, in their order.
fn words(report: &ProbeReport) -> Vec<&'static str> {
    assert_eq!(report.stages.each_ref().map(|stage| stage.stage), ProbeStage::ALL);
    report.stages.iter().map(|stage| stage.outcome.as_str()).collect()
}

/// The one step that failed; its reason is the fault's.
fn failed(report: &ProbeReport) -> (ProbeStage, FaultKind) {
    let fault = report.fault.as_ref().unwrap();
    let failed: Vec<_> = report.stages.iter().filter(|stage| stage.outcome.reason().is_some()).collect();
    let [stage] = failed.as_slice() else { panic!("{report:?}") };
    assert_eq!(stage.outcome, StageOutcome::Failed(fault.message.clone()));
    assert!(report.models.is_empty(), "{report:?}");
    (stage.stage, fault.kind)
}

/// See the name.
pub async fn a_probe_lists_the_models_and_times_each_step(subject: Subject) {
    let scene = Scene::new(subject);
    scene.upstream.script("listed-model", Script::default());
    let report = scene.probed("latency_ms=30").await;
    assert_eq!(words(&report), ["skipped", "done", "skipped", "done", "done"], "{report:?}");
    assert!(report.models.iter().any(|model| model.id == "listed-model"), "{report:?}");
    assert_eq!((report.status, &report.fault), (Some(200), &None));
    assert!(report.stages[3].took >= Duration::from_millis(30), "{report:?}");
    assert!(report.took() < PATIENCE, "{report:?}");
    let listing = &scene.upstream.model_listings()[0];
    let (header, prefix) = subject.credential;
    assert_eq!(listing.header(header), Some(format!("{prefix}{KEY}").as_str()));
    let (path, query) = subject.listing.split_once('?').unwrap_or((subject.listing, ""));
    assert_eq!((listing.path.as_str(), listing.query.as_str()), (path, query));
    // A connection that is kept would show nothing of the way.
    let before = scene.upstream.accepted_connections();
    probe(scene.provider.as_ref()).await;
    assert_eq!(scene.upstream.accepted_connections(), before + 1);
}

/// See the name.
pub async fn a_probe_tells_where_the_way_ends(subject: Subject) {
    let nowhere = (subject.build)("https://switchyard-contract.invalid");
    let report = probe(nowhere.as_ref()).await;
    assert_eq!(failed(&report), (ProbeStage::Resolve, FaultKind::Dns));
    assert_eq!(words(&report), ["failed", "skipped", "skipped", "skipped", "skipped"]);

    let scene = Scene::new(subject);
    let plain = (subject.build)(&scene.upstream.root_url().replacen("http:", "https:", 1));
    let report = probe(plain.as_ref()).await;
    assert_eq!(failed(&report), (ProbeStage::Tls, FaultKind::Tls));
    assert_eq!(words(&report), ["skipped", "done", "failed", "skipped", "skipped"]);

    let named = (subject.build)(&scene.upstream.root_url().replacen("127.0.0.1", "localhost", 1));
    let report = probe(named.as_ref()).await;
    assert_eq!(words(&report), ["done", "done", "skipped", "done", "done"], "{report:?}");

    scene.upstream.shutdown();
    let report = probe(scene.provider.as_ref()).await;
    assert_eq!(failed(&report), (ProbeStage::Connect, FaultKind::Connect));
    assert_eq!(words(&report), ["skipped", "failed", "skipped", "skipped", "skipped"]);
    assert_eq!(report.status, None);
}

/// See the name.
pub async fn a_probe_tells_a_refused_credential_from_a_wrong_answer(subject: Subject) {
    let scene = Scene::new(subject);
    for (script, status, stage, kind, auth) in [
        ("status=401", 401, ProbeStage::Auth, FaultKind::AuthFailed, "failed"),
        ("status=429", 429, ProbeStage::Models, FaultKind::Throttled, "done"),
        ("status=500", 500, ProbeStage::Models, FaultKind::ServerError, "skipped"),
        ("status=404", 404, ProbeStage::Models, FaultKind::Rejected, "skipped"),
        ("redirect=302&location=/elsewhere", 302, ProbeStage::Models, FaultKind::Redirect, "skipped"),
        ("html", 200, ProbeStage::Models, FaultKind::InvalidResponse, "skipped"),
        ("malformed_json", 200, ProbeStage::Models, FaultKind::InvalidResponse, "skipped"),
    ] {
        let report = scene.probed(script).await;
        assert_eq!(failed(&report), (stage, kind), "{script}: {report:?}");
        assert_eq!(report.status, Some(status), "{script}");
        assert_eq!(report.outcome(ProbeStage::Connect), &StageOutcome::Done, "{script}");
        assert_eq!(report.outcome(ProbeStage::Auth).as_str(), auth, "{script}");
    }
    assert!(scene.upstream.model_listings().iter().all(|call| call.path != "/elsewhere"), "it was followed");

    let report = scene.provider.probe(None, PATIENCE).await;
    if scene.provider.works_without_credential() {
        assert_eq!(report.status, Some(200), "{report:?}");
    } else {
        assert_eq!(failed(&report), (ProbeStage::Auth, FaultKind::NoCredential));
        assert_eq!(report.outcome(ProbeStage::Connect), &StageOutcome::Skipped, "nobody is called");
    }
}

/// See the name.
pub async fn a_probe_is_bounded_in_time_and_size(subject: Subject) {
    let scene = Scene::new(subject);
    for script in ["latency_ms=20000", "stall_before_first"] {
        scene.upstream.script("/v1/models", Script::of(script));
        let began = Instant::now();
        let key = Some(Arc::new(SecretString::from(KEY)));
        let report = scene.provider.probe(key, Duration::from_millis(300)).await;
        let (stage, kind) = failed(&report);
        assert!(stage == ProbeStage::Models && kind.is_timeout(), "{script}: {report:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{script}: {:?}", began.elapsed());
    }
    let report = scene.probed("huge_body=9000000").await;
    assert_eq!(failed(&report), (ProbeStage::Models, FaultKind::TooLarge), "{report:?}");
}

/// See the name.
pub async fn a_probe_never_tells_the_credential(subject: Subject) {
    let scene = Scene::new(subject);
    scene.upstream.script(KEY, Script::default());
    let long = format!("{KEY}-and-more");
    scene.upstream.script(&long, Script::default());
    for script in [
        String::new(),
        format!("status=401&error_message=Incorrect%20API%20key%20provided:%20{KEY}.&error_code={KEY}"),
        format!("status=500&error_message={KEY}&error_type={KEY}"),
        format!("status=429&error_message=limit%20of%20{KEY}%20reached&error_param={KEY}"),
        format!("redirect=302&location=/{KEY}"),
        format!("header.x-request-id={KEY}"),
    ] {
        let report = scene.probed(&script).await;
        assert!(!format!("{report:?}").contains(KEY), "{script}: {report:?}");
    }
}
