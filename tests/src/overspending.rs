//! P4: however many calls come at once, on however many processes, and however often one of them is killed meanwhile, a budget is never
//! overrun, and nothing of it is lost.

use crate::client::{Ask, Ending, LoadClient};
use crate::installation::{Installation, MODEL, PROVIDER};
use crate::replicas::{Replicas, Setting};
use futures_util::future::join_all;
use serde_json::json;
use std::fmt;
use std::time::{Duration, Instant};
use switchyard::Embedded;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_orchestrator::admin::QuotaRequest;
use tokio::time::sleep;

/// The most that one call may cost, at the prices of the installation: two bytes of prompt in a frame of eight tokens behind a
/// preamble of a thousand, and a thousand tokens of answer.
const CALL: i64 = 12_525_000;
/// More rounds than any budget here takes to be spent.
const MOST_ROUNDS: usize = 400;
/// By when what a killed process held is free again.
const LEASE: Duration = Duration::from_secs(60);

/// How many calls at once, on a budget for how many.
#[derive(Debug)]
pub struct Overspending {
    /// Calls at once, again and again until the budget is spent.
    pub at_once: usize,
    /// How many of them the budget can pay at their dearest.
    pub affordable: usize,
    /// How often a process is killed while they run.
    pub kills: usize,
    /// What the processes share.
    pub setting: Setting,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct OverspendingReport {
    /// How many passed of the first round, when nothing was spent yet.
    pub first_round: usize,
    /// How many should have.
    pub affordable: usize,
    /// Rounds of calls until the budget was spent.
    pub rounds: usize,
    /// Kills.
    pub kills: usize,
    /// The budget.
    pub budget: i64,
    /// What the ledger says was spent.
    pub spent: i64,
    /// How long it took from the last kill until nothing of what was left could pay for a call.
    pub recovery: Duration,
    /// Differences within the books.
    pub problems: usize,
}

impl Overspending {
    /// Calls until nothing more is affordable.
    ///
    /// # Panics
    /// When a server can't be started.
    pub async fn run(self) -> OverspendingReport {
        let mut replicas = Replicas::prepare(self.setting, "tokens=150&latency_ms=1500");
        let amount = CALL * i64::try_from(self.affordable).expect("a number") + CALL / 2;
        let scope = set_budget(replicas.installation(), amount).await;
        replicas.start().await;
        let (mut rounds, mut first_round, mut kills) = (0, 0, 0);
        let (mut killed, mut last_passed) = (Instant::now(), Instant::now());
        loop {
            let began = Instant::now();
            let clients = replicas.clients();
            let calls = (0..self.at_once).map(|call| call_once(&clients[call % clients.len()], rounds, call));
            let running = join_all(calls);
            let is_killed = rounds > 0 && kills < self.kills;
            let endings = if is_killed {
                let dying = async {
                    sleep(Duration::from_millis(700 + 173 * kills as u64)).await;
                    replicas.kill(kills);
                };
                let (endings, ()) = tokio::join!(running, dying);
                killed = Instant::now();
                replicas.start_again(kills).await;
                kills += 1;
                endings
            } else {
                running.await
            };
            let reached = endings.iter().filter(|ending| has_passed(ending)).count();
            if rounds == 0 {
                first_round = reached;
            }
            // A call passes, or does not, when it begins; it takes its time then.
            if reached > 0 {
                last_passed = began;
            }
            rounds += 1;
            // What a killed process held is free after a while: until then none may pass.
            let is_settled = kills == 0 || killed.elapsed() > LEASE || !replicas.is_shared();
            // Of a round that was killed, nobody knows who would have passed.
            let is_spent = reached == 0 && !is_killed && kills == self.kills && is_settled;
            if is_spent || rounds == MOST_ROUNDS {
                break;
            }
            if reached == 0 {
                sleep(Duration::from_secs(1)).await;
            }
        }
        let recovery = if kills > 0 { last_passed.saturating_duration_since(killed) } else { Duration::ZERO };
        replicas.terminate().await;
        let app = replicas.installation().library().open().await.expect("the ledger opens");
        let (spent, problems) = books(&app, scope).await;
        app.close().await;
        OverspendingReport {
            first_round,
            affordable: self.affordable,
            rounds,
            kills,
            budget: amount,
            spent,
            recovery,
            problems,
        }
    }
}

/// Whether a call was admitted, as far as its client can tell.
fn has_passed(ending: &Ending) -> bool {
    matches!(ending, Ending::Completed | Ending::BrokenOff(_))
}

async fn set_budget(installation: &Installation, amount: i64) -> QuotaScope {
    let administration = installation.library().open_administration().await.expect("the data open");
    let keys = administration.keys().list().await.expect("the keys are read");
    let scope = QuotaScope::Key(keys.first().expect("a key").id);
    let budget = Budget { amount: NanoUsd(amount), window: BudgetWindow::Total, zone: Zone::utc() };
    let request = QuotaRequest { scope, limits: Limits::NONE, budget: Some(budget), expected_version: None };
    administration.quotas().set(request, &Writer::API).await.expect("the budget is set");
    scope
}

async fn call_once(client: &LoadClient, round: usize, call: usize) -> Ending {
    let mut ask =
        Ask::new(format!("budget-{round}-{call}"), format!("{PROVIDER}/{MODEL}"), call.is_multiple_of(2));
    ask.more = json!({"max_tokens": 1_000, "messages": [{"role": "user", "content": "hi"}]});
    client.call(&ask).await.ending
}

async fn books(app: &Embedded, scope: QuotaScope) -> (i64, usize) {
    assert!(app.flush_usage().await, "the journal does not drain");
    let states = app.quotas().list().await.expect("the quotas are read");
    let state = states.into_iter().find(|state| state.quota.scope == scope).expect("the budget");
    let check = app.usage().verify().await.expect("the books are read");
    (state.spent.map_or(0, |(_, spent)| spent.0), check.problems.len())
}

impl OverspendingReport {
    /// What was spent beyond the budget.
    #[must_use]
    pub fn overrun(&self) -> i64 {
        (self.spent - self.budget).max(0)
    }

