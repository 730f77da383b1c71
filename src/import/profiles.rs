//! Makes profiles of the settings that several targets share, and approver sets of approvers that several settings name.

use std::collections::{BTreeMap, BTreeSet};

use super::Named;
use super::draft::{Approvers, Draft, Layer, TargetDraft, Who};
use crate::model::text::folded;
use crate::model::{
    Approval, Authentication, Current, Expiry, Fact, Field, Kind, PrincipalKind, Settings, Surface, Value,
    settings::{ActivationField, AssignmentField, Leaf, Visit},
};

/// What several targets share.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    /// By name, those that others extend first.
    pub(super) profiles: Vec<Profile>,
    /// By name.
    pub(super) approvers: BTreeMap<String, Vec<Who>>,
}

/// Settings with a name.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) extends: Option<String>,
    /// What it says over the one that it extends.
    pub(super) own: Layer,
    /// All that it says.
    whole: Layer,
}

/// The name of the profile that most targets have.
const MOST: &str = "baseline";

/// Takes what targets share out of them. `named` are profiles that have names already and stay as they are; `bases` are those
/// that others may extend, and that are written where one does.
pub(super) fn share(draft: &mut Draft, named: Vec<Named>, bases: Vec<Named>) -> Shared {
    let mut uses: BTreeMap<String, (Layer, usize, usize)> = BTreeMap::new();
    for (at, target) in targets(draft).enumerate() {
        if target.profile.is_none() && !target.layer.is_empty() {
            uses.entry(target.layer.key()).or_insert_with(|| (target.layer.clone(), 0, at)).1 += 1;
        }
    }
    let mut common: Vec<(Layer, usize, usize)> = uses.into_values().filter(|(_, count, _)| *count > 1).collect();
    common.retain(|(layer, ..)| !bases.iter().any(|base| base.layer == *layer));
    common.sort_by_key(|(_, count, first)| (usize::MAX - count, *first));
    let mut taken: BTreeSet<String> = named.iter().chain(&bases).map(|named| named.name.clone()).collect();
    let mut layers = Vec::new();
    for (at, (layer, ..)) in common.into_iter().enumerate() {
        let wanted = if at == 0 { MOST.to_owned() } else { describe(&layer) };
        layers.push((unique(&wanted, &mut taken), layer));
    }
    // Whoever says less comes first, so that only earlier ones are extended and nothing goes in circles.
    layers.sort_by_key(|(_, layer)| layer.fields.len());
    let whole = |Named { name, layer }| Profile { name, extends: None, own: layer.clone(), whole: layer };
    let base_names: BTreeSet<String> = bases.iter().map(|base| base.name.clone()).collect();
    let mut profiles: Vec<Profile> = bases.into_iter().map(whole).collect();
    for (name, whole) in layers {
        let (extends, own) = shortest(&whole, &profiles);
        profiles.push(Profile { name, extends, own, whole });
    }
    for target in targets(draft).filter(|target| target.profile.is_none() && !target.layer.is_empty()) {
        let (extends, own) = shortest(&target.layer, &profiles);
        (target.profile, target.layer) = (extends, own);
    }
    let used = targets(draft).filter_map(|target| target.profile.clone());
    let used: BTreeSet<String> = used.chain(profiles.iter().filter_map(|one| one.extends.clone())).collect();
    profiles.retain(|one| !base_names.contains(&one.name) || used.contains(&one.name));
    profiles.extend(named.into_iter().map(whole));
    let approvers = approver_sets(draft, &mut profiles);
    Shared { profiles, approvers }
}

/// All targets in the order in which they are written.
pub(super) fn targets(draft: &mut Draft) -> impl Iterator<Item = &mut TargetDraft> {
    let groups = draft.groups.iter_mut().flat_map(|group| [&mut group.member, &mut group.owner]).flatten();
    let azure = draft.azure.iter_mut().flat_map(|place| &mut place.roles);
    draft.directory_roles.iter_mut().chain(groups).chain(azure)
}

/// The profile that leaves the least to say, if saying it takes fewer lines than saying everything.
fn shortest(layer: &Layer, profiles: &[Profile]) -> (Option<String>, Layer) {
    let rests = profiles.iter().filter_map(|profile| Some((profile, layer.over(&profile.whole)?)));
    match rests.min_by_key(|(_, rest)| rest.fields.len()) {
        Some((profile, rest)) if rest.is_empty() || rest.fields.len() + 1 < layer.fields.len() => {
            (Some(profile.name.clone()), rest)
        }
        _ => (None, layer.clone()),
    }
}

