//! Trying a provider step by step, without a billed call: how far the way to its models could be gone, and what stopped it.

use crate::provider::DiscoveredModel;
use std::fmt;
use std::time::Duration;
use switchyard_domain::fault::ProviderFault;

/// A step on the way to a provider's list of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeStage {
    /// Its host's name has an address that may be called.
    Resolve,
    /// There is a connection.
    Connect,
    /// It proved who it is.
    Tls,
    /// It takes the credential.
    Auth,
    /// It lists its models.
    Models,
}

impl ProbeStage {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::Resolve, Self::Connect, Self::Tls, Self::Auth, Self::Models];

    /// The word that people and programs read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Models => "models",
        }
    }
}

impl fmt::Display for ProbeStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageOutcome {
    /// It was made.
    Done,
    /// It ended the probe. The reason is cleaned, as [`ProviderFault::message`] is.
    Failed(String),
    /// It was not needed (an address in digits, no TLS), not reached, or nothing can be said of it: an answer that is neither a
    /// list nor a refusal says nothing of the credential.
    Skipped,
}

impl StageOutcome {
    /// The word that people and programs read.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Why it failed, where it did.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        if let Self::Failed(reason) = self { Some(reason) } else { None }
    }
}

/// A step, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageReport {
    /// The step.
    pub stage: ProbeStage,
    /// What came of it.
    pub outcome: StageOutcome,
    /// How long it took; nothing where it was skipped.
    pub took: Duration,
}

/// What a probe found. It holds no credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeReport {
    /// All steps, in their order.
    pub stages: [StageReport; 5],
    /// The provider's status, where it answered.
    pub status: Option<u16>,
    /// The models that it lists.
    pub models: Vec<DiscoveredModel>,
    /// What ended it, where something did.
    pub fault: Option<ProviderFault>,
}

impl Default for ProbeReport {
    fn default() -> Self {
        let skipped = |stage| StageReport { stage, outcome: StageOutcome::Skipped, took: Duration::ZERO };
        Self { stages: ProbeStage::ALL.map(skipped), status: None, models: Vec::new(), fault: None }
    }
}

impl ProbeReport {
    /// A step was made.
    pub fn done(&mut self, stage: ProbeStage, took: Duration) {
        self.note(stage, StageOutcome::Done, took);
    }

    /// A step ended the probe.
    pub fn failed(&mut self, stage: ProbeStage, took: Duration, fault: ProviderFault) {
        self.note(stage, StageOutcome::Failed(fault.message.clone()), took);
        self.status = self.status.or(fault.status);
        self.fault = Some(fault);
    }

    fn note(&mut self, stage: ProbeStage, outcome: StageOutcome, took: Duration) {
        if let Some(report) = self.stages.iter_mut().find(|report| report.stage == stage) {
            *report = StageReport { stage, outcome, took };
        }
    }

    /// What came of a step.
    #[must_use]
    pub fn outcome(&self, stage: ProbeStage) -> &StageOutcome {
        let known = self.stages.iter().find(|report| report.stage == stage);
        known.map_or(&StageOutcome::Skipped, |report| &report.outcome)
    }

    /// How long all steps took together.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.stages.iter().map(|report| report.took).sum()
    }

    /// The models that it lists, for whom the way to them does not matter.
    ///
    /// # Errors
    /// What ended the probe.
    pub fn listed(self) -> Result<Vec<DiscoveredModel>, ProviderFault> {
        self.fault.map_or(Ok(self.models), Err)
    }
}
