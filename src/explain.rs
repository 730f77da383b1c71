//! Where each thing at an address comes from: the files, the tenant, or nowhere. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Place, SourceMap, Span};
use crate::model::text::same_name;
use crate::model::{
    AssignmentKey, AssignmentScope, Current, Desired, DesiredAssignment, DesiredGroup, DesiredList, DesiredMembers,
    DesiredTarget, Fact, Field, GroupCreation, GroupRead, Kind, Leaf, Names, Ownership, PrincipalId, Relation, Row,
    Setting, Settings, Snapshot, Sparse, Spec, Target, TargetRead, Time, Value, Zip,
};

/// What is known of one thing that an address covers: a group, or a target.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The address, as pimform writes it.
    pub address: String,
    /// Where it is declared: the target or group, or the list that the address names.
    pub declared_at: Option<Place>,
    /// How the files would create the group, if they say so and the address covers it.
    pub create: Option<GroupCreation>,
    /// The settings, if the address covers them.
    pub settings: Vec<ExplainedField>,
    /// The assignments that the address covers.
    pub assignments: Vec<ExplainedAssignment>,
    /// The static members and owners that the address covers.
    pub members: Vec<ExplainedMember>,
    /// What is known of the tenant's side.
    pub tenant: TenantSide,
}

/// What is known of the tenant's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantSide {
    /// It was read.
    Known,
    /// It is, or belongs to, a group that the plan creates.
    ToBeCreated,
    /// It could not be read, and why.
    Unknown(String),
}

/// A list in the files.
#[derive(Clone, Debug)]
pub struct ExplainedList {
    /// What becomes of what is not declared.
    pub ownership: Ownership,
    /// Where it is declared.
    pub at: Option<Place>,
}

/// One settings field.
#[derive(Clone, Debug)]
pub struct ExplainedField {
    /// Which.
    pub field: Field,
    /// As the files set it, and where.
    pub declared: Option<(Value, Option<Place>)>,
    /// As the tenant has it.
    pub tenant: Option<Fact<Value>>,
}

/// One assignment.
#[derive(Clone, Debug)]
pub struct ExplainedAssignment {
    /// Its address.
    pub address: String,
    /// What is declared, and where.
    pub declared: Option<(DesiredAssignment, Option<Place>)>,
    /// What the tenant has.
    pub rows: Vec<Row>,
    /// True where the tenant has it as static membership or ownership of a group, without PIM.
    pub is_static: bool,
    /// The list that it belongs to; nothing if that list is unmanaged.
    pub list: Option<ExplainedList>,
}

/// One static member or owner.
#[derive(Clone, Debug)]
pub struct ExplainedMember {
    /// Its address.
    pub address: String,
    /// Where it is declared; nothing where it is not.
    pub declared_at: Option<Place>,
    /// True where it is declared.
    pub is_declared: bool,
    /// Whether the tenant has it; nothing where that is not known.
    pub held: Option<Held>,
    /// The list that it belongs to; nothing if that list is unmanaged.
    pub list: Option<ExplainedList>,
}

/// How the tenant has a member or owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Not at all.
    Not,
    /// By static membership.
    Static,
    /// As something else than the files or an administrator decides, and what that is.
    Elsewhere(&'static str),
    /// Through PIM, of which the list of a group shows nothing.
    ThroughPim,
}

