//! The rule engine: checks a request against the settings of its target and carries it out.

use uuid::Uuid;

use crate::emulator::wire::ServiceFailure;
use crate::emulator::world::{
    Accepted, Access, Action, Asked, DirectoryScope, Ending, Kind, Membership, Origin, Place, Principal, Schedule,
    Shown, Status, Surface, Target, Time, Window, World, iso_seconds,
};

/// Why a role-assignable group takes no group as a member.
pub(crate) const NESTED: &str = "Nesting is currently not supported for groups that can be assigned to a role.";

/// Why the last owner of a group stays.
pub(crate) const LAST_OWNER: &str = "The group must have at least one owner, hence this owner cannot be removed.";

/// Nothing may last for less, in seconds.
const SHORTEST: i64 = 300;

/// A failure with the service's own text.
pub(crate) fn failure(status: u16, code: &str) -> ServiceFailure {
    let message = match code {
        "RoleAssignmentExists" => "The Role assignment already exists.",
        "RoleAssignmentDoesNotExist" => "The Role assignment does not exist.",
        "PendingRoleAssignmentRequest" => "There is already an existing pending Role assignment request.",
        "ActiveDurationTooShort" => "The Active duration is too short. Miniumum Required is 5 minutes.",
        "InvalidRoleAssignmentRequest" => "The role assignment request is invalid.",
        "InvalidRoleAssignmentRequestSchedule" => "The role assignment request schedule is invalid.",
        "SubjectNotFound" => "The subject is not found.",
        "RoleNotFound" => "The role is not found.",
        "ResourceNotFound" => "The resource is not found.",
        "ResourceTypeNotSupported" => "The resource type is not supported.",
        "InvalidScope" => "The scope is invalid.",
        "InvalidPolicy" => "The policy is invalid.",
        "InvalidPolicyRule" => "The policy rule is invalid.",
        "MfaAndAcrsConflict" => "The Mfa and Acrs policy settings cannot be enabled simultaneously.",
        _ => "The request was refused.",
    };
    ServiceFailure::new(status, code, message)
}

/// When an assignment really begins and ends.
#[derive(Clone, Copy)]
struct Span {
    start: Time,
    end: Option<Time>,
}

impl World {
    /// Checks a request against the rules of its target and carries it out.
    pub(crate) fn request(&mut self, mut asked: Asked) -> Result<Accepted, ServiceFailure> {
        if let Some(id) = asked.id.filter(|id| self.accepted(*id).is_some()) {
            let message = format!("A role assignment request with Id: {id} already exists.");
            return Err(ServiceFailure::new(409, "RoleAssignmentRequestExists", message));
        }
        asked.validate_only &= !self.directives.obeys_questions;
        self.widen(&mut asked);
        self.check_target(&asked)?;
        self.check_principal(&asked)?;
        let now = self.now();
        let span = span(&asked, now)?;
        if let (Some(window), Some(span)) = (&mut asked.window, span) {
            window.start = Some(span.start);
        }
        self.check_state(&asked, now)?;
        self.check_rules(&asked, span)?;
        let id = asked.id.unwrap_or_else(|| self.new_id("request"));
        let status = match span {
            Some(span) if span.start > now => Status::Granted,
            Some(_) => Status::Provisioned,
            None => Status::Revoked,
        };
        let mut accepted =
            Accepted { id, asked, status, created: now, completed: Some(now), schedule: None, replaced: None };
        if accepted.asked.validate_only {
            return Ok(accepted);
        }
        self.onboard(&accepted.asked.target.clone());
        if let Some(status) = self.held_up(&accepted.asked) {
            accepted.status = status;
            accepted.completed = (status == Status::Failed).then_some(now);
            self.audit_request(&accepted, false);
        } else {
            self.carry_out(&mut accepted, span);
            self.audit_request(&accepted, true);
        }
        self.requests.push(accepted.clone());
        Ok(accepted)
    }

    /// An accepted request.
    pub(crate) fn accepted(&self, id: Uuid) -> Option<&Accepted> {
        self.requests.get(id)
    }

