//! Reading the directory: users, groups, service principals and the rest.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Print, context, nested, no_links, no_object, wrong_method};
use super::body::{Fields, guid, invalid};
use super::{object, schema};
use crate::emulator::odata::{Entity, Query, Takes};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{
    Access, AdministrativeUnit, Context, DirectoryRole, Group, Kind, Principal, ServicePrincipal, Target, User, World,
};

/// The directory's words for a call that is not allowed.
pub(super) fn denied(reason: &str) -> ServiceFailure {
    let message = format!("Insufficient privileges to complete the operation. {reason}");
    ServiceFailure::new(403, "Authorization_RequestDenied", message.trim_end())
}

fn need_get(request: &Request) -> Result<(), ServiceFailure> {
    if request.method == Method::GET { Ok(()) } else { Err(wrong_method(request)) }
}

/// A list of objects without links.
pub(super) fn plain_list<T>(
    world: &World,
    request: &Request,
    what: &str,
    entity: &'static Entity,
    items: Vec<T>,
    render: &dyn Fn(&T) -> Value,
) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let query = Query::parse(request, entity, Takes::Directory)?;
    Ok(Print { entity, render, expand: &no_links }.list(request, what, world.page_size, &query, items))
}

/// One object without links.
pub(super) fn plain_one<T>(
    request: &Request,
    what: &str,
    entity: &'static Entity,
    item: &T,
    render: &dyn Fn(&T) -> Value,
) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let query = Query::parse(request, entity, Takes::One)?;
    Ok(Print { entity, render, expand: &no_links }.one(request, 200, what, &query, item))
}

/// `/users`
pub(super) fn users(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    let users: Vec<&User> = world.users.values().collect();
    plain_list(world, request, "users", &schema::USER, users, &|user| object::user(user))
}

/// `/users/{id}`: an object id or a user principal name.
pub(super) fn user(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    plain_one(request, "users", &schema::USER, &find_user(world, id)?, &|user| object::user(user))
}

/// A user by object id or user principal name.
pub(super) fn find_user<'w>(world: &'w World, id: &str) -> Result<&'w User, ServiceFailure> {
    let found = match Uuid::try_parse(id) {
        Ok(id) => world.users.get(&id),
        Err(_) => world.users.values().find(|user| user.upn.to_lowercase() == id.to_lowercase()),
    };
    found.ok_or_else(|| no_object(id))
}

fn group_print<'a>(
    world: &'a World,
    render: &'a dyn Fn(&&'a Group) -> Value,
    expand: &'a dyn Fn(&&'a Group, &str, &Query) -> Value,
) -> Print<'a, &'a Group> {
    let _ = world;
    Print { entity: &schema::GROUP, render, expand }
}

/// What `$expand` brings of a group.
fn expand_group(world: &World, group: &Group, link: &str, query: &Query) -> Value {
    let access = if link == "members" { Access::Member } else { Access::Owner };
    let found = world.members(group.id, access).into_iter().filter_map(|id| world.principal(id));
    found.map(|it| nested(object::principal(world, it), query, &schema::DIRECTORY_OBJECT)).collect()
}

/// `/groups`
pub(super) fn groups(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let query = Query::parse(request, &schema::GROUP, Takes::Directory)?;
    let expand = |group: &&Group, link: &str, query: &Query| expand_group(world, group, link, query);
    let groups = world.groups.values().collect();
    let render = |group: &&Group| object::group(group);
    Ok(group_print(world, &render, &expand).list(request, "groups", world.page_size, &query, groups))
}

/// `/groups/{id}`
pub(super) fn group(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let query = Query::parse(request, &schema::GROUP, Takes::One)?;
    let expand = |group: &&Group, link: &str, query: &Query| expand_group(world, group, link, query);
    let render = |group: &&Group| object::group(group);
    Ok(group_print(world, &render, &expand).one(request, 200, "groups", &query, &find_group(world, id)?))
}

/// A group by object id.
pub(super) fn find_group<'w>(world: &'w World, id: &str) -> Result<&'w Group, ServiceFailure> {
    world.groups.get(&guid(id)?).ok_or_else(|| no_object(id))
}

