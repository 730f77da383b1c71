//! Policies from the configuration of the `EasyPIM` orchestrator.
//!
//! The format, as its documentation and samples describe it: `PolicyTemplates`; policies under `EntraRoles`,
//! `AzureRoles` and `GroupRoles`, by role or as a list, each a template with overrides or all in place; `Assignments`;
//! `ProtectedUsers`; and the older top-level lists such as `EntraIDRoles`, `AzureRolesActive` and `AzureRolePolicies`.

mod assignments;
mod doubts;
mod json;
mod lengths;
mod notifications;
mod people;
mod places;
mod policies;
mod policy;
mod proof;
mod queries;
mod schedule;
mod settings;
mod settle;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::assignments::Asking;
use self::doubts::{About, Doubt, sections};
use self::json::{Json, Object};
use self::people::{People, kind_of};
use self::places::Place;
use self::policy::Policy;
use super::draft::{Draft, GroupDraft, TargetDraft, Tenant, Who};
use super::left::{Leaving, Why};
use super::names::Names;
use super::{Imported, Layout, Named, finish};
use crate::model::text::{name_key, same_name};
use crate::model::{Access, ArmScope, Directory, Kind, PrincipalKind, Snapshot, TenantId, Time};

pub use proof::{Objections, Refused, objections, proven};
pub use queries::easypim_ids;

/// Where an import of another tool's configuration goes.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'d> {
    /// How the files are cut up.
    pub layout: Layout,
    /// What the files name as their backend.
    pub backend: Option<&'d str>,
    /// The tenant, and what it has: principals are then named, and told apart.
    pub tenant: Option<(TenantId, Option<&'d str>, &'d Directory)>,
    /// What the tenant has of the targets, where it was read: its limits are then known.
    pub snapshot: Option<&'d Snapshot>,
    /// What a check has refused, and why: it is left out.
    pub refused: &'d BTreeMap<Refused, String>,
    /// The moment of the import: what has ended by then is left out.
    pub now: Time,
}

/// Writes policies for configurations, given with their names. The error names a text that is no JSON, and says why.
pub fn easypim(texts: &[(String, String)], into: &Destination<'_>) -> Result<Imported, String> {
    let names = into.tenant.map(|(_, _, directory)| Names::new(directory));
    let mut work = Work {
        people: People::new(names.as_ref()),
        names: names.as_ref(),
        into: *into,
        left: Leaving::default(),
        templates: Vec::new(),
        raw_templates: BTreeMap::new(),
        protected: Vec::new(),
        doubts: Vec::new(),
        targets: BTreeMap::new(),
    };
    let mut roots = Vec::new();
    for (name, text) in texts {
        let json = json::parse(text).map_err(|problem| format!("`{name}`: {problem}"))?;
        work.learn(&json);
        let path = if texts.len() > 1 { name.clone() } else { String::new() };
        let says = !json.is_blank();
        let root = Object::new(json, path, &mut work.left);
        if root.is_none() && says {
            work.doubt_all(name);
        }
        roots.extend(root);
    }
    // Templates of all files first, since any file may name them.
    for root in &mut roots {
        work.templates(root);
    }
    for root in roots {
        work.root(root);
    }
    Ok(work.finish())
}

/// What configurations say, collected.
struct Work<'d> {
    people: People<'d>,
    names: Option<&'d Names<'d>>,
    into: Destination<'d>,
    left: Leaving,
    templates: Vec<Template>,
    /// The keys of each template, for those that are changed in place.
    raw_templates: BTreeMap<String, Vec<(String, Json)>>,
    protected: Vec<Who>,
    /// Policies that cannot be put at a target.
    doubts: Vec<Doubt>,
    targets: BTreeMap<Place, Gathered>,
}

/// Settings with a name.
struct Template {
    name: String,
    policy: Policy,
}

/// What configurations say of one target.
#[derive(Default)]
struct Gathered {
    policy: Option<Policy>,
    /// The template that the policy is laid over.
    template: Option<String>,
    asking: Vec<Asking>,
    /// What is left out, for comments where it would have stood.
    notes: Vec<String>,
}

impl Gathered {
    /// Notes an assignment that is not written.
    fn leave(&mut self, kind: Kind, who: &Who, why: &str) {
        let name = &who.name.text;
        let beside = who.name.beside.as_ref().map(|beside| format!(" ({beside})")).unwrap_or_default();
        self.notes.push(format!("left out: {kind} {} {name}{beside}: {why}", who.kind));
    }
}

