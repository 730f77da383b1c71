//! Profiles: what each says with all that it extends, and the floor.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode::{Loc, list};
use super::document::SettingsRef;
use super::layer::{Layer, Stated};
use super::merge::{Declared, Documents};
use crate::diag::{Finding, Findings, Span, nearest};
use crate::model::{Authentication, Field, Leaf, Setting, Settings, Spec, Zip};

/// All profiles with what they extend merged in.
#[derive(Debug)]
pub(super) struct Profiles<'d> {
    documents: &'d Documents,
    /// Nothing for a profile that extends itself or one that does not exist.
    merged: BTreeMap<&'d str, Option<Arc<Stated>>>,
}

impl<'d> Profiles<'d> {
    /// Merges all profiles.
    pub(super) fn new(documents: &'d Documents) -> (Self, Findings) {
        let mut profiles = Self { documents, merged: BTreeMap::new() };
        let mut findings = Findings::default();
        for (name, declared) in &documents.profiles {
            profiles.merge(name, declared, &mut findings);
        }
        (profiles, findings)
    }

    /// Walks down to a profile that is merged already or extends nothing, then merges on the way back up.
    fn merge(&mut self, name: &'d str, declared: &'d Declared<Layer>, findings: &mut Findings) {
        let mut chain: Vec<(&str, &Declared<Layer>)> = Vec::new();
        let mut next = Some((name, declared));
        let mut base = Some(Arc::new(Stated::default()));
        while let Some((name, declared)) = next.take() {
            if let Some(merged) = self.merged.get(name) {
                base.clone_from(merged);
                break;
            }
            if let Some(at) = chain.iter().position(|(other, _)| *other == name) {
                findings.push(cycle(chain.get(at..).unwrap_or_default()));
                base = None;
                break;
            }
            chain.push((name, declared));
            if let Some(extends) = &declared.value.extends {
                next = self.documents.profiles.get_key_value(&extends.value).map(|(name, layer)| (&**name, layer));
                if next.is_none() {
                    findings.push(self.unknown(extends));
                    base = None;
                }
            }
        }
        for (name, declared) in chain.into_iter().rev() {
            base = base.map(|base| Arc::new(declared.value.stated.over(&base)));
            self.merged.insert(name, base.clone());
        }
    }

    /// A profile that is not declared.
    pub(super) fn unknown(&self, name: &Loc<Arc<str>>) -> Finding {
        let finding = Finding::error("unknown-profile", format!("there is no profile `{}`", name.value));
        let names: Vec<&str> = self.documents.profiles.keys().map(|name| &**name).collect();
        let help = match nearest(&name.value, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "declare it under `profiles:`".to_owned(),
            None => format!("the profiles are {}", list(&names)),
        };
        finding.at(name.at, "no such profile").help(help)
    }

    /// What a target's settings say with all that they extend. Nothing if that is in error.
    pub(super) fn stated(&self, settings: &SettingsRef) -> Option<Arc<Stated>> {
        let named = |name: &Arc<str>| self.merged.get(&**name).cloned().flatten();
        match settings {
            SettingsRef::Profile(name) => named(&name.value),
            SettingsRef::Inline(layer) => match &layer.extends {
                Some(extends) => Some(Arc::new(layer.stated.over(&*named(&extends.value)?))),
                None => Some(Arc::new(layer.stated.clone())),
            },
        }
    }

    /// The fields of `settings` that are looser than the floor, each with both places.
    pub(super) fn below_floor(&self, settings: &Settings<Spec>) -> Findings {
        let Some(floor) = &self.documents.floor else { return Findings::default() };
        let Some(Some(stated)) = self.merged.get(&*floor.value) else { return Findings::default() };
        let mut compare = BelowFloor { floor: &floor.value, findings: Findings::default() };
        settings.zip::<Spec, Spec>(&stated.settings, &mut compare);
        compare.findings
    }
}

impl Profiles<'_> {
    /// Where the floor asks an activation to prove something, if it does.
    pub(super) fn authentication_of_floor(&self) -> Option<Span> {
        let floor = self.merged.get(&*self.documents.floor.as_ref()?.value)?.as_ref()?;
        match floor.settings.activation.authentication {
            Setting::Set { value: Authentication::Mfa | Authentication::Context(_), at } => Some(at),
            _ => None,
        }
    }
}

struct BelowFloor<'f> {
    floor: &'f str,
    findings: Findings,
}

impl Zip<Spec, Spec, Spec> for BelowFloor<'_> {
    fn field<T: Leaf>(&mut self, field: Field, stated: &Setting<T>, floor: &Setting<T>) -> Setting<T> {
        if let (Setting::Set { value, at }, Setting::Set { value: least, at: floor_at }) = (stated, floor)
            && value.looser_than(least)
        {
            let message = format!("`{field}` is looser than the floor `{}`", self.floor);
            self.findings.push(
                Finding::error("looser-than-floor", message)
                    .at(*at, "looser")
                    .at(*floor_at, "than the floor here")
                    .help("make it as strict as the floor, or change the floor for all"),
            );
        }
        Setting::Unmanaged
    }
}

fn cycle(chain: &[(&str, &Declared<Layer>)]) -> Finding {
    let names = chain.iter().chain(chain.first()).map(|(name, _)| format!("`{name}`"));
    let message = format!("profiles extend each other in a circle: {}", names.collect::<Vec<_>>().join(" -> "));
    let places = chain.iter().filter_map(|(name, declared)| Some((name, declared.value.extends.as_ref()?)));
    places
        .fold(Finding::error("extends-cycle", message), |finding, (name, extends)| {
            finding.at(extends.at, format!("`{name}` extends `{}`", extends.value))
        })
        .help("take one `extends` out")
}
