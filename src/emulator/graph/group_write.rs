//! Creating and changing groups and users.

use http::Method;
use serde_json::Value;
use uuid::Uuid;

use super::answer::{created, no_object, wrong_method};
use super::body::{Fields, guid, invalid, keep};
use super::directory::{denied, find_group, find_user};
use super::{object, schema};
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Access, Caller, Extra, Group, LAST_OWNER, Membership, NESTED, Target, User, World};

/// What only the service sets, or what is fixed.
const OF_GROUP: &[&str] = &[
    "id",
    "deletedDateTime",
    "createdDateTime",
    "expirationDateTime",
    "isAssignableToRole",
    "mail",
    "proxyAddresses",
    "renewedDateTime",
    "securityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesLastSyncDateTime",
    "onPremisesSamAccountName",
    "onPremisesDomainName",
    "onPremisesNetBiosName",
    "onPremisesSecurityIdentifier",
    "onPremisesProvisioningErrors",
];
const OF_USER: &[&str] = &[
    "id",
    "createdDateTime",
    "deletedDateTime",
    "creationType",
    "externalUserState",
    "imAddresses",
    "proxyAddresses",
    "onPremisesSyncEnabled",
    "onPremisesSamAccountName",
    "onPremisesUserPrincipalName",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesSecurityIdentifier",
];

/// `POST /groups`
pub(super) fn create(world: &mut World, request: &Request, caller: &Caller) -> Result<Reply, ServiceFailure> {
    let mut fields = Fields::new("group", request.json()?)?;
    let name = fields.required("displayName")?;
    let mail_nickname = fields.required("mailNickname")?;
    let needed = |flag: Option<bool>, name: &str| {
        flag.ok_or_else(|| invalid(format!("A value is required for property '{name}' of resource 'Group'.")))
    };
    let mail = fields.flag("mailEnabled")?;
    let mail = needed(mail, "mailEnabled")?;
    let security = fields.flag("securityEnabled")?;
    let security = needed(security, "securityEnabled")?;
    let types = fields.texts("groupTypes")?.unwrap_or_default();
    let role_assignable = fields.flag("isAssignableToRole")?.unwrap_or(false);
    let description = fields.text("description")?;
    visibility(&mut fields)?;
    let owners = references(world, &mut fields, "owners@odata.bind")?;
    let members = references(world, &mut fields, "members@odata.bind")?;
    for (access, list) in [(Access::Member, &members), (Access::Owner, &owners)] {
        list.iter().try_for_each(|id| takes(world, role_assignable, *id, access))?;
    }
    let mut extra = Extra::new();
    keep(&mut extra, fields.rest(&schema::GROUP, OF_GROUP)?);
    let rule = extra.get("membershipRule").and_then(Value::as_str).is_some_and(|rule| !rule.is_empty());
    let unified = types.iter().any(|it| it.eq_ignore_ascii_case("Unified"));
    let dynamic = types.iter().any(|it| it.eq_ignore_ascii_case("DynamicMembership"));
    if let Some(other) = types.iter().find(|it| !["unified", "dynamicmembership"].contains(&it.to_lowercase().as_str()))
    {
        return Err(invalid(format!(
            "Invalid value '{other}' specified for property 'groupTypes' of resource 'Group'."
        )));
    }
    if mail && !unified {
        return Err(invalid(
            "The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement property is unset and the security-enablement property is set.",
        ));
    }
    if !security && !unified {
        return Err(invalid("A group must be security-enabled or of type Unified."));
    }
    if role_assignable && (!security || dynamic) {
        return Err(invalid("A group that can be assigned to roles must be security-enabled and must not be dynamic."));
    }
    if dynamic != rule {
        return Err(invalid("A dynamic group needs a 'membershipRule', and no other group has one."));
    }
    let id = world.new_id("group");
    let now = world.now();
    let mut group = Group {
        id,
        name,
        description: description.filter(|text| !text.is_empty()),
        mail_nickname,
        role_assignable,
        membership: if dynamic { Membership::Dynamic } else { Membership::Assigned },
        security,
        unified,
        pim: false,
        members,
        owners,
        unreadable: None,
        created: Some(now),
        extra,
    };
    // A user who creates a group owns it; an application does not.
    if group.owners.is_empty() && !caller.is_application {
        group.owners.push(caller.id);
    }
    let value = object::group(&group);
    world.groups.insert(id, group);
    world.is_new(id);
    let objects = vec![world.audit_principal(id)];
    world.audit_directory("Add group", "Add", caller, objects);
    Ok(created(request, "groups", &schema::GROUP, value))
}

