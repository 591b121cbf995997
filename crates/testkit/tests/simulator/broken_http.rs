//! Connections and HTTP that go wrong, and the oddities that are right.

use std::time::{Duration, Instant};

use switchyard_testkit::simulator::{Script, Simulator};

use crate::wire::{Client, End, buffered_under, question, stream_under, streamed};

const SHORT: Duration = Duration::from_millis(300);

#[test]
fn a_stream_is_cut_reset_or_stalled_after_so_many_chunks() {
    let sim = Simulator::start();
    for (script, end) in [("cut_after", End::Fin), ("rst_after", End::Reset), ("stall_after", End::Silence)] {
        for words in [0, 3, 12] {
            let mut client = Client::new(sim.addr());
            client.patience(SHORT);
            client.post(&streamed(&format!("m?{script}={words}")), &[]);
            let answer = client.answer();
            assert_eq!(
                (answer.end, answer.content().split_whitespace().count()),
                (end, words),
                "{script}={words}"
            );
            assert!(!answer.text().contains("finish_reason\":\"stop"), "{script}={words}");
        }
    }
    for (i, call) in sim.wait_for_ended_calls(9, Duration::from_secs(2)).iter().enumerate() {
        let words = [0, 3, 12][i % 3];
        assert_eq!(
            (call.billed.prompt, call.billed.completion, call.completed),
            (9, words, false),
            "{}",
            call.model
        );
    }
}

#[test]
fn a_buffered_body_is_cut_reset_or_stalled_after_so_many_bytes() {
    let sim = Simulator::start();
    for (script, end) in [("cut_after", End::Fin), ("rst_after", End::Reset), ("stall_after", End::Silence)] {
        for bytes in [0, 100] {
            let mut client = Client::new(sim.addr());
            client.patience(SHORT);
            client.post(&question(&format!("m?{script}={bytes}")), &[]);
            let answer = client.answer();
            assert_eq!((answer.status, answer.body.len(), answer.end), (200, bytes, end), "{script}={bytes}");
        }
    }
    assert!(sim.calls().iter().all(|call| !call.completed && call.billed.completion == 0));
}

#[test]
fn silence_falls_after_the_head() {
    let sim = Simulator::start();
    for request in [question("m?stall_before_first"), streamed("m?stall_before_first")] {
        let mut client = Client::new(sim.addr());
        client.patience(SHORT);
        client.post(&request, &[]);
        let answer = client.answer();
        assert_eq!((answer.status, answer.body.len(), answer.end), (200, 0, End::Silence));
    }
}

#[test]
fn time_passes_before_the_head_the_body_and_between_chunks() {
    let sim = Simulator::start();
    for request in
        ["m?latency_ms=80&first_byte_ms=60&chunk_ms=20&tokens=4", "m?latency_ms=80&first_byte_ms=60"]
    {
        let start = Instant::now();
        let mut client = Client::new(sim.addr());
        client.post(&if request.contains("chunk") { streamed(request) } else { question(request) }, &[]);
        assert_eq!(client.answer().status, 200);
        let call = sim.take_calls().remove(0);
        let head = call.head_at.unwrap() - call.received_at;
        let first = call.first_byte_at.unwrap() - call.head_at.unwrap();
        assert!(
            head >= Duration::from_millis(80) && first >= Duration::from_millis(60),
            "{head:?} {first:?}"
        );
        let least = if request.contains("chunk") { 220 } else { 140 };
        assert!(start.elapsed() >= Duration::from_millis(least));
    }
}

#[test]
fn a_refused_call_is_closed_without_a_byte() {
    let sim = Simulator::start();
    let mut client = Client::new(sim.addr());
    client.post(&question("m?refuse"), &[]);
    assert_eq!(client.try_answer().unwrap_err(), End::Fin);
    let call = &sim.wait_for_ended_calls(1, SHORT)[0];
    assert_eq!((call.status, call.completed, call.billed.prompt), (0, false, 0));
    sim.set_default(Script::of("refuse"));
    let mut client = Client::new(sim.addr());
    assert!(!client.fill(), "closed before a request was sent");
    assert_eq!((sim.calls().len(), sim.accepted_connections()), (1, 2));
}

