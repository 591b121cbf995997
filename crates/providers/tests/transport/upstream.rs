//! An upstream of a few lines: bytes in, bytes out, no HTTP library that would keep it from doing wrong.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Listens and plays `script` on a thread of its own for each connection, with the connection's number from 0.
pub(crate) fn scripted(script: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script = Arc::new(script);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (stream, script) = (stream.unwrap(), Arc::clone(&script));
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            thread::spawn(move || script(number, stream));
        }
    });
    address
}

/// Reads a request on each connection, writes `answer` and hangs up.
pub(crate) fn answering(answer: Vec<u8>) -> SocketAddr {
    scripted(move |_, mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(&answer);
    })
}

/// Answers the first requests of each connection properly, as often as given, and then plays `end` on it.
pub(crate) fn well_behaved_until(
    requests: usize,
    end: impl Fn(TcpStream) + Send + Sync + 'static,
) -> (SocketAddr, Arc<Mutex<usize>>) {
    let connections = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&connections);
    let address = scripted(move |_, mut stream| {
        *counted.lock().unwrap() += 1;
        for _ in 0..requests {
            if read_request(&mut stream).is_empty() {
                return;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
        }
        end(stream);
    });
    (address, connections)
}

/// One request, head and body, as it came; empty when the peer hung up instead.
pub(crate) fn read_request(stream: &mut impl Read) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let declared = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, length)| length.trim().parse().unwrap());
            if body.len() >= declared {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return String::new(),
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
}

/// Waits until the peer has hung up; whether it did so while we waited.
pub(crate) fn hung_up(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 1]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}
