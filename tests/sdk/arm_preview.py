"""Azure roles through the management SDK's next version, on its defaults: it asks for version 2024-09-01-preview."""

import uuid

from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient, models

import tenant
from checks import URL, Checks, credential, days, now

checks = Checks("arm preview")
SUBSCRIPTION = f"/subscriptions/{tenant.SUBSCRIPTION}"


def eligible(arm, scope, role):
    """Create, read, update; what is new cannot be removed yet."""
    def send(kind, ending=None):
        properties = models.RoleEligibilityScheduleRequestProperties(
            principal_id=tenant.user(7), role_definition_id=role, request_type=kind, justification="new here"
        )
        if ending:
            properties.schedule_info = models.RoleEligibilityScheduleRequestPropertiesScheduleInfo(
                start_date_time=now(),
                expiration=models.RoleEligibilityScheduleRequestPropertiesScheduleInfoExpiration(
                    type="AfterDuration", duration=ending
                ),
            )
        body = models.RoleEligibilityScheduleRequest(properties=properties)
        return arm.role_eligibility_schedule_requests.create(scope, str(uuid.uuid4()), body)

    made = send("AdminAssign", "P30D")
    checks.same(made.properties.status, "Provisioned", "the status of a request")
    again = arm.role_eligibility_schedule_requests.get(scope, made.name)
    checks.same(again.properties.justification, "new here", "the justification of a request")
    filter = f"principalId eq '{tenant.user(7)}'"
    for collection in (arm.role_eligibility_schedules, arm.role_eligibility_schedule_instances):
        rows = list(collection.list_for_scope(scope, filter=filter))
        checks.same([row.properties.principal_id for row in rows], [tenant.user(7)], "who is listed")
        checks.near(rows[0].properties.end_date_time, now() + days(30), "its end")
        checks.same(collection.get(scope, rows[0].name).id, rows[0].id, "the row read by name")
    send("AdminUpdate", "P60D")
    rows = list(arm.role_eligibility_schedules.list_for_scope(scope, filter=filter))
    checks.near(rows[0].properties.end_date_time, now() + days(60), "the end after the update")
    try:
        checks.that(False, "a removal is refused", send("AdminRemove"))
    except HttpResponseError as error:
        checks.same(error.error.code, "ActiveDurationTooShort", "why it cannot be removed yet")
    asked = list(arm.role_eligibility_schedule_requests.list_for_scope(scope, filter=filter))
    checks.same({one.properties.request_type for one in asked}, {"AdminAssign", "AdminUpdate"}, "the requests")


def active(arm, scope):
    """Active rows are listed in the same way."""
    rows = list(arm.role_assignment_schedules.list_for_scope(scope, filter="atScope()"))
    checks.same({row.properties.assignment_type for row in rows}, {"Assigned"}, "how active rows came about")
    rows = list(arm.role_assignment_schedule_instances.list_for_scope(scope, filter="atScope()"))
    # Another client may have been here before.
    checks.that(tenant.user(1) in {row.properties.principal_id for row in rows}, "who was active is listed")
    asked = list(arm.role_assignment_schedule_requests.list_for_scope(scope))
    checks.that(all(one.properties.request_type and one.properties.status for one in asked), "requests for active rows")


def settings(arm, scope, role):
    """The policy of a role, with what the preview knows more of it."""
    listed = list(arm.role_management_policy_assignments.list_for_scope(scope))
    mine = [entry for entry in listed if entry.properties.role_definition_id.lower() == role.lower()]
    checks.same(len(mine), 1, "how many policies the target has")
    checks.same(mine[0].properties.effective_rules, None, "the rules in the list")
    name = mine[0].properties.policy_id.rsplit("/", 1)[1]
    checks.that(name in [policy.name for policy in arm.role_management_policies.list_for_scope(scope)], "it is listed")
    policy = arm.role_management_policies.get(scope, name)
    rules = {rule.id: rule for rule in policy.properties.rules}
    only = rules["PIMOnlyMode_Admin_Assignment"]
    checks.same(only.pim_only_mode_settings.mode, "Disabled", "the PIM-only mode at first")
    only.pim_only_mode_settings.mode = "ReportOnly"
    longest = rules["Expiration_EndUser_Assignment"]
    longest.maximum_duration = "PT3H"
    change = models.RoleManagementPolicy(properties=models.RoleManagementPolicyProperties(rules=[only, longest]))
    answer = arm.role_management_policies.update(scope, name, change)
    after = {rule.id: rule for rule in answer.properties.rules}
    checks.same(after[only.id].pim_only_mode_settings.mode, "ReportOnly", "the PIM-only mode")
    checks.same(after[longest.id].maximum_duration, "PT3H", "the longest activation")
    checks.same(len(after), len(rules), "how many rules it has")


def main():
    """Everything, one after the other."""
    arm = AuthorizationManagementClient(
        credential(), tenant.SUBSCRIPTION, base_url=URL, credential_scopes=[f"{URL}/.default"]
    )
    found = list(arm.role_definitions.list(SUBSCRIPTION, filter="roleName eq 'Contributor'"))
    checks.same([role.name for role in found], [tenant.CONTRIBUTOR], "the role of a name")
    eligible(arm, SUBSCRIPTION, found[0].id)
    active(arm, SUBSCRIPTION)
    settings(arm, SUBSCRIPTION, found[0].id)
    reader = arm.role_definitions.get(SUBSCRIPTION, tenant.READER)
    settings(arm, tenant.RESOURCE_GROUP, reader.id)
    children = list(arm.eligible_child_resources.get(SUBSCRIPTION))
    checks.same([child.id for child in children], [tenant.RESOURCE_GROUP], "what lies in the subscription")
    checks.report()


main()
