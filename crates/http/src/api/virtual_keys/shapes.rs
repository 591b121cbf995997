use crate::api::shapes::LimitsShape;
use crate::api::{ApiBody, ApiError, present};
use serde::{Deserialize, Serialize};
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_orchestrator::admin::KeyState;
use utoipa::ToSchema;
use validator::Validate;

/// How much may be spent in which window.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyBudget)]
pub(crate) struct BudgetShape {
    /// US dollars, as decimal digits with at most nine places.
    amount_usd: String,
    /// `total`, `day`, `week` or `month`.
    window: String,
    /// By whose calendar, such as `Europe/Vienna`; UTC if absent.
    #[serde(default)]
    zone: Option<String>,
}

impl BudgetShape {
    pub(super) fn read(&self) -> Result<Budget, ApiError> {
        let wrong = |message: String| ApiError::invalid_field("budget", message);
        let amount = NanoUsd::parse(&self.amount_usd);
        let amount = amount.ok_or_else(|| {
            wrong("`amount_usd` is an amount in decimal digits, with at most nine places".to_owned())
        })?;
        let window = BudgetWindow::parse(&self.window);
        let window = window.ok_or_else(|| wrong("`window` is total, day, week or month".to_owned()))?;
        let zone = self.zone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::new);
        Ok(Budget { amount, window, zone: zone.map_err(|fault| wrong(fault.to_string()))? })
    }
}

impl From<&Budget> for BudgetShape {
    fn from(budget: &Budget) -> Self {
        Self {
            amount_usd: budget.amount.to_string(),
            window: budget.window.as_str().to_owned(),
            zone: Some(budget.zone.to_string()),
        }
    }
}

/// A key that is wanted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewVirtualKey)]
pub(crate) struct CreateBody {
    /// Its unique name: 1 to 100 characters, without `/`.
    pub(super) name: String,
    /// The routes and models that it may call, `<provider>/*` for all of a provider; absent means all.
    #[serde(default)]
    pub(super) models: Option<Vec<String>>,
    #[serde(default)]
    pub(super) limits: Option<LimitsShape>,
    #[serde(default)]
    pub(super) budget: Option<BudgetShape>,
    /// When it ends, as RFC 3339 has it; absent means never.
    #[serde(default)]
    pub(super) expires_at: Option<String>,
    /// What people sort keys by.
    #[serde(default)]
    pub(super) tags: Vec<String>,
    /// Whose it is: one's own if absent. Only administrators make keys for others, or with `null` for nobody in particular.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub(super) user: Option<Option<i64>>,
}

/// What is to be changed of a key; what is absent stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VirtualKeyChange)]
pub(crate) struct ChangeBody {
    /// Its unique name.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// Whose it is; `null` means nobody's in particular. Only administrators give keys to others.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub(super) user: Option<Option<i64>>,
    /// Whether calls may use it.
    #[serde(default)]
    pub(super) is_active: Option<bool>,
    /// The routes and models that it may call; `null` means all.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    pub(super) models: Option<Option<Vec<String>>>,
    /// Its limits, replaced whole.
    #[serde(default)]
    pub(super) limits: Option<LimitsShape>,
    /// How much it may spend; `null` means any amount.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<BudgetShape>)]
    pub(super) budget: Option<Option<BudgetShape>>,
    /// When it ends; `null` means never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(super) expires_at: Option<Option<String>>,
    /// What people sort keys by, replaced whole.
    #[serde(default)]
    pub(super) tags: Option<Vec<String>>,
}

/// How a key is rotated.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VirtualKeyRotation)]
pub(crate) struct RotateBody {
    /// How long the key before stays good beside the new one: not at all if absent, 30 days at most. One key before is kept: to rotate
    /// again ends the overlap that an earlier rotation gave.
    #[serde(default)]
    pub(super) overlap_seconds: u32,
}

impl ApiBody for CreateBody {}
impl ApiBody for ChangeBody {}
impl ApiBody for RotateBody {}

pub(super) fn expiry(text: &str) -> Result<Timestamp, ApiError> {
    Timestamp::parse(text).map_err(|_| {
        ApiError::invalid_field(
            "expires_at",
            "this is no time as RFC 3339 has it, such as 2030-01-01T00:00:00Z",
        )
    })
}

/// A virtual key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VirtualKey)]
pub(crate) struct KeyShape {
    /// Its id.
    id: i64,
    /// Its name.
    name: String,
    /// The first characters of the key.
    prefix: String,
    /// Whether calls may use it.
    is_active: bool,
    /// The routes and models that it may call; absent means all.
    models: Option<Vec<String>>,
    /// Its own limits.
    limits: LimitsShape,
    budget: Option<BudgetShape>,
    /// What it spent, in US dollars: in the budget's window of now, or ever where it has no budget.
    spent_usd: String,
    /// When it ends.
    expires_at: Option<String>,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
    /// When it was last used, to the minute.
    last_used_at: Option<String>,
    /// Until when the key before the last rotation is good.
    previous_until: Option<String>,
    /// Where it comes from.
    owner: String,
    /// Whose it is.
    user: Option<i64>,
    /// Who made it; absent of some older ones.
    made_by: Option<String>,
    /// Whether an administrator said what it may: who holds it can then only make that tighter.
    is_lent: bool,
    /// What it spent ever, in US dollars; only where one key is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_cost_usd: Option<String>,
    /// What people sort keys by.
    tags: Vec<String>,
    /// What holds for its calls: its own limits, its owner's, and those of all calls together, of each kind the smallest.
    effective_limits: LimitsShape,
    /// Grows by one with each change; `If-Match` takes it.
    pub(super) version: i64,
}

impl From<KeyState> for KeyShape {
    fn from(KeyState { key, budget, spent, effective_limits }: KeyState) -> Self {
        Self {
            id: key.id.0,
            name: key.name.to_string(),
            prefix: key.prefix,
            is_active: key.is_active,
            models: key.models,
            limits: key.limits.into(),
            budget: budget.as_ref().map(Into::into),
            spent_usd: spent.to_string(),
            expires_at: key.expires_at.map(|at| at.to_string()),
            created_at: key.meta.created_at.to_string(),
            updated_at: key.meta.updated_at.to_string(),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
            previous_until: key.previous.map(|previous| previous.until.to_string()),
            owner: key.meta.owner.to_string(),
            user: key.user.map(|user| user.0),
            made_by: key.grant.made_by,
            is_lent: key.grant.is_lent,
            total_cost_usd: None,
            tags: key.tags,
            effective_limits: effective_limits.into(),
            version: key.meta.version,
        }
    }
}

/// A virtual key with the key itself, which is not shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownKey {
    /// The key.
    pub(super) key: String,
    #[serde(flatten)]
    pub(super) state: KeyShape,
}

/// A virtual key, to whoever holds it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnVirtualKey)]
pub(crate) struct OwnKeyShape {
    /// What it spent ever, in US dollars.
    #[serde(rename = "totalCost")]
    pub(super) total_cost: String,
    #[serde(flatten)]
    pub(super) state: KeyShape,
}

/// Some of the keys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VirtualKeyPage)]
pub(crate) struct KeyPage {
    pub(super) items: Vec<KeyShape>,
    /// What `after` takes to go on; absent at the end.
    pub(super) next: Option<String>,
}
