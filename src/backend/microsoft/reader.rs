//! Reading a live tenant: what is asked of which surface, and how the answers become one snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::assembly::{Assembly, why};
use super::azure::{self, Policies};
use super::directory::{self, Objects, Onboarded};
use super::entra::role_ids::RoleIds;
use super::error::ServiceError;
use super::http::{ReadClient, Service, Spent, Stats, Transport};
use super::{Options, entra, groups, wire};
use crate::backend::{BackendError, ReadQuery, ReadState, Tenant};
use crate::model::audit::AuditEvent;
use crate::model::directory::DirectoryParts;
use crate::model::{
    Access, Answer, ArmPlace, ArmScope, AssignmentKey, Directory, GroupRead, Kind, Makers, NameQuery, Names, Origin,
    Principal, PrincipalDetail, PrincipalId, Role, RoleId, Snapshot, Target, TenantId, Time,
};
use uuid::Uuid;

/// Reads a tenant.
#[derive(Clone)]
pub struct MicrosoftReader {
    pub(super) client: ReadClient,
    /// What [`ReadState::directory`] read, for the snapshot that follows.
    kept: Arc<Mutex<Option<Kept>>>,
    /// What directory roles are called, as the last reading learned it.
    role_ids: Arc<Mutex<RoleIds>>,
}

/// What is known before a snapshot is read.
#[derive(Debug, Default)]
struct Kept {
    objects: Objects,
    places: Vec<ArmPlace>,
    azure_roles: Vec<Role>,
    policies: Policies,
    /// What that reading took, which counts for the one that follows.
    spent: Spent,
}

impl MicrosoftReader {
    /// A reader. Nothing is asked yet.
    pub fn new(options: Options) -> Result<Self, BackendError> {
        let transport = Transport::new(options)?;
        Ok(Self { client: ReadClient::new(Arc::new(transport)), kept: Arc::default(), role_ids: Arc::default() })
    }

    /// What was sent and received so far.
    pub fn stats(&self) -> Stats {
        self.client.stats()
    }

    /// Who the run is: the tenant, and the user or service principal. The token says so.
    async fn identity(&self) -> Result<(TenantId, Option<PrincipalId>), BackendError> {
        let claims = self.client.claims().await?;
        let tenant = claims.tenant.ok_or_else(|| BackendError::Invalid {
            what: "the token does not say which tenant it is for".to_owned(),
            help: Some("sign in to a tenant, or use another kind of credential".to_owned()),
        })?;
        Ok((tenant, claims.object))
    }

    /// What directory roles are called, as far as it was read.
    pub(super) fn role_ids(&self) -> RoleIds {
        self.role_ids.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what was learned about what directory roles are called.
    pub(super) fn learned(&self, ids: RoleIds) {
        *self.role_ids.lock().unwrap_or_else(PoisonError::into_inner) = ids;
    }

    fn keep(&self, kept: Option<Kept>) -> Option<Kept> {
        std::mem::replace(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner), kept)
    }
}

#[async_trait]
impl ReadState for MicrosoftReader {
    async fn tenant(&self) -> Result<Tenant, BackendError> {
        let (id, _) = self.identity().await?;
        Ok(Tenant { id, name: None })
    }

    async fn tenant_name(&self) -> Result<Option<Arc<str>>, BackendError> {
        Ok(tenant_name(&self.client).await?)
    }

    async fn directory(&self, query: &NameQuery) -> Result<Arc<Directory>, BackendError> {
        let reading = self.bounded(Spent::default());
        let found = Box::pin(reading.find(query)).await;
        // What it may take comes first: what fails for it fails in other words, too.
        let spent = reading.client.spent()?;
        let kept = Kept { spent, ..found? };
        let directory = kept.directory();
        self.keep(Some(kept));
        Ok(Arc::new(directory))
    }

    async fn audit(&self, since: Time) -> Result<Option<Vec<AuditEvent>>, BackendError> {
        let reading = self.bounded(Spent::default());
        Ok(Some(super::audit::read(&reading.client, since).await?))
    }

    async fn makers(&self, of: &[(Target, AssignmentKey)], ours: &BTreeSet<Uuid>) -> Makers {
        let client = self.bounded(Spent::default()).client;
        let claims = client.claims().await.unwrap_or_default();
        super::makers::Reader { client: &client, ids: &self.role_ids(), claims: &claims, ours }.read(of).await
    }

    async fn snapshot(&self, query: &ReadQuery) -> Result<Snapshot, BackendError> {
        let kept = self.keep(None);
        let reading = self.bounded(kept.as_ref().map(|kept| kept.spent).unwrap_or_default());
        let found = Box::pin(reading.look(query, kept)).await;
        reading.client.spent()?;
        found
    }
}

