//! Principals of the tool's configuration: it has ids and often does not say of what.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::import::draft::{Name, Who};
use crate::import::left::{Leaving, Why};
use crate::import::names::{Names, is_odd};
use crate::model::text::name_key;
use crate::model::{PrincipalId, PrincipalKind};

/// Finds out what a principal is, from the configuration and, if there is one, from a directory.
pub(super) struct People<'d> {
    names: Option<&'d Names<'d>>,
    /// What other entries say of an id.
    kinds: RefCell<BTreeMap<PrincipalId, PrincipalKind>>,
    /// Which ids a name stands beside, without case. Of one that stands beside several nobody knows whose it is.
    beside: RefCell<BTreeMap<(PrincipalKind, String), Option<PrincipalId>>>,
}

impl<'d> People<'d> {
    pub(super) fn new(names: Option<&'d Names<'d>>) -> Self {
        Self { names, kinds: RefCell::default(), beside: RefCell::default() }
    }

    /// Remembers what an id is.
    pub(super) fn learn(&self, id: PrincipalId, kind: PrincipalKind) {
        self.kinds.borrow_mut().entry(id).or_insert(kind);
    }

    /// Remembers that a name and an id stand beside each other.
    pub(super) fn join(&self, kind: PrincipalKind, name: &str, id: PrincipalId) {
        let mut beside = self.beside.borrow_mut();
        let known = beside.entry((kind, name_key(name.trim()))).or_insert(Some(id));
        if *known != Some(id) {
            *known = None;
        }
    }

    /// The id that stands beside the name of a group somewhere.
    pub(super) fn group(&self, name: &str) -> Option<PrincipalId> {
        self.named(PrincipalKind::Group, name)
    }

    fn named(&self, kind: PrincipalKind, name: &str) -> Option<PrincipalId> {
        let here = self.beside.borrow().get(&(kind, name_key(name))).copied().flatten();
        self.names.and_then(|names| names.find(kind, name)).or(here)
    }

    /// A principal by id or name. Anything else is noted.
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
        let by_name = stated.or_else(|| text.contains('@').then_some(PrincipalKind::User));
        let id = text.parse::<PrincipalId>().ok();
        let Some(id) = id.or_else(|| by_name.and_then(|kind| self.named(kind, text))) else {
            return self.by_name(text, by_name, comment, path, left).map(|who| (None, who));
        };
        if let Some(names) = self.names {
            let found = names.who(id).ok();
            if found.is_none() {
                left.say(path, Why::UnknownPrincipal, format!("the tenant has no principal `{text}`"));
            }
            return found.map(|who| (Some(id), who));
        }
        let known = stated.or(by_name).or_else(|| self.kinds.borrow().get(&id).copied());
        if known.is_none() {
            left.say(path, Why::AssumedUser, format!("`{id}`"));
        }
        let kind = known.unwrap_or(PrincipalKind::User);
        let comment = comment.or_else(|| (text != id.to_string()).then(|| text.to_owned()));
        Some((Some(id), Who { kind, name: Name { text: id.to_string(), beside: comment } }))
    }

    /// A name is taken for one where it says of what, and where no tenant says that there is nothing of the kind.
    fn by_name(
        &self,
        text: &str,
        kind: Option<PrincipalKind>,
        comment: Option<String>,
        path: &str,
        left: &mut Leaving,
    ) -> Option<Who> {
        let is_name = !text.contains(['<', '{']) && !is_odd(text);
        let fits = |kind: &PrincipalKind| is_name && (*kind != PrincipalKind::User || text.contains('@'));
        match (kind.filter(fits), self.names) {
            (Some(kind), None) => Some(Who { kind, name: Name { text: text.to_owned(), beside: comment } }),
            (Some(kind), Some(_)) => {
                left.say(path, Why::UnknownPrincipal, format!("the tenant has no {kind} `{text}`, or several"));
                None
            }
            (None, _) => {
                left.say(path, Why::NoId, format!("`{text}` is not the id of a principal"));
                None
            }
        }
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
