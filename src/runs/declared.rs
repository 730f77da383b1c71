//! What the files declared when the tenant last was as they say.
//!
//! With it, a difference can be told apart: where the files still declare the same, somebody changed the tenant; where
//! they do not, the files were changed and not applied yet. Of what was declared only fingerprints are kept. Names are kept
//! with their ids, so that a name that nobody has any more tells who was renamed from who left.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::record::RunId;
use super::store::{Store, StoreError};
use crate::model::settings::Visit;
use crate::model::text::name_key;
use crate::model::{
    Approval, Approver, AssignmentKey, Changes, Condition, Desired, DesiredAssignment, DesiredEnding, DesiredList,
    DesiredMembers, Field, Kind, Known, Leaf, Ownership, Principal, PrincipalId, Relation, Setting, Settings, Spec,
    Target, TenantId, Time,
};
use crate::plan::{ObservationKind, Operation, Plan};
use uuid::Uuid;

const NAME: &str = "declared.json";

/// Fingerprints of all that the files declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    version: u32,
    /// For which tenant.
    pub tenant: TenantId,
    /// The run that made the tenant as the files say; nothing if it was so already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// When.
    pub at: Time,
    /// The git commit of the files, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    entries: BTreeMap<String, String>,
    /// Who had which name, of all whom the files named: `user:ada@contoso.example` and the id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<String, PrincipalId>,
    /// What was assigned outside PIM by then.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    outside: BTreeSet<String>,
    /// As whom runs were signed in that made the tenant so, this one and those before it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    appliers: BTreeSet<Uuid>,
}

/// Who has to do with a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The files still declare what they did: somebody changed the tenant.
    Drift,
    /// Part of it is drift, part is not applied yet.
    Both,
    /// The files have changed since the tenant was as they say.
    NotApplied,
    /// There is no record of an apply to compare with.
    Unknown,
}

impl Declared {
    /// What the files declare, after a run that found the tenant so: `plan` has nothing left to do.
    pub fn of(desired: &Desired, plan: &Plan, run: Option<RunId>, at: Time, commit: Option<String>) -> Self {
        let outside = plan.observations.iter().filter(|seen| seen.kind == ObservationKind::OutsidePim);
        let outside = outside.map(|seen| part(&seen.address)).collect();
        let (entries, names) = (fingerprints(desired), names(desired));
        Self { version: 1, tenant: plan.tenant, run, at, commit, entries, names, outside, appliers: BTreeSet::new() }
    }

    /// With whom this run and earlier ones were signed in as.
    #[must_use]
    pub fn applied_by(mut self, ids: impl IntoIterator<Item = Uuid>, before: Option<&Self>) -> Self {
        let before = before.filter(|before| before.tenant == self.tenant);
        self.appliers.extend(before.iter().flat_map(|before| &before.appliers).copied().chain(ids));
        self
    }

    /// True when an assignment of this address was there outside PIM already.
    pub fn saw_outside(&self, address: &str) -> bool {
        self.outside.contains(&part(&address))
    }

    /// Who had which name, to tell who was renamed from who left.
    pub fn known(&self) -> Known {
        let names = self.names.iter().map(|(label, id)| (&**label, *id));
        Known::new(names, self.at.date()).with_appliers(self.appliers.iter().copied())
    }

    /// Reads what was declared when the tenant last was as the files say, if that ever was.
    pub async fn read(store: &Store) -> Result<Option<Self>, StoreError> {
        let Some((bytes, _)) = store.read(NAME).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| store.malformed(NAME, &error))
    }

    /// Writes it.
    pub async fn save(&self, store: &Store) -> Result<(), StoreError> {
        store.write(NAME, serde_json::to_vec(self).unwrap_or_default()).await
    }

    /// Whose doing each operation's difference is: operations that a fresh plan of `desired` has.
    pub fn standings<'a>(
        &self,
        desired: &Desired,
        operations: impl IntoIterator<Item = &'a Operation>,
    ) -> Vec<Standing> {
        let now = fingerprints(desired);
        operations.into_iter().map(|operation| self.standing(&now, operation)).collect()
    }

    fn standing(&self, now: &BTreeMap<String, String>, operation: &Operation) -> Standing {
        let same = |part: &str| now.get(part).is_some() && now.get(part) == self.entries.get(part);
        let unchanged = |part: String| if same(&part) { Standing::Drift } else { Standing::NotApplied };
        // Something that no list names: drift if the list was complete before, too, and did not name it then.
        let undeclared = |list: String, entry: String| {
            let was_declared = self.entries.contains_key(&entry);
            if same(&list) && !was_declared { Standing::Drift } else { Standing::NotApplied }
        };
        match operation {
            Operation::CreateGroup { group, .. } => unchanged(part(&(group, "create"))),
            Operation::AddMember { group, relation, principal } => unchanged(member(*group, *relation, *principal)),
            Operation::RemoveMember { group, relation, principal } => {
                undeclared(members(*group, *relation), member(*group, *relation, *principal))
            }
            Operation::UpdateSettings { target, changes } => {
                let standings = changed_fields(changes).into_iter().map(|(field, found)| {
                    let part = setting(target, field);
                    match (unchanged(part.clone()), self.entries.get(&part)) {
                        // The files have changed, and the tenant is not as they were before either.
                        (Standing::NotApplied, Some(was)) if *was != found => Standing::Both,
                        (standing, _) => standing,
                    }
                });
                standings.reduce(|a, b| if a == b { a } else { Standing::Both }).unwrap_or(Standing::NotApplied)
            }
            Operation::Assign { target, assignment: key, .. } => unchanged(assignment(target, key)),
            Operation::Update { target, assignment: key, .. } => {
                // It is there though the list was complete without it: somebody was faster than the files.
                let early = same(&list(target, key.kind)) && !self.entries.contains_key(&assignment(target, key));
                if early { Standing::Both } else { unchanged(assignment(target, key)) }
            }
            Operation::Remove { target, assignment: key, .. } => {
                undeclared(list(target, key.kind), assignment(target, key))
            }
        }
    }
}

