//! Connections that can't be had, break, or are taken again.

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use switchyard_providers::transport::{ConnectFault, TransportFault, TransportSettings, Trust, Unprocessed};

use crate::{
    PATIENT, answer_of, call, plain, post, transport_for,
    upstream::{answering, hung_up, read_request, scripted, well_behaved_until},
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn nothing_listens() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fault = call(&plain(address), address, &PATIENT).await.unwrap_err();
    assert_eq!(fault, TransportFault::Connect(ConnectFault::Refused));
}

#[tokio::test]
async fn a_host_that_does_not_pick_up_is_given_up() {
    // A listener that nobody accepts from drops further connections as soon as its queue is full.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queue.push(stream);
    }
    let settings =
        TransportSettings { connect_timeout: Duration::from_millis(300), ..TransportSettings::default() };
    let transport = transport_for(&format!("http://{address}"), &Trust::load([]).unwrap(), settings);
    assert_eq!(call(&transport, address, &PATIENT).await.unwrap_err(), TransportFault::ConnectTimeout);
}

#[tokio::test]
async fn requests_in_a_row_share_a_connection() {
    let (address, connections) = well_behaved_until(20, |_| {});
    let transport = plain(address);
    for _ in 0..20 {
        let response = call(&transport, address, &PATIENT).await.unwrap();
        assert_eq!(&response.body.collect(10).await.unwrap()[..], b"ok");
    }
    assert_eq!(*connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_closes_under_a_request_is_no_fault_of_the_upstream() {
    let (address, _) = well_behaved_until(1, |mut stream| {
        read_request(&mut stream);
    });
    let transport = plain(address);
    call(&transport, address, &PATIENT).await.unwrap().body.collect(10).await.unwrap();
    let fault = call(&transport, address, &PATIENT).await.unwrap_err();
    assert_eq!(fault, TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::Stale });
    // The one more try that the fault invites to.
    call(&transport, address, &PATIENT).await.unwrap().body.collect(10).await.unwrap();
}

#[tokio::test]
async fn a_connection_of_its_own_is_neither_a_kept_one_nor_kept() {
    let (address, connections) = well_behaved_until(2, |_| {});
    let transport = plain(address);
    for anew in [false, true, true, false] {
        let request = post(&format!("http://{address}/"), "{}");
        let response = transport.send_over(anew, request, &PATIENT).await.unwrap();
        assert_eq!(&response.body.collect(10).await.unwrap()[..], b"ok");
    }
    assert_eq!(*connections.lock().unwrap(), 3);
}

#[tokio::test]
async fn a_kept_connection_that_is_reset_under_a_request_is_no_fault_of_the_upstream() {
    // Closing with unread data makes the kernel send RST.
    let (address, _) = well_behaved_until(1, |stream| {
        stream.peek(&mut [0; 1]).unwrap();
    });
    let transport = plain(address);
    call(&transport, address, &PATIENT).await.unwrap().body.collect(10).await.unwrap();
    let fault = call(&transport, address, &PATIENT).await.unwrap_err();
    assert_eq!(fault, TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::Stale });
}

#[tokio::test]
async fn a_kept_connection_that_ends_after_the_upstream_had_time_to_work_is_its_fault() {
    let (address, _) = well_behaved_until(1, |mut stream| {
        read_request(&mut stream);
        thread::sleep(Duration::from_millis(400));
    });
    let transport = plain(address);
    call(&transport, address, &PATIENT).await.unwrap().body.collect(10).await.unwrap();
    let fault = call(&transport, address, &PATIENT).await.unwrap_err();
    assert_eq!(fault, TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::No });
}

#[tokio::test]
async fn a_connection_that_closed_while_idle_is_not_used_again() {
    let (address, connections) = well_behaved_until(1, |_| {});
    let transport = plain(address);
    for _ in 0..5 {
        call(&transport, address, &PATIENT).await.unwrap().body.collect(10).await.unwrap();
        // Lets the client see the hang-up before it sends again.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(*connections.lock().unwrap(), 5);
}

#[tokio::test]
async fn a_fresh_connection_that_closes_without_an_answer_is_the_upstreams_fault() {
    let fault = answer_of("").await.unwrap_err();
    assert_eq!(fault, TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::No });
    let reset = scripted(|_, stream| {
        stream.peek(&mut [0; 1]).unwrap();
    });
    let fault = call(&plain(reset), reset, &PATIENT).await.unwrap_err();
    assert_eq!(fault, TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::No });
}

