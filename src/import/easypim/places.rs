//! Targets as the tool names them: names and ids of one thing are one target.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Work;
use super::doubts::{About, bare};
use crate::import::draft::{GroupDraft, Name, PlaceDraft, TargetDraft};
use crate::import::left::{Leaving, Why};
use crate::import::names::{Names, is_odd};
use crate::import::profiles::slug;
use crate::import::write::file_names;
use crate::model::scope::ScopeKind;
use crate::model::text::name_key;
use crate::model::{Access, ArmScope, PrincipalId};

/// What a target is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Role(Spelled),
    Group(Spelled, Access),
    Azure(ArmScope, Spelled),
}

/// A name as it is written, and what it is compared by.
#[derive(Clone, Debug)]
pub(super) struct Spelled {
    /// The id where it is known, else the name without case.
    pub(super) key: String,
    pub(super) name: Name,
}

impl Spelled {
    fn named(name: &str) -> Self {
        Self { key: name_key(name), name: Name::plain(name) }
    }

    /// Its key, its name and what stands beside it, by letters and digits.
    pub(super) fn bare(&self) -> Vec<String> {
        let all = [Some(&self.key), Some(&self.name.text), self.name.beside.as_ref()];
        all.into_iter().flatten().map(|name| bare(name)).collect()
    }
}

impl PartialEq for Spelled {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Spelled {}

impl PartialOrd for Spelled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Spelled {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "directory/{}", role.name.text),
            Self::Group(group, access) => write!(f, "group/{}/{access}", group.name.text),
            Self::Azure(scope, role) => write!(f, "azure{scope}/{}", role.name.text),
        }
    }
}

impl Place {
    /// True when two places may be one, spelled in two ways.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        let alike = |one: &Spelled, two: &Spelled| one != two && bare(&one.key) == bare(&two.key);
        match (self, other) {
            (Self::Role(one), Self::Role(two)) => alike(one, two),
            (Self::Group(one, access), Self::Group(two, other)) => access == other && alike(one, two),
            (Self::Azure(scope, one), Self::Azure(other, two)) => scope == other && alike(one, two),
            _ => false,
        }
    }

    /// The name of the target where it stands.
    pub(super) fn name(&self) -> Name {
        match self {
            Self::Role(role) | Self::Azure(_, role) => role.name.clone(),
            Self::Group(..) => Name::plain(""),
        }
    }
}

