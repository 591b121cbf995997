use crate::ask::asking;
use crate::case::{Case, Ending, Feature, STREAMED, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::seen::Seen;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "cancellation",
    about: "a client that leaves a stream: the vendor's call ends, and what was received is paid",
    cases: &[Case {
        name: "",
        script: "tokens=4000&chunk_ms=5",
        forms: STREAMED,
        first: None,
        ask,
        told,
        ending: Ending::Left,
        outcome: whole,
    }],
    untold: &[],
};

fn ask(client: Client) -> Value {
    asking(client, "Tell a long story.", json!({}))
}

fn told(_: Cell) -> Seen {
    Vec::new()
}
