//! Applications, and creating and changing their service principals.

use http::Method;
use uuid::Uuid;

use super::answer::{created, no_object, wrong_method};
use super::body::{Fields, guid, invalid, keep};
use super::directory::{find_service_principal, plain_list, plain_one};
use super::group_write::{forget, reference, references};
use super::{object, schema};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Application, Caller, Extra, ServicePrincipal, World};

/// What only the service sets.
const OF_APPLICATION: &[&str] =
    &["id", "appId", "createdDateTime", "deletedDateTime", "disabledByMicrosoftStatus", "publisherDomain"];
const OF_PRINCIPAL: &[&str] = &[
    "id",
    "appId",
    "appDescription",
    "appDisplayName",
    "appOwnerOrganizationId",
    "deletedDateTime",
    "samlMetadataUrl",
    "servicePrincipalType",
    "signInAudience",
];

/// `GET /applications`
pub(super) fn list(world: &World, request: &Request) -> Result<Reply, ServiceFailure> {
    let all: Vec<&Application> = world.applications.values().collect();
    plain_list(world, request, "applications", &schema::APPLICATION, all, &|it| object::application(it))
}

/// `GET /applications/{id}`
pub(super) fn single(world: &World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    let found = find(world, id)?;
    plain_one(world, request, "applications", &schema::APPLICATION, &found, &|it| object::application(it))
}

/// An application by object id or, as `appId='{id}'`, by its other one.
pub(super) fn find<'w>(world: &'w World, id: &str) -> Result<&'w Application, ServiceFailure> {
    let found = match id.strip_prefix("appid=") {
        Some(app) => {
            let app = guid(app.trim_matches('\''))?;
            world.applications.values().find(|it| it.app_id == app)
        }
        None => world.applications.get(&guid(id)?),
    };
    found.ok_or_else(|| no_object(id))
}

/// `POST /applications`
pub(super) fn create(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    let mut fields = Fields::new("application", request.json()?)?;
    let name = fields.required("displayName")?;
    let owners = references(world, &mut fields, "owners@odata.bind")?;
    let mut extra = Extra::new();
    keep(&mut extra, fields.rest(&schema::APPLICATION, OF_APPLICATION)?);
    let (id, app_id) = (world.new_id("application"), world.new_id("application of service principals"));
    let mut application = Application { id, app_id, name, created: world.now(), owners, extra };
    // A user who registers an application owns it.
    if application.owners.is_empty() && !caller.is_application {
        application.owners.push(caller.id);
    }
    let value = object::application(&application);
    world.applications.insert(id, application);
    world.audit_directory("Add application", "Add", caller, Vec::new());
    Ok(created(request, "applications", &schema::APPLICATION, value))
}

/// `PATCH` and `DELETE /applications/{id}`. Its service principal goes with it.
pub(super) fn change(world: &mut World, request: &Request, caller: &Caller, id: &str) -> Result<Reply, ServiceFailure> {
    let (id, app_id) = find(world, id).map(|it| (it.id, it.app_id))?;
    match request.method {
        Method::PATCH => {
            let mut fields = Fields::new("application", request.json()?)?;
            let name = if fields.has("displayName") { Some(fields.required("displayName")?) } else { None };
            let extra = fields.rest(&schema::APPLICATION, OF_APPLICATION)?;
            if let Some(application) = world.applications.get_mut(&id) {
                application.name = name.clone().unwrap_or_else(|| application.name.clone());
                keep(&mut application.extra, extra);
            }
            if let (Some(name), Some(service)) = (name, principal_of(world, app_id)) {
                service.name = name;
            }
            world.audit_directory("Update application", "Update", caller, Vec::new());
        }
        Method::DELETE => {
            if let Some(service) = principal_of(world, app_id).map(|service| service.id) {
                forget(world, service);
                world.service_principals.remove(&service);
            }
            world.applications.remove(&id);
            world.audit_directory("Delete application", "Delete", caller, Vec::new());
        }
        _ => return Err(wrong_method(request)),
    }
    Ok(Reply::empty(204))
}

fn principal_of(world: &mut World, app_id: Uuid) -> Option<&mut ServicePrincipal> {
    world.service_principals.values_mut().find(|service| service.app_id == Some(app_id))
}

