//! Makes up tenants and policies of any size, for benchmarks.
//!
//! The same shape and seed give the same result. About 2 % of what is declared differs from the tenant, so that a plan has
//! work: assignments that are missing, assignments that nobody declares, settings that are other ones. All else matches at
//! [`NOW`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use uuid::Uuid;

use crate::backend::local::TenantFile;
use crate::backend::local::file::{
    AzureRoleEntry, DirectoryRoleEntry, GroupEntry, ManagementGroupEntry, RowEntry, SubscriptionEntry, TargetEntry,
    TenantEntry, UserEntry,
};
use crate::model::{
    Access, Answer, ArmScope, AssignmentScope, Authentication, Duration, Expiry, GroupMembership, Kind, Origin,
    PrincipalId, RoleId, Settings, Sparse, Target, TenantId, Time,
};

/// When what is generated is read: 2026-11-21 00:00 UTC.
pub const NOW: Time = Time::from_unix(1_795_219_200);

const DIRECTORY_ROLES: usize = 120;
const AZURE_ROLES: usize = 10;
const FILE_LENGTH: usize = 2_000_000;

/// How much to generate.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Chooses among all results of that size.
    pub seed: u64,
    /// How many assignments are declared or in the tenant.
    pub assignments: usize,
    /// How many targets: at least one for each surface.
    pub targets: usize,
}

/// A tenant, and policies that nearly match it.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The tenant.
    pub tenant: TenantFile,
    /// Paths below the policy directory, and what stands in the files.
    pub policies: Vec<(String, String)>,
}

/// How the targets are spread over the surfaces.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Directory roles.
    pub directory: usize,
    /// Groups under PIM.
    pub groups: usize,
    /// Roles at scopes of Azure.
    pub azure: usize,
    /// Over so many scopes of Azure. At each of them are at most ten roles.
    pub scopes: usize,
}

impl Mix {
    /// The tenant that the project's budget of requests is for. It comes with 500 assignments.
    pub const BUDGET: Self = Self { directory: 100, groups: 30, azure: 40, scopes: 10 };
}

/// Generates a tenant and its policies.
pub fn generate(shape: &Shape) -> Generated {
    let directory = (shape.targets / 4).clamp(1, DIRECTORY_ROLES);
    let groups = (shape.targets * 15 / 100).max(1);
    let azure = shape.targets.saturating_sub(directory + groups).max(1);
    generate_mix(shape.seed, shape.assignments, &Mix { directory, groups, azure, scopes: azure })
}

/// Generates a tenant and its policies with so many assignments, the targets spread in this way.
pub fn generate_mix(seed: u64, assignments: usize, mix: &Mix) -> Generated {
    let all = mix.directory + mix.groups + mix.azure;
    let most = assignments.div_ceil(all.max(1));
    let users = assignments / 5 + most + 1;
    let mut work = Work { dice: Dice::new(seed), users, assignments, all, done: 0 };
    let mut tenant = TenantFile::empty(TenantEntry { id: TenantId::new(id(0, 1)), name: Some("Contoso".into()) });
    tenant.users = (0..users).map(user).collect();
    let mut policies = vec![("base.yaml".to_owned(), base())];
    directory_part(mix.directory, &mut work, &mut tenant, &mut policies);
    group_part(mix.groups, &mut work, &mut tenant, &mut policies);
    azure_part(mix.azure, mix.scopes.max(1), &mut work, &mut tenant, &mut policies);
    Generated { tenant, policies }
}

fn directory_part(count: usize, work: &mut Work, tenant: &mut TenantFile, policies: &mut Vec<(String, String)>) {
    let mut files = Files::new("directory-roles", "directory_roles:\n");
    for n in 0..count {
        let role = RoleId::new(id(3, n));
        tenant.directory_roles.push(DirectoryRoleEntry { id: role, name: format!("Role {n:03}").into() });
        let _ = writeln!(files.entry(), "  Role {n:03}:");
        let target = Target::Directory { directory_role: role };
        tenant.targets.push(work.target(target, files.text(), 4));
    }
    policies.extend(files.finish());
}

fn group_part(count: usize, work: &mut Work, tenant: &mut TenantFile, policies: &mut Vec<(String, String)>) {
    let mut files = Files::new("groups", "groups:\n");
    for n in 0..count {
        let group = PrincipalId::new(id(2, n));
        tenant.groups.push(GroupEntry {
            id: group,
            name: format!("SEC-{n:05}").into(),
            description: None,
            role_assignable: Answer::No,
            membership: GroupMembership::Assigned,
            pim: Answer::Yes,
            members: Vec::new(),
            owners: Vec::new(),
            unreadable: None,
        });
        let _ = writeln!(files.entry(), "  SEC-{n:05}:\n    member:");
        tenant.targets.push(work.target(Target::Group { group, access: Access::Member }, files.text(), 6));
    }
    policies.extend(files.finish());
}

