"""Directory roles, PIM for Groups and groups through the official Graph SDK."""

import asyncio

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.expiration_pattern import ExpirationPattern
from msgraph.generated.models.expiration_pattern_type import ExpirationPatternType
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.privileged_access_group_assignment_schedule_request import (
    PrivilegedAccessGroupAssignmentScheduleRequest,
)
from msgraph.generated.models.privileged_access_group_eligibility_schedule_request import (
    PrivilegedAccessGroupEligibilityScheduleRequest,
)
from msgraph.generated.models.privileged_access_group_relationships import PrivilegedAccessGroupRelationships
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.request_schedule import RequestSchedule
from msgraph.generated.models.schedule_request_actions import ScheduleRequestActions
from msgraph.generated.models.unified_role_assignment_schedule_request import UnifiedRoleAssignmentScheduleRequest
from msgraph.generated.models.unified_role_eligibility_schedule_request import UnifiedRoleEligibilityScheduleRequest
from msgraph.generated.models.unified_role_management_policy import UnifiedRoleManagementPolicy
from msgraph.generated.models.unified_role_management_policy_enablement_rule import (
    UnifiedRoleManagementPolicyEnablementRule,
)
from msgraph.generated.models.unified_role_management_policy_expiration_rule import (
    UnifiedRoleManagementPolicyExpirationRule,
)
from msgraph.generated.models.unified_role_schedule_request_actions import UnifiedRoleScheduleRequestActions
from msgraph_core.tasks.page_iterator import PageIterator

import tenant
from checks import URL, Checks, credential, days, now

checks = Checks("graph")
Role = UnifiedRoleScheduleRequestActions
Access = ScheduleRequestActions
MEMBER = PrivilegedAccessGroupRelationships.Member


def client():
    """The SDK's own client; only the address is the emulator's."""
    provider = AzureIdentityAuthenticationProvider(credential(), scopes=[f"{URL}/.default"])
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = f"{URL}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def query(builder, **options):
    """Query options of a collection, the SDK's way. `page` stands for its `top`."""
    kinds = [kind for name, kind in vars(builder).items() if name.endswith("QueryParameters")]
    return RequestConfiguration(query_parameters=kinds[0](**options))


async def refused(asking, code, part=None):
    """The service must answer with this error."""
    try:
        answer = await asking
    except ODataError as error:
        checks.same(error.error.code, code, "the code of the error")
        checks.that(part is None or part in error.error.message, f"the message has {part}", error.error.message)
        return
    checks.that(False, f"refused with {code}", answer)


async def every(graph, first):
    """Every entry of a collection, page by page with the SDK's own iterator."""
    entries = []

    def keep(entry):
        entries.append(entry)
        return True

    await PageIterator(first, graph.request_adapter).iterate(keep)
    return entries


def schedule(kind, **more):
    """A schedule that begins now."""
    return RequestSchedule(start_date_time=now(), expiration=ExpirationPattern(type=kind, **more))


def for_days(count):
    """A schedule of a length. The SDK sends a `timedelta` as Python prints it, so lengths are given to it as text."""
    return schedule(ExpirationPatternType.AfterDuration, duration=f"P{count}D")


def until(end):
    """A schedule with an end."""
    return schedule(ExpirationPatternType.AfterDateTime, end_date_time=end)


PERMANENT = ExpirationPatternType.NoExpiration


