//! The tool's policies of roles and groups.

use super::json::{Json, Object};
use super::policy::Policy;
use super::settings::settings;
use super::{Place, Work};
use crate::import::left::{Leaving, LeftOut, Why};
use crate::model::Kind;
use crate::model::text::{name_key, same_name};

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
            other => self.old_list(section, other, &path, Kind::Eligible),
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
        let file = object.take(&["PolicyFile"]);
        let csv = file.is_some();
        if let Some((path, _)) = file {
            self.left.say(
                path,
                Why::NoCounterpart,
                "policies in CSV files are not read, so nobody knows what they ask for",
            );
        }
        let template = object.text(&["Template", "PolicyTemplate"], &mut self.left);
        if let Some((inner, value)) = object.take(&["Policy"])
            && let Some(inline) = Object::new(value, inner, &mut self.left)
        {
            object.finish(&mut self.left);
            object = inline;
        }
        let csv = csv || source.as_deref().is_some_and(|source| source.eq_ignore_ascii_case("file"));
        let Some(template) = template else {
            let mut policy = settings(&mut object, &self.people, &mut self.left).limited(&mut self.left);
            policy.unknown |= csv;
            object.finish(&mut self.left);
            return self.settle(place, None, policy, path);
        };
        let Some(base) = self.raw_templates.get(&name_key(&template)).cloned() else {
            self.left.say(
                object.at("Template"),
                Why::UnknownTemplate,
                format!("there is no template `{template}`, so nobody knows what an activation should take"),
            );
            let policy = settings(&mut object, &self.people, &mut self.left);
            object.finish(&mut self.left);
            let policy = Policy { unknown: true, ..policy.limited(&mut self.left) };
            return self.settle(place, None, policy, path);
        };
        // What stands here wins key by key, as it does for the tool. What is wrong with the template has been said there.
        let own: Vec<(String, Json)> =
            object.into_entries().into_iter().filter(|(_, value)| !value.is_blank()).collect();
        let ours: Vec<String> = own.iter().map(|(key, _)| format!("{path}.{key}")).collect();
        let over = |key: &str| own.iter().any(|(other, _)| other.eq_ignore_ascii_case(key));
        let mut merged: Vec<(String, Json)> = base.into_iter().filter(|(key, _)| !over(key)).collect();
        merged.extend(own);
        let Some(mut object) = Object::new(Json::Map(merged), path.clone(), &mut self.left) else { return };
        let mut left = Leaving::default();
        let policy = settings(&mut object, &self.people, &mut left);
        object.finish(&mut left);
        let own = |one: &LeftOut| ours.iter().any(|path| one.address.starts_with(path));
        self.left.0.extend(left.0.into_iter().filter(own));
        let known = self.templates.iter().find(|one| same_name(&one.name, &template));
        let policy = match known {
            Some(known) => policy.over(&known.policy, &mut self.left),
            None => policy,
        };
        let policy = policy.limited(&mut self.left);
        self.settle(place, Some(template), policy, path);
    }

    /// Puts settings at a target. Where it has some already, of each field the tighter value counts.
    fn settle(&mut self, place: Place, template: Option<String>, policy: Policy, path: String) {
        policy.tell(&mut self.left);
        let gathered = self.gathered(place);
        match gathered.policy.take() {
            None => (gathered.policy, gathered.template) = (Some(policy), template),
            Some(first) => {
                gathered.policy = Some(first.tightest(&policy));
                self.left.say(path, Why::Twice, "it was declared before; of each field the tighter value is written");
            }
        }
    }
}
