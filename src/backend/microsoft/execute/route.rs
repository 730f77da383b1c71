//! Where requests about assignments go on each surface, and what they look like.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::Action;
use crate::backend::microsoft::http::{Service, odata_literal, path_segment, query_value};
use crate::backend::microsoft::schedules::{directory_scope_id, schedule_info};
use crate::model::{ArmScope, AssignmentKey, Condition, Kind, RoleId, Schedule, Surface, Target, Ticket, Time};

/// The version of Azure's interface to PIM.
pub(super) const API_VERSION: &str = "2020-10-01";

/// The way to one assignment.
#[derive(Clone, Copy, Debug)]
pub(in crate::backend::microsoft) struct Route<'a> {
    pub(in crate::backend::microsoft) target: &'a Target,
    pub(in crate::backend::microsoft) key: &'a AssignmentKey,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) action: Action,
    /// When, for all but removing.
    pub(super) schedule: Option<&'a Schedule>,
    pub(super) justification: Option<&'a str>,
    pub(super) ticket: Option<&'a Ticket>,
    pub(super) condition: Option<&'a Condition>,
}

impl<'a> Ask<'a> {
    /// What is asked for where something is to come or to change.
    pub(super) fn grant(
        action: Action,
        schedule: &'a Schedule,
        justification: Option<&'a str>,
        ticket: Option<&'a Ticket>,
        condition: Option<&'a Condition>,
    ) -> Self {
        Self { action, schedule: Some(schedule), justification, ticket, condition }
    }

    /// What is asked for where something is to go. Who looks into the log of the tenant finds the run by its reason.
    pub(super) fn removal(because: &'a str) -> Self {
        Self { action: Action::Remove, schedule: None, justification: Some(because), ticket: None, condition: None }
    }
}