impl MicrosoftReader {
    /// The same, for one reading.
    fn bounded(&self, before: Spent) -> Self {
        Self { client: self.client.bounded(before), ..self.clone() }
    }

    async fn find(&self, query: &NameQuery) -> Result<Kept, BackendError> {
        let (_, runner) = self.identity().await?;
        let (objects, places) =
            futures::try_join!(directory::find(&self.client, query, runner), azure::find(&self.client, query))?;
        let azure::Places { places, roles, policies, notes } = places;
        let mut kept = Kept { objects, places, azure_roles: roles, policies, spent: Spent::default() };
        kept.objects.notes.extend(notes);
        Ok(kept)
    }

    async fn look(&self, query: &ReadQuery, kept: Option<Kept>) -> Result<Snapshot, BackendError> {
        let (tenant, runner) = self.identity().await?;
        let (watched, (found, memberships)) = match query {
            ReadQuery::Everything => {
                let watched: BTreeSet<PrincipalId> = runner.into_iter().collect();
                let read = futures::join!(everything(&self.client, kept), memberships(&self.client, &watched));
                (watched, read)
            }
            ReadQuery::Only { targets, groups, watched } => {
                let watched: BTreeSet<PrincipalId> = watched.iter().copied().chain(runner).collect();
                let only = only(&self.client, kept, targets, groups);
                let read = futures::join!(only, memberships(&self.client, &watched));
                (watched, read)
            }
        };
        let (memberships, notes) = memberships;
        let Found { mut kept, targets, mut assembly, lists, exists } = found;
        assembly.notes(notes);
        assembly.notes(std::mem::take(&mut kept.objects.notes));
        let mut found = Found { kept, targets, assembly, lists, exists };
        self.look_up(&mut found, &watched).await;
        if *query == ReadQuery::Everything {
            self.look_into_groups(&mut found, &watched).await;
        }
        found.note_onboarded(query);
        let Found { mut kept, targets, assembly, lists, exists } = found;
        self.learned(std::mem::take(&mut kept.objects.role_ids));
        let missing = assembly.missing().clone();
        let directory = Arc::new(kept.directory());
        let (targets, notes) = assembly.finish(targets, |target| exists.contains(target), &Names::new(&directory));
        Ok(Snapshot {
            tenant,
            tenant_name: None,
            read_at: Time::from_unix(self.client.pause().now().as_second()),
            runner,
            memberships,
            directory,
            targets,
            groups: lists,
            notes,
            makers: Makers::default(),
            missing,
        })
    }

    /// Looks up everybody who occurs and is not known yet. Whoever cannot be looked up might be anybody, so what they
    /// have an assignment at counts as unreadable.
    async fn look_up(&self, found: &mut Found, watched: &BTreeSet<PrincipalId>) {
        let Found { kept, targets, assembly, lists, .. } = found;
        let mut unknown: BTreeSet<PrincipalId> = assembly.principals(|target| targets.contains(target)).collect();
        for read in lists.values() {
            if let GroupRead::Present(state) = read {
                unknown.extend(state.members.iter().chain(&state.owners));
            }
        }
        unknown.extend(lists.keys());
        unknown.extend(watched);
        unknown.retain(|id| !kept.objects.principals.contains_key(id));
        match directory::principals(&self.client, &unknown, &kept.objects.onboarded).await {
            Ok(found) => {
                // Azure knows principals that are in no directory of this tenant. They are not gone.
                let sorts = unknown.iter().filter_map(|id| Some((*id, assembly.sort(*id)?.clone())));
                let elsewhere = sorts.map(|(id, sort)| Principal {
                    detail: PrincipalDetail::Other { sort: Some(sort) },
                    ..Principal::not_looked_up(id)
                });
                let all: Vec<Principal> = elsewhere.chain(found).collect();
                kept.objects.principals.extend(all.into_iter().map(|principal| (principal.id, principal)));
            }
            Err(error) => {
                kept.objects.principals.extend(unknown.iter().map(|id| (*id, Principal::not_looked_up(*id))));
                let reason = why(&error);
                assembly.without(&unknown, &reason);
                for read in lists.values_mut() {
                    if matches!(read, GroupRead::Present(state) if state.members.union(&state.owners).any(|id| unknown.contains(id)))
                    {
                        *read = GroupRead::Unreadable(reason.as_str().into());
                    }
                }
            }
        }
    }
}

