//! The 19 rules of a policy, as the service writes them, and the settings that they mean.
//!
//! There is one table, [`RULES`]. Reading, writing and comparing walk it, so that the two directions cannot disagree and
//! a rule cannot be forgotten. Directory roles and groups spell the rules in the envelope of Microsoft Graph, Azure in
//! the one of Azure Resource Manager; the reader takes both, the writer is told which.
//!
//! The shapes are those of the definitions of both services (docs/service.md: rules-7); the order in which multifactor
//! authentication and an authentication context may be changed was measured (docs/service.md: rules-3).

mod approval;
mod part;
mod read;
mod write;

use thiserror::Error;

use crate::model::notification::{Audience, Event};
use crate::model::settings::Unknown;
use crate::model::{Field, Kind, Moment};

pub(super) use read::{kept, read, unknown};
pub(super) use write::{Patch, iso, patches};

/// What one rule says, in our words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// How long an assignment may last.
    Expiry(Kind),
    /// What an assignment takes.
    Demands(Kind),
    /// How long an activation may last.
    ActivationLength,
    /// What an activation takes, but for approval and an authentication context.
    ActivationDemands,
    /// Who must agree to an activation.
    Approval,
    /// The authentication context of an activation.
    Context,
    /// The custom extension that is asked at an activation.
    Extension(Moment),
    /// Who is told.
    Notification(Event, Audience),
}

/// One rule of the service.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// The id, the same in every policy of every tenant.
    id: &'static str,
    part: Part,
}

const fn rule(id: &'static str, part: Part) -> Rule {
    Rule { id, part }
}

use Audience::{Admins, Approvers, Assignee};
use Event::{Activated, ActiveAssigned, EligibleAssigned};

/// Every rule of a policy. The service calls the assignee `Requestor`.
const RULES: [Rule; 19] = [
    rule("Expiration_Admin_Eligibility", Part::Expiry(Kind::Eligible)),
    rule("Enablement_Admin_Eligibility", Part::Demands(Kind::Eligible)),
    rule("Notification_Admin_Admin_Eligibility", Part::Notification(EligibleAssigned, Admins)),
    rule("Notification_Requestor_Admin_Eligibility", Part::Notification(EligibleAssigned, Assignee)),
    rule("Notification_Approver_Admin_Eligibility", Part::Notification(EligibleAssigned, Approvers)),
    rule("Expiration_Admin_Assignment", Part::Expiry(Kind::Active)),
    rule("Enablement_Admin_Assignment", Part::Demands(Kind::Active)),
    rule("Notification_Admin_Admin_Assignment", Part::Notification(ActiveAssigned, Admins)),
    rule("Notification_Requestor_Admin_Assignment", Part::Notification(ActiveAssigned, Assignee)),
    rule("Notification_Approver_Admin_Assignment", Part::Notification(ActiveAssigned, Approvers)),
    rule("Expiration_EndUser_Assignment", Part::ActivationLength),
    rule("Enablement_EndUser_Assignment", Part::ActivationDemands),
    rule("Approval_EndUser_Assignment", Part::Approval),
    rule("AuthenticationContext_EndUser_Assignment", Part::Context),
    rule("Notification_Admin_EndUser_Assignment", Part::Notification(Activated, Admins)),
    rule("Notification_Requestor_EndUser_Assignment", Part::Notification(Activated, Assignee)),
    rule("Notification_Approver_EndUser_Assignment", Part::Notification(Activated, Approvers)),
    // A policy older than these lacks them. docs/service.md: policies-4
    rule("CustomExtension_PreApproval_EndUser_Assignment", Part::Extension(Moment::BeforeApproval)),
    rule("CustomExtension_PostApproval_EndUser_Assignment", Part::Extension(Moment::AfterApproval)),
];

impl Part {
    /// The word for the sort of rule, as both envelopes have it in the name of its type.
    fn sort(self) -> &'static str {
        match self {
            Self::Expiry(_) | Self::ActivationLength => "Expiration",
            Self::Demands(_) | Self::ActivationDemands => "Enablement",
            Self::Approval => "Approval",
            Self::Context => "AuthenticationContext",
            Self::Extension(_) => "CustomExtension",
            Self::Notification(..) => "Notification",
        }
    }

    /// The words for what the rule can demand, in the order in which the service lists them. It takes a ticket for
    /// activations only. docs/service.md: policies-1
    fn demands(self) -> &'static [&'static str] {
        match self {
            Self::ActivationDemands => &["MultiFactorAuthentication", "Justification", "Ticketing"],
            Self::Demands(_) => &["MultiFactorAuthentication", "Justification"],
            _ => &[],
        }
    }

    /// Whether the service refuses the whole rule because of this word, although it may have it stored: then a change of
    /// the rule leaves it out. docs/service.md: policies-1
    fn is_refused(self, word: &str) -> bool {
        matches!(self, Self::Demands(_)) && word.eq_ignore_ascii_case("Ticketing")
    }

    /// Whose doing the rule is about: `Admin` assigns, `EndUser` activates.
    fn caller(self) -> &'static str {
        match self {
            Self::Expiry(_) | Self::Demands(_) | Self::Notification(EligibleAssigned | ActiveAssigned, _) => "Admin",
            Self::ActivationLength
            | Self::ActivationDemands
            | Self::Approval
            | Self::Context
            | Self::Extension(_)
            | Self::Notification(Activated, _) => "EndUser",
        }
    }

    /// What the rule is about: being eligible or being active.
    fn level(self) -> &'static str {
        match self {
            Self::Expiry(Kind::Eligible) | Self::Demands(Kind::Eligible) | Self::Notification(EligibleAssigned, _) => {
                "Eligibility"
            }
            _ => "Assignment",
        }
    }

    /// Who is told, as the service calls them.
    fn recipient(audience: Audience) -> &'static str {
        match audience {
            Admins => "Admin",
            Assignee => "Requestor",
            Approvers => "Approver",
        }
    }
}

/// Why the rules of a policy do not give settings, or do not take a change.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum RulesError {
    /// None that is known. Then nothing is known of the target.
    #[error("the policy has no rule that pimform knows")]
    None,
    /// Rules that were there before a change.
    #[error("the policy lacks {}", names(.0))]
    Missing(Vec<&'static str>),
    /// A change of something that has come to be unknown since it was planned.
    #[error("`{field}` {unknown}, and pimform does not write over what it does not know")]
    Unknown {
        /// What was to change.
        field: Field,
        /// What was met.
        unknown: Unknown,
    },
}

fn names(rules: &[&str]) -> String {
    let word = if rules.len() == 1 { "the rule" } else { "the rules" };
    format!("{word} `{}`", rules.join("`, `"))
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use tests::untouched as sample;