    /// Reservations that nobody gave back: how many calls what is left could have paid for.
    #[must_use]
    pub fn leaked(&self) -> i64 {
        (self.budget - self.spent).max(0) / CALL
    }

    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if self.first_round != self.affordable {
            broken.push(format!(
                "{} calls passed at first, {} are affordable",
                self.first_round, self.affordable
            ));
        }
        if self.overrun() > 0 {
            broken.push(format!("the budget was overrun by {} nano-USD", self.overrun()));
        }
        if self.leaked() > 0 {
            broken.push(format!(
                "{} nano-USD are left, which pay for a call, and none passed",
                self.budget - self.spent
            ));
        }
        if self.recovery > LEASE {
            broken.push(format!("what a killed process held was free after {:?} only", self.recovery));
        }
        if self.problems > 0 {
            broken.push(format!("the books differ in {} places", self.problems));
        }
        broken
    }
}

impl fmt::Display for OverspendingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "passed of the first calls {} ({} affordable)", self.first_round, self.affordable)?;
        writeln!(f, "rounds until it was spent {}", self.rounds)?;
        writeln!(f, "kills                     {}", self.kills)?;
        writeln!(f, "budget                    {}", NanoUsd(self.budget))?;
        writeln!(f, "spent, by the ledger      {}", NanoUsd(self.spent))?;
        writeln!(f, "overrun                   {}", NanoUsd(self.overrun()))?;
        writeln!(f, "leaked reservations       {}", self.leaked())?;
        writeln!(f, "last call after a kill    {:.1} s", self.recovery.as_secs_f64())?;
        writeln!(f, "left, of a call\'s price  {} of {}", NanoUsd(self.budget - self.spent), NanoUsd(CALL))
    }
}