    /// Withdraws a request that has not begun.
    pub(crate) fn cancel(&mut self, id: Uuid) -> Result<(), ServiceFailure> {
        let now = self.now();
        let accepted = self.requests.get(id).ok_or_else(|| failure(404, "ResourceNotFound"))?;
        let begun = accepted.asked.window.as_ref().and_then(|window| window.start).is_none_or(|start| start <= now);
        let open = match accepted.status {
            Status::PendingApproval => true,
            // One without a schedule never came about.
            Status::Granted => accepted.schedule.is_none() || !begun,
            _ => false,
        };
        if !open {
            return Err(failure(400, "InvalidRoleAssignmentRequest"));
        }
        let (target, schedule) = (accepted.asked.target.clone(), accepted.schedule);
        self.requests.change(id, |accepted| {
            accepted.status = Status::Canceled;
            accepted.completed = Some(now);
        });
        if let Some(schedules) = self.schedules.get_mut(&target) {
            schedules.retain(|other| Some(other.id) != schedule);
        }
        Ok(())
    }

    /// The role, group or scope must be there, and PIM must be able to deal with it.
    fn check_target(&mut self, asked: &Asked) -> Result<(), ServiceFailure> {
        match &asked.target {
            Target::Directory { role } if !self.directory_roles.contains_key(role) => Err(failure(404, "RoleNotFound")),
            Target::Directory { .. } => match asked.scope {
                DirectoryScope::Whole => Ok(()),
                DirectoryScope::AdministrativeUnit(id) if self.administrative_units.contains_key(&id) => Ok(()),
                DirectoryScope::Object(id) if self.principal(id).is_some() => Ok(()),
                _ => Err(failure(404, "ResourceNotFound")),
            },
            Target::Group { group, .. } => {
                let membership = self.groups.get(group).map(|group| group.membership);
                match membership {
                    None => Err(failure(404, "ResourceNotFound")),
                    Some(_) if !self.sees(*group) => Err(failure(404, "ResourceNotFound")),
                    Some(Membership::Assigned) => Ok(()),
                    Some(_) => Err(failure(400, "ResourceTypeNotSupported")),
                }
            }
            Target::Azure { scope, role } => {
                if !self.has_scope(scope) {
                    return Err(failure(404, "ResourceNotFound"));
                }
                if self.azure_roles.get(role).is_some_and(|role| self.is_assignable(role, scope)) {
                    return Ok(());
                }
                let message = format!("The specified role definition with ID '{}' does not exist.", role.simple());
                Err(ServiceFailure::new(400, "RoleDefinitionDoesNotExist", message))
            }
        }
    }

    fn check_principal(&mut self, asked: &Asked) -> Result<(), ServiceFailure> {
        // What a principal had that has been deleted since can still be removed.
        if matches!(asked.action, Action::AdminRemove | Action::SelfDeactivate) {
            return Ok(());
        }
        let status = if asked.target.surface() == Surface::Azure { 400 } else { 404 };
        if self.principal(asked.principal).is_none() || !self.sees(asked.principal) {
            return Err(failure(status, "SubjectNotFound"));
        }
        let is_application = matches!(self.principal(asked.principal), Some(Principal::Service(_)));
        if is_application && asked.kind == Kind::Eligible {
            // Nobody could activate it.
            return Err(failure(400, "InvalidRoleAssignmentRequest"));
        }
        // As an eligible member a group is taken. docs/service.md: groups-1
        if let Target::Group { group, access: Access::Member } = &asked.target
            && (asked.kind, asked.action) == (Kind::Active, Action::AdminAssign)
            && self.groups.contains_key(&asked.principal)
            && self.groups.get(group).is_some_and(|group| group.role_assignable)
        {
            return Err(ServiceFailure::new(400, "RoleAssignmentRequestInvalid", NESTED));
        }
        Ok(())
    }