#[tokio::test]
async fn half_a_response_head_on_a_fresh_connection_is_no_answer() {
    let fault = answer_of("HTTP/1.1 200 OK\r\ncontent-le").await.unwrap_err();
    assert_eq!(fault, TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::No });
}

#[tokio::test]
async fn leaving_before_the_answer_hangs_up() {
    let (seen, told) = mpsc::channel();
    let address = scripted(move |_, mut stream| {
        read_request(&mut stream);
        seen.send("request").unwrap();
        if hung_up(&mut stream) {
            seen.send("hang-up").unwrap();
        }
    });
    let transport = plain(address);
    let left = tokio::time::timeout(Duration::from_millis(300), call(&transport, address, &PATIENT)).await;
    assert!(left.is_err());
    tokio::task::yield_now().await;
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok("request"));
    // The connection is closed by the runtime's next turn, which this thread has to give it.
    let told = tokio::task::spawn_blocking(move || told.recv_timeout(Duration::from_secs(5)));
    assert_eq!(told.await.unwrap(), Ok("hang-up"));
}

#[tokio::test]
async fn leaving_in_the_middle_of_a_body_hangs_up() {
    let (seen, told) = mpsc::channel();
    let address = scripted(move |_, mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").unwrap();
        seen.send(hung_up(&mut stream)).unwrap();
    });
    let mut response = call(&plain(address), address, &PATIENT).await.unwrap();
    assert_eq!(&response.body.next_chunk().await.unwrap().unwrap()[..], b"one");
    drop(response);
    let told = tokio::task::spawn_blocking(move || told.recv_timeout(Duration::from_secs(5)));
    assert_eq!(told.await.unwrap(), Ok(true));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nothing_goes_where_it_points() {
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let target = canary.local_addr().unwrap();
    for status in [301, 302, 303, 307, 308] {
        let answer =
            format!("HTTP/1.1 {status} Moved\r\nlocation: http://{target}/\r\ncontent-length: 0\r\n\r\n");
        let address = answering(answer.into_bytes());
        let response = call(&plain(address), address, &PATIENT).await.unwrap();
        assert_eq!(response.status.as_u16(), status);
    }
    assert!(canary.accept().is_err(), "a redirect was followed");
}

#[tokio::test]
async fn an_answer_without_http_is_called_that() {
    for answer in [
        "hello\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/3.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nhello",
    ] {
        assert_eq!(answer_of(answer).await.unwrap_err(), TransportFault::BadFraming, "{answer:?}");
    }
}

#[test]
fn each_worker_thread_has_connections_of_its_own() {
    let (address, connections) = well_behaved_until(10, |_| {});
    let settings = TransportSettings { worker_threads: 64, ..TransportSettings::default() };
    let transport = transport_for(&format!("http://{address}"), &Trust::load([]).unwrap(), settings);
    thread::scope(|workers| {
        for _ in 0..3 {
            workers.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    for _ in 0..4 {
                        let request = post(&format!("http://{address}/"), "{}");
                        let response = transport.send(request, &PATIENT).await.unwrap();
                        response.body.collect(10).await.unwrap();
                    }
                });
            });
        }
    });
    assert_eq!(*connections.lock().unwrap(), 3);
}

#[test]
fn more_threads_than_clients_share_them() {
    let (address, _) = well_behaved_until(10, |_| {});
    let settings = TransportSettings { worker_threads: 1, ..TransportSettings::default() };
    let transport = transport_for(&format!("http://{address}"), &Trust::load([]).unwrap(), settings);
    for _ in 0..3 {
        let answered = thread::scope(|workers| {
            let worker = workers.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime
                    .block_on(async { call(&transport, address, &PATIENT).await.map(|answer| answer.status) })
            });
            worker.join().unwrap()
        });
        // Each runtime takes its connections down with it; the next one must not be caught by that.
        assert_eq!(answered.map(|status| status.as_u16()), Ok(200));
    }
}

#[tokio::test]
async fn interim_answers_and_trailers_are_taken_in_stride() {
    let early =
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".as_slice(), OK]
            .concat();
    assert_eq!(&answer_of(early).await.unwrap()[..], b"ok");
    let trailers = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n";
    assert_eq!(&answer_of(trailers).await.unwrap()[..], b"ok");
    assert_eq!(&answer_of("HTTP/1.0 200 OK\r\n\r\nok").await.unwrap()[..], b"ok");
}