/// `/groups/{id}/members`, `/owners`, `/transitiveMembers`, perhaps of one type only.
pub(super) fn members(
    world: &World,
    request: &Request,
    id: &str,
    list: &str,
    of_type: Option<&str>,
) -> Result<Reply, ServiceFailure> {
    let group = find_group(world, id)?;
    if let Some(reason) = &group.unreadable {
        return Err(denied(reason));
    }
    let ids = match list {
        "owners" => world.members(group.id, Access::Owner),
        "members" => world.members(group.id, Access::Member),
        _ => transitive(world, group.id),
    };
    let kind = |principal: &Principal<'_>| match principal {
        Principal::User(_) => "user",
        Principal::Group(_) => "group",
        Principal::ServicePrincipal(_) => "serviceprincipal",
    };
    if of_type.is_some_and(|it| !["user", "group", "serviceprincipal"].contains(&it)) {
        return Err(ServiceFailure::not_implemented("this type of directory objects"));
    }
    let found = ids.into_iter().filter_map(|id| world.principal(id));
    let found = found.filter(|principal| of_type.is_none_or(|it| it == kind(principal))).collect();
    principals(world, request, "directoryObjects", found)
}

/// `/groups/{id}/memberOf`, and the same of a user or a service principal: the groups in which it is itself.
pub(super) fn member_of(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    let id = match (world.principal(guid(id).unwrap_or_default()), id.contains('@')) {
        (Some(_), _) => guid(id)?,
        (None, true) => find_user(world, id)?.id,
        (None, false) => return Err(no_object(id)),
    };
    let found = world.groups.values().filter(|group| world.members(group.id, Access::Member).contains(&id));
    principals(world, request, "directoryObjects", found.map(Principal::Group).collect())
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

/// A list of principals of any kind. Each has the properties of its own type.
pub(super) fn principals(
    world: &World,
    request: &Request,
    what: &str,
    found: Vec<Principal<'_>>,
) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let query = Query::parse(request, &schema::DIRECTORY_OBJECT, Takes::Directory)?;
    let render = |it: &Principal<'_>| object::principal(world, *it);
    let print = Print { entity: &schema::DIRECTORY_OBJECT, render: &render, expand: &no_links };
    Ok(print.list(request, what, world.page_size, &query, found))
}

/// `/servicePrincipals`
pub(super) fn service_principals(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    let all: Vec<&ServicePrincipal> = world.service_principals.values().collect();
    let render = |service: &&ServicePrincipal| object::service_principal(world, service);
    plain_list(world, request, "servicePrincipals", &schema::SERVICE_PRINCIPAL, all, &render)
}

/// `/servicePrincipals/{id}` or `/servicePrincipals(appId='{id}')`
pub(super) fn service_principal(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    let render = |service: &&ServicePrincipal| object::service_principal(world, service);
    let service = find_service_principal(world, id)?;
    plain_one(request, "servicePrincipals", &schema::SERVICE_PRINCIPAL, &service, &render)
}

pub(super) fn find_service_principal<'w>(world: &'w World, id: &str) -> Result<&'w ServicePrincipal, ServiceFailure> {
    let found = match id.strip_prefix("appid=") {
        Some(app) => {
            let app = guid(app.trim_matches('\''))?;
            world.service_principals.values().find(|service| service.app_id == Some(app))
        }
        None => world.service_principals.get(&guid(id)?),
    };
    found.ok_or_else(|| no_object(id))
}

/// `/directoryObjects/{id}`
pub(super) fn directory_object(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    let found = world.principal(guid(id)?).ok_or_else(|| no_object(id))?;
    let render = |it: &Principal<'_>| object::principal(world, *it);
    plain_one(request, "directoryObjects", &schema::DIRECTORY_OBJECT, &found, &render)
}

/// `POST /directoryObjects/getByIds`: unknown ids are missing in the answer.
pub(super) fn get_by_ids(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    if request.method != Method::POST {
        return Err(wrong_method(request));
    }
    let query = Query::parse(request, &schema::DIRECTORY_OBJECT, Takes::One)?;
    let mut fields = Fields::new("directoryObjectGetByIds", request.json()?)?;
    let ids = fields.texts("ids")?.ok_or_else(|| invalid("A value is required for 'ids'."))?;
    let types = fields.texts("types")?.unwrap_or_default();
    fields.finish()?;
    if ids.len() > 1000 {
        return Err(invalid("The number of identifiers in 'ids' is above 1000, the most that is allowed."));
    }
    let known = ["user", "group", "serviceprincipal", "directoryobject", "device", "application"];
    let types: Vec<String> = types.iter().map(|it| it.to_ascii_lowercase()).collect();
    if let Some(other) = types.iter().find(|it| !known.contains(&it.as_str())) {
        return Err(invalid(format!("'{other}' is no type of directory objects.")));
    }
    let mut found: BTreeMap<Uuid, Value> = BTreeMap::new();
    for id in &ids {
        let id = guid(id)?;
        let Some(principal) = world.principal(id) else { continue };
        let kind = match principal {
            Principal::User(_) => "user",
            Principal::Group(_) => "group",
            Principal::ServicePrincipal(_) => "serviceprincipal",
        };
        if types.is_empty() || types.iter().any(|it| it == kind || it == "directoryobject") {
            found.insert(id, nested(object::principal(world, principal), &query, &schema::DIRECTORY_OBJECT));
        }
    }
    let value: Vec<Value> = found.into_values().collect();
    Ok(Reply::json(200, json!({ "@odata.context": context(request, "directoryObjects"), "value": value })))
}

