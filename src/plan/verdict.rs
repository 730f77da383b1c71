//! What the guards say about a plan. The guards themselves are in `guard`; this is only the shape of their answer.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A safety rule over the whole plan that can refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GuardId {
    /// The plan removes a large part of what a surface has.
    Removals,
    /// The plan takes the last administrator from a role.
    LastAdministrator,
    /// The plan takes something from a protected principal.
    Protected,
    /// The plan takes something from whoever applies it.
    OwnAccess,
    /// There is no policy file, so that everything would count as undeclared.
    EmptyPolicy,
    /// The files are for another tenant.
    TenantMismatch,
    /// A group comes under PIM for the first time, which cannot be undone (docs/service.md: under-pim-5).
    Onboarding,
    /// The plan removes what another application made, such as an access package, or may have made.
    AccessPackages,
}

impl GuardId {
    /// All guards, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Removals,
        Self::LastAdministrator,
        Self::Protected,
        Self::OwnAccess,
        Self::EmptyPolicy,
        Self::TenantMismatch,
        Self::Onboarding,
        Self::AccessPackages,
    ];

    /// The stable name, as in JSON.
    pub fn id(self) -> &'static str {
        self.flag().trim_start_matches("--allow-")
    }

    /// What the guard objects to.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Removals => {
                "more than 30 % and more than 10 of the managed assignments of a surface would go, be shortened or be narrowed"
            }
            Self::LastAdministrator => {
                "a role would be left without anybody who can act, or Global Administrator without anybody who is active and stays so"
            }
            Self::Protected => "a protected principal, or a group that it is in, would lose something",
            Self::OwnAccess => "whoever applies the plan would lose something, also through a group",
            Self::EmptyPolicy => "there is no policy file",
            Self::TenantMismatch => "another tenant answers than the files name",
            Self::Onboarding => "an existing group would come under PIM for the first time",
            Self::AccessPackages => {
                "an assignment that another application made, such as an access package, would be removed, or nobody could say who made it"
            }
        }
    }

    /// The flag that lets a plan pass this guard.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Removals => "--allow-removals",
            Self::LastAdministrator => "--allow-last-administrator",
            Self::Protected => "--allow-protected",
            Self::OwnAccess => "--allow-own-access",
            Self::EmptyPolicy => "--allow-empty-policy",
            Self::TenantMismatch => "--allow-tenant-mismatch",
            Self::Onboarding => "--allow-onboarding",
            Self::AccessPackages => "--allow-access-packages",
        }
    }
}

impl fmt::Display for GuardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// What one guard objects to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// Which guard.
    pub guard: GuardId,
    /// What it objects to: lower case, no final period, names in backticks.
    pub message: String,
    /// The addresses concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

/// What all guards say about a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Everything that a guard objects to, allowed or not.
    pub violations: Vec<Violation>,
    /// The guards that the user has overridden.
    pub allowed: BTreeSet<GuardId>,
}

impl Verdict {
    /// What stands against the plan.
    pub fn refused(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| !self.allowed.contains(&violation.guard))
    }

    /// What would stand against the plan, had the user not allowed it.
    pub fn overridden(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|violation| self.allowed.contains(&violation.guard))
    }

    /// True when the plan must not be applied.
    pub fn is_refused(&self) -> bool {
        self.refused().next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_has_the_same_name_in_its_flag_and_in_json() {
        for guard in GuardId::ALL {
            assert_eq!(guard.flag(), format!("--allow-{}", guard.id()));
            assert_eq!(serde_json::to_value(guard).unwrap(), guard.id());
        }
    }

    #[test]
    fn a_plan_is_refused_until_every_violated_guard_is_allowed() {
        let violation = |guard| Violation { guard, message: String::new(), addresses: Vec::new() };
        let mut verdict = Verdict {
            violations: vec![violation(GuardId::Removals), violation(GuardId::Protected)],
            allowed: [GuardId::Removals].into(),
        };
        assert!(verdict.is_refused());
        verdict.allowed.insert(GuardId::Protected);
        assert!(!verdict.is_refused());
        assert_eq!(verdict.overridden().count(), 2);
    }
}
