//! The gateway as it is shipped: a virtual key, a priced provider behind routes, the journal and the ledger on disk.

use super::limits::{ADMINISTRATOR, PASSWORD};
use super::redis::Redis;
use super::{Caller, Target, UPSTREAM_KEY, Way, free_address, limits};
use crate::arguments::Arguments;
use crate::clock::now;
use crate::dialect::Dialect;
use crate::process::Process;
use crate::scenario::ALL;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The first start makes keys and tables.
const READY: Duration = Duration::from_secs(30);
/// The journal is drained into the ledger every 100 ms; many times that without work, and there is none.
const LINGERS: Duration = Duration::from_millis(1_000);

/// What a new key is told with, of which only this matters here.
#[derive(Deserialize)]
pub(super) struct Created {
    pub(super) key: String,
}

/// What `ledger verify --json` prints, of which only this matters here.
#[derive(Deserialize)]
pub(crate) struct Books {
    /// What was recorded: one for each call here, since no call needs a second attempt.
    pub(crate) events: u64,
    /// Where sums differ from what they sum.
    pub(crate) problems: Vec<serde_json::Value>,
}

/// The gateway's files and how it is started.
pub(crate) struct Gateway {
    binary: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    workers: usize,
    redis: Option<Redis>,
}

pub(super) async fn start(
    way: Way,
    upstream: SocketAddr,
    arguments: &Arguments,
    folder: &Path,
) -> Result<Target> {
    let gateway = Gateway {
        binary: match &arguments.gateway {
            // It is started in a folder of its own.
            Some(path) => path.canonicalize().with_context(|| path.display().to_string())?,
            None => arguments.binary("switchyard")?,
        },
        folder: folder.join(way.title().replace(' ', "-")),
        address: free_address()?,
        workers: arguments.workers,
        redis: (way == Way::LimitedByRedis).then(|| Redis::start(arguments)).transpose()?,
    };
    std::fs::create_dir(&gateway.folder)?;
    std::fs::write(gateway.folder.join("switchyard.yaml"), configuration(way, upstream))?;
    let (process, key) =
        gateway.start(way).await.with_context(|| format!("no start{}", gateway.last_words()))?;
    Ok(Target {
        way,
        address: gateway.address,
        caller: Caller { key, names_routes: true },
        process: Some(process),
        lingers: LINGERS,
        gateway: Some(gateway),
    })
}

impl Gateway {
    async fn start(&self, way: Way) -> Result<(Process, String)> {
        let log = File::create(self.log())?;
        let mut serve = self.command(&["serve"]);
        if way.has_limits() {
            serve.env("SWITCHYARD_ADMIN_USERNAME", ADMINISTRATOR).env("SWITCHYARD_ADMIN_PASSWORD", PASSWORD);
        }
        let mut process = Process::start(serve.stdout(log.try_clone()?).stderr(log))?;
        self.wait(&mut process, "/health/ready", None).await?;
        let key = if way.has_limits() { limits::set(self).await? } else { self.create_key()? };
        self.wait_for_key(&mut process, &key).await?;
        Ok((process, key))
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default();
        format!(" (its log ends with:\n{}\n)", end.join("\n"))
    }

    /// What stands in the ledger.
    pub(crate) fn books(&self) -> Result<Books> {
        let said = self.output(&["ledger", "verify", "--json"])?;
        serde_json::from_slice(&said).context("what ledger verify printed")
    }

    pub(super) fn output(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = self.command(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} ended with {}: {said}", arguments.join(" "), output.status);
        Ok(output.stdout)
    }

    /// Nothing of the caller's environment: a setting in it would be measured too.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .args(["--config", "switchyard.yaml"])
            .current_dir(&self.folder)
            .env_clear()
            .env("SWITCHYARD_DATA_DIR", self.folder.join("data"))
            .env("SWITCHYARD_LISTEN", self.address.to_string())
            .env("SWITCHYARD_WORKERS", self.workers.to_string());
        if let Some(redis) = &self.redis {
            command.env("REDIS_URL", redis.url());
        }
        command
    }

    /// The address of one of its paths.
    pub(super) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn create_key(&self) -> Result<String> {
        let said = self.output(&["keys", "create", "--name", "bench", "--json"])?;
        let created: Created = serde_json::from_slice(&said).context("what keys create printed")?;
        Ok(created.key)
    }

    /// The running server learns of the key within a second.
    async fn wait_for_key(&self, process: &mut Process, key: &str) -> Result<()> {
        self.wait(process, "/v1/models", Some(key)).await
    }

    /// Asks until the answer is 200.
    async fn wait(&self, process: &mut Process, path: &str, key: Option<&str>) -> Result<()> {
        let client = reqwest::ClientBuilder::new().no_proxy().build()?;
        let asked = now();
        loop {
            process.check()?;
            let mut request = client.get(self.at(path));
            if let Some(key) = key {
                request = request.bearer_auth(key);
            }
            let answer = request.send().await;
            if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            ensure!(asked.elapsed() < READY, "{path} does not succeed: {answer:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Prices are given so that each ledger entry has an amount to be computed and summed, and the greatest lengths so that a budget can
/// hold the most that a call may cost.
fn configuration(way: Way, upstream: SocketAddr) -> String {
    let limits = if way.has_limits() { limits::OF_MODEL } else { "{}" };
    let (mut providers, mut routes) = (String::new(), String::new());
    for dialect in Dialect::ALL {
        let (vendor, path) = (dialect.vendor(), dialect.base_path());
        providers += &format!(
            "  - name: {vendor}\n    vendor: {vendor}\n    base_url: http://{upstream}{path}\n    \
             api_key: {UPSTREAM_KEY}\n    models:\n"
        );
        let models: BTreeMap<String, String> =
            ALL.iter().map(|scenario| (scenario.route(dialect), scenario.upstream_model())).collect();
        for (route, model) in models {
            providers += &format!(
                "      - model: \"{model}\"\n        rates: {{ input: 150000000, output: 600000000 }}\n        \
                 limits: {limits}\n        \
                 context_window: 1000000\n        max_output_tokens: 16384\n"
            );
            routes += &format!(
                "  - name: {route}\n    targets:\n      - provider: {vendor}\n        model: \"{model}\"\n        limits: {limits}\n"
            );
        }
    }
    format!("settings:\n  log_level: WARN\nproviders:\n{providers}routes:\n{routes}")
}