async def directory_roles(graph):
    """An eligible and an active assignment of a directory role."""
    directory = graph.role_management.directory
    roles = await every(graph, await directory.role_definitions.get())
    role = next(role for role in roles if role.display_name == "User Administrator")
    checks.same(role.id, tenant.USER_ADMINISTRATOR, "the id of the role")

    def ask(request, action, principal, role_id=role.id, **more):
        return request(
            action=action, principal_id=principal, role_definition_id=role_id, directory_scope_id="/", **more
        )

    async def rows(collection, principal, role_id=role.id):
        wanted = f"principalId eq '{principal}' and roleDefinitionId eq '{role_id}'"
        return (await collection.get(query(type(collection), filter=wanted))).value

    # Eligible: create, read, update, remove.
    eligible, requests = directory.role_eligibility_schedules, directory.role_eligibility_schedule_requests
    kind, ada = UnifiedRoleEligibilityScheduleRequest, tenant.user(0)
    made = await requests.post(ask(kind, Role.AdminAssign, ada, schedule_info=for_days(30), justification="new here"))
    checks.same(made.status, "Provisioned", "the status of the request")
    checks.same(made.target_schedule_id, made.id, "the schedule of the request")
    checks.same(made.action, Role.AdminAssign, "the action")
    found = await rows(eligible, ada)
    checks.same([row.id for row in found], [made.target_schedule_id], "the eligible assignment")
    checks.same(found[0].member_type, "Direct", "how it is held")
    checks.near(found[0].schedule_info.expiration.end_date_time, now() + days(30), "its end")
    alone = await eligible.by_unified_role_eligibility_schedule_id(made.target_schedule_id).get()
    checks.same(alone.principal_id, ada, "the principal of the schedule read by id")
    again = await requests.by_unified_role_eligibility_schedule_request_id(made.id).get()
    checks.same(again.justification, "new here", "the justification of the request read by id")
    await refused(requests.post(ask(kind, Role.AdminAssign, ada, schedule_info=for_days(30))), "RoleAssignmentExists")
    printed = schedule(ExpirationPatternType.AfterDuration, duration=days(30))
    try:
        await requests.post(ask(kind, Role.AdminAssign, tenant.user(9), schedule_info=printed))
        checks.that(False, "a length as Python prints it is refused")
    except ODataError as error:
        checks.same(error.response_status_code, 400, "the answer for a length as Python prints it")
    end = now() + days(60)
    changed = await requests.post(ask(kind, Role.AdminUpdate, ada, schedule_info=until(end)))
    found = await rows(eligible, ada)
    checks.same([row.id for row in found], [changed.target_schedule_id], "the schedule after the update")
    checks.that(changed.target_schedule_id != made.target_schedule_id, "an update has a schedule of its own")
    checks.near(found[0].schedule_info.expiration.end_date_time, end, "the new end")
    # What is new cannot be removed yet, what is old can.
    await refused(requests.post(ask(kind, Role.AdminRemove, ada)), "ActiveDurationTooShort")
    billing, last = tenant.BILLING_ADMINISTRATOR, tenant.user(tenant.USERS - 1)
    removed = await requests.post(ask(kind, Role.AdminRemove, last, billing))
    checks.same(removed.status, "Revoked", "the status of a removal")
    checks.same(await rows(eligible, last, billing), [], "what is left")
    await refused(requests.post(ask(kind, Role.AdminRemove, last, billing)), "RoleAssignmentDoesNotExist")

    # Active: the settings ask for a justification; one that is new cannot be removed yet, an old one can.
    active, requests = directory.role_assignment_schedules, directory.role_assignment_schedule_requests
    kind, failed = UnifiedRoleAssignmentScheduleRequest, "RoleAssignmentRequestPolicyValidationFailed"
    asked = ask(kind, Role.AdminAssign, ada, schedule_info=for_days(2))
    await refused(requests.post(asked), failed, "JustificationRule")
    asked.justification = "stands in for two days"
    made = await requests.post(asked)
    checks.same(made.status, "Provisioned", "the status of the request")
    found = await rows(active, ada)
    checks.same([(row.id, row.assignment_type) for row in found], [(made.target_schedule_id, "Assigned")], "the row")
    await refused(requests.post(ask(kind, Role.AdminRemove, ada)), "ActiveDurationTooShort")
    old, older = tenant.user(1), tenant.user(2)
    before = await rows(active, old, billing)
    checks.same(before[0].schedule_info.expiration.type, PERMANENT, "the end of the old assignment")
    asked = ask(kind, Role.AdminUpdate, old, billing, schedule_info=until(end), justification="not for ever")
    changed = await requests.post(asked)
    after = await rows(active, old, billing)
    checks.same([row.id for row in after], [changed.target_schedule_id], "the schedule after the update")
    checks.near(after[0].schedule_info.expiration.end_date_time, end, "the new end")
    removed = await requests.post(ask(kind, Role.AdminRemove, older, billing))
    checks.same(removed.status, "Revoked", "the status of a removal")
    checks.same(await rows(active, older, billing), [], "what is left")

    # More than a page.
    first = await eligible.get(query(type(eligible), filter=f"roleDefinitionId eq '{billing}'"))
    checks.that(first.odata_next_link is not None, "the list has a second page")
    people = {row.principal_id for row in await every(graph, first)}
    checks.same(people, {tenant.user(number) for number in range(tenant.USERS - 1)}, "everybody in the list")


