//! Which directory role an id means. A custom role has two: the list of roles and the settings name it by one, and what PIM
//! says of assignments by another (docs/service.md: directory-roles-1).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::error::ErrorKind;
use super::super::http::{ReadClient, Service};
use super::super::schedules::last_segment;
use super::super::wire;
use crate::model::{RoleId, Target};

/// The field that names a role.
const FIELD: &str = "roleDefinitionId";

/// So many ids that the list does not explain are looked up, each once. A tenant holds a hundred custom roles.
const MOST: usize = 100;

/// The ids of directory roles, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct RoleIds {
    /// The listed role that each id means.
    roles: BTreeMap<RoleId, RoleId>,
    /// Listed roles that do not come with the service. Only those have two ids.
    custom: BTreeSet<RoleId>,
    /// What PIM calls a role, where that is not what the list calls it.
    in_pim: BTreeMap<RoleId, RoleId>,
    /// Ids that were looked up and mean no listed role, and what the service said.
    strangers: BTreeMap<RoleId, Stranger>,
}

/// What the service said of an id that no listed role has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stranger {
    /// There is no such role.
    Gone,
    /// There is, and it is none of those that are listed.
    Unlisted,
    /// It could not be looked up.
    Unread,
}

impl RoleIds {
    /// The ids of the roles in a list of definitions. An id is only ever the one of its own role, and what several roles
    /// have as the id of their template is none.
    pub(in super::super) fn listed(definitions: impl IntoIterator<Item = Value>) -> Self {
        let mut ids = Self::default();
        let mut templates: BTreeMap<RoleId, Vec<RoleId>> = BTreeMap::new();
        for definition in definitions {
            let Some(role) = role_id(&definition, "id") else { continue };
            ids.roles.insert(role, role);
            if definition.get("isBuiltIn").and_then(Value::as_bool) != Some(true) {
                ids.custom.insert(role);
            }
            if let Some(template) = role_id(&definition, "templateId") {
                templates.entry(template).or_default().push(role);
            }
        }
        for (template, of) in templates {
            if let [role] = of.as_slice() {
                ids.roles.entry(template).or_insert(*role);
            }
        }
        ids
    }

    /// The listed role that an id means.
    pub(in super::super) fn role(&self, id: RoleId) -> Option<RoleId> {
        self.roles.get(&id).copied()
    }

    /// Whether the list of roles has been read.
    pub(in super::super) fn knows_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    /// The target with the id that the list of roles has for it.
    pub(in super::super) fn listed_target(&self, target: &Target) -> Target {
        match target {
            Target::Directory { directory_role } => {
                Target::Directory { directory_role: self.role(*directory_role).unwrap_or(*directory_role) }
            }
            other => other.clone(),
        }
    }

    /// The ways to write a target in a request: first the id that PIM was seen to use, then the one of the list.
    pub(in super::super) fn spellings(&self, target: &Target) -> Vec<Target> {
        let in_pim = match target {
            Target::Directory { directory_role } => self.in_pim.get(directory_role),
            Target::Group { .. } | Target::Azure { .. } => None,
        };
        let in_pim = in_pim.map(|id| Target::Directory { directory_role: *id });
        in_pim.into_iter().chain([target.clone()]).collect()
    }

    /// Finds out which roles these ids mean.
    pub(in super::super) async fn find_out(&mut self, client: &ReadClient, named: BTreeSet<RoleId>) {
        let is_unknown = |id: &RoleId| self.role(*id).is_none() && !self.strangers.contains_key(id);
        let unknown = named.into_iter().filter(is_unknown).collect();
        self.learn(client, &unknown).await;
    }

    /// Writes the role of a schedule as the list of roles does. Where nobody can say which role that is: its id.
    pub(in super::super) fn explain(&mut self, schedule: &mut Value) -> Result<(), RoleId> {
        // What names no role at all is for whoever reads the schedule.
        let Some(id) = named_role(schedule) else { return Ok(()) };
        let role = self.role(id).ok_or(id)?;
        if role != id
            && let Some(field) = schedule.get_mut(FIELD)
        {
            *field = role.to_string().into();
            self.in_pim.insert(role, id);
        }
        Ok(())
    }

    /// Looks ids up that the list does not have.
    async fn learn(&mut self, client: &ReadClient, ids: &BTreeSet<RoleId>) {
        let asked: Vec<RoleId> = ids.iter().copied().take(MOST).collect();
        let answers = asked.iter().map(|id| async move {
            client.get(Service::Graph, &format!("/v1.0/roleManagement/directory/roleDefinitions/{id}")).await
        });
        let answers = futures::future::join_all(answers).await;
        for (id, answer) in asked.into_iter().zip(answers) {
            let stranger = match answer {
                Ok(definition) => {
                    let of = ["templateId", "id"].into_iter().filter_map(|field| role_id(&definition, field));
                    match of.into_iter().find_map(|id| self.role(id)) {
                        Some(role) => {
                            self.roles.insert(id, role);
                            continue;
                        }
                        None => Stranger::Unlisted,
                    }
                }
                Err(error) if error.kind == ErrorKind::NotFound => Stranger::Gone,
                Err(_) => Stranger::Unread,
            };
            self.strangers.insert(id, stranger);
        }
    }

    /// Why an id means nothing, in words.
    pub(in super::super) fn why(&self, id: RoleId) -> String {
        match self.strangers.get(&id) {
            Some(Stranger::Gone) => format!("the role id `{id}`, which no directory role has"),
            Some(Stranger::Unlisted) => format!("the role id `{id}`, which the list of directory roles lacks"),
            Some(Stranger::Unread) | None => format!("the role id `{id}`, which could not be looked up"),
        }
    }

    /// Whether assignments under an id that nobody can explain may be of this role: it is not one of those that come with the
    /// service, and of its own none have been seen.
    pub(in super::super) fn may_be(&self, role: RoleId, seen: &BTreeSet<RoleId>) -> bool {
        self.custom.contains(&role) && !seen.contains(&role)
    }
}

fn role_id(object: &Value, field: &str) -> Option<RoleId> {
    last_segment(wire::field(object, field)?).parse().ok()
}

/// The role that a schedule names, by whatever id.
pub(in super::super) fn named_role(schedule: &Value) -> Option<RoleId> {
    role_id(schedule, FIELD)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(n: u128) -> RoleId {
        RoleId::new(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn an_id_is_the_one_of_its_own_role_before_it_is_a_template() {
        let role = |id: RoleId, template: RoleId, built_in: bool| json!({ "id": id.to_string(), "templateId": template.to_string(), "isBuiltIn": built_in });
        let ids = RoleIds::listed([
            role(id(1), id(1), true),
            role(id(2), id(20), false),
            role(id(3), id(1), false),
            role(id(4), id(40), false),
            role(id(5), id(40), false),
        ]);
        assert_eq!(ids.role(id(1)), Some(id(1)));
        assert_eq!(ids.role(id(20)), Some(id(2)));
        assert_eq!(ids.role(id(40)), None, "two roles have that template");
        assert!(ids.may_be(id(2), &BTreeSet::new()) && !ids.may_be(id(1), &BTreeSet::new()));
        assert!(!ids.may_be(id(2), &[id(2)].into()));
    }
}