/// `POST /servicePrincipals`: the application must have been registered here.
pub(super) fn create_principal(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    let mut fields = Fields::new("servicePrincipal", request.json()?)?;
    let app = fields.required("appId")?;
    let app_id = guid(&app)?;
    let owners = references(world, &mut fields, "owners@odata.bind")?;
    let mut extra = Extra::new();
    keep(&mut extra, fields.rest(&schema::SERVICE_PRINCIPAL, OF_PRINCIPAL)?);
    if principal_of(world, app_id).is_some() {
        return Err(ServiceFailure::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            format!(
                "The service principal cannot be created, updated, or restored because the service principal name {app} \
                 is already in use."
            ),
        ));
    }
    let application = world.applications.values().find(|it| it.app_id == app_id);
    let application = application.ok_or_else(|| {
        invalid(format!("The appId '{app}' of the service principal does not reference a valid application object."))
    })?;
    let name = application.name.clone();
    let id = world.new_id("service principal");
    let service = ServicePrincipal { id, name, app_id: Some(app_id), enabled: Some(true), sort: None, owners, extra };
    let value = object::service_principal(world, &service);
    world.service_principals.insert(id, service);
    world.is_new(id);
    let objects = vec![world.audit_principal(id)];
    world.audit_directory("Add service principal", "Add", caller, objects);
    Ok(created(request, "servicePrincipals", &schema::SERVICE_PRINCIPAL, value))
}

/// `PATCH` and `DELETE /servicePrincipals/{id}`
pub(super) fn change_principal(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    id: &str,
) -> Result<Reply, ServiceFailure> {
    let id = find_service_principal(world, id)?.id;
    let objects = vec![world.audit_principal(id)];
    match request.method {
        Method::PATCH => {
            let mut fields = Fields::new("servicePrincipal", request.json()?)?;
            let name = if fields.has("displayName") { Some(fields.required("displayName")?) } else { None };
            let extra = fields.rest(&schema::SERVICE_PRINCIPAL, OF_PRINCIPAL)?;
            if let Some(service) = world.service_principals.get_mut(&id) {
                service.name = name.unwrap_or_else(|| service.name.clone());
                keep(&mut service.extra, extra);
            }
            world.audit_directory("Update service principal", "Update", caller, objects);
        }
        Method::DELETE => {
            forget(world, id);
            world.service_principals.remove(&id);
            world.audit_directory("Remove service principal", "Delete", caller, objects);
        }
        _ => return Err(wrong_method(request)),
    }
    Ok(Reply::empty(204))
}

/// `POST /{kind}/{id}/owners/$ref` and `DELETE .../{owner}/$ref`
pub(super) fn owners(
    world: &mut World,
    request: &Request,
    (kind, id): (&str, &str),
    path: &[&str],
) -> Result<Reply, ServiceFailure> {
    let is_application = kind == "applications";
    let id = if is_application { find(world, id)?.id } else { find_service_principal(world, id)?.id };
    match (&request.method, path) {
        (&Method::POST, ["$ref"]) => {
            let mut fields = Fields::new("entityReference", request.json()?)?;
            let link = fields.required("@odata.id")?;
            fields.finish()?;
            let owner = reference(world, &link)?;
            let list = owner_list(world, is_application, id).ok_or_else(|| no_object(&id.to_string()))?;
            if list.contains(&owner) {
                return Err(invalid(
                    "One or more added object references already exist for the following modified properties: 'owners'.",
                ));
            }
            list.push(owner);
        }
        (&Method::DELETE, [owner, "$ref"]) => {
            let gone = guid(owner)?;
            let list = owner_list(world, is_application, id).ok_or_else(|| no_object(owner))?;
            let at = list.iter().position(|it| *it == gone).ok_or_else(|| no_object(owner))?;
            list.remove(at);
        }
        _ => return Err(wrong_method(request)),
    }
    Ok(Reply::empty(204))
}

fn owner_list(world: &mut World, of_application: bool, id: Uuid) -> Option<&mut Vec<Uuid>> {
    if of_application {
        world.applications.get_mut(&id).map(|it| &mut it.owners)
    } else {
        world.service_principals.get_mut(&id).map(|it| &mut it.owners)
    }
}