/// Everybody whom the files name, with the names that they have in the tenant.
fn names(desired: &Desired) -> BTreeMap<String, PrincipalId> {
    let mut named: BTreeSet<PrincipalId> = desired.protected.keys().copied().collect();
    for (group, declared) in &desired.groups {
        named.insert(*group);
        for relation in [Relation::Member, Relation::Owner] {
            if let DesiredMembers::Managed { principals, .. } = declared.list(relation) {
                named.extend(principals.keys());
            }
        }
    }
    for (target, declared) in &desired.targets {
        named.extend(target.group());
        for kind in Kind::ALL {
            named.extend(declared.list(kind).assignments().iter().map(|assignment| assignment.key.principal));
        }
        if let Some(Approval::Required(approvers)) = declared.settings.activation.approval.value() {
            named.extend(approvers.iter().map(Approver::principal));
        }
    }
    let principals = named.into_iter().filter_map(|id| desired.directory.principal(id));
    let label = |principal: &Principal| Some((Known::label(principal.kind()?, principal.policy_name()), principal.id));
    principals.filter_map(label).collect()
}

fn fingerprints(desired: &Desired) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    for (group, declared) in &desired.groups {
        if let Some(create) = &declared.create {
            // Fields of a group that exists are not looked after, so only that it is declared matters.
            entries.insert(part(&(group, "create")), part(&create.display_name));
        }
        for relation in [Relation::Member, Relation::Owner] {
            if let DesiredMembers::Managed { ownership, principals, .. } = declared.list(relation) {
                entries.insert(members(*group, relation), part(&owned(*ownership)));
                entries.extend(principals.keys().map(|principal| (member(*group, relation, *principal), part(&"on"))));
            }
        }
    }
    for (target, declared) in &desired.targets {
        fields(target, &declared.settings, &mut entries);
        for kind in Kind::ALL {
            if let DesiredList::Managed { ownership, assignments, .. } = declared.list(kind) {
                entries.insert(list(target, kind), part(&owned(*ownership)));
                entries.extend(assignments.iter().map(|one| (assignment(target, &one.key), terms(one))));
            }
        }
    }
    entries
}

fn fields(target: &Target, settings: &Settings<Spec>, entries: &mut BTreeMap<String, String>) {
    struct Stated<'a>(&'a Target, &'a mut BTreeMap<String, String>);
    impl Visit<Spec> for Stated<'_> {
        fn field<T: Leaf>(&mut self, field: Field, slot: &Setting<T>) {
            if let Some(value) = slot.value() {
                self.1.insert(setting(self.0, field), part(value));
            }
        }
    }
    settings.visit(&mut Stated(target, entries));
}

/// The fields that change, with the fingerprints of what is there.
fn changed_fields(changes: &Settings<Changes>) -> Vec<(Field, String)> {
    struct Changed(Vec<(Field, String)>);
    impl Visit<Changes> for Changed {
        fn field<T: Leaf>(&mut self, field: Field, slot: &Option<crate::model::Change<T>>) {
            if let Some(change) = slot {
                self.0.push((field, part(&change.before)));
            }
        }
    }
    let mut changed = Changed(Vec::new());
    changes.visit(&mut changed);
    changed.0
}

/// What is declared of an assignment, beside its key.
fn terms(assignment: &DesiredAssignment) -> String {
    let DesiredAssignment { key: _, schedule, justification: _, ticket: _, condition, at: _ } = assignment;
    let end = match schedule.end {
        DesiredEnding::Permanent => "permanent".to_owned(),
        DesiredEnding::Until(end) => format!("until {end}"),
        DesiredEnding::For { length, renew } => {
            format!("for {length} {}", renew.map(|renew| renew.to_string()).unwrap_or_default())
        }
        DesiredEnding::AsAllowed => "as allowed".to_owned(),
    };
    part(&(schedule.start, end, condition.as_ref().map(Condition::key)))
}

fn owned(ownership: Ownership) -> &'static str {
    match ownership {
        Ownership::Complete => "complete",
        Ownership::Additive => "additive",
    }
}

fn setting(target: &Target, field: Field) -> String {
    part(&(target, "settings", field.to_string()))
}

fn list(target: &Target, kind: Kind) -> String {
    part(&(target, kind))
}

fn assignment(target: &Target, key: &AssignmentKey) -> String {
    part(&(target, key))
}

fn members(group: PrincipalId, relation: Relation) -> String {
    part(&(group, relation))
}

fn member(group: PrincipalId, relation: Relation, principal: PrincipalId) -> String {
    part(&(group, relation, principal))
}

/// The first 64 bits of a digest: enough to tell a million values apart.
fn part(value: &impl Serialize) -> String {
    let json = name_key(&serde_json::to_string(value).unwrap_or_default());
    let mut text = String::new();
    for byte in Sha256::digest(json).iter().take(8) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