fn azure_part(
    count: usize,
    scopes: usize,
    work: &mut Work,
    tenant: &mut TenantFile,
    policies: &mut Vec<(String, String)>,
) {
    tenant.azure_roles = (0..AZURE_ROLES)
        .map(|n| AzureRoleEntry {
            id: RoleId::new(id(4, n)),
            name: format!("Azure Role {n}").into(),
            assignable_scopes: Vec::new(),
        })
        .collect();
    let mut files = Files::new("azure", "azure:\n");
    let places: Vec<_> = (0..scopes).map(|at| place(at, tenant)).collect();
    for at in 0..count {
        let Some((scope, key)) = places.get(at % scopes).cloned().flatten() else { continue };
        // Another role in each round over the scopes.
        let n = (at + at / scopes) % AZURE_ROLES;
        let _ = writeln!(files.entry(), "  - {key}\n    roles:\n      Azure Role {n}:");
        tenant.targets.push(work.target(Target::Azure { scope, role: RoleId::new(id(4, n)) }, files.text(), 8));
    }
    policies.extend(files.finish());
}

/// Scopes as teams have them, of all kinds: a step that looks at all places for each target shows. Of twenty
/// one is a management group, five are subscriptions and the others resource groups, spread over all subscriptions.
fn place(at: usize, tenant: &mut TenantFile) -> Option<(ArmScope, String)> {
    match at % 20 {
        0 => {
            let name = format!("mg-{at:05}");
            tenant.management_groups.push(ManagementGroupEntry { id: name.as_str().into(), name: None, parent: None });
            Some((ArmScope::management_group(&name).ok()?, format!("management_group: {name}")))
        }
        1..=5 => {
            let name: Arc<str> = format!("Subscription {at:05}").into();
            let (id, key) = (id(5, at), format!("subscription: {name}"));
            tenant.subscriptions.push(SubscriptionEntry { id, name: Some(name), management_group: None });
            Some((format!("/subscriptions/{id}").parse().ok()?, key))
        }
        _ => {
            let subscription = tenant.subscriptions.get(at % tenant.subscriptions.len().max(1))?.id;
            let scope: ArmScope = format!("/subscriptions/{subscription}/resourceGroups/rg-{at:05}").parse().ok()?;
            tenant.resource_groups.push(scope.clone());
            let key = format!("resource_group: {scope}");
            Some((scope, key))
        }
    }
}

/// What is still to be spread over the targets.
struct Work {
    dice: Dice,
    users: usize,
    assignments: usize,
    all: usize,
    done: usize,
}

impl Work {
    /// One target: its entry in the tenant, and what stands under its key in the policies, this far indented.
    fn target(&mut self, target: Target, text: &mut String, indent: usize) -> TargetEntry {
        // So many that they add up in the end.
        let count = self.assignments * (self.done + 1) / self.all - self.assignments * self.done / self.all;
        self.done += 1;
        let mut settings = baseline();
        if self.dice.one_in(50) {
            settings.activation.max_duration = Some(Duration::from_hours(10));
        }
        let mut entry = TargetEntry {
            target,
            settings,
            unknown_settings: BTreeMap::new(),
            unreadable: None,
            without_settings: false,
            eligible: Vec::new(),
            active: Vec::new(),
        };
        let active = count / 10;
        let first = self.dice.below(self.users);
        let _ = writeln!(text, "{:indent$}settings: baseline", "");
        entry.eligible = self.list(Kind::Eligible, (first, count - active), text, indent);
        entry.active = self.list(Kind::Active, (first + count - active, active), text, indent);
        entry
    }

    /// Assignments for so many users from a first one.
    fn list(&mut self, kind: Kind, users: (usize, usize), text: &mut String, indent: usize) -> Vec<RowEntry> {
        let (first, count) = users;
        let days = match kind {
            Kind::Eligible => 365,
            Kind::Active => 30,
        };
        let justification = if kind == Kind::Active { ", justification: Operations" } else { "" };
        let begin = text.len();
        let mut rows = Vec::with_capacity(count);
        for n in first..first + count {
            let user = n % self.users;
            let (declared, there) = match self.dice.below(100) {
                0 => (true, false),
                1 => (false, true),
                _ => (true, true),
            };
            let ago = 1 + self.dice.below(20);
            if declared {
                let _ = writeln!(
                    text,
                    "{:indent$}  - {{ user: u{user}@contoso.example, for: {days}d{justification} }}",
                    ""
                );
            }
            if there {
                let start = Time::from_unix(NOW.as_unix() - 86_400 * i64::try_from(ago).unwrap_or(1));
                rows.push(RowEntry {
                    principal: PrincipalId::new(id(1, user)),
                    scope: AssignmentScope::Whole,
                    start: Some(start),
                    end: Some(start + Duration::from_days(days)),
                    origin: Origin::Assigned,
                    condition: None,
                    made_by: None,
                });
            }
        }
        let key = if text.len() == begin { format!("{kind}: []") } else { format!("{kind}:") };
        text.insert_str(begin, &format!("{:indent$}{key}\n", ""));
        rows
    }
}