impl Route<'_> {
    /// Who answers.
    pub(in crate::backend::microsoft) fn service(&self) -> Service {
        match self.target.surface() {
            Surface::Directory | Surface::Groups => Service::Graph,
            Surface::Azure => Service::Arm,
        }
    }

    /// The collection of schedules or of their requests, without a query.
    fn collection(&self, what: &str) -> String {
        let word = match (self.target, self.key.kind) {
            (Target::Group { .. }, Kind::Eligible) => "eligibilitySchedule",
            (Target::Group { .. }, Kind::Active) => "assignmentSchedule",
            (_, Kind::Eligible) => "roleEligibilitySchedule",
            (_, Kind::Active) => "roleAssignmentSchedule",
        };
        match self.target {
            Target::Directory { .. } => format!("/v1.0/roleManagement/directory/{word}{what}"),
            Target::Group { .. } => format!("/v1.0/identityGovernance/privilegedAccess/group/{word}{what}"),
            Target::Azure { scope, .. } => {
                format!("{}/providers/Microsoft.Authorization/{word}{what}", scope_path(scope))
            }
        }
    }

    /// The list of schedules in which the assignment stands.
    pub(super) fn schedules(&self) -> String {
        self.list_of("s")
    }

    /// The list of requests in which stands who made the assignment.
    pub(in crate::backend::microsoft) fn log(&self) -> String {
        self.list_of("Requests")
    }

    fn list_of(&self, what: &str) -> String {
        let principal = odata_literal(&self.key.principal.to_string());
        let filter = match (self.target, self.key.kind) {
            // Without the role, since a custom one may be listed under another id than it is asked for by.
            (Target::Directory { .. }, _) => format!("principalId eq {principal}"),
            (Target::Group { group, .. }, _) => format!("groupId eq '{group}' and principalId eq {principal}"),
            // As azurerm asks: without `atScope()` a list of eligible assignments may take too long.
            (Target::Azure { .. }, Kind::Eligible) => format!("(principalId eq {principal}) and atScope()"),
            (Target::Azure { .. }, Kind::Active) => format!("(principalId eq {principal})"),
        };
        let filter = query_value(&filter);
        match self.service() {
            Service::Graph => format!("{}?$filter={filter}", self.collection(what)),
            Service::Arm => format!("{}?api-version={API_VERSION}&$filter={filter}", self.collection(what)),
        }
    }

    /// Where new requests go on Microsoft Graph.
    pub(super) fn requests(&self) -> String {
        self.collection("Requests")
    }

    /// One request.
    pub(super) fn request(&self, id: &str) -> String {
        let path = format!("{}/{}", self.collection("Requests"), path_segment(id));
        match self.service() {
            Service::Graph => path,
            Service::Arm => format!("{path}?api-version={API_VERSION}"),
        }
    }

    /// The question whether Azure would take a request of this name (docs/service.md: dry-run-2).
    pub(super) fn question(&self, name: Uuid) -> String {
        format!("{}/{name}/validate?api-version={API_VERSION}", self.collection("Requests"))
    }

    /// The body of a request. `now` is the start of what begins at once, `schedule_id` the schedule that is changed,
    /// which Azure's definitions ask for. A removal names none (docs/service.md: requests-6).
    pub(super) fn body(&self, ask: &Ask<'_>, now: Time, schedule_id: Option<&str>) -> Value {
        let mut body = Map::new();
        let mut put = |field: &str, value: Value| drop(body.insert(field.to_owned(), value));
        put("principalId", self.key.principal.to_string().into());
        if let Some(schedule) = ask.schedule {
            put("scheduleInfo", schedule_info(self.service(), schedule, now));
        }
        if let Some(justification) = ask.justification {
            put("justification", justification.into());
        }
        if let Some(Ticket { number, system }) = ask.ticket {
            let mut ticket = json!({"ticketNumber": number});
            if let (Some(system), Some(ticket)) = (system, ticket.as_object_mut()) {
                ticket.insert("ticketSystem".to_owned(), system.as_ref().into());
            }
            put("ticketInfo", ticket);
        }
        let word = ask.action.word();
        let camel = || word.replacen('A', "a", 1);
        match self.target {
            Target::Directory { directory_role } => {
                put("action", camel().into());
                put("roleDefinitionId", directory_role.to_string().into());
                put("directoryScopeId", directory_scope_id(&self.key.scope).into());
            }
            Target::Group { group, access } => {
                put("action", camel().into());
                put("groupId", group.to_string().into());
                put("accessId", access.to_string().into());
            }
            Target::Azure { scope, role } => {
                put("requestType", word.into());
                put("roleDefinitionId", role_definition_id(scope, *role).into());
                if let Some(Condition(condition)) = ask.condition {
                    put("condition", condition.as_ref().into());
                    put("conditionVersion", Condition::VERSION.into());
                }
                if let Some(id) = schedule_id.filter(|_| ask.action == Action::Update) {
                    let field = match self.key.kind {
                        Kind::Eligible => "targetRoleEligibilityScheduleId",
                        Kind::Active => "targetRoleAssignmentScheduleId",
                    };
                    put(field, id.into());
                }
                return json!({"properties": body});
            }
        }
        body.into()
    }

    /// The name of a request to Azure: the same for each repeat of one attempt of one operation of one run, so that a
    /// repeat is recognised, and another one for everything else.
    pub(super) fn request_name(&self, run: Uuid, operation: u64, attempt: u32, action: Action) -> Uuid {
        let Self { target, key } = self;
        let text = format!("{operation}|{attempt}|{}|{target:?}|{key:?}", action.word());
        Uuid::new_v5(&run, text.as_bytes())
    }
}

/// A scope of Azure as the beginning of a path.
pub(super) fn scope_path(scope: &ArmScope) -> String {
    scope.as_str().split('/').map(path_segment).collect::<Vec<_>>().join("/")
}