    /// What is there must fit the action.
    fn check_state(&self, asked: &Asked, now: Time) -> Result<(), ServiceFailure> {
        let same = |schedule: &&Schedule| schedule.principal == asked.principal && schedule.scope == asked.scope;
        let all = self.schedules.get(&asked.target).into_iter().flatten().filter(same);
        let of_kind = || all.clone().filter(|schedule| schedule.kind == asked.kind);
        let own = of_kind().find(|schedule| schedule.is_own() && !schedule.is_over(now));
        let missing = || failure(400, "RoleAssignmentDoesNotExist");
        if asked.action != Action::AdminRemove && self.is_pending(asked) {
            return Err(failure(400, "PendingRoleAssignmentRequest"));
        }
        match asked.action {
            Action::AdminAssign => {
                let there = of_kind().any(|schedule| {
                    matches!(schedule.origin, Origin::Assigned | Origin::OutsidePim)
                        && (matches!(schedule.removed, Some(Shown::Lists(_))) || !schedule.is_over(now))
                });
                if there { Err(failure(400, "RoleAssignmentExists")) } else { Ok(()) }
            }
            Action::AdminUpdate => own.map(|_| ()).ok_or_else(missing),
            Action::AdminExtend => match own {
                None => Err(missing()),
                Some(own) if own.end.is_none() => Err(failure(400, "InvalidRoleAssignmentRequest")),
                Some(_) => Ok(()),
            },
            Action::AdminRenew => {
                if own.is_some() {
                    return Err(failure(400, "RoleAssignmentExists"));
                }
                of_kind().find(|schedule| schedule.is_own()).map(|_| ()).ok_or_else(missing)
            }
            Action::AdminRemove => {
                let own = own.ok_or_else(missing)?;
                if let Target::Group { group, access: Access::Owner } = asked.target
                    && asked.kind == Kind::Active
                    && !own.is_ahead(now)
                    && self.is_last_owner(group, asked.principal)
                {
                    return Err(ServiceFailure::new(400, "RoleAssignmentRequestInvalid", LAST_OWNER));
                }
                self.check_age(own, now)
            }
            Action::SelfActivate => {
                check_self(asked)?;
                if of_kind().any(|schedule| !schedule.is_over(now)) {
                    return Err(failure(400, "RoleAssignmentExists"));
                }
                self.eligibility(asked, now).map(|_| ()).ok_or_else(missing)
            }
            Action::SelfDeactivate => {
                check_self(asked)?;
                let activated = of_kind().find(|it| it.origin == Origin::Activated && !it.is_over(now));
                self.check_age(activated.ok_or_else(missing)?, now)
            }
            Action::SelfExtend | Action::SelfRenew => {
                Err(ServiceFailure::not_implemented("requests of a principal for an extension or renewal"))
            }
        }
    }

    /// What is assigned must have been so for some minutes before it may end, what is eligible as well as what is active.
    /// docs/service.md: windows-1
    fn check_age(&self, schedule: &Schedule, now: Time) -> Result<(), ServiceFailure> {
        let since = schedule.start.map_or(i64::MAX, |start| start.seconds_until(now));
        if (0..i64::from(self.active_minimum)).contains(&since) {
            return Err(failure(400, "ActiveDurationTooShort"));
        }
        Ok(())
    }

    /// The eligible schedule that an activation can use: one's own, or that of a group one is in.
    fn eligibility(&self, asked: &Asked, now: Time) -> Option<Uuid> {
        let groups = self.groups_of(asked.principal);
        let eligible = self.schedules_of(&asked.target).find(|schedule| {
            schedule.kind == Kind::Eligible
                && schedule.removed.is_none()
                && schedule.scope == asked.scope
                && !schedule.is_ahead(now)
                && (schedule.principal == asked.principal || groups.contains(&schedule.principal))
        });
        // On Azure a role that one may activate above may also be activated here.
        let above = || match &asked.target {
            Target::Azure { scope, role } => {
                let scope = self.scope_above(scope)?;
                self.eligibility(&Asked { target: Target::Azure { scope, role: *role }, ..asked.clone() }, now)
            }
            _ => None,
        };
        eligible.map(|schedule| schedule.id).or_else(above)
    }

