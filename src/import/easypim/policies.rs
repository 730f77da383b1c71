//! The tool's policies of roles and groups.

use super::doubts::{About, sections};
use super::json::{Json, Object};
use super::policy::Policy;
use super::settings::{is_policy_key, same_key, settings};
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

/// Where the settings of a policy come from.
struct Parts {
    template: Option<String>,
    /// What of it is not understood.
    doubt: Option<String>,
    /// The settings that stand in the policy itself.
    object: Object,
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
        if let Some((path, value)) = root.take(&["Policies"]) {
            self.by_section(value, &path);
        }
    }

    /// Policies of all surfaces in one place.
    fn by_section(&mut self, value: Json, path: &str) {
        let all = sections("");
        let Some(mut object) = self.opened(value, path, &all, &About::Any) else { return };
        for (keys, section) in [
            (["EntraRoles", "EntraIDRoles"], Section::Entra),
            (["AzureRoles", "Azure"], Section::Azure),
            (["Groups", "GroupRoles"], Section::Groups),
        ] {
            if let Some((path, value)) = object.take(&keys) {
                self.many(value, &path, section);
            }
        }
        for (key, value) in object.unread() {
            self.stray("Policies", &object.at(key), value, &sections(key));
        }
        object.finish(&mut self.left);
    }

    /// The entries of a policy, or of several. What has none may be one all the same, and nobody knows what it asks for.
    fn opened(&mut self, value: Json, path: &str, within: &[Section], about: &About) -> Option<Object> {
        let says = !value.is_blank();
        let object = Object::new(value, path.to_owned(), &mut self.left);
        if object.is_none() && says {
            for section in within {
                self.doubt(path.to_owned(), *section, about.clone());
            }
        }
        object
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
                for (key, value) in object.unread() {
                    self.stray(key, &object.at(key), value, &[section]);
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
                    let path = format!("{path}[{at}]");
                    let Some(object) = self.opened(item, &path, &[section], &About::Any) else { continue };
                    self.policy(object, None, section);
                }
            }
            other => {
                let Some(object) = self.opened(other, path, &[section], &About::Any) else { return };
                for (name, value) in object.into_entries() {
                    let path = format!("{path}.{name}");
                    let about = if name.trim() == "*" { About::Any } else { About::named(&name) };
                    let Some(object) = self.opened(value, &path, &[section], &about) else { continue };
                    if section == Section::Groups {
                        self.group_policies(object, &name);
                    } else {
                        self.policy(object, Some(&name), section);
                    }
                }
            }
        }
    }

    /// `{ "Member": ..., "Owner": ... }`, or in an older form one policy with a `RoleName`.
    fn group_policies(&mut self, mut object: Object, group: &str) {
        let mut split = false;
        for access in ["Member", "Owner"] {
            if let Some((path, value)) = object.take(&[access]) {
                split = true;
                if let Some(inner) = self.opened(value, &path, &[Section::Groups], &About::named(group)) {
                    self.group_policy(inner, group, access);
                }
            }
        }
        // A key that nobody knows may be meant for either.
        let known = |key: &str| !split && (is_policy_key(key) || key.eq_ignore_ascii_case("Policy"));
        let stray =
            |(key, value): (&str, &Json)| !known(key) && (split || matches!(value, Json::Map(_) | Json::List(_)));
        if object.unread().any(stray) {
            self.doubt(object.path.clone(), Section::Groups, About::named(group));
        }
        if split {
            object.finish(&mut self.left);
        } else {
            self.policy(object, Some(group), Section::Groups);
        }
    }

    fn policy(&mut self, mut object: Object, name: Option<&str>, section: Section) {
        let path = object.path.clone();
        let role = self.named(&mut object, &["RoleName"], section);
        match section {
            Section::Entra | Section::Azure => {
                if let (Some(name), Some(role)) = (name, &role)
                    && About::named(name) != About::named(role)
                {
                    self.doubt(path.clone(), section, About::named(role));
                }
                let Some(role) = name.map(str::to_owned).or(role) else {
                    self.doubt(path.clone(), section, About::Any);
                    return self.left.say(path, Why::MissingKey, "no `RoleName`");
                };
                self.role_policy(object, &role, section);
            }
            Section::Groups => {
                let id = self.named(&mut object, &["GroupId"], section);
                let other = self.named(&mut object, &["GroupName"], section);
                let Some(group) = name.map(str::to_owned).or(id).or(other) else {
                    self.doubt(path.clone(), section, About::Any);
                    return self.left.say(path, Why::MissingKey, "no `GroupId`");
                };
                if role.is_none() {
                    self.doubt(path, section, About::elsewhere(&group));
                }
                self.group_policy(object, &group, role.as_deref().unwrap_or("Member"));
            }
        }
    }

    /// What a policy says it is about. A list, or anything else that is no text, may name anything.
    fn named(&mut self, object: &mut Object, keys: &[&str], section: Section) -> Option<String> {
        let odd = object.peek(keys).filter(|value| !value.is_blank() && value.text().is_none()).cloned();
        if let Some(odd) = odd {
            let items = odd.items();
            let names: Option<Vec<&str>> = items.iter().map(Json::text).collect();
            let about = names.map_or_else(Vec::new, |names| names.into_iter().map(About::named).collect());
            for about in if about.is_empty() { vec![About::Any] } else { about } {
                self.doubt(object.path.clone(), section, about);
            }
        }
        object.text(keys, &mut self.left)
    }

    fn role_policy(&mut self, mut object: Object, role: &str, section: Section) {
        let path = object.path.clone();
        let place = match section {
            Section::Azure => {
                let Some(scope) = object.text(&["Scope"], &mut self.left) else {
                    self.doubt(path.clone(), section, About::named(role));
                    return self.left.say(path, Why::MissingKey, "no `Scope`");
                };
                self.azure(&scope, role, &path)
            }
            Section::Entra | Section::Groups => self.role(role, &path),
        };
        match place {
            Ok(place) => self.place(object, place),
            Err(about) => self.doubt(path, section, about),
        }
    }

    fn group_policy(&mut self, object: Object, group: &str, access: &str) {
        let path = object.path.clone();
        match self.group(group, access, &path) {
            Ok(place) => self.place(object, place),
            Err(about) => self.doubt(path, Section::Groups, about),
        }
    }

    /// The settings of one target: a template, perhaps with changes, or all in place.
    fn place(&mut self, object: Object, place: Place) {
        let path = object.path.clone();
        let Parts { template, mut doubt, mut object } = self.parts(object);
        let base = template.as_ref().map(|name| (name, self.raw_templates.get(&name_key(name)).cloned()));
        let (template, base) = match base {
            Some((template, Some(base))) => (template.clone(), base),
            lacking => {
                if let Some((template, _)) = lacking {
                    let at = object.at("Template");
                    let detail =
                        format!("there is no template `{template}`, so nobody knows what an activation should take");
                    self.left.say(&at, Why::UnknownTemplate, detail);
                    doubt.get_or_insert(at);
                }
                let mut policy = settings(&mut object, &self.people, &mut self.left).limited(&mut self.left);
                policy.doubt = doubt.or_else(|| object.unread().map(|(key, _)| object.at(key)).next());
                object.finish(&mut self.left);
                return self.settle(place, None, policy, path);
            }
        };
        // What stands here wins key by key, as it does for the tool. What is wrong with the template has been said there.
        let own: Vec<(String, Json)> =
            object.into_entries().into_iter().filter(|(_, value)| !value.is_blank()).collect();
        let ours: Vec<String> = own.iter().map(|(key, _)| format!("{path}.{key}")).collect();
        let over = |key: &str| own.iter().any(|(other, _)| same_key(other, key));
        let mut merged: Vec<(String, Json)> = base.into_iter().filter(|(key, _)| !over(key)).collect();
        merged.extend(own);
        let Some(mut object) = Object::new(Json::Map(merged), path.clone(), &mut self.left) else { return };
        let mut left = Leaving::default();
        let mut policy = settings(&mut object, &self.people, &mut left);
        policy.doubt =
            doubt.or_else(|| object.unread().map(|(key, _)| object.at(key)).find(|path| ours.contains(path)));
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

    /// Takes apart what says where the settings of a policy come from.
    fn parts(&mut self, mut object: Object) -> Parts {
        let mut doubt = None;
        if let Some((inner, value)) = object.take(&["Policy"]).filter(|(_, value)| !value.is_blank()) {
            match Object::new(value, inner.clone(), &mut self.left) {
                Some(inline) => {
                    let source = object.take(&["PolicySource"]);
                    let template = object.take(&["Template", "PolicyTemplate"]);
                    object = object.joined(inline, &mut self.left);
                    for (key, taken) in [("PolicySource", source), ("Template", template)] {
                        if let Some((_, value)) = taken.filter(|(_, value)| !value.is_blank()) {
                            object.put(key, value);
                        }
                    }
                }
                None => doubt = Some(inner),
            }
        }
        let at = object.at("PolicySource");
        let source = self.word(&mut object, &["PolicySource"], &mut doubt);
        let is = |word: &str| source.as_deref().is_some_and(|source| source.eq_ignore_ascii_case(word));
        if let Some((path, _)) = object.take(&["PolicyFile"]).filter(|(_, value)| !value.is_blank()) {
            let detail = "policies in CSV files are not read, so nobody knows what they ask for";
            self.left.say(&path, Why::NoCounterpart, detail);
            doubt.get_or_insert(path);
        }
        let template = self.word(&mut object, &["Template", "PolicyTemplate"], &mut doubt);
        // Two sources at once, one that is missing, or one that nobody knows.
        let clear = match &template {
            _ if source.is_none() => true,
            Some(_) => is("template"),
            None => is("inline"),
        };
        if !clear {
            doubt.get_or_insert(at);
        }
        Parts { template, doubt, object }
    }

    /// A text. Something else in its place leaves a doubt.
    fn word(&mut self, object: &mut Object, keys: &[&str], doubt: &mut Option<String>) -> Option<String> {
        if object.peek(keys).is_some_and(|value| !value.is_blank() && value.text().is_none()) {
            doubt.get_or_insert_with(|| object.at(keys.first().copied().unwrap_or_default()));
        }
        object.text(keys, &mut self.left)
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
