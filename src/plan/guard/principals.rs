//! Principals that must not lose anything: the protected ones, and whoever applies the plan.

use std::collections::BTreeMap;

use super::super::verdict::{GuardId, Violation};
use super::{View, holder};
use crate::model::PrincipalId;

const UNREAD: &str = "its groups could not be read";

impl View<'_> {
    pub(super) fn protected(&self) -> Vec<Violation> {
        let mut violations = self.against(
            GuardId::Protected,
            |id| self.desired.protected.contains_key(&id),
            |who| format!("{who} is protected, and would lose access"),
        );
        for protected in self.desired.protected.keys() {
            let name = self.names.principal(*protected);
            violations.extend(self.through_groups(GuardId::Protected, *protected, |group, is_in| {
                if is_in {
                    format!("`{name}` is protected and in {group}, which would lose access")
                } else {
                    format!("`{name}` is protected and may be in {group}, which would lose access: {UNREAD}")
                }
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
        violations.extend(self.through_groups(GuardId::OwnAccess, runner, |group, is_in| {
            if is_in {
                format!("{group} would lose access, and whoever applies this plan is in it")
            } else {
                format!("{group} would lose access, and whoever applies this plan may be in it: {UNREAD}")
            }
        }));
        violations
    }

    /// What the groups that a principal is in would lose. Where it could not be read which those are, it may be in any:
    /// then `message` is told that nobody knows.
    fn through_groups(
        &self,
        guard: GuardId,
        principal: PrincipalId,
        message: impl Fn(&str, bool) -> String,
    ) -> Vec<Violation> {
        if let Some(groups) = self.snapshot.memberships.get(&principal) {
            return self.against(guard, |id| groups.contains(&id), |group| message(group, true));
        }
        let is_group = |id| self.desired.directory.principal(id).is_some_and(|it| it.group().is_some());
        self.against(guard, is_group, |group| message(group, false))
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
