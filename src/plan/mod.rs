//! A plan: the ordered steps that make the tenant what the files say, complete and as plain data.
//!
//! Nothing here or below decides anything while a plan is carried out. Reasons and observations explain; nothing may
//! branch on them.

mod asked;
mod build;
mod check;
mod digest;
mod file;
mod filter;
mod guard;
mod observe;
mod operation;
mod order;
mod owners;
mod step;
mod subset;
mod summary;
mod validation;
mod verdict;

#[cfg(test)]
pub(crate) mod samples;

pub use build::{Planned, build};
pub use digest::Digest;
pub use file::{GuardReport, GuardStatus, PlanFile, PlanFileError, PlanTenant, plan_schema};
pub use filter::Filter;
pub use guard::{ApprovedPlan, approve, groups_to_read, guard};
pub(crate) use observe::times;
pub use operation::{Effect, Operation};
pub use step::{Observation, ObservationKind, Phase, Plan, PrincipalName, Reason, Step, StepId};
pub use subset::{not_approved, not_done, taken_over, with_real_groups, without_new_renewals};
pub use summary::{AccessCounts, DirectionCounts, OperationCounts, Summary};
pub use validation::Validation;
pub use verdict::{GuardId, Verdict, Violation};
