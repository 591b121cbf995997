//! The server under test, with a provider for each vendor dialect, all of them the simulator.

use crate::cell::Cell;
use crate::client::Client;
use crate::vendor::{RESPONSES_ALONE, Vendor};
use serde_json::Value;
use std::time::Duration;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::orchestrator::principal::Principal;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::chat::LossReport;
use switchyard_harness::testkit::simulator::{RecordedCall, Script, Simulator};
use switchyard_harness::{Answer, TestApp};
use switchyard_http::offline::OfflineCall;

/// Longer than any call here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server, and a client's key.
pub(crate) struct Scene {
    app: TestApp,
    key: String,
}

/// A call as a client makes it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) client: Client,
    pub(crate) path: String,
    pub(crate) model: String,
    pub(crate) body: Value,
    pub(crate) streamed: bool,
}

impl Made {
    pub(crate) fn new(cell: Cell, members: &Value, streamed: bool) -> Self {
        let model = format!("{}/{}", cell.vendor.name(), cell.vendor.model());
        let (path, body) = cell.client.request(members, &model, streamed);
        Self { client: cell.client, path, model, body, streamed }
    }
}

impl Scene {
    pub(crate) async fn open() -> Self {
        let deadlines = Deadlines { first_content: PATIENCE, idle: PATIENCE, total: PATIENCE };
        let calls = CallSettings { max_attempts: 1, deadlines, first_of_pieces: None };
        let app = TestApp::builder().own_vendor(&RESPONSES_ALONE).calls(calls).start().await;
        let root = app.simulator().root_url();
        for vendor in Vendor::ALL {
            let base = format!("{root}{}", vendor.base());
            app.add_provider(vendor.name(), vendor.key(), &base, &[vendor.model()]).await;
        }
        let key = app.client_with_key("table").await.key().to_owned();
        Self { app, key }
    }

    pub(crate) fn app(&self) -> &TestApp {
        &self.app
    }

    pub(crate) fn simulator(&self) -> &Simulator {
        self.app.simulator()
    }

    /// Sends a call.
    pub(crate) async fn send(&self, made: &Made, strict: bool) -> reqwest::Response {
        let request = made.client.post(&self.app.anonymous(), &made.path, &self.key);
        let request = if strict { request.header("x-switchyard-strict", "true") } else { request };
        request.body(made.body.to_string()).send().await.unwrap()
    }

    /// Sends a call while the vendor follows a script; the answer, and what reached the vendor.
    pub(crate) async fn ask(
        &self,
        made: &Made,
        script: &str,
        strict: bool,
    ) -> (Answer, Option<RecordedCall>) {
        self.simulator().set_default(Script::of(script));
        self.simulator().take_calls();
        let response = self.send(made, strict).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let mut calls = self.simulator().take_calls();
        assert!(calls.len() < 2, "asked more than once: {calls:?}");
        (Answer { status, headers, text }, calls.pop())
    }

    /// What a dry run says that the call loses, or why it can't be made.
    pub(crate) async fn explained(&self, made: &Made) -> Result<LossReport, String> {
        let in_address = made.client == Client::Gemini;
        let offline = OfflineCall {
            headers: Vec::new(),
            dialect: made.client.name().to_owned(),
            model: in_address.then(|| made.model.clone()),
            stream: in_address.then_some(made.streamed),
            strict: false,
        };
        let call = offline.read(made.body.to_string())?;
        let explainer = self.app.embedded().administration().explainer().await.unwrap();
        let explained = explainer.explain(&Principal::Program, call.as_ref()).unwrap();
        let target = &explained.targets[0];
        target.request.as_ref().map(|prepared| prepared.losses.clone()).map_err(Clone::clone)
    }
}
