//! What the objects of the directory are related to: members, owners, what one is in, what one owns.

use http::Method;
use serde_json::Value;
use uuid::Uuid;

use super::answer::{Print, nested, no_links, no_object, wrong_method};
use super::directory::{denied, older_id};
use super::{object, schema};
use crate::emulator::odata::{Query, Takes};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{
    Access, AdministrativeUnit, Application, DirectoryRole, DirectoryScope, Kind, Principal, Target, World,
};

/// The relations of a type that `$expand` does not bring, with a blank between them. A body may name them to say nothing.
pub(super) fn of(type_name: &str) -> &'static str {
    match type_name {
        "user" => {
            "activities adhocCalls agreementAcceptances authentication calendar calendarGroups calendarView calendars \
             chats cloudClipboard cloudPCs contactFolders contacts dataSecurityAndGovernance \
             deviceManagementTroubleshootingEvents drive drives employeeExperience events followedSites \
             inferenceClassification insights joinedTeams mailFolders managedAppRegistrations managedDevices messages \
             onPremisesSyncBehavior onenote onlineMeetings outlook people permissionGrants photo photos planner presence \
             settings solutions teamwork todo"
        }
        "group" => {
            "calendar calendarView conversations drive drives events onPremisesSyncBehavior onenote photo photos planner \
             sites team threads"
        }
        "servicePrincipal" => "remoteDesktopSecurityConfiguration sponsors synchronization",
        "application" => "sponsors synchronization",
        _ => "",
    }
}

