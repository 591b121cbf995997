//! The fault matrix through a route of three targets, of which the first one fails: what its client gets, what is recorded of each
//! attempt, and what the route's state says of the first target afterwards.

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use std::time::Duration;
use switchyard::Name;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::ids::RouteId;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{RouteMode, Timeouts};
use switchyard_domain::usage::Outcome;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{PASSWORD, TestApp, TestClient};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

const ADMIN: &str = "ada.admin";
const ROUTE: &str = "three";
const PATIENCE: Duration = Duration::from_millis(600);
/// So many failures in a row open a breaker.
const IN_A_ROW: usize = 5;
/// Rows at the same time.
const LANES: usize = 6;

/// How an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Stream,
    BothWays,
}
use Asked::{BothWays, Stream, Whole};

/// What the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gets {
    /// The second target's answer.
    Next,
    /// The first one's.
    First,
    /// An error.
    Error(u16, &'static str),
    /// The beginning of the first one's, and an error event.
    Beginning,
}
use Gets::{Beginning, Error, First, Next};

/// What the first attempt says of its target.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Health {
    Failure,
    Neutral,
    Success,
    /// It is left alone for so many milliseconds, and its breaker stays closed.
    Cooled(RangeInclusive<u64>),
    OpenAtOnce,
}
use Health::{Cooled, Failure, Neutral, OpenAtOnce, Success};

