//! Who made assignments: the log of requests says it for some weeks. It is asked about what a plan would remove, and
//! for a snapshot about all; what it does not say is not known (docs/service.md: access-packages-1, access-packages-2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::assembly;
use super::auth::Claims;
use super::directory;
use super::entra::role_ids::RoleIds;
use super::error::ServiceError;
use super::execute::{Action, Progress, Route, Taken};
use super::http::{ReadClient, Rows, Service, query_value};
use super::schedules;
use super::wire;
use crate::diag::visible;
use crate::model::{AssignmentKey, Kind, Makers, PrincipalId, RequestList, Surface, Target};
use uuid::Uuid;

/// The actions after which an assignment is as they asked for it.
const MAKING: [&str; 4] = ["AdminAssign", "AdminUpdate", "AdminExtend", "AdminRenew"];

/// Of more assignments than this, whole lists of requests are read: one for each group, and one for all directory roles.
const FEW: usize = 100;

type One = (Target, AssignmentKey);

/// Whoever reads: what it made itself, no other application made.
pub(super) struct Reader<'a> {
    pub(super) client: &'a ReadClient,
    pub(super) ids: &'a RoleIds,
    pub(super) claims: &'a Claims,
    /// As whom earlier runs were signed in.
    pub(super) ours: &'a BTreeSet<Uuid>,
}

/// What the log says of the maker of an assignment.
#[derive(Clone, Debug)]
enum Maker {
    /// Nothing; or it was a person, or this program.
    NoOther,
    /// An application, by its name.
    Application(Arc<str>),
    /// Azure says an id only, of whatever kind.
    Somebody(PrincipalId),
    /// The log cannot be understood.
    Unclear(String),
}

impl Reader<'_> {
    /// Which of these assignments another application made, and of which nobody could say.
    pub(super) async fn read(&self, of: &[One]) -> Makers {
        let (azure, graph): (Vec<&One>, Vec<&One>) = of.iter().partition(|one| one.0.surface() == Surface::Azure);
        let mut makers = Makers::default();
        self.of_graph(&graph, &mut makers).await;
        self.of_azure(&azure, &mut makers).await;
        makers
    }

    async fn of_graph(&self, of: &[&One], makers: &mut Makers) {
        let mut by_path: BTreeMap<String, (RequestList, Vec<&One>)> = BTreeMap::new();
        for one in of {
            let Some(list) = RequestList::of(&one.0, one.1.kind) else { continue };
            let narrow = (of.len() <= FEW).then_some(one.1.principal);
            by_path.entry(path(list, narrow)).or_insert((list, Vec::new())).1.push(one);
        }
        let paths: Vec<String> = by_path.keys().cloned().collect();
        for (answer, (list, all)) in self.client.batch_list(&paths).await.into_iter().zip(by_path.into_values()) {
            match answer {
                Ok(requests) => self.last(&requests, &all).for_each(|(one, maker)| put(makers, one, &maker)),
                Err(error) => {
                    let error = error.asked(format!("list the requests for {list}"));
                    makers.unread.insert(list, assembly::why(&error).into());
                }
            }
        }
    }

    async fn of_azure(&self, of: &[&One], makers: &mut Makers) {
        let mut by_list: BTreeMap<String, Vec<&One>> = BTreeMap::new();
        for one in of {
            by_list.entry(Route { target: &one.0, key: &one.1 }.log()).or_default().push(one);
        }
        let answers = join_all(by_list.keys().map(|list| self.client.list(Service::Arm, list))).await;
        let mut somebody: BTreeMap<PrincipalId, Vec<&One>> = BTreeMap::new();
        for (answer, all) in answers.into_iter().zip(by_list.values()) {
            let requests = match answer {
                Ok(requests) => requests,
                Err(error) => {
                    let unclear = Maker::Unclear(why(&error));
                    for one in all {
                        put(makers, one, &unclear);
                    }
                    continue;
                }
            };
            for (one, maker) in self.last(&requests, all) {
                match maker {
                    Maker::Somebody(id) => somebody.entry(id).or_default().push(one),
                    maker => put(makers, one, &maker),
                }
            }
        }
        self.look_up(&somebody, makers).await;
    }

    /// What kind of maker it was of which only the id is known. Who is not there may have been a person who has left, or an
    /// application of which the directory has nothing.
    async fn look_up(&self, somebody: &BTreeMap<PrincipalId, Vec<&One>>, makers: &mut Makers) {
        let ids: Vec<PrincipalId> = somebody.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let kinds: Result<BTreeMap<PrincipalId, Maker>, String> = match self.client.get_by_ids(&ids).await {
            Ok(objects) => Ok(objects.each(|object| Some((directory::id(object)?, kind(object)))).collect()),
            Err(error) => Err(why(&error)),
        };
        for (id, made) in somebody {
            let maker = match &kinds {
                Ok(kinds) => kinds.get(id).cloned().unwrap_or_else(|| {
                    Maker::Unclear(format!("nobody in the directory has the id of its maker, `{id}`"))
                }),
                Err(why) => Maker::Unclear(why.clone()),
            };
            for one in made {
                put(makers, one, &maker);
            }
        }
    }

    /// The maker of each assignment, by the last request that made or changed it.
    fn last<'a>(&self, requests: &Rows, all: &[&'a One]) -> impl Iterator<Item = (&'a One, Maker)> + use<'a> {
        let mut by_principal: BTreeMap<PrincipalId, Vec<&'a One>> = BTreeMap::new();
        for one in all {
            by_principal.entry(one.1.principal).or_default().push(one);
        }
        let mut last: BTreeMap<&'a One, (Option<Timestamp>, Maker)> = BTreeMap::new();
        for request in requests.iter() {
            let Some(fields) = request.get("properties").unwrap_or(&request).as_object() else { continue };
            let principal = schedules::id(fields, "principalId").ok().map(PrincipalId::new);
            for one in principal.and_then(|principal| by_principal.get(&principal)).into_iter().flatten() {
                let at = wire::text(fields, "createdDateTime").or_else(|| wire::text(fields, "createdOn"));
                let at = at.and_then(instant);
                if last.get(one).is_none_or(|(before, _)| *before <= at)
                    && let Some(maker) = self.maker(&request, fields, one)
                {
                    last.insert(one, (at, maker));
                }
            }
        }
        last.into_iter().map(|(one, (_, maker))| (one, maker))
    }

    /// Who a request was from, if it is one that makes this assignment and was carried out.
    fn maker(&self, request: &Value, fields: &Map<String, Value>, (target, key): &One) -> Option<Maker> {
        let action = wire::text(fields, "action").or_else(|| wire::text(fields, "requestType"))?;
        let is_only_asked = fields.get("isValidationOnly").and_then(Value::as_bool) == Some(true);
        if is_only_asked || !MAKING.iter().any(|making| making.eq_ignore_ascii_case(action)) {
            return None;
        }
        let (place, scope) = schedules::place(target.surface(), fields).ok()?;
        if self.ids.listed_target(&place) != *target || scope != key.scope {
            return None;
        }
        let taken = Taken::of(request);
        match taken.progress(Action::Assign) {
            Progress::Done | Progress::Granted => Some(self.by(fields)),
            Progress::UnderWay | Progress::Failed => None,
            Progress::Unknown => {
                let status = visible(&taken.status);
                let why = format!("the last request about it has the status `{status}`, which is not known");
                Some(Maker::Unclear(why))
            }
        }
    }

    /// Who a request was from. Where an application acts for somebody, somebody did it
    /// (docs/service.md: access-packages-3, access-packages-4).
    fn by(&self, fields: &Map<String, Value>) -> Maker {
        if let Some(id) = wire::text(fields, "requestorId") {
            return match id.parse() {
                Ok(_) if self.is_this(id) => Maker::NoOther,
                Ok(id) => Maker::Somebody(id),
                Err(_) => Maker::Unclear(format!("it was made by `{}`, which is no id", visible(id))),
            };
        }
        let set = |kind: &str| fields.get("createdBy")?.get(kind).filter(|identity| identity.is_object());
        let (Some(application), None) = (set("application"), set("user").filter(|user| is_somebody(user))) else {
            return Maker::NoOther;
        };
        let id = wire::field(application, "id");
        if id.is_some_and(|id| self.is_this(id)) {
            return Maker::NoOther;
        }
        Maker::Application(wire::field(application, "displayName").or(id).unwrap_or("unknown").into())
    }

    /// Whether an id is of this program. Which of its two ids a log has is not known (docs/service.md: access-packages-3).
    fn is_this(&self, id: &str) -> bool {
        let is = |own: &str| own.eq_ignore_ascii_case(id);
        self.claims.object.is_some_and(|own| is(&own.to_string()))
            || self.claims.application.as_deref().is_some_and(is)
            || id.parse().is_ok_and(|id| self.ours.contains(&id))
    }
}

