//! Reading the directory: users, groups, service principals and the rest.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Print, context, nested, no_object, wrong_method};
use super::body::{Fields, guid, invalid};
use super::relation::{self, Object};
use super::{object, schema};
use crate::emulator::odata::{Entity, Query, Takes};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{
    AdministrativeUnit, Context, DirectoryRole, Group, Principal, ServicePrincipal, User, World,
};

/// The directory's words for a call that is not allowed.
pub(super) fn denied(reason: &str) -> ServiceFailure {
    let message = format!("Insufficient privileges to complete the operation. {reason}");
    ServiceFailure::new(403, "Authorization_RequestDenied", message.trim_end())
}

fn need_get(request: &Request) -> Result<(), ServiceFailure> {
    if request.method == Method::GET { Ok(()) } else { Err(wrong_method(request)) }
}

/// A list of objects.
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
    let expand = |item: &T, link: &str, query: &Query| relation::expand(world, &render(item), link, query);
    Ok(Print { entity, render, expand: &expand }.list(request, what, world.page_size, &query, items))
}

/// A list of objects that a filter mostly asks for by a text of theirs. Only those that have it are looked into: a tenant
/// has thousands of them, and a client asks for each.
pub(super) fn keyed_list<T>(
    world: &World,
    request: &Request,
    what: &str,
    entity: &'static Entity,
    mut items: Vec<T>,
    key: &dyn Fn(&T, &str) -> Option<String>,
    render: &dyn Fn(&T) -> Value,
) -> Result<Reply, ServiceFailure> {
    let query = Query::parse(request, entity, Takes::Directory)?;
    for name in ["id", "displayName", "userPrincipalName", "appId"] {
        if let Some(texts) = query.filter.as_ref().and_then(|filter| filter.texts(name)) {
            items.retain(|item| key(item, name).is_none_or(|own| texts.contains(&own.to_lowercase())));
        }
    }
    plain_list(world, request, what, entity, items, render)
}

/// One object.
pub(super) fn plain_one<T>(
    world: &World,
    request: &Request,
    what: &str,
    entity: &'static Entity,
    item: &T,
    render: &dyn Fn(&T) -> Value,
) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let query = Query::parse(request, entity, Takes::One)?;
    let expand = |item: &T, link: &str, query: &Query| relation::expand(world, &render(item), link, query);
    Ok(Print { entity, render, expand: &expand }.one(request, 200, what, &query, item))
}

/// `/users`
pub(super) fn users(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    let users: Vec<&User> = world.users.values().collect();
    let key = |user: &&User, name: &str| match name {
        "id" => Some(user.id.to_string()),
        "displayName" => Some(user.name.clone()),
        "userPrincipalName" => Some(user.upn.clone()),
        _ => None,
    };
    keyed_list(world, request, "users", &schema::USER, users, &key, &|user| object::user(user))
}

/// `/users/{id}`: an object id or a user principal name.
pub(super) fn user(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    plain_one(world, request, "users", &schema::USER, &find_user(world, id)?, &|user| object::user(user))
}

/// A user by object id or user principal name.
pub(super) fn find_user<'w>(world: &'w World, id: &str) -> Result<&'w User, ServiceFailure> {
    let found = match Uuid::try_parse(id) {
        Ok(id) => world.users.get(&id),
        Err(_) => world.users.values().find(|user| user.upn.to_lowercase() == id.to_lowercase()),
    };
    found.ok_or_else(|| no_object(id))
}

/// `/groups`
pub(super) fn groups(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    let groups: Vec<&Group> = world.groups.values().collect();
    let key = |group: &&Group, name: &str| match name {
        "id" => Some(group.id.to_string()),
        "displayName" => Some(group.name.clone()),
        _ => None,
    };
    keyed_list(world, request, "groups", &schema::GROUP, groups, &key, &|group| object::group(group))
}

/// `/groups/{id}`
pub(super) fn group(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    plain_one(world, request, "groups", &schema::GROUP, &find_group(world, id)?, &|group| object::group(group))
}

/// A group by object id.
pub(super) fn find_group<'w>(world: &'w World, id: &str) -> Result<&'w Group, ServiceFailure> {
    world.groups.get(&guid(id)?).ok_or_else(|| no_object(id))
}

