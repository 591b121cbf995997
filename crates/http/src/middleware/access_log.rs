use super::request_id::RequestId;
use crate::identity::Identity;
use crate::metrics::Metrics;
use crate::routes::RouteTemplate;
use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode, Uri};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use switchyard_ports::clock::{Clock, Monotonic};

/// Longest path that is written out.
const LONGEST_PATH: usize = 200;

/// What the log and the metrics say of a request whose client left before there was an answer; nginx's word for it.
const CLIENT_CLOSED: u16 = 499;

/// A request from its head until its answer is handed over or given up. Then, however that came about, it is one line of
/// the access log and one count of the metrics.
pub(super) struct AccessRecord {
    method: Method,
    uri: Uri,
    client: Option<IpAddr>,
    pub(super) id: RequestId,
    pub(super) route: RouteTemplate,
    pub(super) status: Option<StatusCode>,
    pub(super) caller: Option<Identity>,
    pub(super) bytes: u64,
    pub(super) whole: bool,
    began: Monotonic,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl AccessRecord {
    pub(super) fn begin(
        request: &ServiceRequest,
        client: Option<IpAddr>,
        id: RequestId,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
    ) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            client,
            id,
            route: RouteTemplate::UNMATCHED,
            status: None,
            caller: None,
            bytes: 0,
            whole: false,
            began: clock.monotonic(),
            clock: Arc::clone(clock),
            metrics: Arc::clone(metrics),
        }
    }

    /// From which address it comes.
    pub(super) fn client(&self) -> Option<IpAddr> {
        self.client
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.clock.monotonic().since(self.began)
    }

    /// Never a header, never the query: both may hold secrets.
    fn write(&self, status: u16, elapsed: Duration) {
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    method = shown(self.method.as_str()).as_ref(),
                    path = shown(self.uri.path()).as_ref(),
                    route = self.route.0,
                    status,
                    duration_ms = millis(elapsed),
                    bytes = self.bytes,
                    whole = self.whole,
                    peer = self.client.map(tracing::field::display),
                    caller = self.caller.map(|caller| caller.kind),
                    caller_id = self.caller.and_then(|caller| caller.id),
                    request_id = self.id.as_str(),
                    "request"
                )
            };
        }
        if status >= 500 {
            line!(tracing::Level::WARN);
        } else {
            line!(tracing::Level::INFO);
        }
    }
}

impl Drop for AccessRecord {
    fn drop(&mut self) {
        let elapsed = self.elapsed();
        let status = self.status.map_or(CLIENT_CLOSED, |status| status.as_u16());
        self.metrics.observe(&self.method, self.route, &shown(self.uri.path()), status, elapsed);
        self.write(status, elapsed);
    }
}

/// Milliseconds, to the microsecond.
fn millis(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64().mul_add(1e6, 0.5).floor() / 1e3
}

/// A client's text as it may stand in a log: short, visible characters only.
fn shown(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_PATH && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| if c.is_ascii_graphic() { c } else { '_' };
    Cow::Owned(text.chars().take(LONGEST_PATH).map(plain).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sends_can_not_start_a_line_of_the_log() {
        assert_eq!(shown("/v1/models"), "/v1/models");
        assert_eq!(shown("/a\r\n{\"level\":\"ERROR\"}"), "/a__{\"level\":\"ERROR\"}");
        assert_eq!(shown("/\u{1b}[31m\u{202e}ä"), "/_[31m__");
        assert_eq!(shown(&"x".repeat(5000)).len(), LONGEST_PATH);
    }

    #[test]
    fn durations_are_milliseconds_to_the_microsecond() {
        assert!((millis(Duration::from_nanos(1_234_567)) - 1.235).abs() < 1e-9);
    }
}
