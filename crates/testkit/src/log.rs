//! What the process logs, for tests that look into it.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Everything that this process logs from the first call of [`LogCapture::begin`] on, at the most talkative level and
/// whichever library, thread and test it comes from, through `tracing` or `log`; one JSON object a line.
#[derive(Clone, Default)]
pub struct LogCapture(Arc<Mutex<Vec<u8>>>);

static CAPTURE: LazyLock<LogCapture> = LazyLock::new(|| {
    let capture = LogCapture::default();
    tracing_subscriber::fmt().json().with_max_level(LevelFilter::TRACE).with_writer(capture.clone()).init();
    capture
});

impl LogCapture {
    /// The process's one capture, which begins with the first call.
    ///
    /// # Panics
    /// When the process already logs elsewhere.
    #[must_use]
    pub fn begin() -> &'static Self {
        &CAPTURE
    }

    /// What was logged so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for LogCapture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LogCapture {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