impl MicrosoftReader {
    /// Who is in the groups that hold something or approve, in those that the files name, and in all that are in these: a
    /// plan against a snapshot asks the same of it as one against the tenant. Where the service does not say which groups
    /// are under PIM, each may be, and is read as such.
    async fn look_into_groups(&self, found: &mut Found, watched: &BTreeSet<PrincipalId>) {
        let mut asked: BTreeSet<PrincipalId> = found.lists.keys().copied().collect();
        loop {
            let groups = found.kept.objects.principals.values().filter(|principal| principal.group().is_some());
            let new: BTreeSet<PrincipalId> = groups.map(|group| group.id).filter(|id| !asked.contains(id)).collect();
            if new.is_empty() {
                return;
            }
            asked.extend(&new);
            let none = BTreeSet::new();
            let is_known = matches!(found.kept.objects.onboarded, Onboarded::Known(_));
            let read = groups::read::read(&self.client, if is_known { &none } else { &new }, &new).await;
            if !is_known {
                found
                    .targets
                    .extend(new.iter().flat_map(|group| BOTH.map(|access| Target::Group { group: *group, access })));
            }
            found.assembly.extend(read.targets);
            found.lists.extend(read.lists);
            self.look_up(found, watched).await;
        }
    }
}

impl Kept {
    fn directory(&self) -> Directory {
        Directory::new(DirectoryParts {
            principals: self.objects.principals.values().cloned().collect(),
            directory_roles: self.objects.roles.clone(),
            azure_roles: self.azure_roles.clone(),
            administrative_units: self.objects.units.clone(),
            contexts: self.objects.contexts.clone(),
            places: self.places.clone(),
        })
    }

    fn is_group(&self, id: PrincipalId) -> bool {
        self.objects.principals.get(&id).is_some_and(|principal| principal.group().is_some())
    }
}

impl Found {
    /// Of each group whether it is under PIM. Where that is not known, those that have assignments through PIM are, and
    /// whether it matters that it is not known of the others depends on what was asked for.
    fn note_onboarded(&mut self, query: &ReadQuery) {
        let Self { kept, targets, assembly, .. } = self;
        let Objects { principals, onboarded, .. } = &mut kept.objects;
        for principal in principals.values_mut() {
            if let PrincipalDetail::Group(facts) = &mut principal.detail
                && facts.onboarded == Answer::NotSaid
            {
                facts.onboarded = onboarded.answer(principal.id);
            }
        }
        let Onboarded::Unknown(why) = onboarded else { return };
        for (target, rows) in assembly.with_rows() {
            let through_pim = rows.iter().any(|row| {
                row.key.kind == Kind::Eligible || matches!(row.origin, Origin::Assigned | Origin::Activated)
            });
            let group = target.group().and_then(|group| principals.get_mut(&group));
            if let (true, Some(Principal { detail: PrincipalDetail::Group(facts), .. })) = (through_pim, group) {
                facts.onboarded = Answer::Yes;
            }
        }
        let is_open = |group: PrincipalId| {
            let facts = principals.get(&group).and_then(Principal::group);
            facts.is_some_and(|facts| facts.onboarded == Answer::NotSaid)
        };
        if *query == ReadQuery::Everything {
            assembly.lacks(format!("{why}; those that nobody holds anything through are not in this snapshot"));
        } else if targets.iter().filter_map(Target::group).any(is_open) {
            assembly.lacks(format!("{why}; whether a group without PIM assignments is under PIM is not known"));
        } else {
            assembly.note(format!("{why}; all groups here have PIM assignments, so they are"));
        }
    }
}

/// What was read, before everybody in it is looked up.
struct Found {
    kept: Kept,
    /// What was asked for.
    targets: BTreeSet<Target>,
    assembly: Assembly,
    lists: BTreeMap<PrincipalId, GroupRead>,
    /// Of these the service must have said something.
    exists: BTreeSet<Target>,
}

const BOTH: [Access; 2] = [Access::Member, Access::Owner];