/// `/{collection}/{id}/{relation}`, perhaps of one type only.
pub(super) fn related(
    world: &World,
    request: &Request,
    (collection, id): (&str, &str),
    relation: &str,
    of_type: Option<&str>,
) -> Result<Reply, ServiceFailure> {
    let entity = match collection {
        "users" => &schema::USER,
        "groups" => &schema::GROUP,
        "serviceprincipals" => &schema::SERVICE_PRINCIPAL,
        "applications" => &schema::APPLICATION,
        "administrativeunits" => &schema::ADMINISTRATIVE_UNIT,
        _ => &schema::DIRECTORY_ROLE,
    };
    let has = entity.links.iter().any(|link| link.name.eq_ignore_ascii_case(relation));
    if !has {
        return Err(super::unknown(request));
    }
    let object = match collection {
        "users" => Object::Principal(Principal::User(find_user(world, id)?)),
        "groups" => Object::Principal(Principal::Group(find_group(world, id)?)),
        "serviceprincipals" => Object::Principal(Principal::Service(find_service_principal(world, id)?)),
        "applications" => Object::Application(super::application::find(world, id)?),
        "administrativeunits" => Object::Unit(find_unit(world, id)?),
        _ => Object::Role(find_older_role(world, id)?),
    };
    relation::list(world, request, object, relation, of_type)
}

/// `/servicePrincipals`
pub(super) fn service_principals(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    let all: Vec<&ServicePrincipal> = world.service_principals.values().collect();
    let render = |service: &&ServicePrincipal| object::service_principal(world, service);
    let key = |service: &&ServicePrincipal, name: &str| match name {
        "id" => Some(service.id.to_string()),
        "displayName" => Some(service.name.clone()),
        _ => None,
    };
    keyed_list(world, request, "servicePrincipals", &schema::SERVICE_PRINCIPAL, all, &key, &render)
}

/// `/servicePrincipals/{id}` or `/servicePrincipals(appId='{id}')`
pub(super) fn service_principal(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    let render = |service: &&ServicePrincipal| object::service_principal(world, service);
    let service = find_service_principal(world, id)?;
    plain_one(world, request, "servicePrincipals", &schema::SERVICE_PRINCIPAL, &service, &render)
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

/// `/directoryObjects/{id}`, perhaps of one type only.
pub(super) fn directory_object(
    world: &World,
    request: &Request,
    id: &str,
    of_type: Option<&str>,
) -> Result<Reply, ServiceFailure> {
    let found = Object::find(world, guid(id)?).filter(|object| of_type.is_none_or(|it| object.is_a(it)));
    let render = |object: &Object<'_>| object.value(world);
    let found = found.ok_or_else(|| no_object(id))?;
    plain_one(world, request, "directoryObjects", &schema::DIRECTORY_OBJECT, &found, &render)
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
    let types: Vec<String> = types.iter().map(|it| plain_type(it)).collect();
    if let Some(other) = types.iter().find(|it| !relation::is_type(it)) {
        return Err(invalid(format!("'{other}' is no type of directory objects.")));
    }
    let mut found: BTreeMap<Uuid, Value> = BTreeMap::new();
    for id in &ids {
        let id = guid(id)?;
        let Some(object) = Object::find(world, id) else { continue };
        if types.is_empty() || types.iter().any(|it| object.is_a(it)) {
            found.insert(id, nested(object.value(world), &query, &schema::DIRECTORY_OBJECT));
        }
    }
    let value: Vec<Value> = found.into_values().collect();
    Ok(Reply::json(200, json!({ "@odata.context": context(request, "directoryObjects"), "value": value })))
}

/// A type by its name alone: `#microsoft.graph.user` is `user`.
fn plain_type(name: &str) -> String {
    let name = name.trim_start_matches('#').to_ascii_lowercase();
    name.strip_prefix("microsoft.graph.").map_or_else(|| name.clone(), str::to_owned)
}

/// `POST {principal}/getMemberGroups`, `getMemberObjects`, `checkMemberGroups` and `checkMemberObjects`
pub(super) fn memberships(world: &World, request: &Request, id: &str, question: &str) -> Result<Reply, ServiceFailure> {
    if request.method != Method::POST {
        return Err(wrong_method(request));
    }
    let id = match id.strip_prefix("appid=") {
        Some(_) => find_service_principal(world, id)?.id,
        None => Uuid::try_parse(id).or_else(|_| find_user(world, id).map(|user| user.id))?,
    };
    let principal = world.principal(id).ok_or_else(|| no_object(&id.to_string()))?;
    let mut fields = Fields::new("memberships", request.json()?)?;
    let security_only = fields.flag("securityEnabledOnly")?.unwrap_or(false);
    let asked = match question {
        "checkmembergroups" => Some(fields.texts("groupIds")?.unwrap_or_default()),
        "checkmemberobjects" => Some(fields.texts("ids")?.unwrap_or_default()),
        _ => None,
    };
    fields.finish()?;
    if security_only && !matches!(principal, Principal::User(_)) {
        return Err(invalid("'securityEnabledOnly' may be true for users only."));
    }
    let mut found: Vec<Uuid> = world.groups_of(id);
    found.retain(|id| !security_only || world.groups.get(id).is_some_and(|group| group.security));
    if question.ends_with("objects") {
        found.extend(relation::roles_of(world, principal).map(|role| older_id(world, role)));
    }
    if let Some(asked) = asked {
        let asked: Vec<Uuid> = asked.iter().map(|id| guid(id)).collect::<Result<_, _>>()?;
        found.retain(|id| asked.contains(id));
    }
    let what = context(request, "Collection(Edm.String)");
    Ok(Reply::json(200, json!({ "@odata.context": what, "value": found })))
}

fn find_unit<'w>(world: &'w World, id: &str) -> Result<&'w AdministrativeUnit, ServiceFailure> {
    world.administrative_units.get(&guid(id)?).ok_or_else(|| no_object(id))
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
    plain_one(world, request, what, &schema::ADMINISTRATIVE_UNIT, &find_unit(world, id)?, &render)
}