/// An object of the directory.
#[derive(Clone, Copy)]
pub(super) enum Object<'w> {
    /// Somebody who can hold roles.
    Principal(Principal<'w>),
    /// An application.
    Application(&'w Application),
    /// An administrative unit.
    Unit(&'w AdministrativeUnit),
    /// A directory role, as the older view shows it.
    Role(&'w DirectoryRole),
}

impl<'w> Object<'w> {
    /// The object of an id.
    pub(super) fn find(world: &'w World, id: Uuid) -> Option<Self> {
        // A group of another tenant is no object of this one.
        let is_here = |it: &Principal<'_>| !matches!(it, Principal::Other(other) if other.sort == "foreignGroup");
        let principal = world.principal(id).filter(is_here).map(Self::Principal);
        principal
            .or_else(|| world.applications.get(&id).map(Self::Application))
            .or_else(|| world.administrative_units.get(&id).map(Self::Unit))
            .or_else(|| world.directory_roles.values().find(|role| older_id(world, role) == id).map(Self::Role))
    }

    /// Whether it is of a type, named in lower case; the types derived from it count.
    pub(super) fn is_a(self, type_name: &str) -> bool {
        let (own, sort) = match self {
            Self::Principal(Principal::User(user)) => ("user", user.sort.as_deref()),
            Self::Principal(Principal::Group(_)) => ("group", None),
            Self::Principal(Principal::Service(service)) => ("serviceprincipal", service.sort.as_deref()),
            Self::Principal(Principal::Other(other)) => ("", Some(other.sort.as_str())),
            Self::Application(_) => ("application", None),
            Self::Unit(_) => ("administrativeunit", None),
            Self::Role(_) => ("directoryrole", None),
        };
        let is = |name: &str| name.eq_ignore_ascii_case(type_name);
        is(own) || sort.is_some_and(is) || is("directoryobject")
    }

    /// All its properties, and its type.
    pub(super) fn value(self, world: &World) -> Value {
        let (kind, mut value) = match self {
            Self::Principal(principal) => return object::principal(world, principal),
            Self::Application(application) => ("application", object::application(application)),
            Self::Unit(unit) => ("administrativeUnit", object::administrative_unit(unit)),
            Self::Role(role) => ("directoryRole", super::directory::older_role(world, role)),
        };
        if let Value::Object(object) = &mut value {
            object.insert("@odata.type".to_owned(), format!("#microsoft.graph.{kind}").into());
        }
        value
    }
}

/// Whether it is the name of a type of objects of the directory, in lower case. Of most of them no tenant here has any.
// docs/service.md: principals-7
pub(super) fn is_type(name: &str) -> bool {
    let types = "directoryobject user agentuser group serviceprincipal agentidentity agentidentityblueprintprincipal \
                 application agentidentityblueprint administrativeunit directoryrole directoryroletemplate orgcontact \
                 directoryobjectpartnerreference device approleassignment certificateauthoritydetail \
                 certificatebasedauthpki contract endpoint extensionproperty groupsettingtemplate mailbox \
                 multitenantorganizationmember organization remotetenantgroup resourcespecificpermissiongrant \
                 policybase stspolicy activitybasedtimeoutpolicy appmanagementpolicy authorizationpolicy \
                 claimsmappingpolicy crosstenantaccesspolicy federatedtokenvalidationpolicy homerealmdiscoverypolicy \
                 identitysecuritydefaultsenforcementpolicy permissiongrantpolicy tenantappmanagementpolicy \
                 tokenissuancepolicy tokenlifetimepolicy";
    types.split(' ').any(|known| known == name)
}

/// `/{objects}/{id}/{relation}`, perhaps of one type only.
pub(super) fn list(
    world: &World,
    request: &Request,
    object: Object<'_>,
    relation: &str,
    of_type: Option<&str>,
) -> Result<Reply, ServiceFailure> {
    if let Object::Principal(Principal::Group(group)) = object
        && let Some(reason) = group.unreadable.as_ref().filter(|_| !relation.contains("memberof"))
    {
        return Err(denied(reason));
    }
    if of_type.is_some_and(|it| !is_type(it)) {
        return Err(ServiceFailure::not_implemented("this type of directory objects"));
    }
    let mut found = behind(world, object, relation).ok_or_else(|| no_object(relation))?;
    found.retain(|object| of_type.is_none_or(|it| object.is_a(it)));
    objects(world, request, found)
}

/// A list of objects of any kind. Each has the properties of its own type.
pub(super) fn objects(world: &World, request: &Request, found: Vec<Object<'_>>) -> Result<Reply, ServiceFailure> {
    if request.method != Method::GET {
        return Err(wrong_method(request));
    }
    let query = Query::parse(request, &schema::DIRECTORY_OBJECT, Takes::Directory)?;
    let render = |object: &Object<'_>| object.value(world);
    let print = Print { entity: &schema::DIRECTORY_OBJECT, render: &render, expand: &no_links };
    Ok(print.list(request, "directoryObjects", world.page_size, &query, found))
}

/// What `$expand` brings of an object that is printed as `value`.
pub(super) fn expand(world: &World, value: &Value, link: &str, query: &Query) -> Value {
    let id = value.get("id").and_then(Value::as_str).and_then(|id| Uuid::try_parse(id).ok());
    let object = id.and_then(|id| Object::find(world, id));
    let Some(object) = object else { return Value::Array(Vec::new()) };
    let print = |object: Object<'_>| nested(object.value(world), query, &schema::DIRECTORY_OBJECT);
    behind(world, object, &link.to_lowercase()).map_or(Value::Null, |found| found.into_iter().map(print).collect())
}

/// The objects behind a relation, named in lower case; nothing if there could be one object only, and there is none.
fn behind<'w>(world: &'w World, object: Object<'w>, relation: &str) -> Option<Vec<Object<'w>>> {
    let principals =
        |ids: Vec<Uuid>| ids.into_iter().filter_map(|id| world.principal(id)).map(Object::Principal).collect();
    let found = match (object, relation) {
        (_, "manager" | "createdonbehalfof") => return None,
        (Object::Principal(Principal::Group(group)), "members") => principals(world.members(group.id, Access::Member)),
        (Object::Principal(Principal::Group(group)), "owners") => principals(world.members(group.id, Access::Owner)),
        (Object::Principal(Principal::Group(group)), "transitivemembers") => principals(transitive(world, group.id)),
        (Object::Principal(Principal::Service(service)), "owners") => principals(service.owners.clone()),
        (Object::Application(application), "owners") => principals(application.owners.clone()),
        (Object::Role(role), "members") => principals(holders(world, role)),
        (Object::Principal(principal), "memberof") => {
            let id = principal.id();
            let groups = principals(world.groups_with(id));
            with_roles(world, groups, &[id])
        }
        (Object::Principal(principal), "transitivememberof") => {
            let mut ids = world.groups_of(principal.id());
            let groups = principals(ids.clone());
            ids.push(principal.id());
            with_roles(world, groups, &ids)
        }
        (Object::Principal(principal), "ownedobjects") => owned(world, principal.id()),
        _ => Vec::new(),
    };
    Some(found)
}

fn transitive(world: &World, group: Uuid) -> Vec<Uuid> {
    let mut found = world.members(group, Access::Member);
    let mut at = 0;
    while let Some(id) = found.get(at).copied() {
        at += 1;
        if world.groups.contains_key(&id) {
            for member in world.members(id, Access::Member) {
                if !found.contains(&member) {
                    found.push(member);
                }
            }
        }
    }
    found
}

/// Who has a directory role just now, everywhere.
fn holders(world: &World, role: &DirectoryRole) -> Vec<Uuid> {
    let now = world.now();
    let target = Target::Directory { role: role.id };
    let holds = world.schedules_of(&target).filter(|it| {
        it.kind == Kind::Active && !it.is_ahead(now) && it.removed.is_none() && it.scope == DirectoryScope::Whole
    });
    let mut found: Vec<Uuid> = holds.map(|it| it.principal).collect();
    found.dedup();
    found
}

fn with_roles<'w>(world: &'w World, mut groups: Vec<Object<'w>>, principals: &[Uuid]) -> Vec<Object<'w>> {
    groups.extend(held_by(world, principals).map(Object::Role));
    groups
}

/// The built-in directory roles that a principal has just now, also through groups.
pub(super) fn roles_of<'w>(world: &'w World, principal: Principal<'_>) -> impl Iterator<Item = &'w DirectoryRole> {
    let mut ids = world.groups_of(principal.id());
    ids.push(principal.id());
    held_by(world, &ids).collect::<Vec<_>>().into_iter()
}

fn held_by<'w>(world: &'w World, principals: &[Uuid]) -> impl Iterator<Item = &'w DirectoryRole> {
    let held = |role: &&DirectoryRole| holders(world, role).iter().any(|holder| principals.contains(holder));
    world.directory_roles.values().filter(move |role| !role.custom && held(role))
}

fn owned(world: &World, owner: Uuid) -> Vec<Object<'_>> {
    let groups = world.groups.values().filter(|group| world.members(group.id, Access::Owner).contains(&owner));
    let services = world.service_principals.values().filter(|service| service.owners.contains(&owner));
    let applications = world.applications.values().filter(|application| application.owners.contains(&owner));
    groups
        .map(Principal::Group)
        .chain(services.map(Principal::Service))
        .map(Object::Principal)
        .chain(applications.map(Object::Application))
        .collect()
}
