//! What applying a document would do, object by object.

use switchyard_domain::difference::FieldChange;
use switchyard_domain::meta::Owner;
use switchyard_domain::name::Name;

/// What kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A provider.
    Provider,
    /// A route.
    Route,
}

impl ObjectKind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Route => "route",
        }
    }
}

/// What becomes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is written anew.
    Create,
    /// It is changed.
    Change,
    /// It is switched off, as the document no longer declares it.
    Disable,
    /// It is as declared.
    Unchanged,
    /// It is left alone.
    Conflict,
}

impl Step {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Disable => "disable",
            Self::Unchanged => "unchanged",
            Self::Conflict => "conflict",
        }
    }
}

/// An object, and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name.
    pub name: Name,
    /// Whose it is when all is done.
    pub owner: Owner,
    /// What becomes of it.
    pub step: Step,
    /// What differs, before it is done and after. Of a secret, only that it changes.
    pub differences: Vec<FieldChange>,
    /// Why it is left alone, or why it changes though the document does not say so.
    pub reason: Option<String>,
}

impl PlannedObject {
    /// As it is called in lists: `provider openai`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} {}", self.kind.as_str(), self.name)
    }
}

/// What applying a document would do: the objects that it declares in its order, then those that it leaves out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The objects.
    pub objects: Vec<PlannedObject>,
}

impl Plan {
    /// The objects of which this becomes.
    pub fn of(&self, step: Step) -> impl Iterator<Item = &PlannedObject> {
        self.objects.iter().filter(move |object| object.step == step)
    }

    /// Whether nothing would be written and nothing stands in the way.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.objects.iter().all(|object| object.step == Step::Unchanged)
    }

    /// What applying it did, by name.
    #[must_use]
    pub fn applied(&self) -> Applied {
        let labels = |step| self.of(step).map(PlannedObject::label).collect();
        let conflict = |object: &PlannedObject| {
            format!("{}: {}", object.label(), object.reason.as_deref().unwrap_or_default())
        };
        let loss =
            |object: &PlannedObject| Some(format!("{}: {}", object.label(), object.reason.as_deref()?));
        Applied {
            created: labels(Step::Create),
            changed: labels(Step::Change),
            disabled: labels(Step::Disable),
            conflicts: self.of(Step::Conflict).map(conflict).collect(),
            losses: self.of(Step::Change).filter_map(loss).collect(),
        }
    }
}

/// What applying changed, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Written anew.
    pub created: Vec<String>,
    /// Changed.
    pub changed: Vec<String>,
    /// Switched off, since the file no longer declares them.
    pub disabled: Vec<String>,
    /// Left alone, with the reason: somebody else owns an object of that name, or it can't become what is declared.
    pub conflicts: Vec<String>,
    /// Routes that lost targets or models of them, with the reason: a provider lists those no more.
    pub losses: Vec<String>,
}

/// How what is stored differs from a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drift {
    /// What applying the document would do.
    pub plan: Plan,
    /// Objects of others, which the document does not name, but for those that came with the product.
    pub undeclared: Vec<(ObjectKind, Name, Owner)>,
}

impl Drift {
    /// Whether all that is stored is what the document says.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.plan.is_settled() && self.undeclared.is_empty()
    }
}