/// `POST {principal}/getMemberGroups`
pub(super) fn member_groups(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    if request.method != Method::POST {
        return Err(wrong_method(request));
    }
    let id = match id.strip_prefix("appid=") {
        Some(_) => find_service_principal(world, id)?.id,
        None => Uuid::try_parse(id).or_else(|_| find_user(world, id).map(|user| user.id))?,
    };
    let principal = world.principal(id).ok_or_else(|| no_object(&id.to_string()))?;
    let mut fields = Fields::new("getMemberGroups", request.json()?)?;
    let missing = || invalid("A value is required for 'securityEnabledOnly'.");
    let security_only = fields.flag("securityEnabledOnly")?.ok_or_else(missing)?;
    fields.finish()?;
    if security_only && !matches!(principal, Principal::User(_)) {
        return Err(invalid("'securityEnabledOnly' may be true for users only."));
    }
    let groups = world.groups_of(id).into_iter();
    let groups: Vec<Uuid> =
        groups.filter(|id| !security_only || world.groups.get(id).is_some_and(|group| group.security)).collect();
    let what = context(request, "Collection(Edm.String)");
    Ok(Reply::json(200, json!({ "@odata.context": what, "value": groups })))
}

/// `/directory/administrativeUnits[/{id}]`
pub(super) fn administrative_units(
    world: &World,
    request: &Request,
    id: Option<&str>,
) -> Result<Reply, ServiceFailure> {
    let render = |unit: &&AdministrativeUnit| object::administrative_unit(unit);
    let what = "directory/administrativeUnits";
    let Some(id) = id else {
        let all: Vec<&AdministrativeUnit> = world.administrative_units.values().collect();
        return plain_list(world, request, what, &schema::ADMINISTRATIVE_UNIT, all, &render);
    };
    let unit = world.administrative_units.get(&guid(id)?).ok_or_else(|| no_object(id))?;
    plain_one(request, what, &schema::ADMINISTRATIVE_UNIT, &unit, &render)
}

/// `/identity/conditionalAccess/authenticationContextClassReferences[/{id}]`
pub(super) fn contexts(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    let render = |it: &&Context| object::context(it);
    let what = "identity/conditionalAccess/authenticationContextClassReferences";
    let Some(id) = id else {
        return plain_list(world, request, what, &schema::CONTEXT, world.contexts.iter().collect(), &render);
    };
    let found = world.contexts.iter().find(|it| it.id.eq_ignore_ascii_case(id)).ok_or_else(|| no_object(id))?;
    plain_one(request, what, &schema::CONTEXT, &found, &render)
}

/// `/organization`
pub(super) fn organization(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    let render = |(): &()| {
        let verified: Vec<Value> = domains(world)
            .iter()
            .enumerate()
            .map(|(at, name)| {
                json!({
                    "name": name, "type": "Managed", "isDefault": at == 0, "isInitial": at == 0,
                    "capabilities": "Email, OfficeCommunicationsOnline",
                })
            })
            .collect();
        json!({
            "id": world.tenant.id, "displayName": world.tenant.name, "tenantType": "AAD", "countryLetterCode": null,
            "createdDateTime": null, "verifiedDomains": verified,
        })
    };
    match id {
        None => plain_list(world, request, "organization", &schema::ORGANIZATION, vec![()], &render),
        Some(id) if guid(id)? == world.tenant.id => {
            plain_one(request, "organization", &schema::ORGANIZATION, &(), &render)
        }
        Some(id) => Err(no_object(id)),
    }
}

/// The domains of the users, the most common one first.
fn domains(world: &World) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for user in world.users.values() {
        if let Some((_, domain)) = user.upn.rsplit_once('@') {
            *counts.entry(domain.to_lowercase()).or_default() += 1;
        }
    }
    let mut domains: Vec<(String, usize)> = counts.into_iter().collect();
    domains.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let names: Vec<String> = domains.into_iter().map(|(name, _)| name).collect();
    if names.is_empty() { vec!["tenant.example".to_owned()] } else { names }
}

