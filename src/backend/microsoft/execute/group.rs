//! Groups and their static members and owners.

use serde_json::{Value, json};

use super::patience::Patience;
use super::{MicrosoftExecutor, Trail, conflict, lock, not_found};
use crate::backend::microsoft::http::{Repeat, Service, WriteMethod, WriteRequest, odata_literal, query_value};
use crate::backend::microsoft::wire;
use crate::backend::microsoft::{ErrorKind, ServiceError};
use crate::backend::{BackendError, Executed};
use crate::model::{GroupCreation, PrincipalId, Relation};

impl MicrosoftExecutor {
    /// Deletes a group. One that is gone already is no failure.
    pub(in crate::backend::microsoft) async fn delete_group(&self, group: PrincipalId) -> Result<(), BackendError> {
        let request = WriteRequest {
            service: Service::Graph,
            method: WriteMethod::Delete,
            path: format!("/v1.0/groups/{group}"),
            body: None,
            repeat: Repeat::Safe,
        };
        match self.send(request, &mut Trail::new()).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.asked("delete a group that was made for this").into()),
        }
    }

    /// Creates a group. The service lets several have one name, so it is looked for first.
    pub(super) async fn create_group(
        &self,
        stand_in: PrincipalId,
        create: &GroupCreation,
        trail: &mut Trail,
    ) -> Result<Executed, BackendError> {
        let name = &create.display_name;
        if !self.groups_named(name).await?.is_empty() {
            return Err(conflict(format!("there is a group `{name}` already")));
        }
        // The stand-in is made of the tenant and the name, so this is the same in every run and for no other group.
        let nickname = nickname(stand_in);
        let mut body = json!({
            "displayName": name, "mailNickname": nickname, "mailEnabled": false, "securityEnabled": true,
            "groupTypes": [], "isAssignableToRole": create.role_assignable,
        });
        let description = create.description.as_deref().filter(|text| !text.is_empty());
        if let (Some(text), Some(body)) = (description, body.as_object_mut()) {
            body.insert("description".to_owned(), text.into());
        }
        let request = WriteRequest {
            service: Service::Graph,
            method: WriteMethod::Post,
            path: "/v1.0/groups".to_owned(),
            body: Some(body),
            repeat: Repeat::OnlyIfUnsent,
        };
        let error = match self.send(request, trail).await {
            Ok(reply) => {
                let id = reply.body.as_ref().and_then(id_of);
                let id = id.ok_or_else(|| conflict(format!("the service created `{name}` without saying its id")))?;
                return Ok(self.created(id));
            }
            Err(error) => error.asked(format!("create the group `{name}`")),
        };
        if !is_lost(&error) {
            return Err(error.into());
        }
        // It may have been created, and a directory shows what is new only after a while. So it is looked for, and never
        // asked for twice: the service would make two groups of one name.
        let mut patience = Patience::short();
        while patience.wait(self.pause()).await {
            let found = self.groups_named(name).await?;
            match own(&found, &nickname) {
                Some(id) => return Ok(self.created(id)),
                None if !found.is_empty() => return Err(conflict(format!("there is a group `{name}` already"))),
                None => {}
            }
        }
        Err(error.into())
    }

    /// The group that a creation has made of which nobody has seen the answer, if it has.
    pub(in crate::backend::microsoft) async fn made_group(
        &self,
        stand_in: PrincipalId,
        name: &str,
    ) -> Result<Option<PrincipalId>, BackendError> {
        let nickname = nickname(stand_in);
        let mut patience = Patience::short();
        loop {
            let found = own(&self.groups_named(name).await?, &nickname);
            if found.is_some() || !patience.wait(self.pause()).await {
                return Ok(found);
            }
        }
    }

    fn created(&self, id: PrincipalId) -> Executed {
        lock(&self.created).insert(id);
        Executed::Created(id)
    }

    async fn groups_named(&self, name: &str) -> Result<Vec<Value>, BackendError> {
        let filter = query_value(&format!("displayName eq {}", odata_literal(name)));
        let path = format!("/v1.0/groups?$filter={filter}&$select=id,displayName,mailNickname");
        let found = self.read().list(Service::Graph, &path).await;
        Ok(found.map_err(|error| error.asked(format!("look for the group `{name}`")))?.iter().collect())
    }

    /// Adds a static member or owner. Once more is the same as once.
    pub(super) async fn add_member(
        &self,
        group: PrincipalId,
        relation: Relation,
        principal: PrincipalId,
        trail: &mut Trail,
    ) -> Result<Executed, BackendError> {
        let request = || WriteRequest {
            service: Service::Graph,
            method: WriteMethod::Post,
            path: format!("/v1.0/groups/{group}/{relation}s/$ref"),
            body: Some(json!({"@odata.id": format!("{}/v1.0/directoryObjects/{principal}", self.graph)})),
            repeat: Repeat::Safe,
        };
        let fresh = self.has_created(group) || self.has_created(principal);
        let mut patience = Patience::long();
        loop {
            let error = match self.send(request(), trail).await {
                Ok(_) => return Ok(Executed::Done),
                Err(error) => error.asked(format!("add the {relation}")),
            };
            if is_there(&error) {
                return Ok(Executed::AlreadySo);
            }
            if !(error.kind == ErrorKind::NotFound && fresh && patience.wait(self.pause()).await) {
                return Err(error.into());
            }
        }
    }

    /// Removes a static member or owner.
    pub(super) async fn remove_member(
        &self,
        group: PrincipalId,
        relation: Relation,
        principal: PrincipalId,
        trail: &mut Trail,
    ) -> Result<Executed, BackendError> {
        let request = WriteRequest {
            service: Service::Graph,
            method: WriteMethod::Delete,
            path: format!("/v1.0/groups/{group}/{relation}s/{principal}/$ref"),
            body: None,
            repeat: Repeat::Safe,
        };
        match self.send(request, trail).await {
            Ok(_) => Ok(Executed::Done),
            Err(error) if error.kind == ErrorKind::NotFound => self.need_group(group).await,
            Err(error) => Err(error.asked(format!("remove the {relation}")).into()),
        }
    }

    /// The answer that a member is not there is also the one that the group is not there.
    async fn need_group(&self, group: PrincipalId) -> Result<Executed, BackendError> {
        match self.read().get(Service::Graph, &format!("/v1.0/groups/{group}?$select=id")).await {
            Ok(_) => Ok(Executed::AlreadySo),
            Err(error) if error.kind == ErrorKind::NotFound => Err(not_found(format!("the group `{group}`"))),
            Err(error) => Err(error.asked("read the group").into()),
        }
    }
}

/// What the address of a group is called that is created for a stand-in.
fn nickname(stand_in: PrincipalId) -> String {
    format!("pimform-{}", stand_in.guid().simple())
}

fn own(groups: &[Value], nickname: &str) -> Option<PrincipalId> {
    groups.iter().find(|group| wire::field(group, "mailNickname") == Some(nickname)).and_then(id_of)
}

fn id_of(object: &Value) -> Option<PrincipalId> {
    wire::field(object, "id")?.parse().ok()
}

/// Whether nobody knows if it was carried out.
fn is_lost(error: &ServiceError) -> bool {
    matches!(error.kind, ErrorKind::TimedOut | ErrorKind::Transport | ErrorKind::Unavailable)
}

/// The service has no code of its own for what is on the list already, only this text (docs/service.md: failures-1).
fn is_there(error: &ServiceError) -> bool {
    error.status == Some(400) && error.message.contains("added object references already exist")
}