/// Explains everything that an address covers, or offers the nearest address there is.
pub fn explain(
    address: &str,
    desired: &Desired,
    snapshot: &Snapshot,
    sources: &SourceMap,
    now: Time,
) -> Result<Vec<Explanation>, Option<String>> {
    let view = View { names: Names::new(&desired.directory), desired, snapshot, sources, now };
    let address = address.trim_end_matches('/');
    let (mut found, mut known) = (Vec::new(), Vec::new());
    for (group, declared) in &desired.groups {
        let name = format!("group/{}", view.names.group(*group));
        let members = view.members(*group, declared);
        if let Some(rest) = covered(address, &name) {
            found.extend(view.group(&name, *group, declared, &members, rest));
        }
        known.extend(members.into_iter().map(|member| member.address));
        known.push(name);
    }
    for (target, declared) in &desired.targets {
        let name = view.names.target(target);
        if let Some(rest) = covered(address, &name) {
            found.extend(view.target(&name, target, declared, rest));
        }
        let keys = view.keys(target, declared);
        known.extend(keys.iter().map(|key| view.names.assignment(&name, key)));
        known.extend([format!("{name}/settings"), name]);
    }
    if found.is_empty() { Err(nearest(address, &known)) } else { Ok(found) }
}

/// What comes behind `name` in `address`; nothing of `name` but all of it where `address` stands above it.
fn covered<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    below(address, name).or_else(|| (!address.is_empty()).then(|| below(name, address).map(|_| ""))?)
}

/// What comes behind `name` in `address`; nothing if it does not begin with it. Compares as names are.
fn below<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = Some(address);
    for part in name.split('/') {
        let (first, behind) = rest?.split_once('/').map_or((rest?, None), |(first, behind)| (first, Some(behind)));
        rest = behind;
        same_name(first, part).then_some(())?;
    }
    Some(rest.unwrap_or_default())
}

/// The known address of which each part is like that of `address`. Most addresses have long parts in common, which makes
/// none of them alike.
fn nearest(address: &str, known: &[String]) -> Option<String> {
    let is_near = |candidate: &&String| {
        let (wanted, there): (Vec<&str>, Vec<&str>) = (address.split('/').collect(), candidate.split('/').collect());
        let alike = |(one, other): (&&str, &&str)| crate::diag::nearest(one, [*other]).is_some();
        wanted.len() == there.len() && wanted.iter().zip(&there).all(alike)
    };
    crate::diag::nearest(address, known.iter().filter(is_near).map(String::as_str)).map(str::to_owned)
}

struct View<'a> {
    names: Names<'a>,
    desired: &'a Desired,
    snapshot: &'a Snapshot,
    sources: &'a SourceMap,
    now: Time,
}

