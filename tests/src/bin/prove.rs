//! Proves the promises at full size, one at a time, and prints the figures. It ends with an error where a promise
//! is broken.

#![expect(clippy::print_stdout, reason = "its figures are its output")]

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use std::time::Duration;
use switchyard_tests::all_failing::AllFailing;
use switchyard_tests::billing::Billing;
use switchyard_tests::canaries::{self, CanaryHunt};
use switchyard_tests::changes::Changes;
use switchyard_tests::crowds::Crowd;
use switchyard_tests::dice::Dice;
use switchyard_tests::disconnects::Disconnects;
use switchyard_tests::egress;
use switchyard_tests::failover::Failover;
use switchyard_tests::fleet::served::ServedFleet;
use switchyard_tests::fleet::virtual_time::VirtualFleet;
use switchyard_tests::full_disk::{DiskOutage, FullDisk};
use switchyard_tests::installation::Database;
use switchyard_tests::kills::Kills;
use switchyard_tests::large_bodies::LargeBodies;
use switchyard_tests::login_crowd::LoginCrowd;
use switchyard_tests::login_times::LoginTimes;
use switchyard_tests::outages::{Cause, Outages};
use switchyard_tests::overspending::Overspending;
use switchyard_tests::recovery::Recovery;
use switchyard_tests::replicas::Setting;
use switchyard_tests::rotation::Rotation;
use switchyard_tests::slowness::SlowClients;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    promise: Promise,
}