/// Text spread over files of at most so much.
struct Files {
    name: &'static str,
    head: &'static str,
    done: Vec<(String, String)>,
    text: String,
}

impl Files {
    fn new(name: &'static str, head: &'static str) -> Self {
        Self { name, head, done: Vec::new(), text: head.to_owned() }
    }

    /// Where the next entry goes.
    fn entry(&mut self) -> &mut String {
        if self.text.len() >= FILE_LENGTH {
            let text = std::mem::replace(&mut self.text, self.head.to_owned());
            self.done.push((format!("{}-{:03}.yaml", self.name, self.done.len()), text));
        }
        &mut self.text
    }

    /// Where the entry goes on.
    fn text(&mut self) -> &mut String {
        &mut self.text
    }

    fn finish(mut self) -> Vec<(String, String)> {
        self.done.push((format!("{}-{:03}.yaml", self.name, self.done.len()), self.text));
        self.done
    }
}

fn base() -> String {
    format!(
        "version: 1\ntenant: {{ id: {} }}\nprofiles:\n  baseline:\n    \
         activation: {{ max_duration: 4h, authentication: mfa, justification: true }}\n    \
         eligible_assignment: {{ expire_after: 365d }}\n    active_assignment: {{ expire_after: 30d }}\n",
        id(0, 1)
    )
}

/// What [`base`] declares, as the tenant has it.
fn baseline() -> Settings<Sparse> {
    let mut settings = Settings::<Sparse>::default();
    settings.activation.max_duration = Some(Duration::from_hours(4));
    settings.activation.authentication = Some(Authentication::Mfa);
    settings.eligible_assignment.expire_after = Some(Expiry::After(Duration::from_days(365)));
    settings.active_assignment.expire_after = Some(Expiry::After(Duration::from_days(30)));
    settings
}

fn user(n: usize) -> UserEntry {
    UserEntry {
        id: PrincipalId::new(id(1, n)),
        name: format!("User {n}").into(),
        upn: format!("u{n}@contoso.example").into(),
        enabled: Answer::Yes,
        sort: None,
    }
}

/// The GUID of the n-th object of a sort.
fn id(sort: u128, n: usize) -> Uuid {
    Uuid::from_u128((sort << 96) | 0x4000_8000_0000_0000_0000 | u128::try_from(n).unwrap_or(0))
}

/// Marsaglia's xorshift: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15 | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % (bound.max(1) as u64)).unwrap_or(0)
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::local::Tenant;

    #[test]
    fn a_seed_always_gives_the_same_and_a_tenant_that_can_be_read() {
        let shape = Shape { seed: 7, assignments: 5_000, targets: 400 };
        let (a, b) = (generate(&shape), generate(&shape));
        assert_eq!((&a.tenant, &a.policies), (&b.tenant, &b.policies));
        assert_ne!(a.tenant.targets, generate(&Shape { seed: 8, ..shape }).tenant.targets);
        assert_eq!(a.tenant.targets.len(), 400);
        let rows: usize = a.tenant.targets.iter().map(|target| target.eligible.len() + target.active.len()).sum();
        let declared: usize = a.policies.iter().map(|(_, text)| text.matches("- { user:").count()).sum();
        assert!((4_850..5_000).contains(&rows), "{rows}");
        assert!((4_850..5_000).contains(&declared), "{declared}");
        Tenant::from_file("t.json", a.tenant).unwrap();
    }

    #[test]
    fn a_mix_is_spread_as_it_says() {
        let Generated { tenant, policies } = generate_mix(1, 500, &Mix::BUDGET);
        assert_eq!((tenant.directory_roles.len(), tenant.groups.len(), tenant.targets.len()), (100, 30, 170));
        let places = tenant.management_groups.len() + tenant.subscriptions.len() + tenant.resource_groups.len();
        assert_eq!(places, 10);
        let rows: usize = tenant.targets.iter().map(|target| target.eligible.len() + target.active.len()).sum();
        assert!((480..=500).contains(&rows), "{rows}");
        assert_eq!(policies.iter().map(|(_, text)| text.matches("Azure Role").count()).sum::<usize>(), 40);
        Tenant::from_file("t.json", tenant).unwrap();
    }

    #[test]
    fn the_smallest_shape_is_fine() {
        let Generated { tenant, .. } = generate(&Shape { seed: 0, assignments: 0, targets: 0 });
        assert_eq!(tenant.targets.len(), 3);
    }

    #[test]
    fn now_is_what_its_comment_says() {
        assert_eq!(NOW.to_string(), "2026-11-21T00:00:00Z");
    }
}
