//! The state of the tenant, and the rules that changes of it must obey. Knows neither HTTP nor the two services' JSON.

mod astray;
mod audit;
mod clock;
mod directives;
mod engine;
mod membership;
mod objects;
mod policy;
mod policy_change;
mod request;
mod request_log;
mod schedule;
mod scope;
mod target;
mod time;
mod visibility;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use crate::emulator::fault::Faults;

pub(crate) use astray::{Ignored, Wider};
pub(crate) use audit::{AuditEntry, AuditObject};
pub(crate) use clock::Clock;
pub(crate) use directives::{Directives, Lingering};
pub(crate) use engine::{LAST_OWNER, NESTED};
pub(crate) use objects::{
    AdministrativeUnit, Application, AzureRole, Caller, Context, DirectoryRole, Extra, Group, ManagementGroup,
    Membership, OtherPrincipal, Principal, ServicePrincipal, Subscription, Tenant, User,
};
pub(crate) use policy::{
    Approval, Approver, ApproverKind, AuthenticationContext, CustomExtension, Enablement, Expiration, Level, Moment,
    Notification, Place, Policy, Recipient, Rule, RuleId, Rules,
};
pub(crate) use request::{Accepted, Action, Asked, Ending, Status, Window};
pub(crate) use request_log::RequestLog;
pub(crate) use schedule::{DirectoryScope, Kind, Origin, Schedule, Shown};
pub(crate) use scope::{Scope, ScopeKind};
pub(crate) use target::{Access, Surface, Target};
pub(crate) use time::{Time, iso_length, iso_seconds, length_seconds};

/// The tenant.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// Tells the time.
    pub(crate) clock: Clock,
    /// Entries on a page.
    pub(crate) page_size: usize,
    /// Seconds that an active assignment must have run before it can be removed or changed.
    pub(crate) active_minimum: u32,
    /// Faults that the rule engine plays.
    pub(crate) directives: Directives,
    /// Faults of calls. A batch asks them for each call in it.
    pub(crate) faults: Arc<Faults>,
    /// The tenant itself.
    pub(crate) tenant: Tenant,
    /// Who plans and applies, if the tenant file says.
    pub(crate) runner: Option<Uuid>,
    /// The users.
    pub(crate) users: BTreeMap<Uuid, User>,
    /// The groups.
    pub(crate) groups: BTreeMap<Uuid, Group>,
    /// The service principals.
    pub(crate) service_principals: BTreeMap<Uuid, ServicePrincipal>,
    /// Other objects that may hold something.
    pub(crate) others: BTreeMap<Uuid, OtherPrincipal>,
    /// The applications that were registered here. The tenant file has none.
    pub(crate) applications: BTreeMap<Uuid, Application>,
    /// The administrative units.
    pub(crate) administrative_units: BTreeMap<Uuid, AdministrativeUnit>,
    /// The authentication contexts, in the order of the file.
    pub(crate) contexts: Vec<Context>,
    /// The management groups by id in lower case.
    pub(crate) management_groups: BTreeMap<String, ManagementGroup>,
    /// The subscriptions.
    pub(crate) subscriptions: BTreeMap<Uuid, Subscription>,
    /// The resource groups.
    pub(crate) resource_groups: BTreeSet<Scope>,
    /// The resources.
    pub(crate) resources: BTreeSet<Scope>,
    /// The role definitions of Microsoft Entra.
    pub(crate) directory_roles: BTreeMap<Uuid, DirectoryRole>,
    /// The role definitions of Azure.
    pub(crate) azure_roles: BTreeMap<Uuid, AzureRole>,
    /// The policies that are not the default. Use [`World::policy`].
    pub(crate) policies: BTreeMap<Target, Policy>,
    /// Why the settings and assignments of a target cannot be read, if they cannot.
    pub(crate) unreadable: BTreeMap<Target, String>,
    /// Roles that have no policy, such as one that the service has only just got.
    pub(crate) without_policy: BTreeSet<Target>,
    /// The schedules of each target, those that have ended too.
    pub(crate) schedules: BTreeMap<Target, Vec<Schedule>>,
    /// What clients have sent about resource groups and resources that they made here, without id, name and type.
    pub(crate) details: BTreeMap<Scope, serde_json::Value>,
    /// What clients have set of policies that only a preview of the service's definitions knows, by the id of the rule.
    pub(crate) preview: BTreeMap<Target, Extra>,
    /// What clients have said about plain role assignments of Azure besides who, what and where.
    pub(crate) remarks: BTreeMap<Uuid, Extra>,
    /// Every accepted request, in the order in which they came.
    pub(crate) requests: RequestLog,
    /// The audit log, the oldest entry first.
    pub(crate) audit: Vec<AuditEntry>,
    /// Objects that PIM does not see yet, and for how many more calls that name them.
    pub(crate) unseen: BTreeMap<Uuid, u32>,
    /// Schedules that reads do not show yet, and for how many more reads.
    pub(crate) late: BTreeMap<Uuid, u32>,
    /// Whether any removed schedule is still shown.
    pub(crate) any_removed_shown: bool,
    /// How many ids have been made.
    pub(crate) ids_made: u64,
}

