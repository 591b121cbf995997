//! Clients that come at a steady rate, whether or not the server answers.

use crate::client::{Ask, LoadClient, Seen};
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

/// Which calls come, and how many.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Calls each second.
    pub rate: u32,
    /// What is called, in turns.
    pub models: Vec<String>,
    /// What request ids begin with.
    pub prefix: String,
}

impl Shape {
    /// The call of this number: every second one a stream, of which every second one asks for its usage.
    #[must_use]
    pub fn ask(&self, number: usize) -> Ask {
        let model = &self.models[number % self.models.len()];
        let mut ask = Ask::new(format!("{}-{number}", self.prefix), model, number.is_multiple_of(2));
        if number.is_multiple_of(4) {
            ask.more = json!({"stream_options": {"include_usage": true}});
        }
        ask
    }
}

/// Calls that are being made.
pub struct Traffic {
    stop: watch::Sender<bool>,
    running: JoinHandle<Vec<Seen>>,
}

impl Traffic {
    /// Begins to call. A call's moment does not depend on the answers of those before it.
    #[must_use]
    pub fn begin(client: LoadClient, shape: Shape) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { stop, running: tokio::spawn(call_on(client, shape, stopped)) }
    }

    /// Begins no more calls, and waits for those that run; what all clients saw, in the order in which they ended.
    ///
    /// # Panics
    /// When a client did.
    pub async fn end(self) -> Vec<Seen> {
        self.stop.send_replace(true);
        self.running.await.expect("the clients live")
    }
}

async fn call_on(client: LoadClient, shape: Shape, mut stopped: watch::Receiver<bool>) -> Vec<Seen> {
    let mut ticks = interval(Duration::from_secs(1) / shape.rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut calls = JoinSet::new();
    let mut seen = Vec::new();
    let mut number = 0;
    while !*stopped.borrow() {
        tokio::select! {
            _ = ticks.tick() => {
                let (client, ask) = (client.clone(), shape.ask(number));
                calls.spawn(async move { client.call(&ask).await });
                number += 1;
            }
            Some(call) = calls.join_next() => seen.push(call.expect("a client lives")),
            _ = stopped.changed() => break,
        }
    }
    while let Some(call) = calls.join_next().await {
        seen.push(call.expect("a client lives"));
    }
    seen
}
