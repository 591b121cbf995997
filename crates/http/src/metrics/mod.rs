//! Numbers for a scraper, in a registry that is a value: nothing global, so that two servers in one process do not mix.
//!
//! Labels are routes, methods, statuses, providers and outcomes only. A key, a user or a request id would grow without
//! bound and tell a monitoring system what it has no business to know.

mod collected;
mod labels;
mod request_stats;

pub(crate) use request_stats::{OfRoute, RequestStats, Seen, Sums};

use crate::routes::RouteTemplate;
use crate::services::LogLosses;
use actix_web::http::Method;
use collected::Collected;
use labels::{Request, RouteOnly};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;
use switchyard_orchestrator::status::Status;
use switchyard_ports::clock::Clock;

/// Seconds. From a gateway's own work to a long stream.
const BUCKETS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0];

/// The media type of [`Metrics::text`].
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The numbers of one server.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Family<RouteOnly, Histogram, Durations>,
    stats: Arc<RequestStats>,
}

#[derive(Clone)]
struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new(BUCKETS)
    }
}

impl Metrics {
    /// Of a server in this state, which begins now.
    pub(crate) fn new(status: Arc<Status>, log_losses: LogLosses, clock: Arc<dyn Clock>) -> Self {
        let mut registry = Registry::with_prefix("switchyard");
        let requests = Family::default();
        let durations = Family::new_with_constructor(Durations);
        registry.register("http_requests", "Requests that were answered", requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's head to the end of its answer",
            durations.clone(),
        );
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What is running", build);
        registry.register_collector(Box::new(Collected::new(status, log_losses)));
        Self { registry, requests, durations, stats: Arc::new(RequestStats::new(clock)) }
    }

    /// What people see of the requests.
    pub(crate) fn stats(&self) -> Arc<RequestStats> {
        Arc::clone(&self.stats)
    }

    /// A request ended; `path` is as it may stand in a log.
    pub(crate) fn observe(
        &self,
        method: &Method,
        route: RouteTemplate,
        path: &str,
        status: u16,
        elapsed: Duration,
    ) {
        self.stats.observe(method, route, path, status, elapsed);
        let label = Request { method: labels::method(method), route: route.0, status };
        self.requests.get_or_create(&label).inc();
        self.durations.get_or_create(&RouteOnly { route: route.0 }).observe(elapsed.as_secs_f64());
    }

    /// All numbers now, as OpenMetrics text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(16 * 1024);
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(error = %error, "metrics could not be written");
        }
        text
    }
}
