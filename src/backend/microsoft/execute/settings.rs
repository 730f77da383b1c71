//! Changing settings.
//!
//! Microsoft Graph is given rule by rule, and not all rules in one PATCH of the policy: what the service does with a
//! single rule is documented and was measured on a live tenant, the order of multifactor authentication and
//! authentication context included (docs/service.md: rules-3, rules-4); a refusal names its rule; and wherever an apply stops, the rules written so far are
//! whole, and the next plan has only the others. Azure takes a list of rules only, and checks it as one (docs/service.md: rules-5).
//! The id of a policy is looked up right before: it may change with each update (docs/service.md: rules-6).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::patience::Patience;
use super::route::{API_VERSION, scope_path};
use super::{MicrosoftExecutor, Trail, conflict, lock, not_found};
use crate::backend::microsoft::azure;
use crate::backend::microsoft::http::{Repeat, Reply, Service, WriteMethod, WriteRequest, path_segment};
use crate::backend::microsoft::policies::{self, Assigned, Place};
use crate::backend::microsoft::rules::{Patch, RulesError, kept, patches};
use crate::backend::microsoft::schedules::last_segment;
use crate::backend::microsoft::wire;
use crate::backend::microsoft::{ErrorKind, ServiceError};
use crate::backend::{BackendError, Executed};
use crate::model::{Approval, Approver, ArmScope, Changes, RoleId, Settings, Target};

/// The rule that names approvers.
const APPROVAL: &str = "Approval_EndUser_Assignment";

/// A policy as it is now. Its id is good for this moment only.
struct Policy {
    id: String,
    rules: Vec<Value>,
}

impl MicrosoftExecutor {
    /// Changes what differs, and reads again until the change is to be seen.
    pub(super) async fn update_settings(
        &self,
        target: &Target,
        changes: &Settings<Changes>,
        trail: &mut Trail,
    ) -> Result<Executed, BackendError> {
        let turn = target.group().map(|group| Arc::clone(lock(&self.settings_of).entry(group).or_default()));
        let _turn = match &turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let policy = self.policy(target).await?;
        let wanted = self.patches(target, &policy, changes)?;
        if wanted.is_empty() {
            return Ok(Executed::AlreadySo);
        }
        let before = policy.rules.clone();
        match target {
            Target::Azure { .. } => self.write_list(target, policy, &wanted, changes, trail).await?,
            Target::Directory { .. } | Target::Group { .. } => {
                self.write_each(target, policy, &wanted, changes, trail).await?;
            }
        }
        self.seen(target, &before, changes).await
    }

