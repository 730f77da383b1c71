//! From what a tenant has to a draft of policies for it.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Layer, Name, PlaceDraft, TargetDraft, Tenant};
use super::groups::Groups;
use super::left::{Leaving, Why};
use super::lists::Lists;
use super::names::Names;
use super::settings;
use super::write::file_names;
use super::{Fields, Options};
use crate::model::{
    Access, ArmScope, Directory, Kind, Names as Addresses, PrincipalId, Settings, Snapshot, Target, TargetRead,
    TargetState, Time,
};
use crate::plan::Filter;

/// What an import of a tenant works with.
pub(super) struct Source<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) names: Names<'s>,
    pub(super) addresses: Addresses<'s>,
    pub(super) filter: &'s Filter,
    pub(super) full: bool,
    pub(super) fields: Fields,
    pub(super) now: Time,
}

/// Groups and approvers that the draft names, and what was left out.
pub(super) struct Taken {
    pub(super) draft: Draft,
    pub(super) left: Leaving,
    pub(super) unreadable: usize,
}

/// Takes what can be declared of a tenant.
pub(super) fn take(snapshot: &Snapshot, directory: &Directory, options: &Options<'_>) -> Taken {
    let Options { filter, full, fields, now, .. } = *options;
    let (names, addresses) = (Names::new(directory), Addresses::new(directory));
    let source = Source { snapshot, names, addresses, filter, full, fields, now };
    let mut taken = Taken { draft: Draft::default(), left: Leaving::default(), unreadable: 0 };
    let name = snapshot.tenant_name.as_ref().map(ToString::to_string);
    taken.draft.tenant = Some(Tenant { id: snapshot.tenant, name });
    let mut groups = Groups::default();
    let mut azure: BTreeMap<ArmScope, Vec<TargetDraft>> = BTreeMap::new();
    for (target, read) in &snapshot.targets {
        let Some(state) = source.present(target, read, &mut taken) else { continue };
        let Some(draft) = source.target(target, state, &mut groups.named, &mut groups.approving, &mut taken) else {
            continue;
        };
        match target {
            Target::Directory { .. } => taken.draft.directory_roles.push(draft),
            Target::Group { group, access } => groups.put(*group, *access, draft),
            Target::Azure { scope, .. } => azure.entry(scope.clone()).or_default().push(draft),
        }
    }
    taken.draft.groups = groups.drafts(&source, &mut taken);
    taken.draft.azure = source.places(azure, &mut taken.left);
    sort(&mut taken.draft);
    for note in &snapshot.notes {
        taken.left.say("tenant", Why::NotUnderstood, note.as_str());
    }
    for what in &snapshot.missing {
        taken.left.say("tenant", Why::Unreadable, what.as_str());
        taken.unreadable += 1;
    }
    taken.left.0.sort();
    taken.left.0.dedup();
    taken
}

fn sort(draft: &mut Draft) {
    draft.directory_roles.sort_by_cached_key(|target| target.name.order());
    draft.groups.sort_by_cached_key(|group| group.name.order());
    for place in &mut draft.azure {
        place.roles.sort_by_cached_key(|target| target.name.order());
    }
}

