//! Changing the policy of a target.

use crate::emulator::wire::ServiceFailure;
use crate::emulator::world::engine::failure;
use crate::emulator::world::{
    Caller, Expiration, Membership, Place, Policy, Rule, RuleId, Rules, Target, World, iso_seconds,
};

const DAY: i64 = 86_400;

impl World {
    /// Changes a policy: all of it must be valid together, or nothing changes. `check_set` is true where the service looks
    /// for contradictions between rules (Azure, and Graph when a whole policy is sent).
    pub(crate) fn update_policy(
        &mut self,
        target: &Target,
        changes: Vec<(RuleId, Rule)>,
        check_set: bool,
        caller: &Caller,
    ) -> Result<(), ServiceFailure> {
        if let Target::Group { group, .. } = target {
            let membership = self.groups.get(group).map(|group| group.membership);
            match membership {
                None => return Err(failure(404, "ResourceNotFound")),
                Some(_) if !self.sees(*group) => return Err(failure(404, "ResourceNotFound")),
                Some(Membership::Assigned) => {}
                Some(_) => return Err(failure(400, "ResourceTypeNotSupported")),
            }
        }
        let mut rules = self.policy(target).rules;
        let mut turns_mfa_on = false;
        for (id, rule) in changes {
            check(id, &rule)?;
            if let (RuleId::Enablement(Place::EndUserAssignment), Rule::Enablement(enablement)) = (id, &rule) {
                turns_mfa_on = enablement.mfa;
            }
            if !rules.set(id, rule) {
                return Err(failure(400, "InvalidPolicyRule"));
            }
        }
        // One rule at a time, the service looks at this from one side only: a context beside MFA is taken.
        if has_both(&rules) && (check_set || turns_mfa_on) {
            return Err(failure(400, "MfaAndAcrsConflict"));
        }
        self.onboard(target);
        let before = self.policy(target);
        let revision = before.revision + u32::from(self.faults.policy_id_changes());
        let (modified, modified_by) = (Some(self.now()), Some(caller.clone()));
        self.policies.insert(target.clone(), Policy { revision, rules, modified, modified_by, ..before });
        self.audit_policy(target, caller);
        Ok(())
    }
}

fn has_both(rules: &Rules) -> bool {
    rules.context.enabled && rules.enablement.end_user_assignment.mfa
}

/// What a rule must be like by itself.
fn check(id: RuleId, rule: &Rule) -> Result<(), ServiceFailure> {
    match (id, rule) {
        (RuleId::Expiration(place), Rule::Expiration(rule)) => check_expiration(place, rule),
        // docs/service.md: policies-1
        (RuleId::Enablement(Place::AdminEligibility | Place::AdminAssignment), Rule::Enablement(rule))
            if rule.ticketing =>
        {
            let message = format!(
                "Invalid enabled rules for rule id '{id}'. Supported values are 'MultiFactorAuthentication,Justification'."
            );
            Err(ServiceFailure::new(400, "InvalidPolicyEnabledRules", message))
        }
        (_, Rule::CustomExtension(rule)) if rule.enabled && rule.id.is_none() => Err(failure(400, "InvalidPolicyRule")),
        (_, Rule::AuthenticationContext(context)) if context.enabled => {
            let claim = context.claim.as_deref().unwrap_or_default();
            let number = claim.strip_prefix('c').and_then(|number| number.parse::<u8>().ok());
            if number.is_some_and(|number| (1..=99).contains(&number)) {
                Ok(())
            } else {
                Err(failure(400, "InvalidPolicyRule"))
            }
        }
        _ => Ok(()),
    }
}

fn check_expiration(place: Place, rule: &Expiration) -> Result<(), ServiceFailure> {
    let maximum = rule.maximum.as_deref().filter(|text| !text.is_empty());
    let seconds = match maximum {
        None if rule.required => return Err(failure(400, "InvalidPolicy")),
        None => None,
        // Months and years have no fixed length, and the service refuses them.
        Some(text) => Some(iso_seconds(text).ok_or_else(|| failure(400, "InvalidPolicyRule"))?),
    };
    let activation = place == Place::EndUserAssignment;
    if activation && (!rule.required || !seconds.is_some_and(|seconds| (1..=DAY).contains(&seconds))) {
        return Err(failure(400, "InvalidPolicyRule"));
    }
    Ok(())
}