impl View<'_> {
    fn place(&self, at: Span) -> Option<Place> {
        self.sources.place(at)
    }

    fn list(&self, ownership: Ownership, at: Span) -> ExplainedList {
        ExplainedList { ownership, at: self.place(at) }
    }

    fn is_planned(&self, group: PrincipalId) -> bool {
        let facts = self.desired.directory.principal(group).and_then(|principal| principal.group());
        facts.is_some_and(|facts| facts.planned)
    }

    fn rows(&self, target: &Target) -> &[Row] {
        match self.snapshot.targets.get(target) {
            Some(TargetRead::Present(state)) => &state.rows,
            _ => &[],
        }
    }

    /// Static members of a group, where the files say who is active through PIM.
    fn is_static(&self, target: &Target, declared: &DesiredTarget, key: &AssignmentKey) -> bool {
        let Target::Group { group, access } = target else { return false };
        key.kind == Kind::Active
            && matches!(declared.active, DesiredList::Managed { .. })
            && matches!(self.held(*group, *access, key.principal), Some(Held::Static | Held::Elsewhere(_)))
    }

    fn keys(&self, target: &Target, declared: &DesiredTarget) -> Vec<AssignmentKey> {
        let listed = Kind::ALL.into_iter().flat_map(|kind| declared.list(kind).assignments()).map(|item| item.key);
        let mut keys: Vec<AssignmentKey> = listed.chain(self.rows(target).iter().map(|row| row.key)).collect();
        if let Target::Group { group, access } = target
            && let Some(GroupRead::Present(state)) = self.snapshot.groups.get(group)
        {
            let scope = AssignmentScope::default();
            let active = |principal: &PrincipalId| AssignmentKey { kind: Kind::Active, principal: *principal, scope };
            let fixed = state.list(*access).iter().map(active);
            keys.extend(fixed.filter(|key| self.is_static(target, declared, key)));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn target(&self, name: &str, target: &Target, declared: &DesiredTarget, rest: &str) -> Option<Explanation> {
        let (settings, tenant) = match self.snapshot.targets.get(target) {
            Some(TargetRead::Present(state)) => (Some(state.settings.as_ref()), TenantSide::Known),
            Some(TargetRead::WithoutSettings) => (None, TenantSide::Unknown(TargetRead::WITHOUT_SETTINGS.to_owned())),
            Some(TargetRead::Unreadable(why)) => (None, TenantSide::Unknown(why.to_string())),
            None if target.group().is_some_and(|group| self.is_planned(group)) => (None, TenantSide::ToBeCreated),
            None => (None, TenantSide::Unknown("it was not found when the tenant was read".to_owned())),
        };
        let wants = |part: &str| rest.is_empty() || rest.eq_ignore_ascii_case(part);
        let mut explanation = Explanation {
            address: if rest.is_empty() { name.to_owned() } else { format!("{name}/{rest}") },
            declared_at: if wants("settings") { self.place(declared.at) } else { None },
            create: None,
            settings: Vec::new(),
            assignments: Vec::new(),
            members: Vec::new(),
            tenant,
        };
        if wants("settings") {
            explanation.settings = self.fields(&declared.settings, settings);
        }
        for kind in Kind::ALL.into_iter().filter(|kind| rest.eq_ignore_ascii_case(&kind.to_string())) {
            if let DesiredList::Managed { at, .. } = declared.list(kind) {
                explanation.declared_at = self.place(*at);
            }
        }
        for key in self.keys(target, declared) {
            let address = self.names.assignment(name, &key);
            if rest.is_empty() || below(&address, &explanation.address).is_some() {
                explanation.assignments.push(self.assignment(address, target, declared, key));
            }
        }
        if let [only] = explanation.assignments.as_slice()
            && same_name(&only.address, &explanation.address)
        {
            explanation.address.clone_from(&only.address);
        }
        let is_part = wants("settings") || Kind::ALL.into_iter().any(|kind| wants(&kind.to_string()));
        (is_part || !explanation.assignments.is_empty()).then_some(explanation)
    }

    fn assignment(
        &self,
        address: String,
        target: &Target,
        declared: &DesiredTarget,
        key: AssignmentKey,
    ) -> ExplainedAssignment {
        let list = declared.list(key.kind);
        ExplainedAssignment {
            address,
            declared: list.get(&key).map(|item| (item.clone(), self.place(item.at))),
            rows: self.rows(target).iter().filter(|row| row.key == key).cloned().collect(),
            is_static: self.is_static(target, declared, &key),
            list: match list {
                DesiredList::Unmanaged => None,
                DesiredList::Managed { ownership, at, .. } => Some(self.list(*ownership, *at)),
            },
        }
    }

    fn fields(&self, spec: &Settings<Spec>, tenant: Option<&Settings<Current>>) -> Vec<ExplainedField> {
        struct Fields<'a>(&'a SourceMap, Vec<ExplainedField>, bool);
        impl Zip<Spec, Current, Sparse> for Fields<'_> {
            fn field<T: Leaf>(&mut self, field: Field, spec: &Setting<T>, tenant: &Fact<T>) -> Option<T> {
                let place = spec.at().and_then(|at| self.0.place(at));
                self.1.push(ExplainedField {
                    field,
                    declared: spec.value().map(|value| (value.value(), place)),
                    tenant: self.2.then(|| tenant.value()),
                });
                None
            }
        }
        let mut fields = Fields(self.sources, Vec::new(), tenant.is_some());
        spec.zip(tenant.unwrap_or(&Settings::default()), &mut fields);
        fields.1
    }

    /// How the tenant has a member or owner. Its list also shows who is there through PIM.
    fn held(&self, group: PrincipalId, relation: Relation, principal: PrincipalId) -> Option<Held> {
        if self.is_planned(group) {
            return Some(Held::Not);
        }
        let Some(GroupRead::Present(state)) = self.snapshot.groups.get(&group) else { return None };
        if !state.list(relation).contains(&principal) {
            return Some(Held::Not);
        }
        let target = Target::Group { group, access: relation };
        if let Some(TargetRead::Unreadable(_)) = self.snapshot.targets.get(&target) {
            return None;
        }
        let facts = self.desired.directory.principal(group).and_then(|principal| principal.group());
        if let Some(why) = facts.and_then(|facts| facts.membership.decided_elsewhere(relation)) {
            return Some(Held::Elsewhere(why));
        }
        let rows = self.rows(&target);
        let is_active = |row: &Row| row.key.kind == Kind::Active && !row.window.is_over(self.now);
        let through_pim = rows.iter().any(|row| row.key.principal == principal && is_active(row));
        Some(if through_pim { Held::ThroughPim } else { Held::Static })
    }

    /// Everybody who is declared or there, on both lists.
    fn members(&self, group: PrincipalId, declared: &DesiredGroup) -> Vec<ExplainedMember> {
        let mut members = Vec::new();
        for relation in [Relation::Member, Relation::Owner] {
            let (list, listed) = match declared.list(relation) {
                DesiredMembers::Unmanaged => (None, None),
                DesiredMembers::Managed { ownership, principals, at, .. } => {
                    (Some(self.list(*ownership, *at)), Some(principals))
                }
            };
            let there = match self.snapshot.groups.get(&group) {
                Some(GroupRead::Present(state)) => state.list(relation).clone(),
                _ => BTreeSet::new(),
            };
            let all: BTreeSet<PrincipalId> =
                listed.into_iter().flat_map(BTreeMap::keys).copied().chain(there).collect();
            members.extend(all.into_iter().map(|principal| {
                let at = listed.and_then(|listed| listed.get(&principal));
                ExplainedMember {
                    address: self.names.membership(group, relation, principal),
                    declared_at: at.and_then(|at| self.place(*at)),
                    is_declared: at.is_some(),
                    held: self.held(group, relation, principal),
                    list: list.clone(),
                }
            }));
        }
        members
    }

    fn group(
        &self,
        name: &str,
        group: PrincipalId,
        declared: &DesiredGroup,
        members: &[ExplainedMember],
        rest: &str,
    ) -> Option<Explanation> {
        let address = if rest.is_empty() { name.to_owned() } else { format!("{name}/{rest}") };
        let members: Vec<ExplainedMember> =
            members.iter().filter(|member| below(&member.address, &address).is_some()).cloned().collect();
        let mut relations = [Relation::Member, Relation::Owner].into_iter();
        let list = relations.find(|relation| rest.eq_ignore_ascii_case(&format!("{relation}s")));
        let declared_at = match list.map(|relation| declared.list(relation)) {
            Some(DesiredMembers::Managed { at, .. }) => self.place(*at),
            None if rest.is_empty() => self.place(declared.at),
            _ => None,
        };
        let tenant = match self.snapshot.groups.get(&group) {
            _ if self.is_planned(group) => TenantSide::ToBeCreated,
            Some(GroupRead::Present(_)) => TenantSide::Known,
            Some(GroupRead::Unreadable(why)) => TenantSide::Unknown(why.to_string()),
            None => TenantSide::Unknown("it was not found when the tenant was read".to_owned()),
        };
        (rest.is_empty() || list.is_some() || !members.is_empty()).then(|| Explanation {
            address,
            declared_at,
            create: declared.create.clone().filter(|_| rest.is_empty()),
            settings: Vec::new(),
            assignments: Vec::new(),
            members,
            tenant,
        })
    }
}
