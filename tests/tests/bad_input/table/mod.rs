//! The list of bad inputs, row by row: each is a case here, or stands in another suite, or its route is not there yet. What a row
//! must be answered in detail is asked in the other modules; here every row is asked for the same: the status, no defect, no
//! hang, no echo, no call of a provider.

mod accounts;
mod any;
mod chat;
mod cookies;
mod elsewhere;
mod people;
mod providers;
mod routes;
mod tokens;
mod virtual_keys;

use crate::door::{Gateway, is_no_echo};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use switchyard::Store;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::{Answer, RawConnection, TestApp};

/// No row may take longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The last row of the list.
const ROWS: u32 = 140;

/// A request, as bytes.
pub(crate) struct Case {
    row: u32,
    request: Vec<u8>,
    expected: &'static [u16],
    /// How many answers there may be; the last one, or a closed connection, ends the case.
    answers: usize,
}

/// What a row is, where it is no case here.
#[derive(Clone, Copy)]
enum Standing {
    /// The test that asks it.
    Elsewhere(&'static str),
    /// Why there is nothing to ask yet.
    Absent(&'static str),
}

impl Case {
    fn new(row: u32, request: impl Into<Vec<u8>>, expected: &'static [u16]) -> Self {
        Self { row, request: request.into(), expected, answers: 1 }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.request[..self.request.len().min(160)]).into_owned()
    }

    /// Sends the request and reads what comes back.
    async fn send(&self, app: &TestApp) -> Vec<Answer> {
        let mut connection = RawConnection::open(app.address()).await;
        // The server may close as soon as it has seen enough.
        let _closed_early = connection.try_send(&self.request).await;
        let mut answers = Vec::new();
        while answers.len() < self.answers {
            let Some(answer) = connection.answer().await else { break };
            answers.push(answer);
        }
        answers
    }

    async fn run(&self, gateway: &Gateway) {
        // On a busy machine even a good answer is late now and then; one that is slow by itself is so each time.
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            let began = Instant::now();
            let answers = self.send(&gateway.app).await;
            fastest = fastest.min(began.elapsed());
            self.judge(&answers);
            if fastest <= PATIENCE {
                break;
            }
        }
        assert!(fastest <= PATIENCE, "row {}: {fastest:?}: {}", self.row, self.shown());
        let calls = gateway.app.simulator().take_calls();
        let may_call = self.expected.contains(&200);
        assert!(calls.is_empty() || may_call, "row {} reached the provider: {}", self.row, self.shown());
    }

    fn judge(&self, answers: &[Answer]) {
        assert!(!answers.is_empty(), "row {}: no answer to {}", self.row, self.shown());
        let input = String::from_utf8_lossy(&self.request);
        for answer in answers {
            let place = format!("row {}: {} for {}", self.row, answer.status, self.shown());
            assert!(self.expected.contains(&answer.status), "{place}: {}", answer.text);
            if answer.status >= 400 {
                is_no_echo(self.row, &input, answer);
            }
        }
    }
}

/// A request of these lines and this body, at the gateway.
fn request(first: &str, lines: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = format!("{first} HTTP/1.1\r\nhost: gateway\r\n").into_bytes();
    for line in lines {
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body.as_ref());
    bytes
}

/// The rows that ask the database.
async fn of_people(gateway: &Gateway, asked: &mut BTreeMap<u32, usize>) {
    let app = &gateway.app;
    let cases = people::cases(app).await.into_iter().chain(virtual_keys::cases(app).await);
    let cases = cases.chain(providers::cases(app).await).chain(routes::cases(app).await);
    for case in cases.chain(accounts::cases(app).await) {
        case.run(gateway).await;
        *asked.entry(case.row).or_default() += 1;
    }
    accounts::that_count(app, asked).await;
    people::stored_keys(app, asked).await;
    providers::that_are_tested(app, asked).await;
    cookies::ask(app, asked).await;
    let health = app.anonymous().get("/health").await;
    assert_eq!(
        (health.status, &health.json()["database"]["connected"]),
        (200, &true.into()),
        "{}",
        health.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_that_ask_the_database_are_answered_alike_by_postgresql() {
    let Some(postgres) = PrivatePostgres::shared() else { return };
    let store = Store::Postgres(postgres.create_database().into());
    let app = people::app(TestApp::builder()).store(store).start().await;
    let mut asked: BTreeMap<u32, usize> = BTreeMap::new();
    of_people(&Gateway::over(app).await, &mut asked).await;
    assert!((56..=75).all(|row| asked.contains_key(&row) || row == 68), "{asked:?}");
}

#[tokio::test]
async fn every_row_of_the_list_is_answered_as_it_must_be() {
    let gateway = Gateway::over(people::app(TestApp::builder()).start().await).await;
    let key = gateway.client.key().to_owned();
    let mut asked: BTreeMap<u32, usize> = BTreeMap::new();
    for case in chat::cases(&key).into_iter().chain(any::cases(&key)) {
        case.run(&gateway).await;
        *asked.entry(case.row).or_default() += 1;
    }
    of_people(&gateway, &mut asked).await;
    any::slow(&mut asked).await;
    people::answers_of_addresses(&mut asked).await;
    accounts::under_other_settings(&mut asked).await;
    let health = gateway.app.anonymous().get("/health").await;
    assert_eq!(health.status, 200, "the server lives");
    assert_eq!(gateway.client.ask("upstream/gpt-sim", "hi").await.status, 200, "and answers");
    let others = elsewhere::rows();
    for row in 1..=ROWS {
        let (here, there) = (asked.contains_key(&row), others.iter().any(|(rows, _)| rows.contains(&row)));
        assert!(here != there, "row {row} is a case here ({here}) or somewhere else ({there})");
    }
    let cases: usize = asked.values().sum();
    println!("{} rows with {cases} cases here", asked.len());
    for (rows, standing) in others {
        let why = match standing {
            Standing::Elsewhere(suite) => format!("asked in {suite}"),
            Standing::Absent(reason) => format!("absent: {reason}"),
        };
        println!("rows {}-{} are {why}", rows.start(), rows.end());
    }
}
