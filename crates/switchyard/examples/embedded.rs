//! Switchyard inside a program: no HTTP server, the ledger in a directory.
//!
//! `cargo run -p switchyard --example embedded -- ./data`

#![expect(clippy::print_stdout, reason = "an example shows what it gets")]

use futures_util::StreamExt;
use switchyard::chat::{ChatEvent, ChatRequest, Delta, Message, Role};
use switchyard::{Builder, orchestrator::error::AdminError};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = match std::env::args().nth(1) {
        Some(directory) => Builder::in_directory(directory),
        None => Builder::in_memory(),
    };
    let app = builder.open().await?;
    let request = |model: &str| ChatRequest {
        model: model.to_owned(),
        messages: vec![Message::text(Role::User, "hello")],
        ..ChatRequest::default()
    };

    println!("{}", app.chat().complete(request("sim/swift")).await?.text());

    let mut events = app.chat().stream(request("demo")).await?;
    while let Some(event) = events.next().await {
        if let ChatEvent::Delta { delta: Delta::Text(text), .. } = event? {
            print!("{text}");
        }
    }

    app.flush_usage().await;
    println!("\n{}", summary(&app).await?);
    app.close().await;
    Ok(())
}

async fn summary(app: &switchyard::Embedded) -> Result<String, AdminError> {
    let check = app.usage().verify().await?;
    Ok(format!("{} events, {} problems in the books", check.events, check.problems.len()))
}