async def rules_of(graph, policy):
    """The rules of a policy by id."""
    builder = graph.policies.role_management_policies.by_unified_role_management_policy_id(policy)
    return builder, {rule.id: rule for rule in (await builder.rules.get()).value}


async def policy_of(graph, scope, scope_type, role):
    """The id of the policy of a target, the only one that the filter finds."""
    assignments = graph.policies.role_management_policy_assignments
    wanted = f"scopeId eq '{scope}' and scopeType eq '{scope_type}' and roleDefinitionId eq '{role}'"
    found = await assignments.get(query(type(assignments), filter=wanted, expand=["policy($expand=rules)"]))
    checks.same(len(found.value), 1, "how many policies the target has")
    checks.same(len(found.value[0].policy.rules), 17, "how many rules it has")
    checks.same(found.value[0].id, f"{found.value[0].policy_id}_{role}", "the id of the policy assignment")
    return found.value[0].policy_id


async def settings(graph, scope, scope_type, role):
    """Changes rules of a target's policy, one by itself and two at once."""
    policy = await policy_of(graph, scope, scope_type, role)
    builder, rules = await rules_of(graph, policy)
    checks.same(len(rules), 17, "how many rules there are")

    one = "Expiration_EndUser_Assignment"
    checks.that(rules[one].maximum_duration != days(1) / 12, "the activation does not last 2 hours yet")
    rule = UnifiedRoleManagementPolicyExpirationRule(
        id=one, is_expiration_required=True, maximum_duration="PT2H", target=rules[one].target
    )
    await builder.rules.by_unified_role_management_policy_rule_id(one).patch(rule)
    policy = await policy_of(graph, scope, scope_type, role)
    builder, rules = await rules_of(graph, policy)
    checks.same(rules[one].maximum_duration, days(1) / 12, "the longest activation")

    both = ["Enablement_Admin_Assignment", "Expiration_Admin_Assignment"]
    change = UnifiedRoleManagementPolicy(
        rules=[
            UnifiedRoleManagementPolicyEnablementRule(id=both[0], enabled_rules=[], target=rules[both[0]].target),
            UnifiedRoleManagementPolicyExpirationRule(
                id=both[1], is_expiration_required=True, maximum_duration="P10D", target=rules[both[1]].target
            ),
        ]
    )
    await builder.patch(change)
    builder, rules = await rules_of(graph, await policy_of(graph, scope, scope_type, role))
    checks.same(rules[both[0]].enabled_rules, [], "what an active assignment asks for")
    checks.same(rules[both[1]].maximum_duration, days(10), "how long an active assignment may be")
    checks.same(rules[one].maximum_duration, days(1) / 12, "the rule that was left alone")
    return builder


async def refused_settings(graph):
    """Settings that the service does not take."""
    builder, rules = await rules_of(
        graph, await policy_of(graph, "/", "DirectoryRole", tenant.BILLING_ADMINISTRATOR)
    )
    context = rules["AuthenticationContext_EndUser_Assignment"]
    context.is_enabled, context.claim_value = True, "c1"
    await builder.rules.by_unified_role_management_policy_rule_id(context.id).patch(context)
    enablement = rules["Enablement_EndUser_Assignment"]
    enablement.enabled_rules = ["MultiFactorAuthentication", "Justification"]
    item = builder.rules.by_unified_role_management_policy_rule_id(enablement.id)
    await refused(item.patch(enablement), "MfaAndAcrsConflict")
    wrong = rules["Expiration_Admin_Eligibility"]
    wrong.maximum_duration = "P365D"
    unknown = builder.rules.by_unified_role_management_policy_rule_id("Expiration_Nobody_Eligibility")
    try:
        await unknown.patch(wrong)
        checks.that(False, "a rule that does not exist is refused")
    except ODataError as error:
        checks.that(error.response_status_code in (400, 404), "it is the caller's mistake", error.response_status_code)


