//! Policies that cannot be put at a target, and which targets they may be about.
//!
//! What such a policy asks for is not known to be in force anywhere, so whatever it may be about is taken for unprotected.

use super::json::Json;
use super::policies::Section;
use super::settings::is_policy_key;
use super::{Place, Work};
use crate::diag::nearest;

/// A policy whose target is not known.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    /// Where it stands.
    path: String,
    section: Section,
    about: About,
}

/// What a policy may be about. Names are bare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Any role or group: it does not say of which, or nobody can read it.
    Any,
    /// Whatever has this name, at any scope.
    Named(String),
    /// Something that the tenant does not have: what has nearly this name, and whatever has no policy of its own.
    Misnamed(String),
    /// Something of this name, elsewhere: where it has no policy of its own.
    Elsewhere(String),
}

impl About {
    /// What has this name. Blanks, signs and case do not matter, and of an address its last part counts.
    pub(super) fn named(name: &str) -> Self {
        Self::Named(bare(name))
    }

    /// What the tenant does not have by this name.
    pub(super) fn misnamed(name: &str) -> Self {
        Self::Misnamed(bare(name))
    }

    /// What has this name and no policy of its own.
    pub(super) fn elsewhere(name: &str) -> Self {
        Self::Elsewhere(bare(name))
    }
}

impl Doubt {
    fn concerns(&self, place: &Place, own: bool, looked_up: bool) -> bool {
        let (section, names) = match place {
            Place::Role(role) => (Section::Entra, role.bare()),
            Place::Azure(_, role) => (Section::Azure, role.bare()),
            Place::Group(group, _) => (Section::Groups, group.bare()),
        };
        // Without a tenant, what goes by name here may go by id there.
        let other_form = |name: &String| !looked_up && is_id(name) != names.iter().any(|name| is_id(name));
        let is = |name: &String| names.contains(name) || other_form(name);
        self.section == section
            && match &self.about {
                About::Any => true,
                About::Named(name) => is(name),
                About::Misnamed(name) => !own || is(name) || nearest(name, names.iter().map(String::as_str)).is_some(),
                About::Elsewhere(name) => !own && is(name),
            }
    }
}

/// A name by its letters and digits.
pub(super) fn bare(name: &str) -> String {
    let last = name.trim_end_matches('/').rsplit('/').next().unwrap_or(name);
    crate::model::text::folded(last).filter(|c| c.is_alphanumeric()).collect()
}

fn is_id(bare: &str) -> bool {
    bare.len() == 32 && bare.chars().all(|c| c.is_ascii_hexdigit())
}

/// True where a value holds something that only policies have.
pub(super) fn holds_policy(json: &Json) -> bool {
    match json {
        Json::List(items) => items.iter().any(holds_policy),
        Json::Map(entries) => {
            entries.iter().any(|(key, value)| !value.is_blank() && (is_policy_key(key) || holds_policy(value)))
        }
        _ => false,
    }
}

/// The sections that a key which nobody knows may stand for, by its name.
pub(super) fn sections(key: &str) -> Vec<Section> {
    let key = key.to_lowercase();
    let all = [
        (Section::Entra, ["entra", "azuread", "directory"]),
        (Section::Azure, ["azure", "resource", "subscription"]),
        (Section::Groups, ["group", "member", "owner"]),
    ];
    let named = all.iter().filter(|(_, words)| words.iter().any(|word| key.contains(word)));
    let found: Vec<Section> = named.map(|(section, _)| *section).collect();
    if found.is_empty() { all.map(|(section, _)| section).to_vec() } else { found }
}

impl Work<'_> {
    /// Remembers a policy that cannot be put at a target.
    pub(super) fn doubt(&mut self, path: impl Into<String>, section: Section, about: About) {
        self.doubts.push(Doubt { path: path.into(), section, about });
    }

    /// Remembers what stands under a key that nobody knows, if it may be policies.
    pub(super) fn stray(&mut self, key: &str, path: &str, value: &Json, within: &[Section]) {
        let may_hold = matches!(value, Json::Map(_) | Json::List(_));
        let named = ["polic", "template"].iter().any(|word| key.to_lowercase().contains(word));
        if may_hold && (named || holds_policy(value)) {
            for section in within {
                self.doubt(path, *section, About::Any);
            }
        }
    }

    /// Remembers what looks like a policy where assignments are expected.
    pub(super) fn policy_within(&mut self, item: &Json, path: &str, section: Section) {
        let Json::Map(entries) = item else { return };
        if holds_policy(item) {
            let name = |keys: &[&str]| {
                let mut found = entries.iter().filter(|(key, _)| keys.iter().any(|one| key.eq_ignore_ascii_case(one)));
                found.find_map(|(_, value)| value.text())
            };
            let keys = if section == Section::Groups { &["groupId", "groupName"][..] } else { &["roleName"] };
            self.doubt(path, section, name(keys).map_or(About::Any, About::named));
        }
    }

    /// Marks every target that a policy without one may be about.
    pub(super) fn cast_doubt(&mut self) {
        let owners: Vec<Place> =
            self.targets.iter().filter(|(_, target)| target.policy.is_some()).map(|(place, _)| place.clone()).collect();
        let looked_up = self.names.is_some();
        for (place, target) in &mut self.targets {
            let own = target.policy.is_some();
            let doubt =
                self.doubts.iter().find(|doubt| doubt.concerns(place, own, looked_up)).map(|doubt| doubt.path.clone());
            // Without a tenant, two spellings of one name are two targets.
            let other = || owners.iter().find(|other| !own && other.may_be(place)).map(ToString::to_string);
            if let Some(path) = doubt.or_else(other) {
                target.policy.get_or_insert_default().doubt.get_or_insert(path);
            }
        }
    }
}
