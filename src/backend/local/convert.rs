//! From a tenant file to a tenant, checking what the format alone cannot, and back.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::mem;
use std::sync::{Arc, OnceLock};

use super::file::{GroupEntry, RowEntry, TargetEntry, TenantFile};
use super::state::{self, Defaults, Group, Record, Tenant};
use crate::backend::BackendError;
use crate::model::scope::ScopeKind;
use crate::model::{
    ArmPlace, ArmScope, AssignmentKey, Condition, Current, Directory, GroupState, Kind, Names, PrincipalId, Row,
    Settings, Target, Time, Window,
};

impl Tenant {
    /// Checks a file and takes it over. `path` is for messages.
    pub fn from_file(path: &str, file: TenantFile) -> Result<Self, BackendError> {
        Self::checked(file).map_err(|wrong| BackendError::Invalid {
            what: format!("`{path}`: {}", wrong.what),
            help: Some(wrong.help.to_owned()),
        })
    }

    fn checked(mut file: TenantFile) -> Result<Self, Wrong> {
        check_ids(&file)?;
        let places = places(&file)?;
        let objects = Arc::new(state::objects(&file, places));
        let defaults = Defaults::new();
        let groups = mem::take(&mut file.groups).into_iter().map(group).collect();
        let targets = mem::take(&mut file.targets);
        let mut tenant = Self {
            head: Arc::new(file),
            groups,
            targets: BTreeMap::new(),
            objects: Arc::clone(&objects),
            directory: OnceLock::from(objects),
            defaults,
        };
        for (at, entry) in targets.into_iter().enumerate() {
            tenant.add_target(at, entry)?;
        }
        Ok(tenant)
    }

    fn add_target(&mut self, at: usize, entry: TargetEntry) -> Result<(), Wrong> {
        let TargetEntry { target, settings, unknown_settings, unreadable, without_settings, eligible, active } = entry;
        if !self.exists(&target) {
            return Err(Wrong::new(missing(&self.objects, at, &target), "list it, or take the target out"));
        }
        let defaults = self.defaults.of(target.surface());
        let settings = if settings.is_vacant() && unknown_settings.is_empty() {
            Arc::clone(defaults)
        } else {
            Arc::new(defaults.with(&settings).without(&unknown_settings))
        };
        let made = |kind: Kind, entry: &RowEntry| {
            let key = AssignmentKey { kind, principal: entry.principal, scope: entry.scope };
            Some((key, entry.made_by.clone()?))
        };
        let makers = eligible.iter().filter_map(|entry| made(Kind::Eligible, entry));
        let makers = makers.chain(active.iter().filter_map(|entry| made(Kind::Active, entry))).collect();
        let mut rows = Vec::with_capacity(eligible.len() + active.len());
        rows.extend(eligible.into_iter().map(|entry| row(Kind::Eligible, entry)));
        rows.extend(active.into_iter().map(|entry| row(Kind::Active, entry)));
        rows.sort_by_key(|row| (row.key, row.origin, row.window));
        // Several windows of one person are possible, the same one twice is not. Others may be inherited from several
        // scopes, or be activations.
        let twice = rows.windows(2).find_map(|pair| match pair {
            [a, b] if a == b && a.origin.is_assigned() => Some(a.key),
            _ => None,
        });
        let names = Names::new(&self.objects);
        if let Some(key) = twice {
            let address = names.assignment(&names.target(&target), &key);
            return Err(Wrong::new(format!("targets[{at}]: `{address}` is listed twice"), ONCE));
        }
        match self.targets.entry(target) {
            Entry::Occupied(other) => {
                let address = names.target(other.key());
                Err(Wrong::new(format!("targets[{at}]: `{address}` is listed twice"), ONCE))
            }
            Entry::Vacant(place) => {
                place.insert(Arc::new(Record { settings, rows, unreadable, without_settings, makers }));
                Ok(())
            }
        }
    }

    /// The tenant as a file of its own: with when it was read, and without the place of a schema, which may be relative to
    /// another folder. It says all that the tenant says: also what a snapshot of it does not show, such as who is a member
    /// of a group both through PIM and without.
    pub fn capture(&self, now: Time) -> TenantFile {
        let file = self.to_file();
        TenantFile { schema: None, read_at: file.read_at.or(Some(now)), ..file }
    }

    /// The tenant as a file.
    pub fn to_file(&self) -> TenantFile {
        let groups = self.groups.values().map(|group| GroupEntry {
            members: group.lists.members.iter().copied().collect(),
            owners: group.lists.owners.iter().copied().collect(),
            ..group.entry.clone()
        });
        let targets = self.targets.iter().map(|(target, record)| {
            let defaults = self.defaults.of(target.surface());
            let unreadable = record.unreadable.clone();
            let entry = target_entry(target, &record.settings, defaults, &record.rows, unreadable);
            named(TargetEntry { without_settings: record.without_settings, ..entry }, &record.makers)
        });
        TenantFile { groups: groups.collect(), targets: targets.collect(), ..(*self.head).clone() }
    }
}

/// The entry of a target in a file.
pub(super) fn target_entry(
    target: &Target,
    settings: &Settings<Current>,
    defaults: &Settings<Current>,
    rows: &[Row],
    unreadable: Option<Arc<str>>,
) -> TargetEntry {
    let of = |kind| rows.iter().filter(move |row| row.key.kind == kind).map(row_entry).collect();
    TargetEntry {
        target: target.clone(),
        settings: settings.differing_from(defaults),
        unknown_settings: settings.unknown(),
        unreadable,
        without_settings: false,
        eligible: of(Kind::Eligible),
        active: of(Kind::Active),
    }
}