    /// A request for the same that has come to no end.
    fn is_pending(&self, asked: &Asked) -> bool {
        self.requests.open().any(|other| {
            other.asked.target == asked.target
                && other.asked.kind == asked.kind
                && other.asked.principal == asked.principal
                && other.asked.scope == asked.scope
        })
    }

    /// The settings of the target.
    fn check_rules(&self, asked: &Asked, span: Option<Span>) -> Result<(), ServiceFailure> {
        let Some(span) = span else { return Ok(()) };
        let place = match (asked.action, asked.kind) {
            (Action::SelfActivate, _) => Place::EndUserAssignment,
            (_, Kind::Eligible) => Place::AdminEligibility,
            (_, Kind::Active) => Place::AdminAssignment,
        };
        let policy = self.policy(&asked.target);
        let expiration = policy.rules.expiration.get(place);
        let enablement = policy.rules.enablement.get(place);
        let longest = expiration.maximum.as_deref().and_then(iso_seconds);
        let too_long = span.end.is_none_or(|end| longest.is_some_and(|most| span.start.seconds_until(end) > most));
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        // docs/service.md: azure-11
        let excused = asked.caller.is_application && !self.directives.mfa_of_applications;
        let broken = [
            ("ExpirationRule", expiration.required && too_long),
            ("JustificationRule", enablement.justification && !given(&asked.justification)),
            ("TicketingRule", enablement.ticketing && !given(&asked.ticket_number)),
            ("MfaRule", enablement.mfa && !excused && !asked.caller.mfa),
        ];
        let broken: Vec<&str> = broken.into_iter().filter(|(_, broken)| *broken).map(|(name, _)| name).collect();
        if !broken.is_empty() {
            let said = failed_rules(asked.target.surface(), &broken);
            let message = format!("The following policy rules failed: {said}");
            return Err(ServiceFailure::new(400, "RoleAssignmentRequestPolicyValidationFailed", message));
        }
        let context = &policy.rules.context;
        let claim = context.claim.as_deref().unwrap_or_default();
        if place == Place::EndUserAssignment && context.enabled && !asked.caller.contexts.iter().any(|id| id == claim) {
            let claims = format!(
                "%7B%22access_token%22%3A%7B%22acrs%22%3A%7B%22essential%22%3Atrue%2C%20%22value%22%3A%22{claim}%22%7D%7D%7D"
            );
            let message = format!("&claims={claims}");
            return Err(ServiceFailure::new(400, "RoleAssignmentRequestAcrsValidationFailed", message));
        }
        Ok(())
    }

    /// Accepted, but it does not come about, at least not yet.
    fn held_up(&mut self, asked: &Asked) -> Option<Status> {
        if self.directives.fail_after_accepting > 0 {
            self.directives.fail_after_accepting -= 1;
            return Some(Status::Failed);
        }
        let adds = matches!(asked.action, Action::AdminAssign | Action::SelfActivate);
        if adds && self.directives.stuck > 0 {
            self.directives.stuck -= 1;
            return Some(Status::Granted);
        }
        // The service takes such a request and never carries it out.
        let group = self.groups.get(&asked.principal);
        if adds && asked.target.surface() == Surface::Directory && group.is_some_and(|group| !group.role_assignable) {
            return Some(Status::Granted);
        }
        let asks = asked.action == Action::SelfActivate && self.policy(&asked.target).rules.approval.required;
        asks.then_some(Status::PendingApproval)
    }