/// Groups that are no Microsoft 365 groups have none.
fn visibility(fields: &mut Fields) -> Result<(), ServiceFailure> {
    match fields.text("visibility")?.as_deref() {
        None | Some("Private" | "Public" | "HiddenMembership") => Ok(()),
        Some(other) => Err(invalid(format!("Invalid value '{other}' specified for property 'visibility'."))),
    }
}

/// The objects that a `...@odata.bind` names.
pub(super) fn references(world: &World, fields: &mut Fields, name: &str) -> Result<Vec<Uuid>, ServiceFailure> {
    let links = fields.texts(name)?.unwrap_or_default();
    if links.len() > 20 {
        return Err(invalid(format!("'{name}' has more than 20 references.")));
    }
    let mut found = Vec::new();
    for link in links {
        let id = reference(world, &link)?;
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(found)
}

/// The object that a link names.
pub(super) fn reference(world: &World, link: &str) -> Result<Uuid, ServiceFailure> {
    let mut parts = link.rsplit('/');
    let id = parts.next().unwrap_or_default();
    let list = parts.next().unwrap_or_default();
    let known = ["directoryObjects", "users", "groups", "servicePrincipals"];
    if !known.iter().any(|known| known.eq_ignore_ascii_case(list)) {
        return Err(invalid(format!("Invalid URI '{link}' in an entity reference.")));
    }
    let id = guid(id)?;
    world.principal(id).map(|_| id).ok_or_else(|| no_object(&id.to_string()))
}

/// `PATCH` and `DELETE /groups/{id}`
pub(super) fn change(world: &mut World, request: &Request, caller: &Caller, id: &str) -> Result<Reply, ServiceFailure> {
    let id = find_group(world, id)?.id;
    let objects = vec![world.audit_principal(id)];
    match request.method {
        Method::PATCH => {
            update(world, id, request.json()?)?;
            world.audit_directory("Update group", "Update", caller, objects);
        }
        Method::DELETE => {
            forget(world, id);
            world.groups.remove(&id);
            world.audit_directory("Delete group", "Delete", caller, objects);
        }
        _ => return Err(wrong_method(request)),
    }
    Ok(Reply::empty(204))
}

fn update(world: &mut World, id: Uuid, body: Value) -> Result<(), ServiceFailure> {
    let mut fields = Fields::new("group", body)?;
    let assignable = fields.flag("isAssignableToRole")?;
    let types = fields.texts("groupTypes")?;
    let name = if fields.has("displayName") { Some(fields.required("displayName")?) } else { None };
    let nickname = if fields.has("mailNickname") { Some(fields.required("mailNickname")?) } else { None };
    let description = fields.has("description").then(|| fields.text("description")).transpose()?;
    let security = fields.flag("securityEnabled")?;
    let mail = fields.flag("mailEnabled")?;
    visibility(&mut fields)?;
    let members = references(world, &mut fields, "members@odata.bind")?;
    let extra = fields.rest(&schema::GROUP, OF_GROUP)?;
    let role_assignable = world.groups.get(&id).is_some_and(|group| group.role_assignable);
    members.iter().try_for_each(|member| takes(world, role_assignable, *member, Access::Member))?;
    let Some(group) = world.groups.get_mut(&id) else { return Err(no_object(&id.to_string())) };
    if group.membership == Membership::Synchronized {
        return Err(synchronized());
    }
    if assignable.is_some_and(|assignable| assignable != group.role_assignable) {
        return Err(invalid("Property 'isAssignableToRole' cannot be changed after the group was created."));
    }
    let membership = types.map(|types| retyped(group, &types, &extra)).transpose()?;
    if mail.is_some_and(|mail| mail != group.unified) {
        return Err(invalid("Property 'mailEnabled' cannot be changed."));
    }
    if group.role_assignable && security == Some(false) {
        return Err(invalid("A group that can be assigned to roles must be security-enabled."));
    }
    if let Some(double) = members.iter().find(|member| group.members.contains(member)) {
        return Err(already(*double));
    }
    group.members.extend(members);
    group.name = name.unwrap_or_else(|| group.name.clone());
    group.mail_nickname = nickname.unwrap_or_else(|| group.mail_nickname.clone());
    group.security = security.unwrap_or(group.security);
    if let Some(description) = description {
        group.description = description.filter(|text| !text.is_empty());
    }
    group.membership = membership.unwrap_or(group.membership);
    keep(&mut group.extra, extra);
    Ok(())
}

/// How the members of a group come about once its types are these. Whether it is a Microsoft 365 group never changes.
fn retyped(group: &Group, types: &[String], extra: &Extra) -> Result<Membership, ServiceFailure> {
    let has = |name: &str| types.iter().any(|it| it.eq_ignore_ascii_case(name));
    if has("Unified") != group.unified {
        return Err(invalid("Property 'groupTypes' cannot be changed after the group was created."));
    }
    let dynamic = has("DynamicMembership");
    if dynamic && group.role_assignable {
        return Err(invalid("A group that can be assigned to roles must not be dynamic."));
    }
    if dynamic && !extra.contains_key("membershipRule") && group.membership != Membership::Dynamic {
        return Err(invalid("A dynamic group needs a 'membershipRule'."));
    }
    Ok(if dynamic { Membership::Dynamic } else { Membership::Assigned })
}

/// A role-assignable group takes no group as a member, and no group takes one as an owner.
fn takes(world: &World, role_assignable: bool, id: Uuid, access: Access) -> Result<(), ServiceFailure> {
    // docs/service.md: groups-1, groups-3
    match access {
        Access::Owner if world.groups.contains_key(&id) => Err(invalid(format!(
            "The reference target 'Group_{id}' of type 'Group' is invalid for the 'owners' reference."
        ))),
        Access::Member if role_assignable && world.groups.contains_key(&id) => Err(invalid(NESTED)),
        Access::Member | Access::Owner => Ok(()),
    }
}

fn synchronized() -> ServiceFailure {
    invalid(
        "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently \
         undergoing migration.",
    )
}

fn already(_: Uuid) -> ServiceFailure {
    invalid("One or more added object references already exist for the following modified properties: 'members'.")
}

/// Whatever names a principal that is deleted.
pub(super) fn forget(world: &mut World, id: Uuid) {
    for group in world.groups.values_mut() {
        group.members.retain(|member| *member != id);
        group.owners.retain(|owner| *owner != id);
    }
    for service in world.service_principals.values_mut() {
        service.owners.retain(|owner| *owner != id);
    }
    for application in world.applications.values_mut() {
        application.owners.retain(|owner| *owner != id);
    }
    for schedules in world.schedules.values_mut() {
        schedules.retain(|schedule| schedule.principal != id);
    }
    let gone = |target: &Target| matches!(target, Target::Group { group, .. } if *group == id);
    world.schedules.retain(|target, _| !gone(target));
    world.policies.retain(|target, _| !gone(target));
    world.unreadable.retain(|target, _| !gone(target));
}

/// `POST /groups/{id}/members/$ref`
pub(super) fn add(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    group: &str,
    access: Access,
) -> Result<Reply, ServiceFailure> {
    if request.method != Method::POST {
        return Err(wrong_method(request));
    }
    let group = changeable(world, group, access)?;
    let mut fields = Fields::new("entityReference", request.json()?)?;
    let link = fields.take("@odata.id").and_then(|link| link.as_str().map(str::to_owned));
    let link = link.ok_or_else(|| invalid("A reference needs '@odata.id'."))?;
    fields.finish()?;
    let member = reference(world, &link)?;
    if world.members(group, access).contains(&member) {
        return Err(already(member));
    }
    if member == group {
        return Err(invalid("A group cannot be a member of itself."));
    }
    let role_assignable = world.groups.get(&group).is_some_and(|group| group.role_assignable);
    takes(world, role_assignable, member, access)?;
    if let Some(list) = list(world, group, access) {
        list.push(member);
    }
    let objects = vec![world.audit_principal(member), world.audit_principal(group)];
    let activity = if access == Access::Member { "Add member to group" } else { "Add owner to group" };
    world.audit_directory(activity, "Assign", caller, objects);
    Ok(Reply::empty(204))
}

/// `DELETE /groups/{id}/members/{member}/$ref`
pub(super) fn remove(
    world: &mut World,
    request: &Request,
    caller: &Caller,
    (group, member): (&str, &str),
    access: Access,
) -> Result<Reply, ServiceFailure> {
    if request.method != Method::DELETE {
        return Err(wrong_method(request));
    }
    let group = changeable(world, group, access)?;
    let id = guid(member)?;
    if !list(world, group, access).is_some_and(|list| list.contains(&id)) {
        return Err(no_object(member));
    }
    if access == Access::Owner && world.is_last_owner(group, id) {
        return Err(invalid(LAST_OWNER));
    }
    if let Some(list) = list(world, group, access) {
        list.retain(|other| *other != id);
    }
    let objects = vec![world.audit_principal(id), world.audit_principal(group)];
    let activity = if access == Access::Member { "Remove member from group" } else { "Remove owner from group" };
    world.audit_directory(activity, "Unassign", caller, objects);
    Ok(Reply::empty(204))
}

fn list(world: &mut World, group: Uuid, access: Access) -> Option<&mut Vec<Uuid>> {
    world.groups.get_mut(&group).map(|group| match access {
        Access::Member => &mut group.members,
        Access::Owner => &mut group.owners,
    })
}

/// A group whose lists may be changed by hand.
fn changeable(world: &World, id: &str, access: Access) -> Result<Uuid, ServiceFailure> {
    let group = find_group(world, id)?;
    match (&group.unreadable, group.membership) {
        (Some(reason), _) => Err(denied(reason)),
        (None, Membership::Synchronized) => Err(synchronized()),
        (None, Membership::Dynamic) if access == Access::Member => Err(invalid(
            "Insufficient privileges to complete the operation: members of a dynamic group follow its rule.",
        )),
        (None, _) => Ok(group.id),
    }
}

/// `POST /users`
pub(super) fn create_user(world: &mut World, request: &Request) -> Result<Reply, ServiceFailure> {
    let mut fields = Fields::new("user", request.json()?)?;
    let name = fields.required("displayName")?;
    let upn = fields.required("userPrincipalName")?;
    let mail_nickname = fields.required("mailNickname")?;
    let enabled = fields.flag("accountEnabled")?;
    let enabled =
        enabled.ok_or_else(|| invalid("A value is required for property 'accountEnabled' of resource 'User'."))?;
    let profile = fields
        .object("passwordProfile", "passwordProfile")?
        .ok_or_else(|| invalid("A value is required for property 'passwordProfile' of resource 'User'."))?;
    password(profile, true)?;
    let mut extra = Extra::new();
    extra.insert("mailNickname".to_owned(), mail_nickname.into());
    keep(&mut extra, fields.rest(&schema::USER, OF_USER)?);
    if !upn.contains('@') {
        return Err(invalid("The domain portion of the userPrincipalName property is invalid."));
    }
    if world.users.values().any(|user| user.upn.eq_ignore_ascii_case(&upn)) {
        return Err(invalid("Another object with the same value for property userPrincipalName already exists."));
    }
    let id = world.new_id("user");
    let user = User { id, name, upn, enabled: Some(enabled), sort: None, extra };
    let value = object::user(&user);
    world.users.insert(id, user);
    world.is_new(id);
    Ok(created(request, "users", &schema::USER, value))
}

/// A password is looked at and forgotten.
fn password(mut profile: Fields, needed: bool) -> Result<(), ServiceFailure> {
    if needed {
        profile.required("password")?;
    }
    profile.text("password")?;
    profile.flag("forceChangePasswordNextSignIn")?;
    profile.flag("forceChangePasswordNextSignInWithMfa")?;
    profile.finish()
}

/// `PATCH` and `DELETE /users/{id}`
pub(super) fn change_user(world: &mut World, request: &Request, id: &str) -> Result<Reply, ServiceFailure> {
    let id = find_user(world, id)?.id;
    match request.method {
        Method::DELETE => {
            forget(world, id);
            world.users.remove(&id);
        }
        Method::PATCH => {
            let mut fields = Fields::new("user", request.json()?)?;
            let name = if fields.has("displayName") { Some(fields.required("displayName")?) } else { None };
            let upn = fields.text("userPrincipalName")?;
            let enabled = fields.flag("accountEnabled")?;
            if let Some(profile) = fields.object("passwordProfile", "passwordProfile")? {
                password(profile, false)?;
            }
            let extra = fields.rest(&schema::USER, OF_USER)?;
            if let Some(user) = world.users.get_mut(&id) {
                user.name = name.unwrap_or_else(|| user.name.clone());
                user.upn = upn.unwrap_or_else(|| user.upn.clone());
                user.enabled = enabled.or(user.enabled);
                keep(&mut user.extra, extra);
            }
        }
        _ => return Err(wrong_method(request)),
    }
    Ok(Reply::empty(204))
}