async def groups(graph):
    """PIM for Groups, and the life of a group."""
    pim = graph.identity_governance.privileged_access.group

    def ask(request, action, group, principal, **more):
        return request(action=action, access_id=MEMBER, group_id=group, principal_id=principal, **more)

    async def rows(collection, group, principal):
        wanted = f"groupId eq '{group}' and principalId eq '{principal}'"
        return (await collection.get(query(type(collection), filter=wanted))).value

    # The life of a group.
    created = await graph.groups.post(
        Group(
            display_name="SEC-From-The-SDK",
            description="made by a client that nobody here wrote",
            mail_nickname="sec-from-the-sdk",
            mail_enabled=False,
            security_enabled=True,
            is_assignable_to_role=True,
            additional_data={"members@odata.bind": [f"{URL}/v1.0/users/{tenant.user(3)}"]},
        )
    )
    item = graph.groups.by_group_id(created.id)
    reference = ReferenceCreate(odata_id=f"{URL}/v1.0/directoryObjects/{tenant.user(4)}")
    await item.members.ref.post(reference)
    members = await every(graph, await item.members.get())
    checks.same({member.id for member in members}, {tenant.user(3), tenant.user(4)}, "the members")
    checks.same({type(member).__name__ for member in members}, {"User"}, "what the members are")
    await item.members.by_directory_object_id(tenant.user(3)).ref.delete()
    members = await every(graph, await item.members.get())
    checks.same([member.id for member in members], [tenant.user(4)], "the members after one has left")
    await item.patch(Group(description="changed"))
    found = await graph.groups.get(query(type(graph.groups), filter="displayName eq 'SEC-From-The-SDK'"))
    seen = [(group.id, group.description, group.is_assignable_to_role) for group in found.value]
    checks.same(seen, [(created.id, "changed", True)], "the group by its name")

    # Nothing permanent on a group that nobody has touched; with other settings it goes.
    request, failed = PrivilegedAccessGroupEligibilityScheduleRequest, "RoleAssignmentRequestPolicyValidationFailed"
    eligible, requests = pim.eligibility_schedules, pim.eligibility_schedule_requests
    forever = ask(request, Access.AdminAssign, created.id, tenant.user(5), schedule_info=schedule(PERMANENT))
    await refused(requests.post(forever), failed, "ExpirationRule")
    builder, rules = await rules_of(graph, await policy_of(graph, created.id, "Group", "member"))
    rule = rules["Expiration_Admin_Eligibility"]
    rule.is_expiration_required, rule.maximum_duration = False, "P365D"
    await builder.patch(UnifiedRoleManagementPolicy(rules=[rule]))
    made = await requests.post(forever)
    checks.same(made.status, "Provisioned", "the status of the request")
    checks.same(made.target_schedule_id, f"{created.id}_member_{made.id}", "the id of the schedule")
    await item.delete()
    try:
        await item.get()
        checks.that(False, "the group is gone")
    except ODataError as error:
        checks.same(error.response_status_code, 404, "the answer for a group that is gone")

    # Eligible: create, read, update, remove.
    group, ada = tenant.MANAGED_GROUP, tenant.user(0)
    made = await requests.post(
        ask(request, Access.AdminAssign, group, ada, schedule_info=for_days(5), justification="new here")
    )
    found = await rows(eligible, group, ada)
    checks.same([row.id for row in found], [made.target_schedule_id], "the eligible assignment")
    expiration = found[0].schedule_info.expiration
    checks.same(expiration.type, ExpirationPatternType.AfterDateTime, "how the schedule says its end")
    checks.near(expiration.end_date_time, now() + days(5), "its end")
    alone = await eligible.by_privileged_access_group_eligibility_schedule_id(made.target_schedule_id).get()
    checks.same(alone.group_id, group, "the group of the schedule read by id")
    wanted = f"groupId eq '{group}' and targetScheduleId eq '{made.target_schedule_id}'"
    log = await requests.get(query(type(requests), filter=wanted, orderby=["createdDateTime desc"]))
    checks.same([entry.id for entry in log.value], [made.id], "the request of the schedule")
    checks.same(log.value[0].schedule_info.expiration.duration, days(5), "the length that was asked for")
    changed = await requests.post(ask(request, Access.AdminUpdate, group, ada, schedule_info=for_days(50)))
    found = await rows(eligible, group, ada)
    checks.same([row.id for row in found], [changed.target_schedule_id], "the schedule after the update")
    checks.near(found[0].schedule_info.expiration.end_date_time, now() + days(50), "the new end")
    # What is new cannot be removed yet, what is old can.
    await refused(requests.post(ask(request, Access.AdminRemove, group, ada)), "ActiveDurationTooShort")
    last = tenant.user(tenant.USERS - 1)
    removed = await requests.post(ask(request, Access.AdminRemove, group, last))
    checks.same(removed.status, "Revoked", "the status of a removal")
    checks.same(await rows(eligible, group, last), [], "what is left")

    # Active.
    request = PrivilegedAccessGroupAssignmentScheduleRequest
    active, requests = pim.assignment_schedules, pim.assignment_schedule_requests
    asked = ask(request, Access.AdminAssign, group, ada, schedule_info=for_days(2))
    await refused(requests.post(asked), failed, "JustificationRule")
    asked.justification = "stands in for two days"
    made = await requests.post(asked)
    found = await rows(active, group, ada)
    checks.same([row.id for row in found], [made.target_schedule_id], "the active assignment")
    await refused(requests.post(ask(request, Access.AdminRemove, group, ada)), "ActiveDurationTooShort")
    old, older, end = tenant.user(1), tenant.user(2), now() + days(60)
    asked = ask(request, Access.AdminUpdate, group, old, schedule_info=until(end), justification="not for ever")
    changed = await requests.post(asked)
    found = await rows(active, group, old)
    checks.same([row.id for row in found], [changed.target_schedule_id], "the schedule after the update")
    checks.near(found[0].schedule_info.expiration.end_date_time, end, "the new end")
    await requests.post(ask(request, Access.AdminRemove, group, older))
    checks.same(await rows(active, group, older), [], "what is left")

    # More than a page, and a list that the service does not give.
    first = await eligible.get(query(type(eligible), filter=f"groupId eq '{group}'"))
    people = {row.principal_id for row in await every(graph, first)}
    # The one who is new, and all but the last.
    known = {ada} | {tenant.user(number) for number in range(10, tenant.USERS - 1)}
    checks.same(people, known, "everybody in the list")
    try:
        await eligible.get()
        checks.that(False, "a list of every group's schedules is refused")
    except ODataError as error:
        checks.same(error.response_status_code, 400, "the answer for a list without a filter")


async def people(graph):
    """Users by page, by name and by id."""
    first = await graph.users.get(query(type(graph.users), top=50, select=["id", "userPrincipalName"]))
    checks.same(len(first.value), 50, "how many entries the page has")
    found = await every(graph, first)
    checks.same(len({user.id for user in found}), tenant.USERS, "how many users there are")
    one = await graph.users.by_user_id("user007@contoso.example").get()
    checks.same(one.id, tenant.user(7), "the id of a user by name")
    me = await graph.service_principals.get(
        query(type(graph.service_principals), filter=f"appId eq '{tenant.RUNNER_APP}'")
    )
    checks.same([principal.id for principal in me.value], [tenant.RUNNER], "the runner")


async def main():
    """Everything, one after the other."""
    graph = client()
    await people(graph)
    await directory_roles(graph)
    await groups(graph)
    await settings(graph, "/", "DirectoryRole", tenant.USER_ADMINISTRATOR)
    await settings(graph, tenant.MANAGED_GROUP, "Group", "owner")
    await refused_settings(graph)
    checks.report()


asyncio.run(main())
