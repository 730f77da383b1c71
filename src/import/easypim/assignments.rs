//! The tool's assignments.

use super::json::{Json, Object};
use super::policies::Section;
use super::settings::length;
use super::{Place, Work};
use crate::import::draft::{End, Entry};
use crate::import::left::Why;
use crate::model::{Condition, Duration, Kind, PrincipalKind};

/// The service refuses anything shorter.
const SHORTEST: Duration = Duration::from_minutes(5);

impl Work<'_> {
    /// Takes all assignments out of a configuration.
    pub(super) fn assignments(&mut self, root: &mut Object) {
        for (key, section, active) in [
            ("EntraIDRoles", Section::Entra, false),
            ("EntraIDRolesActive", Section::Entra, true),
            ("EntraRolesActive", Section::Entra, true),
            ("AzureRolesActive", Section::Azure, true),
            ("GroupRolesActive", Section::Groups, true),
        ] {
            if let Some((path, value)) = root.take(&[key]) {
                self.old_list(section, value, &path, active);
            }
        }
        let Some((path, value)) = root.take(&["Assignments"]) else { return };
        let Some(mut object) = Object::new(value, path, &mut self.left) else { return };
        for (key, section) in [
            ("EntraRoles", Section::Entra),
            ("AzureRoles", Section::Azure),
            ("Groups", Section::Groups),
            ("GroupRoles", Section::Groups),
        ] {
            if let Some((path, value)) = object.take(&[key]) {
                self.blocks(section, value, &path);
            }
        }
        object.finish(&mut self.left);
    }

    /// Entries that name a role and the assignments to it.
    fn blocks(&mut self, section: Section, value: Json, path: &str) {
        for (at, item) in value.items().into_iter().enumerate() {
            let Some(mut block) = Object::new(item, format!("{path}[{at}]"), &mut self.left) else { continue };
            let place = self.place_of(&mut block, section);
            let list = block.take(&["assignments"]);
            block.finish(&mut self.left);
            let (Some(place), Some((path, list))) = (place, list) else { continue };
            for (at, item) in list.items().into_iter().enumerate() {
                let Some(mut object) = Object::new(item, format!("{path}[{at}]"), &mut self.left) else { continue };
                let kind = object.text(&["assignmentType"], &mut self.left);
                let kind = match kind.as_deref() {
                    Some(kind) if kind.to_lowercase().contains("active") => Kind::Active,
                    Some(kind) if !kind.eq_ignore_ascii_case("Eligible") => {
                        let at = object.at("assignmentType");
                        self.left.say(at, Why::OddValue, format!("`{kind}` is neither `Eligible` nor `Active`"));
                        continue;
                    }
                    _ => Kind::Eligible,
                };
                self.assignment(object, &place, kind);
            }
        }
    }

    /// The older form: each entry names its role.
    pub(super) fn old_list(&mut self, section: Section, value: Json, path: &str, active: bool) {
        for (at, item) in value.items().into_iter().enumerate() {
            let Some(mut object) = Object::new(item, format!("{path}[{at}]"), &mut self.left) else { continue };
            let Some(place) = self.place_of(&mut object, section) else { continue };
            self.assignment(object, &place, if active { Kind::Active } else { Kind::Eligible });
        }
    }

    fn place_of(&mut self, object: &mut Object, section: Section) -> Option<Place> {
        let path = object.path.clone();
        let role = object.text(&["roleName"], &mut self.left);
        match section {
            Section::Entra | Section::Azure => {
                let scope = if section == Section::Azure { object.text(&["scope"], &mut self.left) } else { None };
                let Some(role) = role else {
                    self.left.say(path, Why::MissingKey, "no `roleName`");
                    return None;
                };
                if section == Section::Entra {
                    return self.role(&role, &path);
                }
                let Some(scope) = scope else {
                    self.left.say(path, Why::MissingKey, "no `scope`");
                    return None;
                };
                self.azure(&scope, &role, &path)
            }
            Section::Groups => {
                let group = object.text(&["groupId", "groupName"], &mut self.left);
                let Some(group) = group else {
                    self.left.say(path, Why::MissingKey, "no `groupId`");
                    return None;
                };
                self.group(&group, role.as_deref().unwrap_or("Member"), &path)
            }
        }
    }

    fn assignment(&mut self, mut object: Object, place: &Place, kind: Kind) {
        let path = object.path.clone();
        let mut ids: Vec<(String, String)> = Vec::new();
        ids.extend(object.text(&["principalId"], &mut self.left).map(|id| (object.at("principalId"), id)));
        if let Some((path, value)) = object.take(&["principalIds"]) {
            for (at, item) in value.items().into_iter().enumerate() {
                match item.text() {
                    Some(id) => ids.push((format!("{path}[{at}]"), id.to_owned())),
                    None => self.left.say(format!("{path}[{at}]"), Why::NoId, format!("{} is no id", item.shown())),
                }
            }
        }
        let kind_of_principal = object.text(&["principalType"], &mut self.left);
        let name = object
            .text(&["principalName", "principalDisplayName", "displayName", "description", "comment"], &mut self.left);
        if ids.is_empty() {
            // An older form names users.
            match name.as_ref().filter(|name| name.contains('@')) {
                Some(name) => ids.push((object.at("principalName"), name.clone())),
                None => self.left.say(&path, Why::MissingKey, "no `principalId`"),
            }
        }
        let end = self.end(&mut object);
        let justification = object.text(&["justification"], &mut self.left);
        let condition = self.condition(&mut object, place);
        object.finish(&mut self.left);
        for (path, id) in ids {
            let comment = name.clone().filter(|name| *name != id);
            let found = self.people.find(&id, kind_of_principal.as_deref(), comment, &path, &mut self.left);
            let Some((_, who)) = found else { continue };
            if who.kind == PrincipalKind::ServicePrincipal && kind == Kind::Eligible {
                self.left.add(path, Why::EligibleService);
                continue;
            }
            let entry = Entry {
                who,
                unit: None,
                start: None,
                end,
                justification: justification.clone(),
                condition: condition.clone(),
            };
            let target = self.target(place.clone());
            let list = if kind == Kind::Eligible { &mut target.eligible } else { &mut target.active };
            let list = list.get_or_insert_default();
            let same = |other: &Entry| other.who.name.text.eq_ignore_ascii_case(&entry.who.name.text);
            if list.iter().any(same) {
                self.left.add(path, Why::Twice);
            } else {
                list.push(entry);
            }
        }
    }

    fn end(&mut self, object: &mut Object) -> End {
        let permanent = object.flag(&["permanent"], &mut self.left) == Some(true);
        let length = length(object, &["duration"], &mut self.left);
        match (permanent, length) {
            (true, None) => End::Permanent,
            (true, Some((path, length))) => {
                self.left.say(path, Why::NotInForce, format!("`{length}`: the assignment is permanent"));
                End::Permanent
            }
            (false, Some((_, length))) if length >= SHORTEST => End::For(length),
            (false, Some((path, length))) => {
                self.left.say(path, Why::OddValue, format!("`{length}`: the service refuses less than {SHORTEST}"));
                End::AsAllowed
            }
            // The tool asks for as long as the policy allows.
            (false, None) => End::AsAllowed,
        }
    }

    fn condition(&mut self, object: &mut Object, place: &Place) -> Option<Condition> {
        let version = object.text(&["conditionVersion"], &mut self.left);
        if let Some(version) = version.filter(|version| version != Condition::VERSION) {
            let at = object.at("conditionVersion");
            self.left.say(at, Why::OddValue, format!("`{version}`: the service takes {} only", Condition::VERSION));
        }
        let path = object.at("condition");
        let text = object.text(&["condition"], &mut self.left)?;
        if matches!(place, Place::Azure(..)) {
            return Some(Condition(text.into()));
        }
        self.left.add(path, Why::OddCondition);
        None
    }
}