async fn only(
    client: &ReadClient,
    kept: Option<Kept>,
    targets: &BTreeSet<Target>,
    lists: &BTreeSet<PrincipalId>,
) -> Found {
    let is_first = kept.is_none();
    let mut kept = kept.unwrap_or_default();
    let (mut roles, mut groups, mut azure) = (BTreeSet::new(), BTreeSet::new(), azure::read::Asked::new());
    for target in targets {
        match target {
            Target::Directory { directory_role } => {
                roles.insert(*directory_role);
            }
            Target::Group { group, .. } => {
                groups.insert(*group);
            }
            Target::Azure { scope, role } => {
                azure.entry(scope.clone()).or_default().insert(*role);
            }
        }
    }
    let policies = std::mem::take(&mut kept.policies);
    let ids = std::mem::take(&mut kept.objects.role_ids);
    let Objects { roles: known, principals, without_roles, .. } = &kept.objects;
    let to_read = if without_roles.is_some() { BTreeSet::new() } else { roles.clone() };
    let (of_roles, of_groups, of_azure) = futures::join!(
        roles_only(client, known, ids, &to_read),
        groups_only(client, principals, is_first, &groups, lists),
        azure::read::read(client, &azure, policies),
    );
    let RolesOnly { found: mut assembly, listed, ids } = of_roles;
    if let Some(reason) = without_roles {
        let targets: Vec<Target> = roles.iter().map(|role| Target::Directory { directory_role: *role }).collect();
        assembly.all_broken(&targets, reason);
    }
    let GroupsOnly { found, principals, onboarded } = of_groups;
    assembly.extend(found.targets);
    assembly.extend(of_azure);
    kept.objects.roles.extend(listed);
    kept.objects.role_ids = ids;
    kept.objects.principals.extend(principals.into_iter().map(|principal| (principal.id, principal)));
    if let Some(onboarded) = onboarded {
        kept.objects.onboarded = onboarded;
    }
    let exists = targets.iter().filter(|target| match target {
        Target::Directory { directory_role } => kept.objects.roles.iter().any(|role| role.id == *directory_role),
        Target::Group { group, .. } => kept.is_group(*group),
        Target::Azure { .. } => false,
    });
    let exists = exists.cloned().collect();
    Found { kept, targets: targets.clone(), assembly, lists: found.lists, exists }
}

/// What was read of directory roles.
struct RolesOnly {
    found: Assembly,
    /// Roles that were not known before.
    listed: Vec<Role>,
    ids: RoleIds,
}

/// Directory roles, and their definitions where those are not known: they say which role an assignment is of.
async fn roles_only(client: &ReadClient, known: &[Role], mut ids: RoleIds, asked: &BTreeSet<RoleId>) -> RolesOnly {
    let mut listed = Vec::new();
    if !asked.is_empty() && known.is_empty() {
        match directory::roles(client).await {
            Ok(roles) => (listed, ids) = roles,
            Err(error) => {
                // Without the definitions nobody can say which of them exist.
                let targets: Vec<Target> =
                    asked.iter().map(|role| Target::Directory { directory_role: *role }).collect();
                let mut found = Assembly::default();
                found.all_broken(&targets, why(&error));
                return RolesOnly { found, listed, ids };
            }
        }
    }
    let found = entra::read::read(client, asked, &mut ids).await;
    RolesOnly { found, listed, ids }
}

/// What was read of groups.
struct GroupsOnly {
    found: groups::read::Found,
    /// Groups that were not known before.
    principals: Vec<Principal>,
    onboarded: Option<Onboarded>,
}

/// Groups. Those that nobody has heard of are looked up first: the plan may be about to create them, and the service is
/// slow to say that it does not know a group.
async fn groups_only(
    client: &ReadClient,
    known: &BTreeMap<PrincipalId, Principal>,
    is_first: bool,
    targets: &BTreeSet<PrincipalId>,
    lists: &BTreeSet<PrincipalId>,
) -> GroupsOnly {
    let unknown: BTreeSet<PrincipalId> =
        targets.union(lists).copied().filter(|group| !known.contains_key(group)).collect();
    let onboarded = if is_first && !targets.is_empty() { Some(directory::onboarded(client).await) } else { None };
    let of = onboarded.clone().unwrap_or_default();
    // Where even that cannot be asked, the reads of each group say what there is to say.
    let looked_up = directory::principals(client, &unknown, &of).await;
    let absent: BTreeSet<PrincipalId> = match &looked_up {
        Ok(found) => {
            let found: BTreeSet<PrincipalId> = found.iter().map(|principal| principal.id).collect();
            unknown.difference(&found).copied().collect()
        }
        Err(_) => BTreeSet::new(),
    };
    let there = |groups: &BTreeSet<PrincipalId>| groups.difference(&absent).copied().collect();
    let found = groups::read::read(client, &there(targets), &there(lists)).await;
    GroupsOnly { found, principals: looked_up.unwrap_or_default(), onboarded }
}