impl Work<'_> {
    /// A directory role.
    pub(super) fn role(&mut self, role: &str, path: &str) -> Result<Place, About> {
        let role = self.nameable(role, path)?;
        let Some(names) = self.names else { return Ok(Place::Role(Spelled::named(&role))) };
        match names.find_directory_role(&role) {
            Ok((id, name)) => Ok(Place::Role(Spelled { key: id.to_string(), name })),
            Err(why) => Err(self.gone(why, &role, path, About::misnamed(&role))),
        }
    }

    /// A role of Azure at a scope.
    pub(super) fn azure(&mut self, scope: &str, role: &str, path: &str) -> Result<Place, About> {
        let role = self.nameable(role, path)?;
        let Some(scope) = scope_of(scope) else {
            self.left.say(path, Why::OddValue, format!("`{scope}` is not an Azure scope"));
            return Err(About::named(&role));
        };
        let Some(names) = self.names else { return Ok(Place::Azure(scope, Spelled::named(&role))) };
        if let Err(why) = names.place(&scope) {
            return Err(self.gone(why, scope.as_str(), path, About::elsewhere(&role)));
        }
        match names.find_azure_role(&role, &scope) {
            Ok((id, name)) => Ok(Place::Azure(scope, Spelled { key: id.to_string(), name })),
            Err(why) => Err(self.gone(why, &role, path, About::misnamed(&role))),
        }
    }

    /// Membership or ownership of a group.
    pub(super) fn group(&mut self, group: &str, access: &str, path: &str) -> Result<Place, About> {
        let access = match access {
            access if access.eq_ignore_ascii_case("Member") => Access::Member,
            access if access.eq_ignore_ascii_case("Owner") => Access::Owner,
            other => {
                self.left.say(path, Why::OddValue, format!("`{other}` is neither `Member` nor `Owner`"));
                return Err(About::named(group));
            }
        };
        let group = group.trim();
        let id = group.parse::<PrincipalId>().ok().or_else(|| self.people.group(group));
        if id.is_none() && (group.is_empty() || group.contains(['<', '{']) || is_odd(group)) {
            self.left.say(path, Why::NoId, format!("`{group}` is not a group"));
            return Err(About::Any);
        }
        let Some(names) = self.names else {
            return Ok(Place::Group(
                id.map_or_else(|| Spelled::named(group), |id| Spelled::named(&id.to_string())),
                access,
            ));
        };
        match names.find_group(id, group) {
            Ok((id, name)) => Ok(Place::Group(Spelled { key: id.to_string(), name }, access)),
            // A group that is there, and that others decide about, is no other.
            Err(why @ Why::DecidedElsewhere) => Err(self.gone(why, group, path, About::named(group))),
            Err(why) => Err(self.gone(why, group, path, About::misnamed(group))),
        }
    }

    fn nameable(&mut self, role: &str, path: &str) -> Result<String, About> {
        let role = role.trim();
        if role == "*" || (is_odd(role) && uuid::Uuid::try_parse(role).is_err()) {
            self.left.say(path, Why::OddValue, format!("`{role}` is not the name of a role"));
            return Err(About::Any);
        }
        Ok(role.to_owned())
    }

    fn gone(&mut self, why: Why, name: &str, path: &str, about: About) -> About {
        self.left.say(path, why, format!("`{name}`: {}; nothing is written for it", why.words()));
        about
    }

    /// Groups that go by name and groups that go by id, where nothing tells whether they are the same.
    pub(super) fn maybe_one(&mut self) {
        if self.names.is_some() {
            return;
        }
        let groups = self.targets.keys().filter_map(|place| match place {
            Place::Group(group, _) => Some(&group.name.text),
            _ => None,
        });
        let (ids, names): (BTreeSet<&String>, BTreeSet<&String>) =
            groups.partition(|name| name.parse::<PrincipalId>().is_ok());
        if ids.is_empty() {
            return;
        }
        let ids: Vec<String> = ids.into_iter().map(|id| format!("`{id}`")).collect();
        for name in names {
            let detail = format!("the group `{name}` may be {}: {}", ids.join(" or "), Why::MaybeOne.words());
            self.left.say(format!("group/{name}"), Why::MaybeOne, detail);
        }
    }
}

/// A scope in any spelling that the tool can use in an address: it does not mind slashes around it.
pub(super) fn scope_of(text: &str) -> Option<ArmScope> {
    let text = text.trim();
    let after_host = text.split_once("://").map_or(text, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let parts: Vec<&str> = after_host.split('/').map(str::trim).filter(|part| !part.is_empty()).collect();
    // A subscription has an address of its own below its provider, which is the same one.
    let parts = match parts.as_slice() {
        [providers, provider, rest @ ..]
            if providers.eq_ignore_ascii_case("providers")
                && provider.eq_ignore_ascii_case("Microsoft.Subscription")
                && rest.first().is_some_and(|first| first.eq_ignore_ascii_case("subscriptions")) =>
        {
            rest
        }
        parts => parts,
    };
    format!("/{}", parts.join("/")).parse().ok()
}

/// The names that stand for a scope, in the order of their keys.
pub(super) fn written_scope(names: Option<&Names<'_>>, scope: &ArmScope) -> String {
    let known = names.and_then(|names| names.place(scope).ok()).map(|place| place.keys);
    let keys = known.unwrap_or_else(|| by_id(scope).0);
    keys.into_iter().map(|(_, name)| name.text).collect::<Vec<String>>().join("/")
}

/// A group about which nothing is said yet.
pub(super) fn group_draft(name: Name) -> GroupDraft {
    GroupDraft { name, notes: Vec::new(), additive: false, members: None, owners: None, member: None, owner: None }
}

/// Scopes as the tenant names them, or by their ids.
pub(super) fn places(
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
