//! Principals that must not lose anything: the protected ones, and whoever applies the plan.

use std::collections::{BTreeMap, BTreeSet};

use super::super::verdict::{GuardId, Violation};
use super::{View, holder};
use crate::model::PrincipalId;

impl View<'_> {
    pub(super) fn protected(&self) -> Vec<Violation> {
        let mut violations = self.against(
            GuardId::Protected,
            |id| self.desired.protected.contains_key(&id),
            |who| format!("{who} is protected, and would lose access"),
        );
        for protected in self.desired.protected.keys() {
            let name = self.names.principal(*protected);
            violations.extend(self.through_groups(GuardId::Protected, *protected, |group| {
                format!("`{name}` is protected and in {group}, which would lose access")
            }));
        }
        violations
    }

    pub(super) fn own_access(&self) -> Vec<Violation> {
        let Some(runner) = self.snapshot.runner else { return Vec::new() };
        let mut violations = self.against(
            GuardId::OwnAccess,
            |id| id == runner,
            |who| format!("{who} is who applies this plan, and would lose access"),
        );
        violations.extend(self.through_groups(GuardId::OwnAccess, runner, |group| {
            format!("{group} would lose access, and whoever applies this plan is in it")
        }));
        violations
    }

    /// What the groups that a principal is in would lose.
    fn through_groups(
        &self,
        guard: GuardId,
        principal: PrincipalId,
        message: impl Fn(&str) -> String,
    ) -> Vec<Violation> {
        let none = BTreeSet::new();
        let groups = self.snapshot.memberships.get(&principal).unwrap_or(&none);
        self.against(guard, |id| groups.contains(&id), message)
    }

    /// One violation for each principal of a sort that loses access, with all that it would lose.
    fn against(
        &self,
        guard: GuardId,
        concerns: impl Fn(PrincipalId) -> bool,
        message: impl Fn(&str) -> String,
    ) -> Vec<Violation> {
        let mut losing: BTreeMap<PrincipalId, Vec<String>> = BTreeMap::new();
        for step in self.losses() {
            if let Some(principal) = holder(&step.operation).filter(|id| concerns(*id)) {
                losing.entry(principal).or_default().push(step.address.clone());
            }
        }
        let violation = |(principal, addresses)| Violation {
            guard,
            message: message(&format!("`{}`", self.names.principal(principal))),
            addresses,
        };
        losing.into_iter().map(violation).collect()
    }
}
