//! The clients: connections that are kept open, each with one call after another.

mod connection;

use crate::clock::now;
use anyhow::{Context, Result};
#[cfg(test)]
pub(crate) use connection::CONTENT;
use connection::Connection;
pub(crate) use connection::Exchange;
use futures_util::future::try_join_all;
use std::net::SocketAddr;
use std::time::Duration;

/// What the clients do.
#[derive(Clone, Copy)]
pub(crate) struct Load<'a> {
    pub(crate) address: SocketAddr,
    /// The request's bytes, head and body.
    pub(crate) request: &'a [u8],
    pub(crate) connections: usize,
    /// The content chunks that each answer must have; absent: an answer that is no stream.
    pub(crate) chunks: Option<usize>,
    /// How much later than the one before it each client begins.
    pub(crate) stagger: Duration,
}

/// The connections of a load, each of which has made a first call that does not count.
pub(crate) struct Ready<'a> {
    load: Load<'a>,
    connections: Vec<Connection>,
}

/// What the clients saw.
pub(crate) struct Seen {
    pub(crate) exchanges: Vec<Exchange>,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

impl<'a> Load<'a> {
    pub(crate) async fn connect(self) -> Result<Ready<'a>> {
        let connect = async |load: Load<'a>| {
            let mut connection = Connection::open(load.address).await.context("connecting")?;
            connection.call(load.request, load.chunks).await?;
            anyhow::Ok(connection)
        };
        let connections = try_join_all((0..self.connections).map(|_| connect(self))).await?;
        Ok(Ready { load: self, connections })
    }
}

impl Ready<'_> {
    /// Calls until `duration` is over; calls that run by then are finished and count.
    pub(crate) async fn run(self, duration: Duration) -> Result<Seen> {
        let load = self.load;
        let start = now();
        let clients = (0..).zip(self.connections).map(async |(at, mut connection)| {
            let mut exchanges = Vec::with_capacity(4096);
            tokio::time::sleep(load.stagger * at).await;
            while start.elapsed() < duration {
                exchanges.push(connection.call(load.request, load.chunks).await?);
            }
            anyhow::Ok(exchanges)
        });
        let exchanges = try_join_all(clients).await?.concat();
        Ok(Seen { exchanges, elapsed: start.elapsed() })
    }
}
