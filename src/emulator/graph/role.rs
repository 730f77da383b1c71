//! Custom directory roles.

use http::Method;
use uuid::Uuid;

use super::answer::{no_object, with_context, wrong_method};
use super::body::{Fields, guid, invalid, keep};
use super::{object, schema};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Caller, DirectoryRole, Extra, Kind, Target, World};

/// What only the service sets.
const OF_ROLE: &[&str] = &["id", "isBuiltIn"];

/// `POST /roleManagement/directory/roleDefinitions`
pub(super) fn define(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    let mut fields = Fields::new("unifiedRoleDefinition", request.json()?)?;
    let name = fields.required("displayName")?;
    for needed in ["isEnabled", "rolePermissions"] {
        if !fields.has(needed) {
            return Err(invalid(format!("A value is required for property '{needed}' of resource 'RoleDefinition'.")));
        }
    }
    let mut extra = Extra::new();
    keep(&mut extra, fields.rest(&schema::ROLE_DEFINITION, OF_ROLE)?);
    let id = world.new_id("directory role");
    let role = DirectoryRole { id, name, custom: true, extra };
    let value = object::role_definition(&role);
    world.directory_roles.insert(id, role);
    world.audit_directory("Add role definition", "Add", caller, Vec::new());
    Ok(Reply::json(201, with_context(request, "roleManagement/directory/roleDefinitions", value)))
}

/// `PATCH` and `DELETE /roleManagement/directory/roleDefinitions/{id}`, of custom roles only.
pub(super) fn redefine(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    id: &str,
) -> Result<Reply, ServiceFailure> {
    let key: Uuid = guid(id)?;
    let role = world.directory_roles.get_mut(&key).ok_or_else(|| no_object(id))?;
    if !role.custom {
        return Err(invalid("A built-in role definition cannot be changed or deleted."));
    }
    match request.method {
        Method::PATCH => {
            let mut fields = Fields::new("unifiedRoleDefinition", request.json()?)?;
            let name = if fields.has("displayName") { Some(fields.required("displayName")?) } else { None };
            let extra = fields.rest(&schema::ROLE_DEFINITION, OF_ROLE)?;
            role.name = name.unwrap_or_else(|| role.name.clone());
            keep(&mut role.extra, extra);
            world.audit_directory("Update role definition", "Update", caller, Vec::new());
        }
        Method::DELETE => {
            let target = Target::Directory { role: key };
            if world.schedules_of(&target).any(|schedule| schedule.kind == Kind::Active) {
                return Err(invalid("A role definition that is assigned cannot be deleted."));
            }
            world.directory_roles.remove(&key);
            world.schedules.remove(&target);
            world.policies.remove(&target);
            world.unreadable.remove(&target);
            world.audit_directory("Delete role definition", "Delete", caller, Vec::new());
        }
        _ => return Err(wrong_method(request)),
    }
    Ok(Reply::empty(204))
}