/// Sets of two or more approvers that are named in several places get a name.
fn approver_sets(draft: &mut Draft, profiles: &mut [Profile]) -> BTreeMap<String, Vec<Who>> {
    let mut uses: Vec<(Vec<Approvers>, usize)> = Vec::new();
    let layers = profiles.iter().map(|profile| profile.own.by.clone());
    for by in layers.chain(targets(draft).map(|target| target.layer.by.clone())).filter(|by| by.len() > 1) {
        match uses.iter_mut().find(|(other, _)| *other == by) {
            Some((_, count)) => *count += 1,
            None => uses.push((by, 1)),
        }
    }
    let mut taken = BTreeSet::new();
    let mut sets = BTreeMap::new();
    for (by, _) in uses.into_iter().filter(|(_, count)| *count > 1) {
        let people: Vec<Who> = by.iter().filter_map(one).collect();
        let name = unique(&set_name(&people), &mut taken);
        let replaced = vec![Approvers::Set(name.clone())];
        let of_profiles = profiles.iter_mut().map(|profile| &mut profile.own);
        for layer in of_profiles.chain(targets(draft).map(|target| &mut target.layer)).filter(|layer| layer.by == by) {
            layer.by.clone_from(&replaced);
        }
        sets.insert(name, people);
    }
    sets
}

fn one(approver: &Approvers) -> Option<Who> {
    match approver {
        Approvers::One(who) => Some(who.clone()),
        Approvers::Set(_) => None,
    }
}

/// After its first group, or its first user.
fn set_name(people: &[Who]) -> String {
    let first = people.iter().find(|who| who.kind == PrincipalKind::Group).or_else(|| people.first());
    let name = first.map(|who| who.name.beside.as_ref().unwrap_or(&who.name.text)).map(|name| slug(name));
    format!("{}-and-others", name.unwrap_or_else(|| "approvers".to_owned()))
}

/// What stands out in settings, in a few words: `approval-4h-mfa`.
fn describe(layer: &Layer) -> String {
    let mut words: Vec<(u8, String)> = Vec::new();
    for (field, value) in layer.fields.iter().filter(|(field, value)| !is_usual(*field, value)) {
        let word = match (field, value) {
            (_, Value::Approval(Approval::NotRequired)) => continue,
            (_, Value::Approval(_)) => (0, "approval".to_owned()),
            (_, Value::Authentication(Authentication::Mfa)) => (1, "mfa".to_owned()),
            (_, Value::Authentication(Authentication::Context(context))) => (1, context.to_string()),
            (_, Value::Duration(length)) => (2, length.to_string()),
            (Field::Activation(ActivationField::Ticket), Value::Flag(true)) => (3, "ticket".to_owned()),
            (Field::Assignment(kind, AssignmentField::ExpireAfter), Value::Expiry(expiry)) => {
                let order = if *kind == Kind::Eligible { 4 } else { 5 };
                let length = if *expiry == Expiry::Never { "permanent".to_owned() } else { expiry.to_string() };
                (order, format!("{kind}-{length}"))
            }
            (Field::Activation(ActivationField::Justification), Value::Flag(false)) => {
                (6, "no-justification".to_owned())
            }
            (Field::Notification(..), _) => (7, "notifications".to_owned()),
            _ => continue,
        };
        words.push(word);
    }
    words.sort();
    words.dedup();
    let words: Vec<String> = words.into_iter().take(4).map(|(_, word)| word).collect();
    if words.is_empty() { "settings".to_owned() } else { words.join("-") }
}

/// True for what the service has somewhere where nobody changed it: that stands out nowhere.
fn is_usual(field: Field, value: &Value) -> bool {
    struct Look<'v>(Field, &'v Value, bool);
    impl Visit<Current> for Look<'_> {
        fn field<T: Leaf>(&mut self, field: Field, value: &Fact<T>) {
            self.2 |= field == self.0 && value.known().is_some_and(|value| value.value() == *self.1);
        }
    }
    let mut look = Look(field, value, false);
    for surface in Surface::ALL {
        Settings::service_default(surface).visit(&mut look);
    }
    look.2
}

/// Lower case letters, digits and hyphens; never empty.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in folded(name) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 60 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}

/// The name, with a number if somebody has it.
pub(super) fn unique(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = wanted.to_owned();
    let mut number = 1_u32;
    while !taken.insert(name.clone()) {
        number += 1;
        name = format!("{wanted}-{number}");
    }
    name
}