/// With the applications that made assignments.
pub(super) fn named(mut entry: TargetEntry, makers: &BTreeMap<AssignmentKey, Arc<str>>) -> TargetEntry {
    for (kind, rows) in [(Kind::Eligible, &mut entry.eligible), (Kind::Active, &mut entry.active)] {
        for row in rows.iter_mut().filter(|row| row.origin.is_assigned()) {
            row.made_by = makers.get(&AssignmentKey { kind, principal: row.principal, scope: row.scope }).cloned();
        }
    }
    entry
}

fn row(kind: Kind, entry: RowEntry) -> Row {
    let RowEntry { principal, scope, start, end, origin, condition, made_by: _ } = entry;
    let condition = condition.as_ref().and_then(|condition| Condition::said(&condition.0));
    Row { key: AssignmentKey { kind, principal, scope }, window: Window { start, end }, origin, condition }
}

fn row_entry(row: &Row) -> RowEntry {
    RowEntry {
        principal: row.key.principal,
        scope: row.key.scope,
        start: row.window.start,
        end: row.window.end,
        origin: row.origin,
        condition: row.condition.clone(),
        made_by: None,
    }
}

fn group(mut entry: GroupEntry) -> (PrincipalId, Arc<Group>) {
    let lists = GroupState {
        members: mem::take(&mut entry.members).into_iter().collect(),
        owners: mem::take(&mut entry.owners).into_iter().collect(),
    };
    (entry.id, Arc::new(Group { entry, lists }))
}

const ONCE: &str = "keep one of the two";

/// What is wrong, and a way out.
struct Wrong {
    what: String,
    help: &'static str,
}

impl Wrong {
    fn new(what: String, help: &'static str) -> Self {
        Self { what, help }
    }
}

/// Every scope of Azure that a file lists.
fn places(file: &TenantFile) -> Result<Vec<ArmPlace>, Wrong> {
    const HELP: &str = "write a whole id, such as `/subscriptions/<id>/resourceGroups/<name>`";
    let mut places = Vec::new();
    for (at, entry) in file.management_groups.iter().enumerate() {
        let scope = ArmScope::management_group(&entry.id).map_err(|_| {
            let what = format!("management_groups[{at}]: `{}` is not the id of a management group", entry.id);
            Wrong::new(what, "write the last part of its resource id")
        })?;
        places.push(ArmPlace { scope, name: entry.name.clone() });
    }
    for (at, entry) in file.subscriptions.iter().enumerate() {
        let scope = format!("/subscriptions/{}", entry.id.hyphenated())
            .parse()
            .map_err(|error| Wrong::new(format!("subscriptions[{at}]: {error}"), HELP))?;
        places.push(ArmPlace { scope, name: entry.name.clone() });
    }
    let groups = file.resource_groups.iter().map(|scope| ("resource_groups", ScopeKind::ResourceGroup, scope));
    let resources = file.resources.iter().map(|scope| ("resources", ScopeKind::Resource, scope));
    for (list, kind, scope) in groups.chain(resources) {
        if scope.kind() != kind {
            return Err(Wrong::new(format!("{list}: `{scope}` is not one"), HELP));
        }
        places.push(ArmPlace { scope: scope.clone(), name: None });
    }
    once(places.iter().zip(0..).map(|(place, at)| (&place.scope, "scopes", at)))?;
    Ok(places)
}

fn check_ids(file: &TenantFile) -> Result<(), Wrong> {
    let users = file.users.iter().zip(0..).map(|(user, at)| (user.id, "users", at));
    let groups = file.groups.iter().zip(0..).map(|(group, at)| (group.id, "groups", at));
    let services = file.service_principals.iter().zip(0..).map(|(entry, at)| (entry.id, "service_principals", at));
    let others = file.other_principals.iter().zip(0..).map(|(entry, at)| (entry.id, "other_principals", at));
    once(users.chain(groups).chain(services).chain(others))?;
    let units = file.administrative_units.iter().zip(0..);
    once(units.map(|(unit, at)| (unit.id, "administrative_units", at)))?;
    let contexts = file.authentication_contexts.iter().flatten().zip(0..);
    once(contexts.map(|(context, at)| (context.id, "authentication_contexts", at)))?;
    once(file.directory_roles.iter().zip(0..).map(|(role, at)| (role.id, "directory_roles", at)))?;
    once(file.azure_roles.iter().zip(0..).map(|(role, at)| (role.id, "azure_roles", at)))
}

/// Refuses an id that stands twice in what belongs together: id, list, position.
fn once<T: Ord + Display>(entries: impl Iterator<Item = (T, &'static str, usize)>) -> Result<(), Wrong> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable();
    for pair in entries.windows(2) {
        if let [(id, list, at), (other, other_list, other_at)] = pair
            && id == other
        {
            let what = if list == &"scopes" {
                format!("`{id}` is listed twice")
            } else {
                format!("`{id}` is the id of {list}[{at}] and of {other_list}[{other_at}]")
            };
            return Err(Wrong::new(what, ONCE));
        }
    }
    Ok(())
}

/// What a target refers to that the file does not list.
fn missing(objects: &Directory, at: usize, target: &Target) -> String {
    match target {
        Target::Directory { directory_role } => {
            format!("targets[{at}]: the directory role `{directory_role}` is not listed in directory_roles")
        }
        Target::Group { group, .. } => format!("targets[{at}]: the group `{group}` is not listed in groups"),
        Target::Azure { scope, .. } if objects.place(scope).is_none() => {
            format!("targets[{at}]: the scope `{scope}` is not listed")
        }
        Target::Azure { role, .. } => format!("targets[{at}]: the role `{role}` is not listed in azure_roles"),
    }
}