/// All that can be seen, and what is known of what the files name.
async fn everything(client: &ReadClient, kept: Option<Kept>) -> Found {
    let Kept { objects, places, azure_roles, policies, .. } = kept.unwrap_or_default();
    let named: BTreeSet<ArmScope> = policies.into_keys().collect();
    let (of_entra, of_azure, units, contexts) = futures::join!(
        entra_and_groups(client),
        azure::everything::read(client, &named),
        directory::units(client),
        directory::contexts(client),
    );
    let (mut kept, mut assembly, mut targets, lists) = of_entra;
    let azure::everything::Everything { found, targets: in_azure, places: seen, roles } = of_azure;
    assembly.extend(found);
    targets.extend(in_azure);
    kept.objects.principals = objects.principals;
    kept.places = places;
    kept.places.retain(|place| !seen.iter().any(|other| other.scope == place.scope));
    kept.places.extend(seen);
    kept.azure_roles = azure_roles;
    kept.azure_roles.retain(|role| !roles.iter().any(|other| other.id == role.id));
    kept.azure_roles.extend(roles);
    kept.objects.units = units.unwrap_or_else(|error| missing(&mut assembly, &error));
    kept.objects.contexts = match contexts {
        Ok(contexts) => Some(contexts),
        Err(error) => {
            lacks(&mut assembly, &error);
            None
        }
    };
    let exists = targets.iter().filter(|target| !matches!(target, Target::Azure { .. })).cloned().collect();
    Found { kept, targets, assembly, lists, exists }
}

type Entra = (Kept, Assembly, BTreeSet<Target>, BTreeMap<PrincipalId, GroupRead>);

/// All directory roles, and all groups under PIM with who is in them.
async fn entra_and_groups(client: &ReadClient) -> Entra {
    let of_roles = async {
        let listed = directory::roles(client).await;
        let (listed, mut ids) = match listed {
            Ok((roles, ids)) => (Ok(roles), ids),
            Err(error) => (Err(error), RoleIds::default()),
        };
        let asked = listed.iter().flatten().map(|role| role.id).collect();
        (entra::read::read(client, &asked, &mut ids).await, listed, ids)
    };
    let of_groups = async {
        let onboarded = directory::onboarded(client).await;
        let groups = match &onboarded {
            Onboarded::Known(groups) => groups.clone(),
            Onboarded::NotAsked | Onboarded::Unknown(_) => BTreeSet::new(),
        };
        (groups::read::read(client, &groups, &groups).await, onboarded, groups)
    };
    let ((mut assembly, roles, ids), (found, onboarded, groups)) = futures::join!(of_roles, of_groups);
    assembly.extend(found.targets);
    let mut kept = Kept::default();
    kept.objects.roles = roles.unwrap_or_else(|error| missing(&mut assembly, &error));
    kept.objects.role_ids = ids;
    kept.objects.onboarded = onboarded;
    let roles = kept.objects.roles.iter().map(|role| Target::Directory { directory_role: role.id });
    let groups = groups.into_iter().flat_map(|group| BOTH.map(|access| Target::Group { group, access }));
    let targets = roles.chain(groups).collect();
    (kept, assembly, targets, found.lists)
}

fn missing<T>(assembly: &mut Assembly, error: &super::ServiceError) -> Vec<T> {
    lacks(assembly, error);
    Vec::new()
}

/// What the tenant is called, for people (docs/service.md: permissions-4).
async fn tenant_name(client: &ReadClient) -> Result<Option<Arc<str>>, ServiceError> {
    let found = client.list(Service::Graph, "/v1.0/organization?$select=id,displayName").await;
    let found = found.map_err(|error| error.asked("read the name of the tenant"))?;
    Ok(found.iter().find_map(|tenant| wire::field(&tenant, "displayName").map(Arc::from)))
}

fn lacks(assembly: &mut Assembly, error: &super::ServiceError) {
    assembly.lacks(format!("{error}; they are not in this snapshot"));
}

/// The groups that principals are in. Whose memberships cannot be read is said, and missing in the answer.
async fn memberships(
    client: &ReadClient,
    watched: &BTreeSet<PrincipalId>,
) -> (BTreeMap<PrincipalId, BTreeSet<PrincipalId>>, Vec<String>) {
    let reads = watched.iter().map(|id| async move { (*id, client.member_groups(*id).await) });
    let (mut found, mut notes) = (BTreeMap::new(), Vec::new());
    for (id, read) in futures::future::join_all(reads).await {
        match read {
            Ok(groups) => {
                found.insert(id, groups.into_iter().collect());
            }
            // Whoever does not exist is in no group.
            Err(error) if error.kind == super::ErrorKind::NotFound => {
                found.insert(id, BTreeSet::new());
            }
            Err(error) => {
                let error = error.asked(format!("list the groups that `{id}` is in"));
                notes.push(format!("{error}; guards do not see what it would lose through groups"));
            }
        }
    }
    (found, notes)
}

#[cfg(test)]
pub(super) mod stub;
#[cfg(test)]
mod tests;