/// `/domains[/{id}]`
pub(super) fn domain_list(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    let names = domains(world);
    let first = names.first().cloned().unwrap_or_default();
    let render = |name: &String| {
        json!({
            "id": name, "authenticationType": "Managed", "isAdminManaged": true, "isDefault": *name == first,
            "isInitial": *name == first, "isRoot": true, "isVerified": true,
            "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        })
    };
    let Some(id) = id else {
        return plain_list(world, request, "domains", &schema::DOMAIN, names, &render);
    };
    let found = names.iter().find(|name| name.eq_ignore_ascii_case(id)).ok_or_else(|| no_object(id))?;
    plain_one(request, "domains", &schema::DOMAIN, found, &render)
}

/// `/roleManagement/directory/roleDefinitions[/{id}]`
pub(super) fn role_definitions(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let render = |role: &&DirectoryRole| object::role_definition(role);
    let print = Print { entity: &schema::ROLE_DEFINITION, render: &render, expand: &no_links };
    let what = "roleManagement/directory/roleDefinitions";
    let Some(id) = id else {
        let query = Query::parse(request, &schema::ROLE_DEFINITION, Takes::List)?;
        return Ok(print.list(request, what, world.page_size, &query, world.directory_roles.values().collect()));
    };
    let query = Query::parse(request, &schema::ROLE_DEFINITION, Takes::One)?;
    let role = world.directory_roles.get(&guid(id)?).ok_or_else(|| no_object(id))?;
    Ok(print.one(request, 200, what, &query, &role))
}

/// The id that the older view gives a directory role.
fn older_id(world: &World, role: &DirectoryRole) -> Uuid {
    world.id_of(&format!("directory role/{}", role.id))
}

fn older_role(world: &World, role: &DirectoryRole) -> Value {
    json!({
        "id": older_id(world, role), "deletedDateTime": null, "description": role.name, "displayName": role.name,
        "roleTemplateId": role.id,
    })
}

fn find_older_role<'w>(world: &'w World, id: &str) -> Result<&'w DirectoryRole, ServiceFailure> {
    let found = if let Some(template) = id.strip_prefix("roletemplateid=") {
        world.directory_roles.get(&guid(template.trim_matches('\''))?)
    } else {
        let id = guid(id)?;
        world.directory_roles.values().find(|role| older_id(world, role) == id)
    };
    found.ok_or_else(|| no_object(id))
}

/// `/directoryRoles[/{id}]`: every role has been activated. `POST` of one is a conflict therefore.
pub(super) fn directory_roles(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    let render = |role: &&DirectoryRole| older_role(world, role);
    match (id, request.method == Method::POST) {
        (None, false) => {
            let all: Vec<&DirectoryRole> = world.directory_roles.values().filter(|role| !role.custom).collect();
            plain_list(world, request, "directoryRoles", &schema::DIRECTORY_ROLE, all, &render)
        }
        (None, true) => {
            let mut fields = Fields::new("directoryRole", request.json()?)?;
            let template = fields.required("roleTemplateId")?;
            fields.finish()?;
            world.directory_roles.get(&guid(&template)?).ok_or_else(|| no_object(&template))?;
            Err(invalid(
                "A conflicting object with one or more of the specified property values is present in the directory.",
            ))
        }
        (Some(id), _) => {
            plain_one(request, "directoryRoles", &schema::DIRECTORY_ROLE, &find_older_role(world, id)?, &render)
        }
    }
}

/// `/directoryRoles/{id}/members`
pub(super) fn directory_role_members(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    let now = world.now();
    let target = Target::Directory { role: find_older_role(world, id)?.id };
    let active = world.schedules_of(&target).filter(|it| it.kind == Kind::Active && !it.is_ahead(now));
    let found = active.filter_map(|it| world.principal(it.principal)).collect();
    principals(world, request, "directoryObjects", found)
}

/// `/directoryRoleTemplates[/{id}]`
pub(super) fn role_templates(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    let render = |role: &&DirectoryRole| json!({ "id": role.id, "deletedDateTime": null, "description": role.name, "displayName": role.name });
    let Some(id) = id else {
        let all: Vec<&DirectoryRole> = world.directory_roles.values().filter(|role| !role.custom).collect();
        return plain_list(world, request, "directoryRoleTemplates", &schema::ROLE_TEMPLATE, all, &render);
    };
    let role = world.directory_roles.get(&guid(id)?).ok_or_else(|| no_object(id))?;
    plain_one(request, "directoryRoleTemplates", &schema::ROLE_TEMPLATE, &role, &render)
}
