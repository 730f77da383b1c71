//! What to ask a backend for, so that everything that configurations name can be looked up.

use super::json::{self, Json};
use super::places::scope_of;
use crate::model::{NameQuery, PlaceQuery, PrincipalId, PrincipalKind};

/// Everything that configurations mention, to ask a backend for.
pub fn easypim_ids(texts: &[(String, String)]) -> NameQuery {
    let mut asking = Asking::default();
    for (_, text) in texts {
        if let Ok(json) = json::parse(text) {
            asking.look("", &json);
        }
    }
    let Asking { mut query, roles } = asking;
    for place in query.places.values_mut() {
        place.names.extend(roles.iter().cloned());
    }
    query.directory_roles = true;
    query.contexts = true;
    query.pim_groups = true;
    query.role_names.extend(roles);
    query
}

#[derive(Default)]
struct Asking {
    query: NameQuery,
    roles: Vec<Box<str>>,
}

impl Asking {
    fn look(&mut self, key: &str, json: &Json) {
        match json {
            Json::Text(text) => self.text(key, text.trim()),
            Json::List(items) => items.iter().for_each(|item| self.look(key, item)),
            Json::Map(entries) => {
                let by_name = key.eq_ignore_ascii_case("Policies");
                for (name, value) in entries {
                    self.id(name);
                    if by_name {
                        self.roles.push(name.trim().into());
                        self.named(PrincipalKind::Group, name);
                    }
                    self.look(name, value);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, key: &str, text: &str) {
        self.id(text);
        if let Some(scope) = scope_of(text) {
            self.query.places.entry(PlaceQuery::Id(scope)).or_default();
        }
        let is = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        if is(&["roleName"]) {
            self.roles.push(text.into());
        }
        if text.contains('@') {
            self.named(PrincipalKind::User, text);
        } else if is(&["groupId", "groupName", "principalId", "principalIds", "id"]) {
            self.named(PrincipalKind::Group, text);
            self.named(PrincipalKind::ServicePrincipal, text);
        }
        self.query.administrative_units |= text.to_lowercase().contains("administrativeunits/");
    }

    fn id(&mut self, text: &str) {
        self.query.ids.extend(text.trim().parse::<PrincipalId>());
    }

    fn named(&mut self, kind: PrincipalKind, text: &str) {
        let text = text.trim();
        if text.parse::<PrincipalId>().is_err() && !text.is_empty() && text.len() <= 256 {
            self.query.names.insert((kind, text.into()));
        }
    }
}