/// A row of the matrix.
type Row = (&'static str, &'static str, Asked, Gets, (Outcome, Option<&'static str>), Health);

const FAILED: Outcome = Outcome::Failed;
const FIVE_MINUTES: RangeInclusive<u64> = 290_000..=300_000;

fn rows() -> Vec<Row> {
    let ends = (Outcome::Complete, None);
    let (refused, throttled) = ((FAILED, Some("connect")), (Outcome::Throttled, Some("throttled")));
    let (server_error, silent) =
        ((FAILED, Some("server_error")), (Outcome::TimedOut, Some("first_byte_timeout")));
    let (rejected, auth) = ((Outcome::Rejected, Some("rejected")), (FAILED, Some("auth_failed")));
    let (transient, quota) = ((FAILED, Some("transient")), (Outcome::Throttled, Some("quota_exhausted")));
    let (invalid, cut) = ((FAILED, Some("invalid_response")), (FAILED, Some("interrupted")));
    let (redirect, cut_later) = ((FAILED, Some("redirect")), (Outcome::Partial, Some("interrupted")));
    let over = (FAILED, Some("too_large"));
    vec![
        ("U1", "refuse", BothWays, Next, refused, Failure),
        ("U5", "status=429&retry_after=2", BothWays, Next, throttled, Cooled(500..=2_000)),
        ("U5", "status=429&retry_after=30", BothWays, Next, throttled, Cooled(25_000..=30_000)),
        ("U5", "status=429&retry_after=garbage", Whole, Next, throttled, Cooled(1..=1_000)),
        ("U6", "status=429", BothWays, Next, throttled, Cooled(1..=1_000)),
        ("U6", "status=429&error_code=insufficient_quota", BothWays, Next, quota, Cooled(FIVE_MINUTES)),
        ("U7", "status=500", BothWays, Next, server_error, Failure),
        ("U7", "status=502", Whole, Next, server_error, Failure),
        ("U7", "status=503", Whole, Next, server_error, Failure),
        ("U7", "status=504", Whole, Next, server_error, Failure),
        ("U7", "status=529", Whole, Next, server_error, Failure),
        ("U8", "status=400", BothWays, Error(400, ""), rejected, Success),
        ("U8", "status=404", Whole, Error(404, ""), rejected, Success),
        ("U8", "status=413", Whole, Error(413, ""), rejected, Success),
        ("U8", "status=422", Whole, Error(422, ""), rejected, Success),
        ("U9", "status=401", BothWays, Next, auth, Cooled(FIVE_MINUTES)),
        ("U9", "status=403", Whole, Next, auth, Cooled(FIVE_MINUTES)),
        ("U10", "status=408", BothWays, Next, transient, Neutral),
        ("U10", "status=425", Whole, Next, transient, Neutral),
        ("U11", "latency_ms=60000", BothWays, Next, silent, Failure),
        ("U12", "stall_before_first", Stream, Next, silent, Failure),
        ("U13", "stall_after=4", Stream, Beginning, (Outcome::Partial, Some("idle_timeout")), Failure),
        ("U14", "cut_after=3", Stream, Beginning, cut_later, Failure),
        ("U14", "rst_after=3", Stream, Beginning, cut_later, Failure),
        ("U14", "cut_after=0", BothWays, Next, cut, Failure),
        ("U15", "no_done", Stream, First, ends, Success),
        ("U16", "malformed_json", Whole, Next, invalid, Failure),
        ("U17", "bad_events=3", Stream, First, ends, Success),
        ("U17", "bad_events=4", Stream, Next, invalid, Failure),
        ("U17", "big_line=1200000", Stream, Next, invalid, Failure),
        (
            "U17",
            "tokens=9&bad_events_within=5",
            Stream,
            Beginning,
            (Outcome::Partial, Some("invalid_response")),
            Failure,
        ),
        ("U17", "comments&unknown_events&line_ending=cr", Stream, First, ends, Success),
        ("U18", "split_utf8&byte_at_a_time&tokens=4", BothWays, First, ends, Success),
        ("U19", "invalid_utf8", Stream, First, ends, Success),
        ("U20", "html", BothWays, Next, invalid, Failure),
        ("U20", "json_for_stream", Stream, First, ends, Success),
        ("U21", "gzip", BothWays, First, ends, Success),
        ("U21", "truncated_gzip", Whole, Next, cut, Failure),
        ("U21", "wrong_length=+7", Whole, Next, cut, Failure),
        ("U21", "gzip&cut_after=5", Stream, Beginning, cut_later, Failure),
        ("U22", "huge_body=20000000", Whole, Error(502, "upstream_error"), over, Failure),
        ("U23", "redirect=302", BothWays, Error(502, "upstream_redirect"), redirect, Neutral),
        ("U24", "usage=missing", BothWays, First, ends, Success),
        ("U24", "usage=negative", Whole, First, ends, Success),
        ("U25", "double_done&data_after_done", Stream, First, ends, Success),
        (
            "U26",
            "header.set-cookie=a%3Db&header.x-goog-api-key=sk-simulated-0123456789",
            BothWays,
            First,
            ends,
            Success,
        ),
        ("U27", "http10", BothWays, First, ends, Success),
        ("U27", "hints_103&trailers&chunked", BothWays, First, ends, Success),
        ("U28", "close_on_reuse", BothWays, First, ends, Success),
    ]
}

/// A server with a route over three providers, of which the first one does what a row says.
struct Three {
    app: TestApp,
    client: TestClient,
    admin: TestClient,
    route: RouteId,
    /// What goes wrong, for messages.
    what: String,
}

/// What came of a call.
struct Came {
    status: u16,
    text: String,
    error: Option<String>,
    is_whole: bool,
    target: String,
    id: String,
    said: String,
}

impl Three {
    async fn begin(what: &str, asked: Asked) -> Self {
        Self::begin_at(None, what, asked).await
    }

    /// The same with the first one at another address than the simulator's.
    async fn begin_at(address: Option<&str>, what: &str, asked: Asked) -> Self {
        let deadlines = Deadlines { first_content: PATIENCE, idle: PATIENCE, total: 40 * PATIENCE };
        let settings = CallSettings { max_attempts: 3, deadlines, first_of_pieces: None };
        let app = TestApp::builder()
            .calls(settings)
            .administrator(ADMIN)
            .server(|config| config.connections_per_source = 1_024)
            .start()
            .await;
        let simulator = app.simulator().base_url();
        for (number, base_url) in
            [address.unwrap_or(&simulator), &simulator, &simulator].into_iter().enumerate()
        {
            app.add_provider(&format!("p{number}"), "openai", base_url, &[&model(number)]).await;
        }
        let target = |number: usize| DeclaredTarget {
            priority: u32::try_from(number).unwrap(),
            timeouts: Timeouts { connect_ms: Some(300), ..Timeouts::DEFAULT },
            ..DeclaredTarget::new(Name::new(format!("p{number}")).unwrap(), model(number))
        };
        let route = DeclaredRoute {
            mode: RouteMode::Multi,
            targets: (0..3).map(target).collect(),
            ..DeclaredRoute::new(Name::new(ROUTE).unwrap())
        };
        let route = app.embedded().routes().add(&route, &Writer::API).await.unwrap();
        let login = json!({"username": ADMIN, "password": PASSWORD}).to_string();
        let login = app.anonymous().post("/api/auth/login", login).await.json();
        let admin = app.client(login["access_token"].as_str().unwrap());
        let client = app.client_with_key("ci").await;
        Self { client, admin, route, what: format!("{what} {asked:?}"), app }
    }

    fn script(&self, script: &str) {
        self.app.simulator().script(&model(0), Script::of(script));
    }

    async fn ask(&self, asked: Asked) -> Came {
        if asked == Stream {
            let it = self.client.ask_stream(ROUTE, "say some words").await;
            if it.answer.status == 200 {
                let (text, error) = (it.text(), it.error_code());
                return Came::of(it.answer, text, error, it.done);
            }
            let error = it.answer.error_code();
            return Came::of(it.answer, String::new(), Some(error), false);
        }
        let answer = self.client.ask(ROUTE, "say some words").await;
        let body = answer.json();
        let text = body["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned();
        let error = body["error"]["code"].as_str().map(str::to_owned);
        let is_whole = answer.status == 200;
        Came::of(answer, text, error, is_whole)
    }

    /// The first target in the route's state: its breaker, and for how many milliseconds it is left alone.
    async fn state(&self) -> (String, u64) {
        let state = self.admin.get(&format!("/api/v1/routes/{}/state", self.route.0)).await.json();
        let first = &state["targets"][0];
        assert_eq!(first["provider"], "p0", "{}: {state}", self.what);
        (first["breaker"].as_str().unwrap().to_owned(), first["rests_ms"].as_u64().unwrap_or_default())
    }

    async fn is_closed(&self, when: &str) {
        assert_eq!(self.state().await, ("closed".to_owned(), 0), "{}: {when}", self.what);
    }

    async fn is_open(&self, when: &str) {
        let (breaker, _) = self.state().await;
        assert!(breaker == "open" || breaker == "half_open", "{}: {when}: {breaker}", self.what);
    }

    /// The texts that the simulator sent of each target of the call.
    fn sent(&self, id: &str) -> Vec<(String, String)> {
        let calls = self.app.simulator().calls().into_iter();
        let mine = calls.filter(|call| call.request_id.as_deref() == Some(id));
        mine.map(|call| (call.model, call.text_sent)).collect()
    }

    async fn got(&self, came: &Came, gets: Gets) {
        let (what, said) = (&self.what, &came.said);
        let sent = self.sent(&came.id);
        let text_of = |number: usize| {
            sent.iter().rev().find(|(it, _)| *it == model(number)).map(|(_, text)| text.as_str())
        };
        let heard = (came.status, came.is_whole, came.error.as_deref());
        match gets {
            Next => {
                assert_eq!(
                    (heard, came.target.as_str()),
                    ((200, true, None), "p1/model-1"),
                    "{what}: {said}"
                );
                assert_eq!(Some(came.text.as_str()), text_of(1), "{what}: {said}");
            }
            First => {
                assert_eq!(
                    (heard, came.target.as_str()),
                    ((200, true, None), "p0/model-0"),
                    "{what}: {said}"
                );
                assert_eq!(Some(came.text.as_str()), text_of(0), "{what}: {said}");
                assert_eq!(text_of(1), None, "{what}: another target was asked");
            }
            Beginning => {
                let broken_off = (200, false, Some("upstream_stream_interrupted"));
                assert_eq!((heard, came.target.as_str()), (broken_off, "p0/model-0"), "{what}: {said}");
                assert!(
                    !came.text.is_empty() && text_of(0).unwrap().starts_with(&came.text),
                    "{what}: {said}"
                );
                assert_eq!(text_of(1), None, "{what}: another target was asked");
            }
            Error(status, code) => {
                assert_eq!(came.status, status, "{what}: {said}");
                assert!(code.is_empty() || came.error.as_deref() == Some(code), "{what}: {said}");
                assert_eq!(text_of(1), None, "{what}: another target was asked");
            }
        }
    }

    async fn is_recorded(&self, came: &Came, gets: Gets, first: (Outcome, Option<&str>)) {
        let events = self.app.events_of(&came.id).await;
        let facts: Vec<_> = events
            .iter()
            .map(|it| (it.model.clone(), it.outcome, it.fault.clone(), it.attempt, it.is_final))
            .collect();
        let goes_on = gets == Next;
        let fault = first.1.map(str::to_owned);
        let mut expected = vec![(model(0), first.0, fault, 1, !goes_on)];
        if goes_on {
            expected.push((model(1), Outcome::Complete, None, 2, true));
        }
        assert_eq!(facts, expected, "{}", self.what);
    }

    /// What the call just made, which was the first of all, says of its target; and what further ones add to it.
    async fn says(&self, asked: Asked, again: &str, health: &Health) {
        match health {
            Cooled(rest) => {
                let (breaker, rests) = self.state().await;
                assert!(breaker == "closed" && rest.contains(&rests), "{}: {breaker}, {rests} ms", self.what);
            }
            OpenAtOnce => self.is_open("after one").await,
            Failure => {
                self.script("status=500");
                for _ in 2..IN_A_ROW {
                    self.ask(asked).await;
                }
                self.is_closed("one failure before the last").await;
                self.ask(asked).await;
                self.is_open("the last failure").await;
            }
            Neutral | Success => {
                self.script("status=500");
                for _ in 1..IN_A_ROW {
                    self.ask(asked).await;
                }
                self.is_closed("it was no failure").await;
                self.script(again);
                self.ask(asked).await;
                self.is_closed("it is none").await;
                self.script("status=500");
                self.ask(asked).await;
                match health {
                    Neutral => self.is_open("it says nothing, so that these are all in a row").await,
                    _ => self.is_closed("it works, so that this is the first in a row").await,
                }
            }
        }
    }
}

impl Came {
    fn of(answer: switchyard_harness::Answer, text: String, error: Option<String>, is_whole: bool) -> Self {
        Self {
            status: answer.status,
            is_whole: is_whole && error.is_none(),
            text,
            error,
            target: answer.header("x-switchyard-target").to_owned(),
            id: answer.request_id().to_owned(),
            said: answer.text.chars().take(300).collect(),
        }
    }
}

fn model(number: usize) -> String {
    format!("model-{number}")
}

async fn holds((row, script, asked, gets, record, health): Row) {
    let ways: &[Asked] = if asked == BothWays { &[Whole, Stream] } else { &[asked] };
    for asked in ways {
        let three = Three::begin(&format!("{row} `{script}`"), *asked).await;
        three.script(script);
        let came = three.ask(*asked).await;
        three.got(&came, gets).await;
        three.is_recorded(&came, gets, record).await;
        three.says(*asked, script, &health).await;
    }
}

/// U1, U5 to U28; P7, P9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_row_holds_where_the_target_that_fails_is_the_first_of_three() {
    let rows = stream::iter(rows()).map(|row| Box::pin(tokio::spawn(holds(row)))).buffer_unordered(LANES);
    let failures: Vec<String> =
        rows.filter_map(async |ended| ended.err().map(|error| message(error.into_panic()))).collect().await;
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    panic.downcast::<String>().map_or_else(|_| "a row does not hold".to_owned(), |text| *text)
}

/// U1 to U4, at addresses that nobody answers at. Failures there can't be followed by others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_target_that_can_not_be_connected_to_is_hidden_by_the_second() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (full, _waiting) = full_listener().await;
    let nobodys_tls = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = nobodys_tls.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = nobodys_tls.accept().await {
            tokio::spawn(async move {
                let mut stream = stream;
                // Not a word of TLS.
                tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await
            });
        }
    });
    let rows = [
        ("U1", format!("http://{closed}/v1"), "connect", Failure),
        ("U2", "https://nowhere.invalid/v1".to_owned(), "dns", Failure),
        ("U3", format!("http://{full}/v1"), "connect_timeout", Failure),
        ("U4", format!("https://{plain}/v1"), "tls", OpenAtOnce),
    ];
    for (row, address, fault, health) in rows {
        for asked in [Whole, Stream] {
            let three = Three::begin_at(Some(&address), row, asked).await;
            let came = three.ask(asked).await;
            three.got(&came, Next).await;
            three.is_recorded(&came, Next, (FAILED, Some(fault))).await;
            if health == OpenAtOnce {
                three.is_open("after one").await;
                continue;
            }
            for _ in 2..IN_A_ROW {
                three.ask(asked).await;
            }
            three.is_closed("one failure before the last").await;
            three.ask(asked).await;
            three.is_open("the last failure").await;
        }
    }
}