    fn carry_out(&mut self, accepted: &mut Accepted, span: Option<Span>) {
        let now = accepted.created;
        let asked = &accepted.asked;
        let eligible = if asked.action == Action::SelfActivate { self.eligibility(asked, now) } else { None };
        let origin = match asked.action {
            Action::SelfActivate | Action::SelfDeactivate => Origin::Activated,
            _ => Origin::Assigned,
        };
        let lingers = match asked.target.surface() {
            Surface::Azure => self.directives.shown_after_removal_on_arm.max(self.directives.shown_after_removal),
            Surface::Directory | Surface::Groups => self.directives.shown_after_removal,
        };
        let lingers = lingers.from(now);
        let is_new = matches!(asked.action, Action::AdminAssign | Action::SelfActivate);
        let schedules = self.schedules.entry(asked.target.clone()).or_default();
        let is_old = |schedule: &Schedule| {
            let origin_fits = match origin {
                Origin::Activated => schedule.origin == Origin::Activated && schedule.removed.is_none(),
                _ => schedule.is_own(),
            };
            schedule.kind == asked.kind
                && schedule.principal == asked.principal
                && schedule.scope == asked.scope
                && origin_fits
        };
        let old = schedules.iter().find(|schedule| is_old(schedule)).cloned();
        accepted.replaced = old.as_ref().map(|old| old.id);
        if let (None, Some(lingers)) = (span, lingers) {
            for schedule in schedules.iter_mut().filter(|schedule| is_old(schedule)) {
                schedule.removed = Some(lingers);
            }
            self.any_removed_shown = true;
            return;
        }
        schedules.retain(|schedule| !is_old(schedule));
        let Some(span) = span else { return };
        accepted.schedule = Some(accepted.id);
        let mut schedule = Schedule {
            id: accepted.id,
            kind: asked.kind,
            principal: asked.principal,
            scope: asked.scope,
            start: Some(span.start),
            end: span.end,
            origin,
            condition: asked.condition.clone(),
            created: Some(now),
            modified: (asked.action != Action::AdminAssign && old.is_some()).then_some(now),
            request: Some(accepted.id),
            eligible,
            removed: None,
        };
        self.ignore(asked, old.as_ref(), &mut schedule);
        self.schedules.entry(asked.target.clone()).or_default().push(schedule);
        if is_new {
            self.appears_late(accepted.id);
        }
    }

    /// The first write to a group brings it under PIM, for good.
    pub(crate) fn onboard(&mut self, target: &Target) {
        if let Target::Group { group, .. } = target
            && let Some(group) = self.groups.get_mut(group)
        {
            group.pim = true;
        }
    }
}

/// The rules that a request breaks, as the service names them: Graph with a JSON list, Azure in words.
/// docs/service.md: azure-12
fn failed_rules(surface: Surface, broken: &[&str]) -> String {
    if surface != Surface::Azure {
        return serde_json::json!(broken).to_string();
    }
    let in_words = broken.iter().map(|rule| {
        let why = match *rule {
            "ExpirationRule" => "The expiration is longer than allowed",
            "JustificationRule" => "Justification is required",
            "TicketingRule" => "Ticket information is required",
            _ => "Multi-factor authentication is required",
        };
        format!("{rule} - {why}")
    });
    in_words.collect::<Vec<_>>().join(", ")
}

/// When what is asked for begins and ends; nothing for a removal.
fn span(asked: &Asked, now: Time) -> Result<Option<Span>, ServiceFailure> {
    if matches!(asked.action, Action::AdminRemove | Action::SelfDeactivate) {
        return Ok(None);
    }
    let code = match asked.target.surface() {
        Surface::Azure => "InvalidRoleAssignmentRequestSchedule",
        Surface::Directory | Surface::Groups => "InvalidRoleAssignmentRequest",
    };
    let invalid = || failure(400, code);
    let Window { start, end } = asked.window.as_ref().ok_or_else(invalid)?;
    let start = start.map_or(now, |start| start.max(now));
    let end = match end {
        Ending::NotSpecified => return Err(invalid()),
        Ending::Never => None,
        Ending::Until(end) => Some(*end),
        Ending::After(text) => Some(start.later(iso_seconds(text).ok_or_else(invalid)?)),
    };
    if end.is_some_and(|end| start.seconds_until(end) < SHORTEST) {
        return Err(invalid());
    }
    Ok(Some(Span { start, end }))
}

/// Only oneself can activate and deactivate.
fn check_self(asked: &Asked) -> Result<(), ServiceFailure> {
    if asked.kind == Kind::Eligible {
        return Err(failure(400, "InvalidRoleAssignmentRequest"));
    }
    if asked.caller.id == asked.principal {
        return Ok(());
    }
    let message = "The caller is not the principal of the request.";
    Err(ServiceFailure::new(403, "InsufficientPermissions", message))
}