impl World {
    /// A tenant with nothing in it.
    pub(crate) fn empty(tenant: Tenant, clock: Clock) -> Self {
        Self {
            clock,
            page_size: 100,
            active_minimum: 300,
            directives: Directives::default(),
            faults: Arc::new(Faults::default()),
            tenant,
            runner: None,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            service_principals: BTreeMap::new(),
            others: BTreeMap::new(),
            applications: BTreeMap::new(),
            administrative_units: BTreeMap::new(),
            contexts: Vec::new(),
            management_groups: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            resource_groups: BTreeSet::new(),
            resources: BTreeSet::new(),
            directory_roles: BTreeMap::new(),
            azure_roles: BTreeMap::new(),
            policies: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            without_policy: BTreeSet::new(),
            schedules: BTreeMap::new(),
            details: BTreeMap::new(),
            preview: BTreeMap::new(),
            remarks: BTreeMap::new(),
            requests: RequestLog::default(),
            audit: Vec::new(),
            unseen: BTreeMap::new(),
            late: BTreeMap::new(),
            any_removed_shown: false,
            ids_made: 0,
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// A new GUID: the same in every run that does the same.
    pub(crate) fn new_id(&mut self, what: &str) -> Uuid {
        self.ids_made += 1;
        self.id_of(&format!("{what}/{}", self.ids_made))
    }

    /// The GUID of something that has none in the tenant file.
    pub(crate) fn id_of(&self, key: &str) -> Uuid {
        Uuid::new_v5(&self.tenant.id, key.as_bytes())
    }

    /// The principal of an id.
    pub(crate) fn principal(&self, id: Uuid) -> Option<Principal<'_>> {
        let user = self.users.get(&id).map(Principal::User);
        user.or_else(|| self.groups.get(&id).map(Principal::Group))
            .or_else(|| self.service_principals.get(&id).map(Principal::Service))
            .or_else(|| self.others.get(&id).map(Principal::Other))
    }

    /// Who calls, by the object id in the token. An id that the tenant does not know counts as an application.
    pub(crate) fn caller(&self, id: Uuid) -> Caller {
        match self.principal(id) {
            Some(Principal::User(user)) => Caller {
                id,
                name: Some(user.name.clone()),
                upn: Some(user.upn.clone()),
                app_id: None,
                is_application: false,
                mfa: true,
                contexts: Vec::new(),
            },
            Some(Principal::Service(service)) => Caller {
                id,
                name: Some(service.name.clone()),
                upn: None,
                app_id: service.app_id,
                is_application: true,
                mfa: false,
                contexts: Vec::new(),
            },
            _ => Caller {
                id,
                name: None,
                upn: None,
                app_id: None,
                is_application: true,
                mfa: false,
                contexts: Vec::new(),
            },
        }
    }

    /// The policy of a target that exists: as it was changed, or the surface's default.
    pub(crate) fn policy(&self, target: &Target) -> Policy {
        let id = self.policy_id(target);
        match self.policies.get(target) {
            Some(policy) => Policy { id, ..policy.clone() },
            None => Policy {
                id,
                revision: 0,
                rules: Rules::default_of(target.surface()),
                modified: None,
                modified_by: None,
            },
        }
    }

    /// The role that names the policy of a target as long as nobody has changed it: so it is below subscriptions of Azure.
    /// docs/service.md: azure-3
    pub(crate) fn naming_role(&self, target: &Target) -> Option<Uuid> {
        match target {
            Target::Azure { scope, role }
                if matches!(scope.kind(), Some(ScopeKind::ResourceGroup | ScopeKind::Resource)) =>
            {
                (!self.policies.contains_key(target)).then_some(*role)
            }
            _ => None,
        }
    }

    /// The GUID of a target's policy. It changes when a group comes under PIM.
    pub(crate) fn policy_id(&self, target: &Target) -> Uuid {
        if let Some(role) = self.naming_role(target) {
            return role;
        }
        let under_pim = match target {
            Target::Group { group, .. } => self.groups.get(group).is_some_and(|group| group.pim),
            Target::Directory { .. } | Target::Azure { .. } => true,
        };
        let revision = self.policies.get(target).map_or(0, |policy| policy.revision);
        self.id_of(&format!("policy/{}/{revision}/{}", if under_pim { "under-pim" } else { "before" }, target.key()))
    }

    /// The schedules of a target that have not ended.
    pub(crate) fn schedules_of(&self, target: &Target) -> impl Iterator<Item = &Schedule> {
        let now = self.now();
        self.schedules.get(target).into_iter().flatten().filter(move |schedule| !schedule.is_over(now))
    }

    /// False as long as PIM does not see an object that was made a moment ago. Each call counts.
    pub(crate) fn sees(&mut self, id: Uuid) -> bool {
        match self.unseen.get_mut(&id) {
            None => true,
            Some(left) if *left > 1 => {
                *left -= 1;
                false
            }
            Some(_) => {
                self.unseen.remove(&id);
                false
            }
        }
    }

    /// Makes PIM blind for a new object, if a fault says so.
    pub(crate) fn is_new(&mut self, id: Uuid) {
        if self.directives.unseen_calls > 0 {
            self.unseen.insert(id, self.directives.unseen_calls);
        }
    }

    /// Counts a list of schedules for those that are still shown although they have been removed. Call it after each.
    pub(crate) fn listed(&mut self) {
        if !std::mem::take(&mut self.any_removed_shown) {
            return;
        }
        let (mut any, now) = (false, self.now());
        for schedules in self.schedules.values_mut() {
            schedules.retain_mut(|schedule| {
                let stays = match &mut schedule.removed {
                    None => return true,
                    Some(Shown::Lists(left)) => {
                        *left = left.saturating_sub(1);
                        *left > 0
                    }
                    Some(Shown::Until(end)) => *end > now,
                };
                any |= stays;
                stays
            });
        }
        self.any_removed_shown = any;
    }

    /// True when a scope of Azure exists.
    pub(crate) fn has_scope(&self, scope: &Scope) -> bool {
        match scope.kind() {
            Some(ScopeKind::Root) => true,
            Some(ScopeKind::ManagementGroup) => self.management_groups.contains_key(&scope.name().to_lowercase()),
            Some(ScopeKind::Subscription) => {
                scope.subscription_id().is_some_and(|id| self.subscriptions.contains_key(&id))
            }
            Some(ScopeKind::ResourceGroup) => self.resource_groups.contains(scope),
            Some(ScopeKind::Resource) => self.resources.contains(scope),
            None => false,
        }
    }

    /// The scope above; nothing for the root.
    pub(crate) fn scope_above(&self, scope: &Scope) -> Option<Scope> {
        let in_group = |parent: &Option<String>| parent.as_deref().map_or_else(Scope::root, Scope::management_group);
        match scope.kind()? {
            ScopeKind::Root => None,
            ScopeKind::ManagementGroup => {
                let group = self.management_groups.get(&scope.name().to_lowercase());
                Some(group.map_or_else(Scope::root, |group| in_group(&group.parent)))
            }
            ScopeKind::Subscription => {
                let subscription = self.subscriptions.get(&scope.subscription_id()?);
                Some(subscription.map_or_else(Scope::root, |subscription| in_group(&subscription.management_group)))
            }
            ScopeKind::ResourceGroup | ScopeKind::Resource => scope.above_in_text(),
        }
    }

    /// A scope and all scopes above it, from the scope itself to the root.
    pub(crate) fn upwards(&self, scope: &Scope) -> Vec<Scope> {
        let mut found = vec![scope.clone()];
        let mut at = scope.clone();
        while let Some(above) = self.scope_above(&at) {
            // Management groups that lie in each other would never end.
            if found.contains(&above) {
                break;
            }
            found.push(above.clone());
            at = above;
        }
        found
    }

    /// True when `scope` lies at or below `top`.
    pub(crate) fn is_at_or_below(&self, scope: &Scope, top: &Scope) -> bool {
        self.upwards(scope).contains(top)
    }

    /// Every scope there is, with its own id spelled as the tenant file does.
    pub(crate) fn all_scopes(&self) -> Vec<Scope> {
        let groups = self.management_groups.values().map(|group| Scope::management_group(&group.id));
        let subscriptions = self.subscriptions.keys().map(|id| Scope::subscription(*id));
        groups
            .chain(subscriptions)
            .chain(self.resource_groups.iter().cloned())
            .chain(self.resources.iter().cloned())
            .collect()
    }

    /// The targets of Azure below a scope, with all of their schedules.
    pub(crate) fn targets_below(&self, scope: &Scope) -> Vec<(&Target, &Vec<Schedule>)> {
        let azure = |scope: Scope, role: Uuid| Target::Azure { scope, role };
        let inside = |scope: &Scope| {
            let (from, to) = scope.inside();
            self.schedules.range(azure(from, Uuid::nil())..azure(to, Uuid::nil()))
        };
        if scope.subscription_id().is_some() {
            return inside(scope).collect();
        }
        if scope.kind() == Some(ScopeKind::Root) {
            let is_below = |target: &Target| matches!(target, Target::Azure { scope: own, .. } if own != scope);
            return self.schedules.iter().filter(|(target, _)| is_below(target)).collect();
        }
        // What lies in management groups cannot be told from the text.
        let groups = self.management_groups.values().map(|group| Scope::management_group(&group.id));
        let subscriptions = self.subscriptions.keys().map(|id| Scope::subscription(*id));
        let tops = groups.chain(subscriptions).filter(|top| top != scope && self.is_at_or_below(top, scope));
        let mut found: Vec<_> = Vec::new();
        for top in tops {
            found.extend(self.schedules.range(azure(top.clone(), Uuid::nil())..=azure(top.clone(), Uuid::max())));
            found.extend(inside(&top));
        }
        found.sort_by_key(|(target, _)| *target);
        found
    }

    /// The resource groups, or the resources, in a subscription or a resource group.
    pub(crate) fn scopes_inside<'w>(
        all: &'w BTreeSet<Scope>,
        scope: &Scope,
    ) -> impl Iterator<Item = &'w Scope> + use<'w> {
        let (from, to) = scope.inside();
        all.range(from..to)
    }

    /// Whether an Azure role can be assigned at a scope.
    pub(crate) fn is_assignable(&self, role: &AzureRole, scope: &Scope) -> bool {
        role.assignable_scopes.is_empty() || role.assignable_scopes.iter().any(|top| self.is_at_or_below(scope, top))
    }

    /// The targets of Azure at exactly this scope that have schedules, with each schedule that has not ended.
    pub(crate) fn at_scope(&self, scope: &Scope) -> Vec<(&Target, &Schedule)> {
        let now = self.now();
        let from = Target::Azure { scope: scope.clone(), role: Uuid::nil() };
        let to = Target::Azure { scope: scope.clone(), role: Uuid::max() };
        let targets = self.schedules.range(from..=to);
        targets
            .flat_map(|(target, schedules)| schedules.iter().map(move |schedule| (target, schedule)))
            .filter(|(_, schedule)| !schedule.is_over(now))
            .collect()
    }
}