/// `/identity/conditionalAccess/authenticationContextClassReferences[/{id}]`
pub(super) fn contexts(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    let render = |it: &&Context| object::context(it);
    let what = "identity/conditionalAccess/authenticationContextClassReferences";
    let Some(id) = id else {
        return plain_list(world, request, what, &schema::CONTEXT, world.contexts.iter().collect(), &render);
    };
    let found = world.contexts.iter().find(|it| it.id.eq_ignore_ascii_case(id)).ok_or_else(|| no_object(id))?;
    plain_one(world, request, what, &schema::CONTEXT, &found, &render)
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
            plain_one(world, request, "organization", &schema::ORGANIZATION, &(), &render)
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
    plain_one(world, request, "domains", &schema::DOMAIN, found, &render)
}

/// `/roleManagement/directory/roleDefinitions[/{id}]`
pub(super) fn role_definitions(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    need_get(request)?;
    let render = |role: &&DirectoryRole| object::role_definition(role);
    let expand = |_: &&DirectoryRole, _: &str, _: &Query| Value::Array(Vec::new());
    let print = Print { entity: &schema::ROLE_DEFINITION, render: &render, expand: &expand };
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
pub(super) fn older_id(world: &World, role: &DirectoryRole) -> Uuid {
    world.id_of(&format!("directory role/{}", role.id))
}

pub(super) fn older_role(world: &World, role: &DirectoryRole) -> Value {
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
            fields.finish_as(&schema::DIRECTORY_ROLE)?;
            world.directory_roles.get(&guid(&template)?).ok_or_else(|| no_object(&template))?;
            Err(invalid(
                "A conflicting object with one or more of the specified property values is present in the directory.",
            ))
        }
        (Some(id), _) => {
            plain_one(world, request, "directoryRoles", &schema::DIRECTORY_ROLE, &find_older_role(world, id)?, &render)
        }
    }
}

/// `/directoryRoleTemplates[/{id}]`
pub(super) fn role_templates(world: &World, request: &Request, id: Option<&str>) -> Result<Reply, ServiceFailure> {
    let render = |role: &&DirectoryRole| json!({ "id": role.id, "deletedDateTime": null, "description": role.name, "displayName": role.name });
    let Some(id) = id else {
        let all: Vec<&DirectoryRole> = world.directory_roles.values().filter(|role| !role.custom).collect();
        return plain_list(world, request, "directoryRoleTemplates", &schema::ROLE_TEMPLATE, all, &render);
    };
    let role = world.directory_roles.get(&guid(id)?).ok_or_else(|| no_object(id))?;
    plain_one(world, request, "directoryRoleTemplates", &schema::ROLE_TEMPLATE, &role, &render)
}
