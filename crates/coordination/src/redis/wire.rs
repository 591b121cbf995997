//! One connection to Redis, made anew whenever it broke. Whoever uses it does one thing after the other.

use super::address::RedisAddress;
use super::programs::{self, Program};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ServerErrorKind, Value};
use std::time::Duration;

/// How long a connection may take to be made: in the background, while no call waits for it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why Redis did not answer. Never says more than what the server or the system said, and never the URL.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum WireError {
    /// There is no connection.
    #[error("there is no connection")]
    Closed,
    /// No answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    /// The server, or the way to it, failed.
    #[error("{0}")]
    Failed(String),
}

/// A script with its arguments.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) program: &'static Program,
    pub(super) arguments: Vec<Vec<u8>>,
}

pub(super) struct Wire {
    client: Client,
    prefix: String,
    timeout: Duration,
    connection: Option<MultiplexedConnection>,
}

impl Wire {
    /// Over this address; answers are waited for so long.
    pub(super) fn new(address: &RedisAddress, timeout: Duration) -> Self {
        Self { client: address.client.clone(), prefix: address.prefix.clone(), timeout, connection: None }
    }

    pub(super) fn close(&mut self) {
        self.connection = None;
    }

    /// Connects, and makes the scripts known.
    pub(super) async fn open(&mut self) -> Result<(), WireError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(None);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
        let connection = connected.map_err(|_| WireError::Late(CONNECT_TIMEOUT))?;
        let connection = connection.map_err(|error| WireError::Failed(error.to_string()))?;
        self.connection = Some(connection);
        self.load().await
    }

    async fn load(&mut self) -> Result<(), WireError> {
        let mut pipeline = redis::pipe();
        for program in programs::all() {
            pipeline.cmd("SCRIPT").arg("LOAD").arg(&program.code);
        }
        let loaded = self.send(&pipeline, CONNECT_TIMEOUT).await?;
        match loaded.into_iter().find_map(fault) {
            Some(error) => Err(WireError::Failed(error.to_string())),
            None => Ok(()),
        }
    }

    /// Runs all calls in their order, in one round trip. Where the server forgot the scripts they are told it again.
    pub(super) async fn run(&mut self, calls: &[Call]) -> Result<Vec<Value>, WireError> {
        let mut answers = self.send(&self.pipeline(calls), self.timeout).await?;
        let forgotten = |answer: &Value| matches!(answer, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript));
        if answers.iter().any(forgotten) {
            self.load().await?;
            for (answer, call) in answers.iter_mut().zip(calls).filter(|(answer, _)| forgotten(answer)) {
                let again = self.pipeline(std::slice::from_ref(call));
                *answer = self.send(&again, self.timeout).await?.pop().unwrap_or_default();
            }
        }
        if answers.len() != calls.len() {
            return Err(WireError::Failed("the server gave another number of answers".to_owned()));
        }
        match answers.iter().cloned().find_map(fault) {
            Some(error) => Err(WireError::Failed(error.to_string())),
            None => Ok(answers),
        }
    }

    fn pipeline(&self, calls: &[Call]) -> redis::Pipeline {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        for call in calls {
            let command = pipeline.cmd("EVALSHA").arg(&call.program.digest).arg(1).arg(&self.prefix);
            for argument in &call.arguments {
                command.arg(argument.as_slice());
            }
        }
        pipeline
    }

    async fn send(&mut self, pipeline: &redis::Pipeline, timeout: Duration) -> Result<Vec<Value>, WireError> {
        let connection = self.connection.as_mut().ok_or(WireError::Closed)?;
        let answered = tokio::time::timeout(timeout, pipeline.query_async::<Vec<Value>>(connection)).await;
        let answered = answered.map_err(|_| WireError::Late(timeout))?;
        answered.map_err(|error| WireError::Failed(error.to_string()))
    }
}

fn fault(answer: Value) -> Option<redis::ServerError> {
    match answer {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}
