//! Policies from the configuration of the `EasyPIM` orchestrator.
//!
//! The format, as its documentation and samples describe it: `PolicyTemplates`; policies under `EntraRoles`,
//! `AzureRoles` and `GroupRoles`, by role or as a list, each a template with overrides or all in place; `Assignments`;
//! `ProtectedUsers`; and the older top-level lists such as `EntraIDRoles`, `AzureRolesActive` and `AzureRolePolicies`.

mod assignments;
mod json;
mod people;
mod policies;
mod settings;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::json::{Json, Object};
use self::people::{People, kind_of};
use super::draft::{Draft, GroupDraft, Layer, Name, PlaceDraft, TargetDraft, Tenant, Who};
use super::left::{Leaving, Why};
use super::names::Names;
use super::profiles::slug;
use super::write::file_names;
use super::{Imported, Layout, Named, finish};
use crate::model::scope::ScopeKind;
use crate::model::{Access, ArmScope, Directory, NameQuery, PlaceQuery, PrincipalId, TenantId};

/// Where an import of another tool's configuration goes.
#[derive(Clone, Copy, Debug)]
pub struct Into<'d> {
    /// How the files are cut up.
    pub layout: Layout,
    /// What the files name as their backend.
    pub backend: Option<&'d str>,
    /// The tenant, and what it has: principals are then named, and told apart.
    pub tenant: Option<(TenantId, Option<&'d str>, &'d Directory)>,
}

/// Writes policies for configurations, given with their names. The error names a text that is no JSON, and says why.
pub fn easypim(texts: &[(String, String)], into: &Into<'_>) -> Result<Imported, String> {
    let names = into.tenant.map(|(_, _, directory)| Names::new(directory));
    let mut work = Work {
        people: People::new(names.as_ref()),
        names: names.as_ref(),
        left: Leaving::default(),
        templates: Vec::new(),
        raw_templates: BTreeMap::new(),
        protected: Vec::new(),
        targets: BTreeMap::new(),
    };
    let mut roots = Vec::new();
    for (name, text) in texts {
        let json = json::parse(text).map_err(|problem| format!("`{name}`: {problem}"))?;
        work.learn(&json);
        let path = if texts.len() > 1 { name.clone() } else { String::new() };
        roots.extend(Object::new(json, path, &mut work.left));
    }
    // Templates of all files first, since any file may name them.
    for root in &mut roots {
        work.templates(root);
    }
    for root in roots {
        work.root(root);
    }
    Ok(work.finish(into))
}

/// Every id that configurations mention, to ask a backend for.
pub fn easypim_ids(texts: &[(String, String)]) -> NameQuery {
    fn walk(json: &Json, query: &mut NameQuery) {
        match json {
            Json::Text(text) => {
                query.ids.extend(text.trim().parse::<PrincipalId>());
                if let Ok(scope) = text.trim().parse::<ArmScope>() {
                    query.places.entry(PlaceQuery::Id(scope)).or_default();
                }
            }
            Json::List(items) => items.iter().for_each(|item| walk(item, query)),
            Json::Map(entries) => entries.iter().for_each(|(key, value)| {
                query.ids.extend(key.trim().parse::<PrincipalId>());
                walk(value, query);
            }),
            _ => {}
        }
    }
    let mut query = NameQuery::default();
    for (_, text) in texts {
        if let Ok(json) = json::parse(text) {
            walk(&json, &mut query);
        }
    }
    query
}

/// What a target is, before it is known how it is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Role(String),
    Group(String, Access),
    Azure(ArmScope, String),
}

