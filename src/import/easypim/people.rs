//! Principals of the tool's configuration: it has ids and often does not say of what.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::import::draft::{Name, Who};
use crate::import::left::{Leaving, Why};
use crate::import::names::Names;
use crate::model::{PrincipalId, PrincipalKind};

/// Finds out what a principal is, from the configuration and, if there is one, from a directory.
pub(super) struct People<'d> {
    names: Option<&'d Names<'d>>,
    /// What other entries say of an id.
    kinds: RefCell<BTreeMap<PrincipalId, PrincipalKind>>,
}

impl<'d> People<'d> {
    pub(super) fn new(names: Option<&'d Names<'d>>) -> Self {
        Self { names, kinds: RefCell::new(BTreeMap::new()) }
    }

    /// Remembers what an id is.
    pub(super) fn learn(&self, id: PrincipalId, kind: PrincipalKind) {
        self.kinds.borrow_mut().entry(id).or_insert(kind);
    }

    /// A principal by id, or a user by name. Anything else is noted.
    pub(super) fn find(
        &self,
        text: &str,
        kind: Option<&str>,
        comment: Option<String>,
        path: &str,
        left: &mut Leaving,
    ) -> Option<(Option<PrincipalId>, Who)> {
        let text = text.trim();
        let stated = kind.and_then(kind_of);
        if let (Some(kind), None) = (kind, stated) {
            left.say(path, Why::OddValue, format!("`{kind}` is not a kind of principal"));
        }
        let Ok(id) = text.parse::<PrincipalId>() else {
            if text.contains('@') && stated.is_none_or(|kind| kind == PrincipalKind::User) {
                return Some((
                    None,
                    Who { kind: PrincipalKind::User, name: Name { text: text.to_owned(), beside: comment } },
                ));
            }
            left.say(path, Why::NoId, format!("`{text}` is not the id of a principal"));
            return None;
        };
        if let Some(names) = self.names {
            let found = names.who(id).ok();
            if found.is_none() {
                left.say(path, Why::UnknownPrincipal, format!("the tenant has no principal `{id}`"));
            }
            return found.map(|who| (Some(id), who));
        }
        let known = stated.or_else(|| self.kinds.borrow().get(&id).copied());
        if known.is_none() {
            left.say(path, Why::AssumedUser, format!("`{id}`"));
        }
        let kind = known.unwrap_or(PrincipalKind::User);
        Some((Some(id), Who { kind, name: Name { text: id.to_string(), beside: comment } }))
    }
}

/// `User`, `Group`, `ServicePrincipal`, in any spelling.
pub(super) fn kind_of(text: &str) -> Option<PrincipalKind> {
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    match plain.trim_start_matches("single") {
        "user" | "users" => Some(PrincipalKind::User),
        "group" | "groups" | "groupmembers" => Some(PrincipalKind::Group),
        "serviceprincipal" | "application" | "managedidentity" => Some(PrincipalKind::ServicePrincipal),
        _ => None,
    }
}
