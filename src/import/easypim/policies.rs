//! The tool's policies of roles and groups.

use super::json::{Json, Object};
use super::settings::settings;
use super::{Place, Work};
use crate::import::left::{Leaving, LeftOut, Why};
use crate::model::{Access, ArmScope};

/// Which kind of target a section is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Entra,
    Azure,
    Groups,
}

impl Work<'_> {
    /// Takes all sections with policies out of a configuration.
    pub(super) fn policies(&mut self, root: &mut Object) {
        for (keys, section) in [
            (&["EntraRoles"][..], Section::Entra),
            (&["AzureRoles"], Section::Azure),
            (&["GroupRoles", "Groups"], Section::Groups),
        ] {
            for key in keys {
                self.section(root, key, section);
            }
        }
        for (key, section) in [
            ("EntraRolePolicies", Section::Entra),
            ("AzureRolePolicies", Section::Azure),
            ("GroupPolicies", Section::Groups),
        ] {
            if let Some((path, value)) = root.take(&[key]) {
                self.many(value, &path, section);
            }
        }
        if let Some((path, value)) = root.take(&["Policies"])
            && let Some(mut object) = Object::new(value, path, &mut self.left)
        {
            for (keys, section) in [
                (["EntraRoles", "EntraIDRoles"], Section::Entra),
                (["AzureRoles", "Azure"], Section::Azure),
                (["Groups", "GroupRoles"], Section::Groups),
            ] {
                if let Some((path, value)) = object.take(&keys) {
                    self.many(value, &path, section);
                }
            }
            object.finish(&mut self.left);
        }
    }

    /// `{ "Policies": ... }`. The older form of such a section is a list of assignments, which comes later.
    fn section(&mut self, root: &mut Object, key: &str, section: Section) {
        let Some((path, value)) = root.take(&[key]) else { return };
        match value {
            Json::Map(_) => {
                let Some(mut object) = Object::new(value, path, &mut self.left) else { return };
                if let Some((path, value)) = object.take(&["Policies"]) {
                    self.many(value, &path, section);
                }
                object.finish(&mut self.left);
            }
            other => self.old_list(section, other, &path, false),
        }
    }

    /// Policies by name, or as a list.
    fn many(&mut self, value: Json, path: &str, section: Section) {
        match value {
            Json::List(items) => {
                for (at, item) in items.into_iter().enumerate() {
                    let Some(object) = Object::new(item, format!("{path}[{at}]"), &mut self.left) else { continue };
                    self.policy(object, None, section);
                }
            }
            other => {
                let Some(object) = Object::new(other, path.to_owned(), &mut self.left) else { return };
                for (name, value) in object.into_entries() {
                    let path = format!("{path}.{name}");
                    let Some(mut object) = Object::new(value, path, &mut self.left) else { continue };
                    if section != Section::Groups {
                        self.policy(object, Some(&name), section);
                        continue;
                    }
                    // `{ "Member": ..., "Owner": ... }`, or in an older form one policy with a `RoleName`.
                    let mut split = false;
                    for access in ["Member", "Owner"] {
                        if let Some((path, value)) = object.take(&[access])
                            && let Some(inner) = Object::new(value, path, &mut self.left)
                        {
                            split = true;
                            self.group_policy(inner, &name, access);
                        }
                    }
                    if split {
                        object.finish(&mut self.left);
                    } else {
                        self.policy(object, Some(&name), section);
                    }
                }
            }
        }
    }

    fn policy(&mut self, mut object: Object, name: Option<&str>, section: Section) {
        let path = object.path.clone();
        let role = object.text(&["RoleName"], &mut self.left);
        match section {
            Section::Entra => {
                let Some(role) = name.map(str::to_owned).or(role) else {
                    return self.left.say(path, Why::MissingKey, "no `RoleName`");
                };
                if let Some(place) = self.role(&role, &path) {
                    self.place(object, place);
                }
            }
            Section::Azure => {
                let scope = object.text(&["Scope"], &mut self.left);
                let Some(role) = name.map(str::to_owned).or(role) else {
                    return self.left.say(path, Why::MissingKey, "no `RoleName`");
                };
                let Some(scope) = scope else {
                    return self.left.say(path, Why::MissingKey, "no `Scope`");
                };
                if let Some(place) = self.azure(&scope, &role, &path) {
                    self.place(object, place);
                }
            }
            Section::Groups => {
                let group = object.text(&["GroupId", "GroupName"], &mut self.left);
                let Some(group) = name.map(str::to_owned).or(group) else {
                    return self.left.say(path, Why::MissingKey, "no `GroupId`");
                };
                self.group_policy(object, &group, role.as_deref().unwrap_or("Member"));
            }
        }
    }

    fn group_policy(&mut self, object: Object, group: &str, access: &str) {
        let path = object.path.clone();
        if let Some(place) = self.group(group, access, &path) {
            self.place(object, place);
        }
    }

    /// The settings of one target: a template, perhaps with changes, or all in place.
    fn place(&mut self, mut object: Object, place: Place) {
        let path = object.path.clone();
        let source = object.text(&["PolicySource"], &mut self.left);
        if let Some((path, _)) = object.take(&["PolicyFile"]) {
            self.left.say(path, Why::NoCounterpart, "policies in CSV files are not read");
        }
        let template = object.text(&["Template", "PolicyTemplate"], &mut self.left);
        if let Some((inner, value)) = object.take(&["Policy"])
            && let Some(inline) = Object::new(value, inner, &mut self.left)
        {
            object.finish(&mut self.left);
            object = inline;
        } else if source.as_deref().is_some_and(|source| source.eq_ignore_ascii_case("file")) {
            object.finish(&mut self.left);
            return;
        }
        let Some(template) = template else {
            let layer = settings(&mut object, &self.people, &mut self.left);
            object.finish(&mut self.left);
            return self.settle(place, None, layer, path);
        };
        let Some(base) = self.raw_templates.get(&template.to_lowercase()).cloned() else {
            self.left.say(object.at("Template"), Why::UnknownTemplate, format!("there is no template `{template}`"));
            return;
        };
        // What stands here wins key by key, as it does for the tool. What is wrong with the template has been said there.
        let own: Vec<(String, Json)> = object.into_entries();
        let ours: Vec<String> = own.iter().map(|(key, _)| format!("{path}.{key}")).collect();
        let over = |key: &str| own.iter().any(|(other, _)| other.eq_ignore_ascii_case(key));
        let mut merged: Vec<(String, Json)> = base.into_iter().filter(|(key, _)| !over(key)).collect();
        merged.extend(own);
        let Some(mut object) = Object::new(Json::Map(merged), path.clone(), &mut self.left) else { return };
        let mut left = Leaving::default();
        let layer = settings(&mut object, &self.people, &mut left);
        object.finish(&mut left);
        let own = |one: &LeftOut| ours.iter().any(|path| one.address.starts_with(path));
        self.left.0.extend(left.0.into_iter().filter(own));
        self.settle(place, Some(&template), layer, path);
    }

    /// Puts settings at a target, laid over its template where that works.
    fn settle(&mut self, place: Place, template: Option<&str>, layer: crate::import::draft::Layer, path: String) {
        let named = template.and_then(|template| {
            let mut all = self.templates.iter();
            all.find(|one| one.name.eq_ignore_ascii_case(template))
        });
        let over = named.and_then(|named| Some((named.name.clone(), layer.over(&named.layer)?)));
        let target = self.target(place);
        if target.profile.is_some() || !target.layer.is_empty() {
            return self.left.add(path, Why::Twice);
        }
        match over {
            Some((name, rest)) => (target.profile, target.layer) = (Some(name), rest),
            None => target.layer = layer,
        }
    }

    pub(super) fn role(&mut self, role: &str, path: &str) -> Option<Place> {
        if role.trim().is_empty() || role == "*" {
            self.left.say(path, Why::OddValue, format!("`{role}` is not the name of a role"));
            return None;
        }
        Some(Place::Role(role.to_owned()))
    }

    pub(super) fn azure(&mut self, scope: &str, role: &str, path: &str) -> Option<Place> {
        let Place::Role(role) = self.role(role, path)? else { return None };
        match scope.parse::<ArmScope>() {
            Ok(scope) => Some(Place::Azure(scope, role)),
            Err(error) => {
                self.left.say(path, Why::OddValue, error.to_string());
                None
            }
        }
    }

    pub(super) fn group(&mut self, group: &str, access: &str, path: &str) -> Option<Place> {
        let access = match access {
            access if access.eq_ignore_ascii_case("Member") => Access::Member,
            access if access.eq_ignore_ascii_case("Owner") => Access::Owner,
            other => {
                self.left.say(path, Why::OddValue, format!("`{other}` is neither `Member` nor `Owner`"));
                return None;
            }
        };
        if group.trim().is_empty() || group.contains(['<', '{']) {
            self.left.say(path, Why::NoId, format!("`{group}` is not a group"));
            return None;
        }
        Some(Place::Group(group.to_owned(), access))
    }
}