/// What configurations say, collected.
struct Work<'d> {
    people: People<'d>,
    names: Option<&'d Names<'d>>,
    left: Leaving,
    templates: Vec<Named>,
    /// The keys of each template, for those that are changed in place.
    raw_templates: BTreeMap<String, Vec<(String, Json)>>,
    protected: Vec<Who>,
    targets: BTreeMap<Place, TargetDraft>,
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
                    self.people.learn(id, crate::model::PrincipalKind::Group);
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
            if self.raw_templates.contains_key(&name.to_lowercase()) || name.trim().is_empty() {
                self.left.add(path, Why::Twice);
                continue;
            }
            if let Json::Map(entries) = value {
                self.raw_templates.insert(name.to_lowercase(), entries);
            }
            let layer = settings::settings(&mut object, &self.people, &mut self.left);
            object.finish(&mut self.left);
            self.templates.push(Named { name, layer });
        }
    }

    fn root(&mut self, mut root: Object) {
        if let Some((path, value)) = root.take(&["ProtectedUsers"]) {
            self.protect(value, &path);
        }
        self.policies(&mut root);
        self.assignments(&mut root);
        root.finish(&mut self.left);
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

    /// The target at a place, made if nothing was said of it yet. Nothing where no file can name it.
    fn target(&mut self, place: Place) -> &mut TargetDraft {
        self.targets.entry(place).or_insert_with(|| TargetDraft {
            name: Name::plain(""),
            notes: Vec::new(),
            layer: Layer::default(),
            profile: None,
            additive: false,
            eligible: None,
            active: None,
        })
    }

    fn finish(self, into: &Into<'_>) -> Imported {
        let Self { names, mut left, templates, protected, targets, .. } = self;
        let notes = vec![
            "From a configuration of the EasyPIM orchestrator. It does not remove what it does not name, and neither does a"
                .to_owned(),
            "plan with `ownership: additive`. Take the line out once the lists are complete.".to_owned(),
        ];
        let mut draft = Draft { notes, protected, additive: true, ..Draft::default() };
        draft.tenant = into.tenant.map(|(id, name, _)| Tenant { id, name: name.map(str::to_owned) });
        let mut groups: BTreeMap<String, GroupDraft> = BTreeMap::new();
        let mut azure: BTreeMap<ArmScope, Vec<TargetDraft>> = BTreeMap::new();
        for (place, mut target) in targets {
            match place {
                Place::Role(role) => {
                    target.name = Name::plain(role);
                    draft.directory_roles.push(target);
                }
                Place::Group(group, access) => {
                    let entry = groups.entry(group.clone()).or_insert_with(|| group_draft(&group, names));
                    *(if access == Access::Member { &mut entry.member } else { &mut entry.owner }) = Some(target);
                }
                Place::Azure(scope, role) => {
                    target.name = Name::plain(role);
                    azure.entry(scope).or_default().push(target);
                }
            }
        }
        draft.groups = groups.into_values().collect();
        draft.azure = places(azure, names, &mut left);
        left.0.sort();
        left.0.dedup();
        finish(draft, templates, into.backend, into.layout, left.0, 0)
    }
}

fn group_draft(group: &str, names: Option<&Names<'_>>) -> GroupDraft {
    let id = group.parse::<PrincipalId>().ok();
    let known = names.zip(id).and_then(|(names, id)| names.who(id).ok());
    let name = known.map_or_else(|| Name::plain(group), |who| who.name);
    GroupDraft { name, notes: Vec::new(), additive: false, members: None, owners: None, member: None, owner: None }
}

/// Scopes as the tenant names them, or by their ids.
fn places(
    azure: BTreeMap<ArmScope, Vec<TargetDraft>>,
    names: Option<&Names<'_>>,
    left: &mut Leaving,
) -> Vec<PlaceDraft> {
    let mut all = Vec::new();
    for (scope, roles) in azure {
        match names.map(|names| names.place(&scope)) {
            Some(Ok(place)) => all.push((scope, place.keys, place.file, roles)),
            Some(Err(why)) => left.add(scope.as_str(), why),
            None => {
                let (keys, file) = by_id(&scope);
                all.push((scope, keys, file, roles));
            }
        }
    }
    let owner = |scope: &ArmScope| scope.subscription_id().unwrap_or(scope.as_str()).to_lowercase();
    let owners: Vec<String> = all.iter().map(|(scope, ..)| owner(scope)).collect();
    let files = file_names(owners.iter().map(String::as_str).zip(all.iter().map(|(_, _, file, _)| file.clone())));
    let drafts = all.into_iter().zip(&owners).map(|((_, keys, file, roles), owner)| PlaceDraft {
        keys,
        file: files.get(owner.as_str()).cloned().unwrap_or(file),
        notes: Vec::new(),
        roles,
    });
    drafts.collect()
}

fn by_id(scope: &ArmScope) -> (Vec<(&'static str, Name)>, String) {
    let subscription = scope.subscription_id().unwrap_or_default();
    let file = format!("subscription-{}", slug(subscription));
    match scope.kind() {
        ScopeKind::ManagementGroup => {
            let keys = vec![("management_group", Name::plain(scope.name()))];
            (keys, format!("management-group-{}", slug(scope.name())))
        }
        ScopeKind::Subscription => (vec![("subscription", Name::plain(subscription))], file),
        ScopeKind::ResourceGroup => {
            let keys = vec![("subscription", Name::plain(subscription)), ("resource_group", Name::plain(scope.name()))];
            (keys, file)
        }
        ScopeKind::Resource => (vec![("resource", Name::plain(scope.as_str()))], file),
    }
}