/// A machine that is there, and drops who asks for a connection, as its queue is full; and those who stand in it.
async fn full_listener() -> (std::net::SocketAddr, (TcpListener, Vec<TcpStream>)) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(connection.unwrap());
        assert!(waiting.len() < 64, "the queue is never full");
    }
    (address, (listener, waiting))
}

/// R11: the state shows the one probe, and nobody else goes there meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_256_calls_that_find_a_half_open_target_one_is_the_probe_and_the_others_are_answered_by_the_next()
{
    let three = Three::begin("R11", Whole).await;
    three.script("status=500");
    for _ in 0..IN_A_ROW {
        three.ask(Whole).await;
    }
    three.is_open("five failures").await;
    tokio::time::sleep(Duration::from_millis(1_400)).await;
    // The probe is under way for as long as the others come.
    three.script("tokens=3&latency_ms=550");
    let before = three.app.simulator().calls().len();
    let came = futures_util::future::join_all((0..256).map(|_| three.ask(Whole))).await;
    assert!(came.iter().all(|it| it.is_whole), "a call was not answered");
    let calls = three.app.simulator().calls().split_off(before);
    let probes = calls.iter().filter(|call| call.model == model(0)).count();
    // Whoever comes once the probe is back finds a closed breaker.
    let back = calls.iter().find(|call| call.model == model(0)).and_then(|call| call.ended_at).unwrap();
    let late = calls.iter().filter(|call| call.model == model(0) && call.received_at >= back).count();
    assert_eq!(probes - late, 1, "{probes} probes, {late} of them after the first was back");
}

