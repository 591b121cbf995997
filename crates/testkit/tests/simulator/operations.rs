//! The simulator's answers to other operations than chats.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use switchyard_testkit::simulator::{Script, Simulator};

use crate::wire::{Answer, Client};

fn ask(sim: &Simulator, path: &str, body: &Value) -> Answer {
    let mut client = Client::new(sim.addr());
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    client.write(format!("{head}{body}").as_bytes());
    client.try_answer().unwrap()
}

#[test]
fn vectors_are_the_same_for_the_same_text_and_in_either_form() {
    let sim = Simulator::start();
    let vectors = |form: &str| {
        let body =
            json!({"model": "m", "input": ["one two", "three"], "dimensions": 5, "encoding_format": form});
        ask(&sim, "/v1/embeddings", &body).json()
    };
    let (written, packed) = (vectors("float"), vectors("base64"));
    assert_eq!(written["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    for at in 0..2 {
        let floats: Vec<f32> = written["data"][at]["embedding"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_f64().unwrap() as f32)
            .collect();
        let bytes = STANDARD.decode(packed["data"][at]["embedding"].as_str().unwrap()).unwrap();
        assert_eq!(floats.iter().flat_map(|float| float.to_le_bytes()).collect::<Vec<_>>(), bytes);
        assert_eq!(floats.len(), 5);
    }
    assert_ne!(written["data"][0]["embedding"], written["data"][1]["embedding"]);
    assert_eq!(sim.calls()[0].billed.prompt, 3);
}

#[test]
fn text_goes_on_word_by_word_and_its_words_are_billed_as_far_as_they_were_sent() {
    let sim = Simulator::start();
    sim.script("m", Script::of("tokens=6"));
    let whole = ask(&sim, "/v1/completions", &json!({"model": "m", "prompt": ["a b", "c"], "n": 2})).json();
    assert_eq!(whole["choices"].as_array().unwrap().len(), 4);
    assert_eq!(whole["usage"], json!({"prompt_tokens": 3, "completion_tokens": 24, "total_tokens": 27}));
    sim.script("m", Script::of("tokens=6&cut_after=4"));
    let cut = ask(&sim, "/v1/completions", &json!({"model": "m", "prompt": "a b", "stream": true}));
    assert_eq!(cut.events().len(), 4);
    let call = sim.calls().pop().unwrap();
    assert_eq!((call.billed.prompt, call.billed.completion, call.completed), (2, 4, false));
}

#[test]
fn scripts_stand_in_the_way_of_every_operation() {
    let sim = Simulator::start();
    sim.script("m", Script::of("status=429&retry_after=3"));
    for path in
        ["/v1/embeddings", "/v1/completions", "/v1/moderations", "/v1/images/generations", "/v1/audio/speech"]
    {
        let answer = ask(&sim, path, &json!({"model": "m", "input": "x", "prompt": "x"}));
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("3")), "{path}");
    }
    assert_eq!(ask(&sim, "/v1/audio/translations", &json!({"model": "m"})).status, 404);
}

#[test]
fn a_text_has_the_same_vector_in_every_dialect() {
    let sim = Simulator::start();
    let openai = json!({"model": "m", "input": ["one two"], "dimensions": 3});
    let vector = ask(&sim, "/v1/embeddings", &openai).json()["data"][0]["embedding"].clone();
    assert_eq!(vector.as_array().unwrap().len(), 3);
    let one = json!({"content": {"parts": [{"text": "one "}, {"text": "two"}]}, "outputDimensionality": 3});
    for (path, body, place, count) in [
        (
            "/v1beta/models/m:embedContent",
            one.clone(),
            "/embedding/values",
            "/usageMetadata/promptTokenCount",
        ),
        (
            "/v1beta/models/m:batchEmbedContents",
            json!({"requests": [one]}),
            "/embeddings/0/values",
            "/usageMetadata/promptTokenCount",
        ),
        (
            "/v2/embed",
            json!({"model": "m", "texts": ["one two"], "output_dimension": 3}),
            "/embeddings/float/0",
            "/meta/billed_units/input_tokens",
        ),
        (
            "/api/embed",
            json!({"model": "m", "input": ["one two"], "dimensions": 3}),
            "/embeddings/0",
            "/prompt_eval_count",
        ),
    ] {
        let answer = ask(&sim, path, &body).json();
        assert_eq!(answer.pointer(place), Some(&vector), "{path}: {answer}");
        assert_eq!(answer.pointer(count), Some(&json!(2)), "{path}: {answer}");
        let call = sim.calls().pop().unwrap();
        assert_eq!((call.model.as_str(), call.billed.prompt), ("m", 2), "{path}");
        sim.script("m", Script::of("status=429&error_message=slow"));
        let refused = ask(&sim, path, &body);
        assert_eq!(refused.status, 429, "{path}");
        assert!(refused.json().to_string().contains("slow"), "{path}");
        sim.script("m", Script::of("usage=missing"));
        assert_eq!(ask(&sim, path, &body).json().pointer(count), None, "{path}");
        sim.script("m", Script::of(""));
    }
}