/// The whole id of a role definition. The service has it at each subscription, and once above them
/// (docs/service.md: arm-1).
pub(super) fn role_definition_id(scope: &ArmScope, role: RoleId) -> String {
    let at = scope.subscription_id().map(|id| format!("/subscriptions/{id}")).unwrap_or_default();
    format!("{at}/providers/Microsoft.Authorization/roleDefinitions/{role}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Access, AssignmentScope, Ending, PrincipalId};

    const ROLE: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
    const ADA: &str = "071cc716-8147-4397-a5ba-b2105951cc0b";
    const SUBSCRIPTION: &str = "/subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f";

    fn key(kind: Kind) -> AssignmentKey {
        AssignmentKey { kind, principal: ADA.parse::<PrincipalId>().unwrap(), scope: AssignmentScope::Whole }
    }

    fn azure(scope: &str) -> Target {
        Target::Azure { scope: scope.parse().unwrap(), role: ROLE.parse().unwrap() }
    }

    #[test]
    fn each_surface_has_its_own_way() {
        let (active, eligible) = (key(Kind::Active), key(Kind::Eligible));
        let directory = Target::Directory { directory_role: ROLE.parse().unwrap() };
        let route = Route { target: &directory, key: &active };
        assert_eq!(route.requests(), "/v1.0/roleManagement/directory/roleAssignmentScheduleRequests");
        let group = Target::Group { group: ROLE.parse().unwrap(), access: Access::Owner };
        let route = Route { target: &group, key: &eligible };
        assert_eq!(
            route.request("a/b"),
            "/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleRequests/a%2Fb"
        );
        assert!(route.schedules().starts_with(
            "/v1.0/identityGovernance/privilegedAccess/group/eligibilitySchedules?$filter=groupId%20eq%20"
        ));
        let odd = azure(&format!("{SUBSCRIPTION}/resourceGroups/a b(c)"));
        let route = Route { target: &odd, key: &active };
        assert_eq!(
            route.request("x"),
            format!(
                "{SUBSCRIPTION}/resourceGroups/a%20b%28c%29/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/x?api-version=2020-10-01"
            )
        );
    }

    #[test]
    fn a_request_to_azure_has_its_conditions_and_the_schedule_that_it_changes() {
        let (target, key) = (azure(SUBSCRIPTION), key(Kind::Eligible));
        let schedule = Schedule { start: None, end: Ending::Permanent };
        let condition = Condition("@Resource[x] StringEquals 'y'".into());
        let ticket = Ticket { number: "CHG1".into(), system: None };
        let ask = Ask {
            action: Action::Update,
            schedule: Some(&schedule),
            justification: Some("why"),
            ticket: Some(&ticket),
            condition: Some(&condition),
        };
        let body = Route { target: &target, key: &key }.body(&ask, "2026-01-01".parse().unwrap(), Some("/x/1"));
        assert_eq!(
            body,
            json!({"properties": {
                "principalId": ADA, "requestType": "AdminUpdate", "justification": "why",
                "roleDefinitionId": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}"),
                "scheduleInfo": {"startDateTime": "2026-01-01T00:00:00Z", "expiration": {"type": "NoExpiration"}},
                "ticketInfo": {"ticketNumber": "CHG1"}, "condition": "@Resource[x] StringEquals 'y'",
                "conditionVersion": "2.0", "targetRoleEligibilityScheduleId": "/x/1"
            }})
        );
    }

    #[test]
    fn a_repeat_has_the_name_of_the_first_and_nothing_else_has() {
        let (target, key) = (azure(SUBSCRIPTION), key(Kind::Eligible));
        let route = Route { target: &target, key: &key };
        let name =
            |run, operation, attempt, action| route.request_name(Uuid::from_u128(run), operation, attempt, action);
        let first = name(1, 1, 1, Action::Assign);
        assert_eq!(first, name(1, 1, 1, Action::Assign));
        let others = [
            name(2, 1, 1, Action::Assign),
            name(1, 2, 1, Action::Assign),
            name(1, 1, 2, Action::Assign),
            name(1, 1, 1, Action::Remove),
        ];
        assert!(!others.contains(&first));
    }

    #[test]
    fn above_subscriptions_a_role_has_no_scope_in_front() {
        let scope = ArmScope::management_group("core").unwrap();
        assert_eq!(
            role_definition_id(&scope, ROLE.parse().unwrap()),
            format!("/providers/Microsoft.Authorization/roleDefinitions/{ROLE}")
        );
    }
}
