//! Logs: one JSON object a line on standard error, and in files where a directory is set. Nothing here knows a secret: what is
//! logged is chosen where it is logged.

use crate::failure::Failure;
use std::io::{self, Write};
use std::path::Path;
use switchyard::settings::{LogLevel, LoggingSettings};
use switchyard_http::recent_log::RecentLog;
use switchyard_http::services::LogLosses;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{Builder, RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Days of log files that are kept.
const KEPT_DAYS: usize = 14;

/// Lines that wait for a writer which is behind; more are dropped and counted. Some megabytes.
const WAITING_LINES: usize = 16 * 1024;

/// Writers that flush when dropped.
pub(crate) struct LogFiles {
    _writers: Vec<WorkerGuard>,
    losses: Vec<ErrorCounter>,
    recent: RecentLog,
}

impl LogFiles {
    /// The last lines, which are kept beside those that are written out.
    pub(crate) fn recent(&self) -> RecentLog {
        self.recent.clone()
    }

    /// What counts the lines that were dropped.
    pub(crate) fn losses(&self) -> LogLosses {
        let losses = self.losses.clone();
        LogLosses::counted_by(move || losses.iter().map(|writer| writer.dropped_lines() as u64).sum())
    }
}

/// Begins to log. A server logs from the chosen level on; a command of the command line only what is wrong.
pub(crate) fn begin(settings: &LoggingSettings, is_server: bool) -> Result<LogFiles, Failure> {
    let level = if is_server { filter_of(settings.level) } else { LevelFilter::WARN };
    // Libraries below our own crates are heard from WARN on: at DEBUG they may print what they carry.
    let quiet = |own: LevelFilter| {
        Targets::new()
            .with_default(own.min(LevelFilter::WARN))
            // Logs each client's broken connection as an error of ours; the access log tells of them.
            .with_target("actix_http", LevelFilter::OFF)
            .with_targets(OWN_TARGETS.iter().map(|target| (*target, own)))
    };
    let (mut writers, mut losses) = (Vec::new(), Vec::new());
    let mut begun = |(writer, guard): (NonBlocking, WorkerGuard)| {
        losses.push(writer.error_counter());
        writers.push(guard);
        writer
    };
    // A log collector that stops reading must not stop the server: lines are handed to a thread and dropped when it is
    // behind.
    let recent = RecentLog::default();
    let stderr = begun(in_background(Kept { lines: recent.clone(), out: io::stderr() }));
    let mut layers = vec![json(stderr).with_filter(quiet(level)).boxed()];
    // The files are the server's: two processes can't rotate them.
    if let Some(dir) = settings.dir.as_ref().filter(|_| is_server) {
        for (name, own) in [("app", level), ("error", LevelFilter::ERROR)] {
            let file = begun(in_background(file_of(dir, name)?));
            layers.push(json(file).with_filter(quiet(own)).boxed());
        }
    }
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(|error| Failure::runtime(format!("logging can't begin: {error}")))?;
    Ok(LogFiles { _writers: writers, losses, recent })
}

/// The targets of our own crates.
const OWN_TARGETS: [&str; 9] = [
    "switchyard",
    "switchyard_server",
    "switchyard_http",
    "switchyard_orchestrator",
    "switchyard_providers",
    "switchyard_repositories",
    "switchyard_journal",
    "switchyard_coordination",
    "switchyard_security",
];

fn json<S>(writer: NonBlocking) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false).with_writer(writer)
}

/// Standard error, of which the last lines are kept. On the thread of the writer, which is given a line at a time: that costs no request
/// anything.
struct Kept<W> {
    lines: RecentLog,
    out: W,
}

impl<W: Write> Write for Kept<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.keep(line);
        // Whole: what is left of a line would be kept as another one.
        self.out.write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes on a thread of its own, and loses lines rather than time.
fn in_background(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING_LINES).finish(writer)
}

fn file_of(dir: &Path, name: &str) -> Result<RollingFileAppender, Failure> {
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::configuration(format!("LOG_DIR {} can't be used: {error}", dir.display()))
    };
    // The name that always leads to the newest file is a link, which in its own directory a relative path would miss.
    let dir = std::path::absolute(dir).map_err(|error| unusable(&error))?;
    Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix(name)
        .filename_suffix("log")
        .latest_symlink(format!("{name}.log"))
        .max_log_files(KEPT_DAYS)
        .build(dir)
        .map_err(|error| unusable(&error))
}

fn filter_of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    }
}
