//! A server with a defect: its vendor panics with all that it holds in its words, as a slice out of bounds does with a text.

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use switchyard::fault::ProviderFault;
use switchyard::time::Timestamp;
use switchyard::vendors::{Authorizer, Hooks, HttpFacts, Means, OutboundRequest, Reach, Vendor};
use switchyard_harness::TestApp;
use url::Url;

static DEFECTIVE: Vendor = Vendor {
    key: "defective",
    name: "Defective",
    reach: Reach::Http(HttpFacts { hooks: Some(&Defect), ..HttpFacts::OPENAI_CHAT }),
    vocabularies: &[],
    notes: &[],
};

#[derive(Debug)]
struct Defect;

impl Hooks for Defect {
    fn authorizer(&self, _: &Url, _: &Means) -> Option<Box<dyn Authorizer>> {
        Some(Box::new(Self))
    }
}

#[async_trait]
impl Authorizer for Defect {
    async fn authorize(
        &self,
        request: &mut OutboundRequest,
        credential: &Arc<SecretString>,
        _: Timestamp,
    ) -> Result<Arc<SecretString>, ProviderFault> {
        let body = request.body.to_bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        panic!("a defect at {} with {} and {body}", request.url, credential.expose_secret());
    }
}

/// Serves until its standard input ends. The first line that it says is where and for which key.
pub async fn serve() {
    switchyard::panics_tell_their_place_only();
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(std::io::stderr)
        .init();
    let app = TestApp::builder().own_vendor(&DEFECTIVE).start().await;
    let client = app.client_with_key("panics").await;
    #[expect(clippy::print_stdout, reason = "whoever started this process reads it")]
    {
        println!("{}", json!({"url": app.url(), "key": client.key()}));
    }
    let until_told = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ended = until_told.await;
    app.stop().await;
}

/// Such a server in a process of its own.
pub(super) struct Defective {
    child: Child,
    input: Option<ChildStdin>,
    /// Where it is.
    pub(super) url: String,
    /// The key that it takes.
    pub(super) key: String,
}

impl Defective {
    /// Starts `program`, which calls [`serve`] when it is told so.
    pub(super) fn start(program: &Path, log: &Path) -> Self {
        let mut command = Command::new(program);
        command.arg("defective-server").stdin(Stdio::piped()).stdout(Stdio::piped());
        let log = std::fs::File::create(log).expect("a log file");
        let mut child = command.stderr(log).env("RUST_BACKTRACE", "full").spawn().expect("this program runs");
        let input = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let told: Value = serde_json::from_str(&line).expect("JSON");
        let text = |name: &str| told[name].as_str().expect("a text").to_owned();
        Self { child, input, url: text("url"), key: text("key") }
    }

    /// Ends it.
    pub(super) fn stop(mut self) {
        drop(self.input.take());
        let _status = self.child.wait();
    }
}

impl Drop for Defective {
    fn drop(&mut self) {
        let _had_ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
