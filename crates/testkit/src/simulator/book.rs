//! Which script a call gets from the test that runs the simulator.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use super::record::lock;
use super::script::Script;

#[derive(Default)]
struct Scripts {
    default: Arc<Script>,
    by_model: HashMap<String, Arc<Script>>,
    queues: HashMap<String, VecDeque<Arc<Script>>>,
}

/// The scripts that stand and those that wait for single calls.
#[derive(Default)]
pub(crate) struct ScriptBook(Mutex<Scripts>);

impl ScriptBook {
    pub(crate) fn set_default(&self, script: Script) {
        lock(&self.0).default = Arc::new(script);
    }

    pub(crate) fn set(&self, model: &str, script: Script) {
        lock(&self.0).by_model.insert(model.to_owned(), Arc::new(script));
    }

    pub(crate) fn enqueue(&self, model: &str, scripts: impl IntoIterator<Item = Script>) {
        let mut book = lock(&self.0);
        book.queues.entry(model.to_owned()).or_default().extend(scripts.into_iter().map(Arc::new));
    }

    pub(crate) fn clear(&self) {
        *lock(&self.0) = Scripts::default();
    }

    /// The script of the next call of a model; takes it off its queue.
    pub(crate) fn next(&self, model: &str) -> Arc<Script> {
        let mut book = lock(&self.0);
        let queued = book.queues.get_mut(model).and_then(VecDeque::pop_front);
        queued.or_else(|| book.by_model.get(model).cloned()).unwrap_or_else(|| Arc::clone(&book.default))
    }

    /// The script of connections of which nothing is known yet.
    pub(crate) fn default(&self) -> Arc<Script> {
        Arc::clone(&lock(&self.0).default)
    }

    /// The models that have scripts, in order.
    pub(crate) fn models(&self) -> Vec<String> {
        let book = lock(&self.0);
        let mut names: Vec<String> = book.by_model.keys().chain(book.queues.keys()).cloned().collect();
        names.sort();
        names.dedup();
        names
    }
}
