//! The death of the process, at any moment, loses no record that was acknowledged and doubles none.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use switchyard_journal::{FileJournal, Options};
use switchyard_ports::journal::Journal;
use switchyard_testkit::contracts::journal::sample_event;
use tempfile::TempDir;
use tokio::task::JoinSet;

const WRITERS: u128 = 4;
/// What makes a directory the scene; nobody starts the victim elsewhere by accident.
const SCENE: &str = "scene";

/// Small segments, so that kills meet rotation.
fn open(dir: &Path) -> FileJournal {
    FileJournal::open(dir, Options { segment_bytes: 50_000, ..Options::default() }).unwrap()
}

/// Appends for ever in the working directory, drains at the same time, and says what was acknowledged and what was drained.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "the victim: the test below starts it and kills it"]
async fn victim() {
    assert!(Path::new(SCENE).exists(), "this is not to be run by itself");
    let journal = Arc::new(open(Path::new("journal")));
    let first = u128::from(std::process::id()) << 40;
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let journal = Arc::clone(&journal);
        tasks.spawn(async move {
            for number in (first + writer..).step_by(WRITERS as usize) {
                journal.reserve().unwrap().append(&[sample_event(number)]).await.unwrap();
                say(&format!("acknowledged {number}\n"));
            }
        });
    }
    tasks.spawn(async move {
        loop {
            if let Some(segment) = journal.sealed().await.unwrap() {
                // Said in one piece, and believed only when the segment was released behind it.
                let ids: Vec<_> =
                    segment.events.iter().map(|event| event.id.0.as_u128().to_string()).collect();
                say(&format!("drained {}\n", ids.join(" ")));
                journal.release(&segment.id).await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    });
    tasks.join_next().await.unwrap().unwrap();
}

fn say(line: &str) {
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// Lets a victim write until it said so many lines, kills it, and returns what it acknowledged and drained.
fn kill_after(scene: &Path, lines: usize) -> (BTreeSet<u128>, BTreeSet<u128>) {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--ignored", "--nocapture", "--test-threads=1"])
        .current_dir(scene)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(victim.stdout.take().unwrap());
    let (mut acknowledged, mut drained, mut seen) = (BTreeSet::new(), BTreeSet::new(), 0);
    let mut line = String::new();
    // After the kill the pipe still holds what was said before it.
    while said.read_line(&mut line).unwrap() > 0 {
        let whole = line.ends_with('\n');
        match line.trim_end().split_once(' ') {
            Some(("acknowledged", number)) if whole => acknowledged.extend(number.parse::<u128>()),
            Some(("drained", numbers)) if whole => {
                drained.extend(numbers.split(' ').map(|n| n.parse::<u128>().unwrap()));
            }
            _ => {}
        }
        line.clear();
        seen += 1;
        if seen == lines {
            victim.kill().unwrap();
        }
    }
    victim.wait().unwrap();
    assert!(seen >= lines, "the victim died by itself");
    (acknowledged, drained)
}

#[tokio::test]
async fn a_killed_process_loses_and_doubles_nothing() {
    let scene = TempDir::new().unwrap();
    std::fs::write(scene.path().join(SCENE), "").unwrap();
    let (mut acknowledged, mut recorded) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..24_usize {
        let (said, drained) = kill_after(scene.path(), 40 + round * 97 % 700);
        acknowledged.extend(said);
        recorded.extend(drained);
        if round % 3 == 2 {
            drain(&scene.path().join("journal"), &mut recorded).await;
        }
    }
    assert!(acknowledged.len() > 2_000, "{}", acknowledged.len());
    let lost: Vec<_> = acknowledged.difference(&recorded).collect();
    assert!(lost.is_empty(), "lost {} of {}: {lost:?}", lost.len(), acknowledged.len());
}

/// Drains what the killed ones left into what is recorded.
async fn drain(dir: &Path, recorded: &mut BTreeSet<u128>) {
    let journal = open(dir);
    let mut found = BTreeSet::new();
    while let Some(segment) = journal.sealed().await.unwrap() {
        // A kill may end a write at a page's edge; whoever wrote it was told nothing.
        assert!(segment.damaged <= 1, "{}", segment.damaged);
        for event in &segment.events {
            assert!(found.insert(event.id.0.as_u128()), "one record twice in the journal");
        }
        journal.release(&segment.id).await.unwrap();
    }
    recorded.extend(found);
}