#[test]
fn the_announced_length_is_wrong() {
    let sim = Simulator::start();
    let longer = buffered_under(&sim, "wrong_length=+10");
    let length: usize = longer.header("content-length").unwrap().parse().unwrap();
    assert_eq!((longer.end, length), (End::Fin, longer.body.len() + 10));
    let shorter = buffered_under(&sim, "wrong_length=-10");
    assert!(serde_json::from_slice::<serde_json::Value>(&shorter.body).is_err());
    let mut client = Client::new(sim.addr());
    client.post(&streamed("m?wrong_length=+100000"), &[]);
    assert_eq!(client.answer().end, End::Fin);
    assert!(sim.calls().iter().all(|call| !call.completed));
}

#[test]
fn interim_answers_trailers_and_http_1_0_are_sent() {
    let sim = Simulator::start();
    let answer = stream_under(&sim, "hints_103&continue_100&trailers");
    assert!(
        answer.interim[0].starts_with("HTTP/1.1 100 Continue")
            && answer.interim[1].starts_with("HTTP/1.1 103 Early Hints")
    );
    assert_eq!(
        (answer.header("trailer"), answer.trailers.trim()),
        (Some("x-sim-trailer"), "x-sim-trailer: the end")
    );
    assert_eq!(buffered_under(&sim, "trailers").trailers.trim(), "x-sim-trailer: the end");
    for answer in [buffered_under(&sim, "http10"), stream_under(&sim, "http10")] {
        assert!(answer.head.starts_with("HTTP/1.0 200 OK"));
        assert_eq!(
            (answer.header("content-length"), answer.header("transfer-encoding"), answer.end),
            (None, None, End::Fin)
        );
    }
    let chunked = buffered_under(&sim, "chunked");
    assert_eq!((chunked.chunks.len(), chunked.header("content-length")), (1, None));
    assert!(sim.calls().iter().all(|call| call.completed && call.billed.completion == 12));
}

#[test]
fn headers_are_added_and_the_content_type_replaced() {
    let sim = Simulator::start();
    let answer = buffered_under(
        &sim,
        "header.set-cookie=a%3Db;%20Path%3D/&header.x-goog-api-key=secret&header.content-type=text/weird&header.transfer-encoding=chunked",
    );
    assert_eq!(
        (answer.header("set-cookie"), answer.header("x-goog-api-key")),
        (Some("a=b; Path=/"), Some("secret"))
    );
    assert_eq!((answer.header("content-type"), answer.header("content-length")), (Some("text/weird"), None));
    assert_eq!(answer.head.matches("transfer-encoding").count(), 1);
    assert_eq!(answer.json()["object"], "chat.completion");
}

#[test]
fn an_idle_connection_is_closed_without_notice() {
    let sim = Simulator::start();
    let mut client = Client::new(sim.addr());
    client.post(&question("m?close_after"), &[]);
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (200, None));
    assert!(!client.fill(), "FIN follows");
    assert!(sim.calls()[0].completed);
}

#[test]
fn a_reused_connection_is_closed_when_the_next_request_has_come() {
    let sim = Simulator::start();
    for request in [question("m?close_on_reuse"), streamed("m?close_on_reuse")] {
        let mut client = Client::new(sim.addr());
        client.post(&request, &[]);
        assert_eq!(client.answer().end, End::Open);
        std::thread::sleep(Duration::from_millis(30));
        client.post(&request, &[]);
        assert!(matches!(client.try_answer(), Err(End::Fin | End::Reset)));
    }
    assert_eq!(sim.calls().len(), 2, "the dropped requests are no calls");
}

#[test]
fn a_client_that_asks_to_close_is_obeyed() {
    let sim = Simulator::start();
    let mut client = Client::new(sim.addr());
    client.post(&question("m"), &[("connection", "close")]);
    assert_eq!(client.answer().header("connection"), Some("close"));
    assert!(!client.fill());
}