#[derive(Debug, Subcommand)]
enum Promise {
    /// kill -9 under load: nothing is lost, nothing doubled.
    P1 {
        /// How often.
        #[arg(long, default_value_t = 30)]
        kills: usize,
        /// Calls each second.
        #[arg(long, default_value_t = 200)]
        rate: u32,
        /// What the moments are drawn from; printed, so that a run can be repeated.
        #[arg(long)]
        seed: Option<u64>,
        /// With the ledger in PostgreSQL rather than SQLite.
        #[arg(long)]
        postgres: bool,
        /// Each kill leaves half a record at the journal's end.
        #[arg(long)]
        tears: bool,
    },
    /// One call in eight meets a fault: the ledger equals the provider's own count.
    P2 {
        /// How many calls.
        #[arg(long, default_value_t = 20_000)]
        calls: usize,
    },
    /// The database is away: calls go on, and usage arrives once afterwards.
    P3 {
        /// How long it is away, each time.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Calls each second.
        #[arg(long, default_value_t = 200)]
        rate: u32,
    },
    /// Many calls at once on a budget for a few, and the server is killed meanwhile: nothing is overrun, nothing is lost.
    P4 {
        /// Calls at once.
        #[arg(long, default_value_t = 256)]
        calls: usize,
        /// How often the server is killed.
        #[arg(long, default_value_t = 5)]
        kills: usize,
    },
    /// Many calls at once under a limit for a few, on one process and on three that share Redis: exactly as many pass, in every minute.
    P5 {
        /// Calls at once.
        #[arg(long, default_value_t = 256)]
        calls: usize,
        /// How many of them may pass.
        #[arg(long, default_value_t = 10)]
        limit: u32,
        /// For how many seconds calls go on, to see each minute.
        #[arg(long, default_value_t = 130)]
        seconds: u64,
    },
    /// Any fault before the first byte is hidden; after it answers are never mixed, and a stream that falls silent ends in time.
    P7 {
        /// Calls of each fault.
        #[arg(long, default_value_t = 200)]
        calls: usize,
        /// Streams that fall silent.
        #[arg(long, default_value_t = 200)]
        stalls: usize,
    },
    /// Every provider fails: no flood of attempts, three of a call at most, and all within its time.
    P8 {
        /// Calls for each way to fail.
        #[arg(long, default_value_t = 10_000)]
        calls: usize,
        /// At the same time.
        #[arg(long, default_value_t = 64)]
        at_once: usize,
    },
    /// A dead provider is left alone, tried now and then, and has its traffic back soon after it recovers.
    P9 {
        /// How long it is dead.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Calls each second.
        #[arg(long, default_value_t = 50)]
        rate: u32,
    },
    /// Secrets are hidden in every place where one can enter: nothing that is written anywhere holds one.
    P10 {
        /// What the secrets are drawn from.
        #[arg(long)]
        seed: Option<u64>,
        /// A client gives one away in its request's id: the search must find it, so this ends with an error.
        #[arg(long)]
        leak: bool,
    },
    /// Serves with a defect, for the search for secrets.
    #[command(hide = true)]
    DefectiveServer,
    /// The encryption key is changed under load, and whoever changes it is killed: no call fails, every row is sealed anew.
    P12 {
        /// Credentials that are stored.
        #[arg(long, default_value_t = 2_000)]
        credentials: usize,
        /// Calls each second.
        #[arg(long, default_value_t = 200)]
        rate: u32,
        /// How often the change is broken off.
        #[arg(long, default_value_t = 5)]
        kills: usize,
        /// What the moments are drawn from.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Clients leave: the provider's work ends at once, and what was received is paid.
    P6 {
        /// How many calls.
        #[arg(long, default_value_t = 1_000)]
        calls: usize,
    },
    /// No hostile URL leads to a connection that must not be.
    P13,
    /// Bodies that are far too large, at every kind of door: refused, and each costs little memory.
    P18 {
        /// How many MiB each has.
        #[arg(long, default_value_t = 64)]
        mebibytes: usize,
        /// How often each door is tried.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Slow clients: everybody else is served, and none of them stays longer than it may.
    P19 {
        /// How many, of each kind.
        #[arg(long, default_value_t = 250)]
        clients: usize,
    },
    /// Refused logins take the same time for known and unknown names; many at once cost little memory and little of others' time.
    P17 {
        /// How many of each, in turn.
        #[arg(long, default_value_t = 200)]
        rounds: usize,
        /// How many at once.
        #[arg(long, default_value_t = 128)]
        crowd: usize,
    },
    /// The configuration changes under load: no call fails, each sees one version, and new ones see a change within a second.
    P21 {
        /// How often it changes.
        #[arg(long, default_value_t = 1_000)]
        changes: usize,
        /// Calls each second.
        #[arg(long, default_value_t = 200)]
        rate: u32,
    },
    /// Eight targets of which one fails in each way, by each strategy: picks, successes, attempts and latencies.
    Fleet {
        /// Calls of each strategy under each trouble, in virtual time.
        #[arg(long, default_value_t = 50_000)]
        virtual_calls: u64,
        /// Calls of each strategy under each trouble, through the server.
        #[arg(long, default_value_t = 2_000)]
        calls: usize,
        /// At the same time.
        #[arg(long, default_value_t = 32)]
        at_once: usize,
    },
    /// The disk is full: nothing is answered unrecorded, and calls are served again once there is space.
    P22 {
        /// How long it is full, each time.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Calls each second.
        #[arg(long, default_value_t = 200)]
        rate: u32,
    },
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let broken = match Arguments::parse().promise {
        Promise::P1 { kills, rate, seed, postgres, tears } => {
            let database = if postgres { Database::postgres() } else { Some(Database::Sqlite) };
            let life = Duration::from_millis(50)..Duration::from_millis(2500);
            let seed = seed.unwrap_or_else(Dice::any_seed);
            match database {
                Some(database) => kill(Kills { kills, rate, life, seed, database, tears }).await,
                None => vec!["PostgreSQL is left out on this machine, so nothing was tried".to_owned()],
            }
        }
        Promise::P2 { calls } => bill(calls).await,
        Promise::P3 { seconds, rate } => take_database_away(Duration::from_secs(seconds), rate).await,
        Promise::P4 { calls, kills } => overspend(calls, kills).await,
        Promise::P7 { calls, stalls } => fail_over(calls, stalls).await,
        Promise::P8 { calls, at_once } => fail_all(calls, at_once).await,
        Promise::P9 { seconds, rate } => recover(Duration::from_secs(seconds), rate).await,
        Promise::P10 { seed, leak } => hunt(seed, leak).await,
        Promise::DefectiveServer => {
            canaries::serve_defective().await;
            return ExitCode::SUCCESS;
        }
        Promise::P5 { calls, limit, seconds } => crowd(calls, limit, Duration::from_secs(seconds)).await,
        Promise::P12 { credentials, rate, kills, seed } => rotate(credentials, rate, kills, seed).await,
        Promise::P6 { calls } => leave(calls).await,
        Promise::P13 => call_hostile_urls().await,
        Promise::P18 { mebibytes, rounds } => send_large_bodies(mebibytes << 20, rounds).await,
        Promise::P19 { clients } => be_slow(clients).await,
        Promise::P17 { rounds, crowd } => log_in(rounds, crowd).await,
        Promise::P21 { changes, rate } => change(changes, rate).await,
        Promise::Fleet { virtual_calls, calls, at_once } => sail(virtual_calls, calls, at_once).await,
        Promise::P22 { seconds, rate } => fill_disk(Duration::from_secs(seconds), rate).await,
    };
    for promise in &broken {
        println!("BROKEN: {promise}");
    }
    if broken.is_empty() {
        println!("the promise holds");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn kill(kills: Kills) -> Vec<String> {
    println!("{} kills at {} calls/s, seed {}", kills.kills, kills.rate, kills.seed);
    let report = kills.run().await;
    print!("{report}");
    report.broken()
}

async fn rotate(credentials: usize, rate: u32, kills: usize, seed: Option<u64>) -> Vec<String> {
    let seed = seed.unwrap_or_else(Dice::any_seed);
    let mut broken = Vec::new();
    for database in [Some(Database::Sqlite), Database::postgres()] {
        let Some(database) = database else {
            println!("PostgreSQL is left out on this machine");
            continue;
        };
        println!("{credentials} credentials, {rate} calls/s, {kills} kills, seed {seed}");
        let report = Rotation { credentials, rate, kills, seed, database }.run().await;
        print!("{report}");
        broken.extend(report.broken());
    }
    broken
}

async fn hunt(seed: Option<u64>, leak: bool) -> Vec<String> {
    let seed = seed.unwrap_or_else(Dice::any_seed);
    let mut broken = Vec::new();
    for database in [Some(Database::Sqlite), Database::postgres()] {
        let Some(database) = database else {
            println!("PostgreSQL is left out on this machine");
            continue;
        };
        println!("== {}, seed {seed}", database.name());
        let Ok(defective) = std::env::current_exe() else {
            return vec!["this program does not know where it is".to_owned()];
        };
        let report = CanaryHunt { database, seed, leak, defective }.run().await;
        print!("{report}");
        broken.extend(report.broken());
    }
    broken
}

async fn bill(calls: usize) -> Vec<String> {
    let report = Billing { calls, at_once: 64 }.run().await;
    print!("{report}");
    report.broken()
}

async fn log_in(rounds: usize, crowd: usize) -> Vec<String> {
    let crowd = LoginCrowd { logins: crowd, rounds: 4 }.run().await;
    print!("{crowd}");
    let times = LoginTimes { rounds }.run().await;
    print!("{times}");
    crowd.broken().into_iter().chain(times.broken()).collect()
}

async fn overspend(calls: usize, kills: usize) -> Vec<String> {
    let mut broken = Vec::new();
    for setting in settings() {
        println!("== {setting}");
        let name = setting.to_string();
        let report = Overspending { at_once: calls, affordable: 10, kills, setting }.run().await;
        print!("{report}");
        broken.extend(report.broken().into_iter().map(|promise| format!("{name}: {promise}")));
    }
    broken
}

async fn crowd(calls: usize, limit: u32, going_on: Duration) -> Vec<String> {
    let mut broken = Vec::new();
    for setting in settings() {
        println!("== {setting}, {calls} calls at once");
        let name = setting.to_string();
        for report in (Crowd { at_once: calls, limit, going_on, setting }).run().await {
            println!("{report}");
            broken.extend(report.broken().map(|promise| format!("{name}: {promise}")));
        }
    }
    broken
}

/// One process in its memory; one and three over Redis, where that is to be had.
fn settings() -> Vec<Setting> {
    let shared = [1, 3].into_iter().filter_map(Setting::shared);
    std::iter::once(Setting::alone()).chain(shared).collect()
}

async fn leave(calls: usize) -> Vec<String> {
    let report = Disconnects { calls, at_once: 32, seed: Dice::any_seed() }.run().await;
    print!("{report}");
    report.broken().into_iter().chain(report.late()).collect()
}

async fn call_hostile_urls() -> Vec<String> {
    let report = egress::run().await;
    print!("{report}");
    report.broken()
}

async fn be_slow(clients: usize) -> Vec<String> {
    let report = SlowClients { of_each_kind: clients }.run().await;
    print!("{report}");
    report.broken()
}

async fn send_large_bodies(bytes: usize, rounds: usize) -> Vec<String> {
    let report = LargeBodies { bytes, rounds }.run().await;
    print!("{report}");
    report.broken()
}

async fn fail_over(calls: usize, stalls: usize) -> Vec<String> {
    let report = Failover { calls, stalls }.run().await;
    print!("{report}");
    report.broken().into_iter().chain(report.late()).collect()
}

async fn fail_all(calls: usize, at_once: usize) -> Vec<String> {
    let mut broken = Vec::new();
    for report in (AllFailing { calls, at_once }).run().await {
        print!("{report}");
        broken.extend(report.broken().into_iter().chain(report.late()));
    }
    broken
}

async fn recover(dead: Duration, rate: u32) -> Vec<String> {
    let report = Recovery { dead, rate }.run().await;
    print!("{report}");
    report.broken()
}

async fn change(changes: usize, rate: u32) -> Vec<String> {
    let mut broken = Vec::new();
    for (processes, database) in [(1, Some(Database::Sqlite)), (2, Database::postgres())] {
        let Some(database) = database else {
            println!("PostgreSQL is left out on this machine");
            continue;
        };
        println!("== {}, {processes} processes, {rate} calls/s", database.name());
        let report = Changes { changes, rate, processes, database }.run().await;
        print!("{report}");
        broken.extend(report.broken());
    }
    broken
}

async fn sail(virtual_calls: u64, calls: usize, at_once: usize) -> Vec<String> {
    println!("== {virtual_calls} calls in virtual time");
    let simulated = VirtualFleet { calls: virtual_calls }.run();
    print!("{simulated}");
    println!("== {calls} calls through the server, {at_once} at once");
    let measured = Duration::from_millis(100);
    let served = ServedFleet { calls, at_once, measured, servers: 1 }.run().await;
    print!("{served}");
    simulated.broken().into_iter().chain(served.broken()).chain(served.late()).collect()
}

async fn take_database_away(outage: Duration, rate: u32) -> Vec<String> {
    let mut broken = Vec::new();
    for cause in Cause::ALL {
        println!("== {cause}, for {} s", outage.as_secs());
        let calm = (outage / 4).max(Duration::from_secs(2));
        match (Outages { cause, rate, calm, outage }).run().await {
            Some(report) => {
                print!("{report}");
                broken.extend(report.broken().into_iter().map(|why| format!("{cause}: {why}")));
            }
            None => println!("skipped: it is left out on this machine"),
        }
    }
    broken
}

async fn fill_disk(full: Duration, rate: u32) -> Vec<String> {
    let (mut broken, mut tried) = (Vec::new(), 0);
    for disk in FullDisk::ALL {
        println!("== {disk}, for {} s", full.as_secs());
        match (DiskOutage { disk, rate, calm: Duration::from_secs(2), full }).run().await {
            Some(report) => {
                tried += 1;
                print!("{report}");
                broken.extend(report.broken().into_iter().map(|why| format!("{disk}: {why}")));
            }
            None => println!("skipped: this machine does not allow it"),
        }
    }
    if tried == 0 {
        broken.push("no way of filling a disk is allowed here, so nothing was tried".to_owned());
    }
    broken
}