impl Source<'_> {
    /// The state of a target that was read and is asked for.
    fn present<'r>(&self, target: &Target, read: &'r TargetRead, taken: &mut Taken) -> Option<&'r TargetState> {
        let address = self.addresses.target(target);
        match read {
            TargetRead::Present(state) => Some(state),
            // Nothing of it can be declared, so leaving it out loses nothing.
            TargetRead::WithoutSettings => {
                if self.touches(&address) {
                    taken.draft.notes.push(format!("left out: {address} ({})", TargetRead::WITHOUT_SETTINGS));
                }
                None
            }
            TargetRead::Unreadable(why) => {
                if self.touches(&address) {
                    taken.left.say(
                        &address,
                        Why::Unreadable,
                        format!("could not be read: {why}; a plan of files that declare it shows it as blocked"),
                    );
                    taken.unreadable += 1;
                    taken
                        .draft
                        .notes
                        .push(format!("left out: {address} (it could not be read; declared, it would be blocked)"));
                }
                None
            }
        }
    }

    /// True when any part of a target is asked for.
    fn touches(&self, address: &str) -> bool {
        let parts = ["settings", "eligible", "active"];
        parts.iter().any(|part| self.filter.covers(&format!("{address}/{part}")))
    }

    /// What is declared of a target. Nothing if there is nothing to say.
    fn target(
        &self,
        target: &Target,
        state: &TargetState,
        named: &mut BTreeSet<PrincipalId>,
        approving: &mut BTreeSet<PrincipalId>,
        taken: &mut Taken,
    ) -> Option<TargetDraft> {
        let address = self.addresses.target(target);
        let mut left = Leaving::default();
        let (changed, layer, approvers) = if self.filter.covers(&format!("{address}/settings")) {
            self.settings(target, state, &address, &mut left)
        } else {
            (false, Layer::default(), BTreeSet::new())
        };
        let mut lists = Lists::new(self, target, &address);
        let [eligible, active] = Kind::ALL.map(|kind| lists.list(kind, &state.rows, &mut left));
        let worth_it = self.full && self.touches(&address) || changed || !left.0.is_empty() || lists.any;
        if !worth_it {
            return None;
        }
        // Inherited rows and activations alone are no reason to name a target.
        let only_others = left.0.iter().all(|one| one.reason == Why::NotOurs.id() || one.reason == Why::Ended.id());
        if !self.full && !changed && !lists.any && only_others {
            taken.left.0.extend(left.0);
            return None;
        }
        let name = match self.name(target) {
            Ok(name) => name,
            Err(why) => {
                taken.left.add(&address, why);
                return None;
            }
        };
        named.extend(lists.named);
        approving.extend(approvers);
        let notes = notes(&address, &left);
        taken.left.0.extend(left.0);
        let additive = lists.additive;
        Some(TargetDraft { name, notes, layer, profile: None, additive, eligible, active })
    }

    /// Whether anybody has changed the settings of a target, what is declared of them, and who approves.
    fn settings(
        &self,
        target: &Target,
        state: &TargetState,
        address: &str,
        left: &mut Leaving,
    ) -> (bool, Layer, BTreeSet<PrincipalId>) {
        let defaults = Settings::service_default(target.surface());
        let changed = state.settings.differing_from(&defaults);
        for (field, unknown) in state.settings.unknown() {
            left.say(format!("{address}/settings"), Why::UnknownValue, format!("`{field}` {unknown}"));
        }
        let (layer, approvers) = settings::declarable(&changed, target.surface(), &self.names, address, left);
        let is_changed = !layer.is_empty();
        if self.fields == Fields::Changed && !self.full {
            return (is_changed, layer, approvers);
        }
        // What cannot be declared has just been noted.
        let stated = state.settings.stated();
        let (layer, _) = settings::declarable(&stated, target.surface(), &self.names, address, &mut Leaving::default());
        (is_changed, layer, approvers)
    }

    /// What a target is called where it stands.
    fn name(&self, target: &Target) -> Result<Name, Why> {
        match target {
            Target::Directory { directory_role } => self.names.directory_role(*directory_role),
            Target::Group { group, access } => {
                let facts =
                    self.names.principal(*group).and_then(|group| group.group()).ok_or(Why::UnknownPrincipal)?;
                // For PIM both lists must be assigned by hand, whichever of them is asked for.
                match facts.membership.decided_elsewhere(Access::Member) {
                    Some(_) => Err(Why::DecidedElsewhere),
                    None => Ok(Name::plain(access.to_string())),
                }
            }
            Target::Azure { scope, role } => {
                self.names.place(scope)?;
                self.names.azure_role(*role, scope)
            }
        }
    }

    fn places(&self, azure: BTreeMap<ArmScope, Vec<TargetDraft>>, left: &mut Leaving) -> Vec<PlaceDraft> {
        let mut places = Vec::new();
        for (scope, roles) in azure {
            match self.names.place(&scope) {
                Ok(place) => places.push((scope, place, roles)),
                Err(why) => left.add(format!("azure/{}", self.addresses.scope(&scope)), why),
            }
        }
        // Management groups and subscriptions have a file each, with all that lies in them.
        let owner = |scope: &ArmScope| {
            let subscription = scope.subscription_id().map(|id| format!("/subscriptions/{}", id.to_lowercase()));
            subscription.unwrap_or_else(|| scope.as_str().to_lowercase())
        };
        let owners: Vec<String> = places.iter().map(|(scope, ..)| owner(scope)).collect();
        let files =
            file_names(owners.iter().map(String::as_str).zip(places.iter().map(|(_, place, _)| place.file.clone())));
        let drafts = places.into_iter().zip(&owners).map(|((_, place, roles), owner)| PlaceDraft {
            keys: place.keys,
            file: files.get(owner.as_str()).cloned().unwrap_or(place.file),
            notes: Vec::new(),
            roles,
        });
        drafts.collect()
    }
}

/// What is left out at a target, for a comment before it.
fn notes(address: &str, left: &Leaving) -> Vec<String> {
    let short = |one: &str| one.strip_prefix(address).map(|rest| rest.trim_start_matches('/').to_owned());
    left.0
        .iter()
        .filter(|one| one.reason != Why::NotOurs.id() && one.reason != Why::Ended.id())
        .map(|one| match short(&one.address).filter(|rest| !rest.is_empty()) {
            Some(rest) => format!("left out: {rest} ({})", one.detail),
            None => format!("left out: {}", one.detail),
        })
        .collect()
}
