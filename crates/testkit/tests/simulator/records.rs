//! The record is the ground truth: who called, what went out, and when the caller left.

use std::time::{Duration, Instant};

use serde_json::Value;
use switchyard_testkit::simulator::{RecordedCall, Script, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::wire::{Client, ask, question, streamed};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_call_is_recorded_with_its_request_times_and_bill() {
    let sim = Simulator::start();
    let mut client = Client::new(sim.addr());
    client.post(&streamed("m?tokens=6"), &[("X-Request-Id", "abc"), ("Authorization", "Bearer k")]);
    let answer = client.answer();
    let call = sim.wait_for_ended_calls(1, SECOND).remove(0);
    assert_eq!((call.seq, call.method.as_str(), call.path.as_str()), (1, "POST", "/v1/chat/completions"));
    assert_eq!((call.model.as_str(), call.request_id.as_deref()), ("m?tokens=6", Some("abc")));
    assert_eq!((call.header("authorization"), &call.json), (Some("Bearer k"), &streamed("m?tokens=6")));
    assert_eq!(call.body, streamed("m?tokens=6").to_string());
    assert_eq!((call.status, call.completed, call.peer_closed_at), (200, true, None));
    assert_eq!((call.billed.prompt, call.billed.completion), (9, 6));
    assert_eq!((call.bytes_sent, call.chunks_sent), (answer.body.len() as u64, 9));
    assert_eq!(call.text_sent, answer.content());
    let times = [Some(call.received_at), call.head_at, call.first_byte_at, call.last_byte_at, call.ended_at];
    assert!(times.is_sorted() && times.iter().all(Option::is_some));
    assert!(
        call.unix_ms(call.ended_at.unwrap()) >= call.received_unix_ms
            && call.received_unix_ms > 1_700_000_000_000
    );
}

/// How long the simulator took to see its caller leave in the middle of a call, and the call.
fn leave_in_the_middle(sim: &Simulator, request: &Value) -> (Duration, RecordedCall) {
    let mut client = Client::new(sim.addr());
    client.post(request, &[]);
    sim.wait_for_calls(1, SECOND);
    std::thread::sleep(Duration::from_millis(20));
    let left = Instant::now();
    client.close();
    let call = sim.wait_for_ended_calls(1, SECOND).remove(0);
    sim.take_calls();
    (call.peer_closed_at.unwrap().saturating_duration_since(left), call)
}

#[test]
fn a_peer_that_leaves_is_seen_within_50_ms_whatever_the_server_waits_for() {
    let sim = Simulator::start();
    let cases = [
        ("latency_ms=60000", true, (0, 0)),
        ("latency_ms=60000", false, (0, 0)),
        ("first_byte_ms=60000", true, (9, 0)),
        ("first_byte_ms=60000", false, (9, 0)),
        ("stall_before_first", true, (9, 0)),
        ("stall_before_first", false, (9, 0)),
        ("stall_after=2", true, (9, 2)),
        ("stall_after=2", false, (9, 0)),
        ("chunk_ms=60000", true, (9, 1)),
    ];
    for (script, streams, billed) in cases {
        let model = format!("m?{script}");
        let request = if streams { streamed(&model) } else { question(&model) };
        // A busy machine may be late once; a server that doesn't watch its peer is late each time.
        let tries: Vec<_> = (0..5).map(|_| leave_in_the_middle(&sim, &request)).collect();
        let quickest = tries.iter().map(|(seen, _)| *seen).min().unwrap();
        assert!(quickest < Duration::from_millis(50), "{script}: {quickest:?}");
        for (_, call) in tries {
            assert_eq!(
                (call.billed.prompt, call.billed.completion, call.completed),
                (billed.0, billed.1, false),
                "{script}"
            );
        }
    }
}

#[test]
fn a_reader_that_leaves_a_paced_stream_is_billed_what_it_got() {
    let sim = Simulator::start();
    let mut client = Client::new(sim.addr());
    client.post(&streamed("m?chunk_ms=15&tokens=1000"), &[]);
    while String::from_utf8_lossy(client.received()).matches("\"content\":\" ").count() < 5 {
        assert!(client.fill());
    }
    drop(client);
    let call = sim.wait_for_ended_calls(1, SECOND).remove(0);
    assert!((5..=7).contains(&call.billed.completion), "{:?}", call.billed);
    assert_eq!(call.text_sent.split_whitespace().count() as u64, call.billed.completion);
}

#[test]
fn a_call_is_seen_while_it_goes_on() {
    let sim = Simulator::start();
    let mut client = Client::new(sim.addr());
    client.post(&streamed("m?stall_after=1"), &[]);
    while !String::from_utf8_lossy(client.received()).contains("\"content\":\" ") {
        assert!(client.fill());
    }
    let call = sim.wait_for_calls(1, SECOND).remove(0);
    assert_eq!((call.billed.completion, call.ended_at, call.status), (1, None, 200));
    assert_eq!(sim.wait_for_ended_calls(1, Duration::from_millis(50))[0].ended_at, None);
}

#[tokio::test]
async fn async_tests_can_wait_on_the_thread_that_runs_their_client() {
    let sim = Simulator::start();
    let body = question("m?latency_ms=60000").to_string();
    let client = async {
        let mut stream = tokio::net::TcpStream::connect(sim.addr()).await.unwrap();
        let head = format!("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        stream.read_u8().await
    };
    tokio::select! {
        answer = client => panic!("{answer:?}"),
        calls = sim.until_calls(1, SECOND) => assert_eq!(calls.len(), 1),
    }
    let calls = sim.until_ended_calls(1, SECOND).await;
    assert!(calls[0].peer_closed_at.is_some(), "the dropped client closed its connection");
}

#[test]
fn taking_the_calls_empties_the_log_and_waiting_starts_anew() {
    let sim = Simulator::start();
    for _ in 0..3 {
        ask(&sim, &question("m"));
    }
    assert_eq!(sim.wait_for_ended_calls(3, SECOND).len(), 3);
    assert_eq!(sim.take_calls().iter().map(|call| call.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(sim.wait_for_calls(1, Duration::from_millis(30)).len(), 0);
    ask(&sim, &question("m"));
    assert_eq!(sim.wait_for_ended_calls(1, SECOND)[0].seq, 4);
}

#[test]
fn nothing_is_recorded_where_it_shall_not() {
    let sim = Simulator::builder().records(false).start().unwrap();
    assert_eq!(ask(&sim, &question("m")).status, 200);
    assert!(sim.calls().is_empty());
}

#[test]
fn many_calls_at_once_are_all_answered_and_told_apart() {
    let sim = Simulator::start();
    sim.set_default(Script::of("tokens=30&chunk_ms=2"));
    std::thread::scope(|scope| {
        for i in 0..200 {
            let sim = &sim;
            scope.spawn(move || {
                let model = format!("m{i}");
                let answer = ask(sim, &streamed(&model));
                assert!(answer.events().iter().all(|event| event["model"] == model.as_str()));
                assert_eq!(answer.content().split_whitespace().count(), 30);
            });
        }
    });
    let calls = sim.wait_for_ended_calls(200, SECOND);
    assert!(calls.iter().all(|call| call.completed && call.billed.completion == 30));
    let deadline = Instant::now() + SECOND;
    while sim.open_connections() > 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(sim.open_connections(), 0);
}

#[test]
fn a_stopped_simulator_drops_its_connections_and_its_port_can_be_taken_again() {
    let sim = Simulator::start();
    let address = sim.addr();
    let mut client = Client::new(address);
    client.post(&streamed("m?stall_after=1"), &[]);
    sim.wait_for_calls(1, SECOND);
    sim.shutdown();
    assert!(
        client.try_answer().is_ok_and(|answer| answer.end != crate::wire::End::Silence)
            || client.try_answer().is_err()
    );
    assert!(std::net::TcpStream::connect(address).is_err());
    assert!(sim.calls()[0].ended_at.is_some());
    let again = Simulator::builder().listen(address).start().unwrap();
    assert_eq!(ask(&again, &question("m")).status, 200);
    let taken = Simulator::builder().listen(address).start();
    assert!(taken.is_err(), "two simulators on one port");
}
