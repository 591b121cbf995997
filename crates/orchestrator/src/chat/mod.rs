//! A chat call from admission to settlement: resolve the name, admit, try the targets in their order, deliver, settle exactly
//! once.

mod account;
mod admission;
pub(crate) mod asking;
mod attempts;
mod bill;
mod bought;
pub(crate) mod bound;
mod budgets;
mod counting;
mod course;
mod days;
mod delivery;
mod draining;
mod left_out;
mod lots;
mod metering;
mod outlook;
mod passed;
mod piecework;
mod refusals;
mod resolution;
mod retrying;
mod service;
mod settlement;
mod statistics;
mod sums;
mod tries;

pub use bill::CallBill;
pub use bound::PriceBound;
pub use budgets::{BudgetTerms, Budgets};
pub use counting::PromptCount;
pub(crate) use course::{Course, Foreseen, LeftOutTarget, Step};
pub use days::{DayCountError, DayCounts};
pub use delivery::{Reply, ReplyBody, ReplyHead, ReplyPiece, ReplyStream};
pub use left_out::{LeftOut, PassedOver, PassedRoute};
pub use lots::TurnKey;
pub(crate) use lots::{Foreseeing, Lots, Taking};
pub(crate) use outlook::{Outlook, OutlookCall};
pub use resolution::{Resolved, resolve};
pub use service::{CallOrigin, CallSettings, ChatPorts, ChatService};
pub use statistics::{AttemptCount, CallStatistics};
