//! Many requests on one connection, sent before the first is answered.

use crate::requests::{TARGET, chat, patient};
use serde_json::json;
use std::collections::HashMap;
use switchyard_harness::RawConnection;

const REQUESTS: usize = 101;

/// C4.
#[tokio::test]
async fn a_hundred_pipelined_calls_are_answered_in_order_each_with_its_own_answer() {
    let app = patient().start().await;
    let client = app.client_with_key("ci").await;
    let mut connection = RawConnection::open(app.address()).await;
    let mut bytes = Vec::new();
    for number in 0..REQUESTS {
        let body = json!({
            "model": TARGET,
            "stream": number % 3 == 0,
            "messages": [{"role": "user", "content": format!("question {number}")}],
        });
        bytes.extend(chat(client.key(), &format!("pipelined-{number}"), &body));
    }
    connection.send(bytes).await;
    let mut texts = HashMap::new();
    for number in 0..REQUESTS {
        let answer = connection.answer().await.unwrap_or_else(|| panic!("closed before answer {number}"));
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.request_id(), format!("pipelined-{number}"), "answers are out of order");
        let text = if number % 3 == 0 { streamed(&answer.text) } else { buffered(&answer.json()) };
        texts.insert(format!("pipelined-{number}"), text);
    }
    let calls = app.simulator().calls();
    assert_eq!(calls.len(), REQUESTS);
    for call in calls {
        assert_eq!(texts[&call.request_id.unwrap()], call.text_sent, "an answer went to another request");
    }
}

fn buffered(body: &serde_json::Value) -> String {
    body["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

fn streamed(text: &str) -> String {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let chunks = data.map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap());
    chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

/// C4: what follows a refused request on the same connection is answered or not read, never mixed up.
#[tokio::test]
async fn a_refused_request_between_good_ones_does_not_shift_the_answers() {
    let app = patient().start().await;
    let client = app.client_with_key("ci").await;
    let mut connection = RawConnection::open(app.address()).await;
    let good = |id: &str| chat(client.key(), id, &crate::requests::body(false));
    let bad = chat(client.key(), "bad", &json!({"model": 7, "messages": []}));
    let unknown = chat("sy-wrong", "unknown", &crate::requests::body(false));
    connection.send([good("first"), bad, unknown, good("last")].concat()).await;
    for (id, status) in [("first", 200), ("bad", 400), ("unknown", 401), ("last", 200)] {
        let answer = connection.answer().await.unwrap();
        assert_eq!((answer.request_id(), answer.status), (id, status));
    }
}