    /// Reads until nothing is left to be changed: a write can be lost, and has been seen to damage a policy.
    async fn seen(
        &self,
        target: &Target,
        before: &[Value],
        changes: &Settings<Changes>,
    ) -> Result<Executed, BackendError> {
        let mut patience = Patience::short();
        loop {
            let left = match self.policy(target).await {
                Ok(policy) => match kept(before, &policy.rules) {
                    Ok(()) => self.patches(target, &policy, changes),
                    Err(error) => Err(self.unreadable(target, &error)),
                },
                Err(error) => Err(error),
            };
            match left {
                Ok(left) if left.is_empty() => return Ok(Executed::Done),
                _ if patience.wait(self.pause()).await => {}
                Ok(left) => {
                    let rules: Vec<&str> = left.iter().map(|patch| patch.id).collect();
                    return Err(conflict(format!(
                        "the service took the settings of `{}`, but a minute later `{}` was still as before",
                        self.name(target),
                        rules.join("`, `")
                    )));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn patches(
        &self,
        target: &Target,
        policy: &Policy,
        changes: &Settings<Changes>,
    ) -> Result<Vec<Patch>, BackendError> {
        patches(service(target), &policy.rules, changes).map_err(|error| self.unreadable(target, &error))
    }

    fn unreadable(&self, target: &Target, error: &RulesError) -> BackendError {
        conflict(format!("the settings of `{}` could not be read: {error}", self.name(target)))
    }

    /// Writes one rule after the other.
    async fn write_each(
        &self,
        target: &Target,
        policy: Policy,
        wanted: &[Patch],
        changes: &Settings<Changes>,
        trail: &mut Trail,
    ) -> Result<(), BackendError> {
        let mut id = policy.id;
        let mut patience = self.patience(target, changes);
        let mut first_of_pair: Option<&Patch> = None;
        for (written, patch) in wanted.iter().enumerate() {
            // The first change brings a group under PIM, and that changes the ids of its policies.
            if written == 1
                && target.group().is_some()
                && let Ok(policy) = self.policy(target).await
            {
                id = policy.id;
            }
            let result = loop {
                let result = self.write_rule(target, &mut id, patch, &patch.after, trail).await;
                let again = result.as_ref().err().is_some_and(|error| {
                    error.kind == ErrorKind::NotFound || patch.id == APPROVAL && is_refusal(error)
                });
                if !(again && self.waits(&mut patience).await) {
                    break result;
                }
            };
            if let Err(error) = result {
                let error = error.asked(format!("change the rule `{}`", patch.id));
                let written = if is_lost(&error) { self.is_written(target, patch, changes).await } else { Some(false) };
                // Only its answer was lost.
                if written != Some(true) {
                    // Where it cannot be seen what became of the first of two, it counts as written.
                    let first = first_of_pair.or((patch.bound_to_next && written.is_none()).then_some(patch));
                    let Some(first) = first else { return Err(error.into()) };
                    return Err(self.put_back(target, &mut id, first, error, trail).await.into());
                }
            }
            first_of_pair = patch.bound_to_next.then_some(patch);
        }
        Ok(())
    }

    /// Whether a rule is as it was to become; nothing where that cannot be seen.
    async fn is_written(&self, target: &Target, patch: &Patch, changes: &Settings<Changes>) -> Option<bool> {
        let policy = self.policy(target).await.ok()?;
        let left = self.patches(target, &policy, changes).ok()?;
        Some(!left.iter().any(|left| left.id == patch.id))
    }

    /// The first of two was written and the second was not: then an activation would ask for neither. So the first is
    /// put back. Both at once is what does no harm, and the service refuses most of that.
    async fn put_back(
        &self,
        target: &Target,
        id: &mut String,
        first: &Patch,
        mut error: ServiceError,
        trail: &mut Trail,
    ) -> ServiceError {
        let what = match self.write_rule(target, id, first, &first.before, trail).await {
            Ok(_) => format!("; `{}` was put back as it was", first.id),
            Err(other) => format!("; `{}` was changed before and could not be put back: {other}", first.id),
        };
        error.message.push_str(&what);
        error
    }

    /// Writes one rule of Microsoft Graph, once more under a new id where the policy has got one.
    async fn write_rule(
        &self,
        target: &Target,
        id: &mut String,
        patch: &Patch,
        body: &Value,
        trail: &mut Trail,
    ) -> Result<Reply, ServiceError> {
        let request = |id: &str| {
            let policy = format!("/v1.0/policies/roleManagementPolicies/{}", path_segment(id));
            // A rule that is not there yet comes by a change of the policy. docs/service.md: policies-4
            let (path, body) = if patch.is_new {
                (policy, json!({"rules": [body]}))
            } else {
                (format!("{policy}/rules/{}", patch.id), body.clone())
            };
            WriteRequest {
                service: Service::Graph,
                method: WriteMethod::Patch,
                path,
                body: Some(body),
                repeat: Repeat::Safe,
            }
        };
        let error = match self.send(request(id), trail).await {
            Err(error) if is_stale(&error) => error,
            other => return other,
        };
        match self.policy(target).await {
            Ok(policy) if policy.id != *id => {
                *id = policy.id;
                self.send(request(id), trail).await
            }
            _ => Err(error),
        }
    }

    /// Writes all rules at once, as Azure wants it.
    async fn write_list(
        &self,
        target: &Target,
        policy: Policy,
        wanted: &[Patch],
        changes: &Settings<Changes>,
        trail: &mut Trail,
    ) -> Result<(), BackendError> {
        let Target::Azure { scope, .. } = target else { return Ok(()) };
        let mut rules: Vec<Value> = wanted.iter().map(|patch| patch.after.clone()).collect();
        let mut id = policy.id;
        let mut resolved_again = false;
        let mut patience = self.patience(target, changes);
        loop {
            let request = WriteRequest {
                service: Service::Arm,
                method: WriteMethod::Patch,
                path: format!(
                    "{}/providers/Microsoft.Authorization/roleManagementPolicies/{}?api-version={API_VERSION}",
                    scope_path(scope),
                    path_segment(&id)
                ),
                body: Some(json!({"properties": {"rules": rules}})),
                repeat: Repeat::Safe,
            };
            let error = match self.send(request, trail).await {
                Ok(_) => return Ok(()),
                Err(error) => error.asked("change the settings"),
            };
            if is_lost(&error)
                && let Ok(policy) = self.policy(target).await
                && self.patches(target, &policy, changes).is_ok_and(|left| left.is_empty())
            {
                // Only the answer was lost.
                return Ok(());
            }
            if is_stale(&error) && !resolved_again {
                resolved_again = true;
                id = self.policy(target).await?.id;
            } else if error.status == Some(400) && without_unused_maximum(&mut rules) {
                // Once more without it.
            } else if !(is_refusal(&error) && self.waits(&mut patience).await) {
                return Err(error.into());
            }
        }
    }

    /// How long to wait for the service to know the group and the approvers: not at all, unless this run made one of
    /// them.
    fn patience(&self, target: &Target, changes: &Settings<Changes>) -> Option<Patience> {
        let approvers = match changes.activation.approval.as_ref().map(|change| &change.after) {
            Some(Approval::Required(approvers)) => Some(approvers),
            _ => None,
        };
        let approvers = approvers.into_iter().flat_map(|approvers| approvers.iter().map(Approver::principal));
        approvers.chain(target.group()).any(|id| self.has_created(id)).then(Patience::long)
    }

    async fn waits(&self, patience: &mut Option<Patience>) -> bool {
        match patience {
            Some(patience) => patience.wait(self.pause()).await,
            None => false,
        }
    }

    /// The policy of a target, as it is now.
    async fn policy(&self, target: &Target) -> Result<Policy, BackendError> {
        let fresh = target.group().is_some_and(|group| self.has_created(group));
        let mut patience = Patience::long();
        loop {
            let found = self.policy_now(target).await.map_err(|error| error.asked("read the settings"));
            if matches!(&found, Err(error) if error.code_is("ResourceTypeNotSupported")) {
                let name = self.name(target);
                return Err(conflict(format!("`{name}` cannot come under PIM: the service has no policies for it")));
            }
            // The policies of a new group take a while to appear.
            let not_yet = match &found {
                Ok(found) => found.is_none(),
                Err(error) => error.kind == ErrorKind::NotFound,
            };
            if !(not_yet && fresh && patience.wait(self.pause()).await) {
                return found?.ok_or_else(|| not_found(format!("the policy of `{}`", self.name(target))));
            }
        }
    }

    /// Found as the reader finds it, with the same fallbacks.
    async fn policy_now(&self, target: &Target) -> Result<Option<Policy>, ServiceError> {
        match target {
            Target::Directory { directory_role } => {
                self.graph_policy(Place::Directory, &directory_role.to_string()).await
            }
            Target::Group { group, access } => self.graph_policy(Place::Group(*group), &access.to_string()).await,
            Target::Azure { scope, role } => self.azure_policy(scope, *role).await,
        }
    }

    async fn graph_policy(&self, place: Place, role: &str) -> Result<Option<Policy>, ServiceError> {
        let Some(Assigned { assignment, rules }) =
            policies::one(self.read(), place, role, &self.reader.role_ids()).await?
        else {
            return Ok(None);
        };
        let rules = rules?;
        Ok(wire::field(&assignment, "policyId").map(|id| Policy { id: id.to_owned(), rules }))
    }

    async fn azure_policy(&self, scope: &ArmScope, role: RoleId) -> Result<Option<Policy>, ServiceError> {
        let wanted = BTreeMap::from([(role, azure::definition(scope, role))]);
        let listed = azure::find_policies(self.read(), scope, &wanted).await?;
        let Some(item) = listed.iter().find(|item| azure::is_of(item, scope, role)) else { return Ok(None) };
        let properties = item.get("properties").unwrap_or(&Value::Null);
        let rules = properties.get("effectiveRules").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(wire::field(properties, "policyId").map(|id| Policy { id: last_segment(id).to_owned(), rules }))
    }
}

fn service(target: &Target) -> Service {
    match target {
        Target::Azure { .. } => Service::Arm,
        Target::Directory { .. } | Target::Group { .. } => Service::Graph,
    }
}

/// Whether nobody knows if it was carried out.
fn is_lost(error: &ServiceError) -> bool {
    matches!(error.kind, ErrorKind::TimedOut | ErrorKind::Transport | ErrorKind::Unavailable)
}

/// Whether the service understood and said no.
fn is_refusal(error: &ServiceError) -> bool {
    matches!(error.kind, ErrorKind::Refused | ErrorKind::NotFound)
}

/// Whether the policy has another id by now.
fn is_stale(error: &ServiceError) -> bool {
    error.kind == ErrorKind::NotFound || error.code_is("InputPolicyNotFound")
}

/// Takes out the longest time of rules that ask for no end. Azure was seen to refuse it there, and to want it.
fn without_unused_maximum(rules: &mut [Value]) -> bool {
    let mut any = false;
    for rule in rules.iter_mut().filter_map(Value::as_object_mut) {
        if rule.get("isExpirationRequired") == Some(&Value::Bool(false)) {
            any |= rule.remove("maximumDuration").is_some();
        }
    }
    any
}
