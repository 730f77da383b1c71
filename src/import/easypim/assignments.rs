//! The tool's assignments.

use super::doubts::sections;
use super::json::{Json, Object};
use super::policies::Section;
use super::schedule::{Schedule, schedule};
use super::{Place, Work};
use crate::import::draft::{Name, Who};
use crate::import::left::{Leaving, Why};
use crate::model::{AdministrativeUnitId, Condition, Kind};

/// An assignment as the configuration asks for it.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    /// Where it stands.
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) who: Who,
    pub(super) unit: Option<Name>,
    pub(super) schedule: Schedule,
    pub(super) justification: Option<String>,
    pub(super) condition: Option<Condition>,
}

/// Where the assignments of a block are.
struct Block {
    place: Place,
    unit: Option<Name>,
}

const SCOPES: [&str; 3] = ["directoryScopeId", "directoryScope", "appScopeId"];

impl Work<'_> {
    /// Takes all assignments out of a configuration.
    pub(super) fn assignments(&mut self, root: &mut Object) {
        for (key, section, kind) in [
            ("EntraIDRoles", Section::Entra, Kind::Eligible),
            ("EntraIDRolesActive", Section::Entra, Kind::Active),
            ("EntraRolesActive", Section::Entra, Kind::Active),
            ("AzureRolesActive", Section::Azure, Kind::Active),
            ("GroupRolesActive", Section::Groups, Kind::Active),
        ] {
            if let Some((path, value)) = root.take(&[key]) {
                self.old_list(section, value, &path, kind);
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
        for (key, value) in object.unread() {
            self.stray(key, &object.at(key), value, &sections(key));
        }
        object.finish(&mut self.left);
    }

    /// Entries that name a role and the assignments to it.
    fn blocks(&mut self, section: Section, value: Json, path: &str) {
        for (at, item) in value.items().into_iter().enumerate() {
            self.policy_within(&item, &format!("{path}[{at}]"), section);
            let Some(mut block) = Object::new(item, format!("{path}[{at}]"), &mut self.left) else { continue };
            let place = self.place_of(&mut block, section);
            let list = block.take(&["assignments"]);
            let strange = block.strange().map(|key| block.at(key));
            block.finish(&mut self.left);
            if let Some(strange) = strange {
                self.left.add(strange, Why::Narrowed);
                continue;
            }
            let (Some(place), Some((path, list))) = (place, list) else { continue };
            for (at, item) in list.items().into_iter().enumerate() {
                let Some(mut object) = Object::new(item, format!("{path}[{at}]"), &mut self.left) else { continue };
                if let Some(kind) = self.kind(&mut object) {
                    self.assignment(object, &place, kind);
                }
            }
        }
    }

    fn kind(&mut self, object: &mut Object) -> Option<Kind> {
        let at = object.at("assignmentType");
        let (_, value) = match object.take(&["assignmentType"]) {
            Some(found) if !found.1.is_blank() => found,
            // So does the tool.
            _ => return Some(Kind::Eligible),
        };
        match value.text() {
            Some(kind) if kind.eq_ignore_ascii_case("Active") => Some(Kind::Active),
            Some(kind) if kind.eq_ignore_ascii_case("Eligible") => Some(Kind::Eligible),
            _ => {
                self.left.say(at, Why::OddValue, format!("{} is neither `Eligible` nor `Active`", value.shown()));
                None
            }
        }
    }

    /// The older form: each entry names its role.
    pub(super) fn old_list(&mut self, section: Section, value: Json, path: &str, kind: Kind) {
        for (at, item) in value.items().into_iter().enumerate() {
            self.policy_within(&item, &format!("{path}[{at}]"), section);
            let Some(mut object) = Object::new(item, format!("{path}[{at}]"), &mut self.left) else { continue };
            let Some(place) = self.place_of(&mut object, section) else { continue };
            self.assignment(object, &place, kind);
        }
    }

    fn place_of(&mut self, object: &mut Object, section: Section) -> Option<Block> {
        let path = object.path.clone();
        let role = object.text(&["roleName"], &mut self.left);
        let place = match section {
            Section::Entra | Section::Azure => {
                let scope = if section == Section::Azure { object.text(&["scope"], &mut self.left) } else { None };
                let Some(role) = role else {
                    self.left.say(path, Why::MissingKey, "no `roleName`");
                    return None;
                };
                if section == Section::Entra {
                    self.role(&role, &path).ok()?
                } else {
                    let Some(scope) = scope else {
                        self.left.say(path, Why::MissingKey, "no `scope`");
                        return None;
                    };
                    self.azure(&scope, &role, &path).ok()?
                }
            }
            Section::Groups => {
                let id = object.text(&["groupId"], &mut self.left);
                let name = object.text(&["groupName"], &mut self.left);
                let Some(group) = id.or(name) else {
                    self.left.say(path, Why::MissingKey, "no `groupId`");
                    return None;
                };
                self.group(&group, role.as_deref().unwrap_or("Member"), &path).ok()?
            }
        };
        let unit = self.unit(object, section).ok()?;
        Some(Block { place, unit })
    }

    /// The part of the directory that assignments are narrowed to, if they are.
    fn unit(&mut self, object: &mut Object, section: Section) -> Result<Option<Name>, NotCarried> {
        if section != Section::Entra {
            return Ok(None);
        }
        let Some((path, value)) = object.take(&SCOPES).filter(|(_, value)| !value.is_blank()) else {
            return Ok(None);
        };
        let text = value.text().unwrap_or_default();
        if text == "/" {
            return Ok(None);
        }
        let id = text.trim_start_matches('/').split_once('/');
        let id = id.filter(|(kind, _)| kind.eq_ignore_ascii_case("administrativeUnits"));
        let Some(id) = id.and_then(|(_, id)| id.parse::<AdministrativeUnitId>().ok()) else {
            self.left.say(path, Why::Narrowed, format!("{}: {}", value.shown(), Why::Narrowed.words()));
            return Err(NotCarried);
        };
        match self.names.map(|names| names.unit(id)) {
            Some(Ok(name)) => Ok(Some(name)),
            Some(Err(why)) => {
                self.left.add(path, why);
                Err(NotCarried)
            }
            None => Ok(Some(Name::plain(id.to_string()))),
        }
    }

    fn assignment(&mut self, mut object: Object, block: &Block, kind: Kind) {
        let path = object.path.clone();
        let ids = self.principals(&mut object);
        let kind_of_principal = object.text(&["principalType"], &mut self.left);
        let name = object
            .text(&["principalName", "principalDisplayName", "displayName", "description", "comment"], &mut self.left);
        let ids = match (ids.is_empty(), name.as_ref().filter(|name| name.contains('@'))) {
            (false, _) => ids,
            // An older form names users.
            (true, Some(name)) => vec![(object.at("principalName"), name.clone())],
            (true, None) => return self.left.say(&path, Why::MissingKey, "no `principalId`"),
        };
        let section = if matches!(block.place, Place::Role(_)) { Section::Entra } else { Section::Azure };
        let unit = self.unit(&mut object, section);
        let schedule = schedule(&mut object, self.into.now, &mut self.left);
        let justification = object.text(&["justification"], &mut self.left);
        let condition = condition(&mut object, &block.place, &mut self.left);
        let strange = object.strange().map(|key| object.at(key));
        object.finish(&mut self.left);
        if let Some(strange) = &strange {
            self.left.add(strange, Why::Narrowed);
        }
        let readable = (unit, schedule, condition, strange);
        for (path, id) in ids {
            let comment = name.clone().filter(|name| *name != id);
            let found = self.people.find(&id, kind_of_principal.as_deref(), comment, &path, &mut self.left);
            let Some((_, who)) = found else { continue };
            let (Ok(unit), Some(schedule), Ok(condition), None) = readable.clone() else {
                self.gathered(block.place.clone()).leave(kind, &who, Why::NoSchedule.words());
                continue;
            };
            let unit = unit.or_else(|| block.unit.clone());
            let justification = justification.clone();
            let asking = Asking { path, kind, who, unit, schedule, justification, condition };
            self.gathered(block.place.clone()).asking.push(asking);
        }
    }

    fn principals(&mut self, object: &mut Object) -> Vec<(String, String)> {
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
        ids
    }
}

/// Something that narrows an assignment and cannot be declared: without it, more would be let through.
#[derive(Clone, Copy, Debug)]
struct NotCarried;

/// The condition of an assignment, if it has one.
fn condition(object: &mut Object, place: &Place, left: &mut Leaving) -> Result<Option<Condition>, NotCarried> {
    let version = object.take(&["conditionVersion"]).filter(|(_, value)| !value.is_blank());
    let Some((path, value)) = object.take(&["condition"]).filter(|(_, value)| !value.is_blank()) else {
        return Ok(None);
    };
    let fits = version.is_none_or(|(_, version)| match &version {
        Json::Number(number) => number == Condition::VERSION,
        other => other.text() == Some(Condition::VERSION),
    });
    match value.text() {
        Some(text) if fits && matches!(place, Place::Azure(..)) => Ok(Some(Condition(text.into()))),
        _ => {
            left.say(path, Why::OddCondition, format!("{}; the assignment is not written", Why::OddCondition.words()));
            Err(NotCarried)
        }
    }
}