/// R7: streams that run end on their version, whatever is taken away under them; new calls see that it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_streams_end_whole_while_their_key_is_revoked_and_their_provider_removed() {
    let three = Three::begin("R7", Stream).await;
    three.script("tokens=12&chunk_ms=60");
    let client = three.app.client_with_key("leaving").await;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let client = client.clone();
        running.spawn(async move { client.ask_stream(ROUTE, "hi").await });
    }
    three.app.simulator().until_calls(16, Duration::from_secs(10)).await;
    let name = Name::new("leaving").unwrap();
    three.app.embedded().keys().revoke(&name, &Writer::API).await.unwrap();
    let gone = three.admin.request("DELETE", "/api/v1/providers/2?force=true").send().await.unwrap();
    assert_eq!(gone.status().as_u16(), 204);
    assert_eq!(client.ask(ROUTE, "hi").await.status, 401);
    assert_eq!(three.ask(Whole).await.target, "p1/model-1");
    for stream in running.join_all().await {
        assert!(stream.done && stream.error_code().is_none(), "{}", stream.answer.text);
        assert_eq!(stream.text().split_whitespace().count(), 12);
        assert_eq!(stream.answer.header("x-switchyard-target"), "p0/model-0");
    }
}

/// R10: of two who change the same route, the one that is late is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_16_who_change_one_version_of_a_route_at_once_one_wins() {
    let three = Three::begin("R10", Whole).await;
    let path = format!("/api/v1/routes/{}", three.route.0);
    let shown = three.admin.get(&path).await;
    let version = shown.header("etag").to_owned();
    let change = |number: usize| {
        let body = json!({"config": {"who": number}}).to_string();
        let request = three.admin.request("PATCH", &path).header("if-match", &version);
        request.header("content-type", "application/json").body(body).send()
    };
    let answers = futures_util::future::join_all((0..16).map(change)).await;
    let mut statuses: Vec<u16> =
        answers.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[409; 15][..]));
    let after: Value = three.admin.get(&path).await.json();
    assert!(after["config"]["who"].is_u64(), "{after}");
}

/// R12: of 64 who make a route of the same name at once one does, and the others are told that it is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_who_make_a_route_of_one_name_at_once_one_does() {
    let three = Three::begin("R12", Whole).await;
    let body = json!({"name": "wanted", "targets": [{"provider": "p0", "model": model(0)}]}).to_string();
    let answers =
        futures_util::future::join_all((0..64).map(|_| three.admin.post("/api/v1/routes", body.clone())))
            .await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let taken = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((made, taken), (1, 63));
}
