//! Files on their way through.

use crate::form::{BOUNDARY, Form, as_form, sound};
use crate::scene::{ALONE, Call, PAIR, Scene, heard};
use std::time::Duration;
use switchyard::orchestrator::chat::CallSettings;
use switchyard_ports::provider::Deadlines;

/// Nothing of a client's file may have a name, ever: it could be found, or stay behind.
fn is_empty(folder: &std::path::Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn a_form_s_parts_are_byte_equal_wherever_its_model_stands_and_however_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::of(Scene::builder().server(|config| config.uploads = folder.path().to_owned())).await;
    let sound = sound(3_000_001);
    let forms = |model: &str| {
        [
            Form::new().field("model", model).file("file", &sound).bytes(),
            Form::new().file("file", &sound).field("model", model).field("prompt", "\r\n--").bytes(),
        ]
    };
    for (form, expected) in forms(ALONE).into_iter().zip(forms("faulty")) {
        // In pieces that tear delimiters apart, and of unknown length.
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
            form.chunks(9_973).map(|piece| Ok(piece.to_vec())).collect();
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        let request = scene.client.request("POST", Call::Transcriptions.path());
        let request = as_form(request, Vec::new()).body(body);
        let answer = heard(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let sent = scene.app.simulator().take_calls().remove(0);
        assert!(sent.body == expected, "{} bytes are not the {} expected", sent.body.len(), expected.len());
        assert_eq!(sent.header("transfer-encoding"), None);
        assert_eq!(
            sent.header("content-type"),
            Some(format!("multipart/form-data; boundary=\"{BOUNDARY}\"").as_str())
        );
        assert!(is_empty(folder.path()));
    }
}

#[tokio::test]
async fn a_file_is_sent_again_to_the_next_target() {
    let scene = Scene::start().await;
    scene.script("status=500");
    let form = Form::new().file("file", &sound(1_000_000)).field("model", PAIR).bytes();
    let heard = scene.send(Call::Transcriptions, form).await;
    assert_eq!((heard.status, heard.header("x-switchyard-attempts")), (200, "2"), "{}", heard.text());
    let lengths: Vec<usize> = scene.app.simulator().calls().iter().map(|call| call.body.len()).collect();
    assert_eq!(lengths[0] + "healthy".len(), lengths[1] + "faulty".len());
}

#[tokio::test]
async fn a_kept_connection_that_just_closed_costs_no_answer() {
    let scene = Scene::start().await;
    for _ in 0..2 {
        assert_eq!(scene.call(Call::Transcriptions, ALONE).await.status, 200);
    }
    assert_eq!(scene.app.simulator().accepted_connections(), 1, "connections are not kept");
    scene.script("close_on_reuse");
    for _ in 0..2 {
        let heard = scene.call(Call::Transcriptions, ALONE).await;
        assert_eq!((heard.status, heard.header("x-switchyard-attempts")), (200, "1"), "{}", heard.text());
    }
}

#[tokio::test]
async fn forms_that_are_none_are_400_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::of(Scene::builder().server(|config| config.uploads = folder.path().to_owned())).await;
    let good = |form: Form| form.field("model", ALONE).file("file", b"RIFF").bytes();
    let cut = |bytes: Vec<u8>, by: usize| bytes[..bytes.len() - by].to_vec();
    for (what, body, param) in [
        ("nothing", Vec::new(), None),
        ("text", b"hello".to_vec(), None),
        ("JSON", br#"{"model":"m"}"#.to_vec(), None),
        ("a preamble", [b"hi\r\n".to_vec(), good(Form::new())].concat(), None),
        ("an epilogue", [good(Form::new()), b"more".to_vec()].concat(), None),
        ("no end", cut(good(Form::new()), 4), None),
        ("no model", Form::new().file("file", b"RIFF").bytes(), Some("model")),
        ("an empty model", Form::new().field("model", " ").file("file", b"RIFF").bytes(), Some("model")),
        (
            "a model that is a file",
            Form::new().file("model", b"m").file("file", b"RIFF").bytes(),
            Some("model"),
        ),
        ("two models", good(Form::new().field("model", "healthy")), Some("model")),
        (
            "a long model",
            Form::new().field("model", &"m".repeat(5_000)).file("file", b"RIFF").bytes(),
            Some("model"),
        ),
        ("no file", Form::new().field("model", ALONE).bytes(), Some("file")),
        ("an empty file", Form::new().field("model", ALONE).file("file", b"").bytes(), Some("file")),
        ("a file that is none", Form::new().field("model", ALONE).field("file", "x").bytes(), Some("file")),
        ("a strange stream", good(Form::new().field("stream", "maybe")), Some("stream")),
        ("another's address", good(Form::new().field("api_base", "http://evil")), Some("api_base")),
        ("many parts", good((0..70).fold(Form::new(), |form, at| form.field(&format!("f{at}"), "x"))), None),
    ] {
        let answer = scene.send(Call::Transcriptions, body).await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (400, "invalid_request"),
            "{what}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["error"]["param"].as_str(), param, "{what}");
    }
    assert!(scene.app.simulator().calls().is_empty() && is_empty(folder.path()));
}

#[tokio::test]
async fn a_file_over_25_mib_is_413_declared_or_not() {
    // Sending so much counts as waiting for the answer, and a busy machine takes long for it.
    let patient = Duration::from_secs(60);
    let deadlines = Deadlines { first_content: patient, idle: patient, total: patient };
    let calls = CallSettings { max_attempts: 1, deadlines, first_of_pieces: None };
    let scene = Scene::of(Scene::builder().calls(calls)).await;
    let large = Form::new().field("model", ALONE).file("file", &vec![0; 25 << 20]).bytes();
    let answer = scene.send(Call::Transcriptions, large.clone()).await;
    assert_eq!((answer.status, answer.error_code().as_str()), (413, "payload_too_large"));
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        large.chunks(65_536).map(|piece| Ok(piece.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let request = as_form(scene.client.request("POST", Call::Transcriptions.path()), Vec::new()).body(body);
    // The refusal may reach a client that is still sending as a closed connection.
    if let Ok(answer) = request.send().await {
        assert_eq!(answer.status(), 413);
    }
    assert!(scene.app.simulator().calls().is_empty());
    let fits = Form::new().field("model", ALONE).file("file", &vec![0; (25 << 20) - 1_000]).bytes();
    assert_eq!(scene.send(Call::Transcriptions, fits).await.status, 200);
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_told_and_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    let scene = Scene::of(Scene::builder().server(|config| config.uploads = gone)).await;
    let answer = scene.call(Call::Transcriptions, ALONE).await;
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "storage_unavailable"));
    assert!(!answer.text().contains("gone"), "a path of the server's is told");
    assert_eq!(scene.call(Call::Speech, ALONE).await.status, 200, "other calls go on");
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_of_its_file_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::of(Scene::builder().server(|config| {
        config.uploads = folder.path().to_owned();
        config.timeouts.body_idle = Duration::from_millis(200);
    }))
    .await;
    let mut connection = switchyard_harness::RawConnection::open(scene.app.address()).await;
    let head = format!(
        "POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: multipart/form-data; \
         boundary={BOUNDARY}\r\ncontent-length: 5000\r\n\r\n--{BOUNDARY}\r\n",
        scene.client.key()
    );
    connection.send(head).await;
    let answer = connection.answer().await.unwrap();
    assert_eq!((answer.status, answer.error_code().as_str()), (408, "request_timeout"));
    assert!(is_empty(folder.path()) && scene.app.simulator().calls().is_empty());
}

#[tokio::test]
async fn transcriptions_come_in_the_form_that_was_asked_for() {
    let scene = Scene::start().await;
    scene.script("text=hello");
    for (format, kind, text) in [
        ("text", "text/plain; charset=utf-8", "hello\n"),
        ("srt", "text/plain; charset=utf-8", "1\n00:00:00,000 --> 00:00:01,000\nhello\n"),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n"),
    ] {
        let form =
            Form::new().field("model", ALONE).field("response_format", format).file("file", b"RIFF").bytes();
        let answer = scene.send(Call::Transcriptions, form).await;
        assert_eq!((answer.status, answer.header("content-type"), answer.text().as_str()), (200, kind, text));
    }
}