/// Where requests are listed: all of a list, or those about one principal.
fn path(list: RequestList, principal: Option<PrincipalId>) -> String {
    let (of_directory, of_group) = match list.kind {
        Kind::Eligible => ("roleEligibilityScheduleRequests", "eligibilityScheduleRequests"),
        Kind::Active => ("roleAssignmentScheduleRequests", "assignmentScheduleRequests"),
    };
    let collection = match list.group {
        None => format!("/v1.0/roleManagement/directory/{of_directory}"),
        Some(_) => format!("/v1.0/identityGovernance/privilegedAccess/group/{of_group}"),
    };
    let group = list.group.map(|group| format!("groupId eq '{group}'"));
    let principal = principal.map(|principal| format!("principalId eq '{principal}'"));
    let filters: Vec<String> = group.into_iter().chain(principal).collect();
    if filters.is_empty() {
        collection
    } else {
        format!("{collection}?$filter={}", query_value(&filters.join(" and ")))
    }
}

/// With fractions of a second, since two requests may be made within one. The services mean UTC, also without saying so.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// Whether an identity is of anybody: one without an id and a name stands for nobody.
fn is_somebody(identity: &Value) -> bool {
    ["id", "displayName"].iter().any(|field| wire::field(identity, field).is_some())
}

/// Whether an object of the directory is a person or an application.
fn kind(object: &Value) -> Maker {
    let kind = wire::field(object, "@odata.type").unwrap_or_default();
    if ["#microsoft.graph.user", "#microsoft.graph.agentUser"].contains(&kind) {
        return Maker::NoOther;
    }
    let name = wire::field(object, "displayName").or_else(|| wire::field(object, "id"));
    Maker::Application(name.unwrap_or("unknown").into())
}

fn put(makers: &mut Makers, one: &One, maker: &Maker) {
    match maker {
        Maker::NoOther | Maker::Somebody(_) => {}
        Maker::Application(name) => drop(makers.applications.insert(one.clone(), Arc::clone(name))),
        Maker::Unclear(why) => drop(makers.unclear.insert(one.clone(), why.as_str().into())),
    }
}

/// Why nothing could be found out: the same words for everything that fails in the same way.
fn why(error: &ServiceError) -> String {
    match error.help() {
        Some(help) => format!("{}; {help}", error.said()),
        None => error.said(),
    }
}

#[cfg(test)]
mod tests;