impl Work<'_> {
    /// Remembers what entries say of ids, so that others need not.
    fn learn(&self, json: &Json) {
        match json {
            Json::List(items) => items.iter().for_each(|item| self.learn(item)),
            Json::Map(entries) => {
                let get = |keys: &[&str]| {
                    let mut found = entries.iter().filter(|(key, _)| keys.iter().any(|k| key.eq_ignore_ascii_case(k)));
                    found.find_map(|(_, value)| value.text())
                };
                let id = get(&["principalId", "id"]).and_then(|id| id.parse().ok());
                let kind = get(&["principalType", "userType", "type"]).and_then(kind_of);
                if let (Some(id), Some(kind)) = (id, kind) {
                    self.people.learn(id, kind);
                }
                if let Some(id) = get(&["groupId"]).and_then(|id| id.parse().ok()) {
                    self.people.learn(id, PrincipalKind::Group);
                    if let Some(name) = get(&["groupName"]) {
                        self.people.join(PrincipalKind::Group, name, id);
                    }
                }
                let named = [&["principalName"], &["userPrincipalName"], &["upn"], &["displayName"], &["name"]];
                for name in named.iter().filter_map(|keys| get(*keys)) {
                    let kind = kind.or_else(|| name.contains('@').then_some(PrincipalKind::User));
                    if let (Some(id), Some(kind)) = (id, kind) {
                        self.people.join(kind, name, id);
                    }
                }
                for (_, value) in entries {
                    self.learn(value);
                }
            }
            _ => {}
        }
    }

    fn templates(&mut self, root: &mut Object) {
        let Some((path, value)) = root.take(&["PolicyTemplates"]) else { return };
        let Some(object) = Object::new(value, path.clone(), &mut self.left) else { return };
        for (name, value) in object.into_entries() {
            let path = format!("{path}.{name}");
            let Some(mut object) = Object::new(value.clone(), path.clone(), &mut self.left) else { continue };
            let Json::Map(entries) = value else { continue };
            if name.trim().is_empty() {
                self.left.say(path, Why::Twice, "it was declared before, and the first one counts");
                continue;
            }
            if let Some(first) = self.raw_templates.get(&name_key(&name)) {
                // Nobody knows which of two is meant.
                let differs = *first != entries;
                let known = self.templates.iter_mut().find(|one| same_name(&one.name, &name)).filter(|_| differs);
                if let Some(known) = known {
                    known.policy.doubt.get_or_insert_with(|| path.clone());
                }
                self.left.say(path, Why::Twice, "it was declared before, and the first one counts");
                continue;
            }
            self.raw_templates.insert(name_key(&name), entries);
            let mut policy = settings::settings(&mut object, &self.people, &mut self.left).limited(&mut self.left);
            policy.doubt = object.unread().map(|(key, _)| object.at(key)).next();
            object.finish(&mut self.left);
            policy.tell(&mut self.left);
            self.templates.push(Template { name, policy });
        }
    }

    fn root(&mut self, mut root: Object) {
        if let Some((path, value)) = root.take(&["ProtectedUsers"]) {
            self.protect(value, &path);
        }
        self.policies(&mut root);
        self.assignments(&mut root);
        for (key, value) in root.unread() {
            self.stray(key, &root.at(key), value, &sections(key));
        }
        root.finish(&mut self.left);
    }

    /// What is no configuration may have been one, with policies for anything.
    fn doubt_all(&mut self, path: &str) {
        for section in sections("") {
            self.doubt(path, section, About::Any);
        }
    }

    fn protect(&mut self, value: Json, path: &str) {
        for (at, item) in value.items().into_iter().enumerate() {
            let path = format!("{path}[{at}]");
            let Some(text) = item.text() else {
                self.left.say(path, Why::WrongType, format!("expected an id, found {}", item.shown()));
                continue;
            };
            let found = self.people.find(text, None, None, &path, &mut self.left);
            if let Some((_, who)) = found
                && !self.protected.contains(&who)
            {
                self.protected.push(who);
            }
        }
    }

    /// What is said of the target at a place.
    fn gathered(&mut self, place: Place) -> &mut Gathered {
        self.targets.entry(place).or_default()
    }

    fn finish(mut self) -> Imported {
        let into = self.into;
        let notes = vec![
            "From a configuration of the EasyPIM orchestrator. It does not remove what it does not name, and neither does"
                .to_owned(),
            "a plan with `ownership: additive`. Take the line out once the lists are complete.".to_owned(),
        ];
        self.maybe_one();
        self.cast_doubt();
        let protected = std::mem::take(&mut self.protected);
        let mut draft = Draft { notes, protected, additive: true, ..Draft::default() };
        draft.tenant = into.tenant.map(|(id, name, _)| Tenant { id, name: name.map(str::to_owned) });
        let mut groups: BTreeMap<String, GroupDraft> = BTreeMap::new();
        let mut azure: BTreeMap<ArmScope, Vec<TargetDraft>> = BTreeMap::new();
        for (place, gathered) in std::mem::take(&mut self.targets) {
            let target = self.settled(&place, gathered);
            if target.layer.is_empty()
                && target.profile.is_none()
                && target.eligible.is_none()
                && target.active.is_none()
            {
                draft.notes.extend(target.notes.into_iter().map(|note| format!("{place}: {note}")));
                continue;
            }
            match place {
                Place::Role(_) => draft.directory_roles.push(target),
                Place::Group(group, access) => {
                    let entry = groups.entry(group.key.clone()).or_insert_with(|| places::group_draft(group.name));
                    entry.notes.extend(target.notes.iter().map(|note| format!("{access}: {note}")));
                    let target = TargetDraft { notes: Vec::new(), ..target };
                    *(if access == Access::Member { &mut entry.member } else { &mut entry.owner }) = Some(target);
                }
                Place::Azure(scope, _) => azure.entry(scope).or_default().push(target),
            }
        }
        draft.groups = groups.into_values().collect();
        draft.azure = places::places(azure, self.names, &mut self.left);
        let mut left = self.left;
        left.0.sort();
        left.0.dedup();
        let templates = self.templates.into_iter();
        let named = templates.map(|one| Named { layer: one.policy.layer(), name: one.name }).collect();
        finish(draft, named, Vec::new(), into.backend, into.layout, left.0, 0)
    }
}
