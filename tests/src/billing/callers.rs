//! Clients of every kind of call, those included that do not wait for the end.

use super::kinds::{Kind, Leaving, Mode};
use crate::client::{Ask, LoadClient};
use reqwest::{Client, Response};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::sleep;

/// Clients of one key.
#[derive(Clone)]
pub(super) struct Callers {
    staying: LoadClient,
    leaving: Client,
    url: String,
    key: String,
}

impl Callers {
    pub(super) fn new(server: SocketAddr, key: &str) -> Self {
        Self {
            staying: LoadClient::new(server, key),
            leaving: Client::builder().no_proxy().build().expect("a client"),
            url: format!("http://{server}/v1/chat/completions"),
            key: key.to_owned(),
        }
    }

    /// Makes a call of this kind, and leaves it as the kind says.
    pub(super) async fn call(&self, kind: &Kind, id: &str) {
        let is_even = id.bytes().last().is_some_and(|digit| digit.is_multiple_of(2));
        let stream = match kind.mode {
            Mode::Either => is_even,
            Mode::Buffered => false,
            Mode::Streamed => true,
        };
        let ask = Ask { id: id.to_owned(), model: kind.route(), stream, more: kind.members() };
        match kind.leaves {
            None => {
                self.staying.call(&ask).await;
            }
            Some(Leaving::AfterMs(ms)) => {
                tokio::select! {
                    _answered = self.send(&ask) => sleep(Duration::from_millis(ms)).await,
                    () = sleep(Duration::from_millis(ms)) => {}
                }
            }
            Some(Leaving::AfterWords(words)) => {
                if let Some(answer) = self.send(&ask).await {
                    read_words(answer, words).await;
                }
            }
        }
    }

    async fn send(&self, ask: &Ask) -> Option<Response> {
        let request = self.leaving.post(&self.url).bearer_auth(&self.key).header("x-request-id", &ask.id);
        request.header("content-type", "application/json").body(ask.body().to_string()).send().await.ok()
    }
}

/// Reads until so many words came; whatever dropped the answer then has left.
async fn read_words(mut answer: Response, words: usize) {
    let mut text = String::new();
    while let Ok(Some(piece)) = answer.chunk().await {
        text.push_str(&String::from_utf8_lossy(&piece));
        if text.matches("\"content\":\" ").count() >= words {
            return;
        }
    }
}
