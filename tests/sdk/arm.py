"""Azure roles through the official management SDK."""

import uuid

from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.v2020_10_01 import models

import tenant
from checks import URL, Checks, credential, days, now

checks = Checks("arm")
SUBSCRIPTION = f"/subscriptions/{tenant.SUBSCRIPTION}"


def client():
    """The SDK's own client; only the address is the emulator's."""
    return AuthorizationManagementClient(
        credential(), tenant.SUBSCRIPTION, base_url=URL, credential_scopes=[f"{URL}/.default"]
    )


def refused(asking, code, part=None):
    """The service must answer with this error."""
    try:
        answer = asking()
    except HttpResponseError as error:
        checks.same(error.error.code, code, "the code of the error")
        checks.that(part is None or part in error.error.message, f"the message has {part}", error.error.message)
        return error
    return checks.that(False, f"refused with {code}", answer)


class Kind:
    """What differs between eligible and active: names only."""

    def __init__(self, arm, word):
        title = word.title()
        self.request = getattr(models, f"Role{title}ScheduleRequest")
        self.info = getattr(models, f"Role{title}ScheduleRequestPropertiesScheduleInfo")
        self.expiration = getattr(models, f"Role{title}ScheduleRequestPropertiesScheduleInfoExpiration")
        self.ticket = getattr(models, f"Role{title}ScheduleRequestPropertiesTicketInfo")
        self.requests = getattr(arm, f"role_{word}_schedule_requests")
        self.schedules = getattr(arm, f"role_{word}_schedules")
        self.instances = getattr(arm, f"role_{word}_schedule_instances")
        self.target = f"target_role_{word}_schedule_id"

    def body(self, kind, role, principal, ending=None, **more):
        """A request of some kind. An ending is a number of days, a time, or `forever`."""
        if ending is not None:
            if ending == "forever":
                expiration = self.expiration(type="NoExpiration")
            elif isinstance(ending, int):
                expiration = self.expiration(type="AfterDuration", duration=f"P{ending}D")
            else:
                expiration = self.expiration(type="AfterDateTime", end_date_time=ending)
            more["schedule_info"] = self.info(start_date_time=now(), expiration=expiration)
        return self.request(principal_id=principal, role_definition_id=role, request_type=kind, **more)

    def send(self, scope, body, name=None):
        """Puts a request under a name of its own."""
        return self.requests.create(scope, name or str(uuid.uuid4()), body)

    def rows(self, scope, principal, role):
        """The assignments of a principal that stand at the scope itself."""
        found = self.schedules.list_for_scope(scope, filter=f"principalId eq '{principal}'")
        here = [row for row in found if row.scope.lower() == scope.lower() and row.member_type == "Direct"]
        return [row for row in here if row.role_definition_id.lower() == role.lower()]


def assignments(kind, scope, role, managed):
    """Create, read, update, remove."""
    ada = tenant.user(0)
    failed = "RoleAssignmentRequestPolicyValidationFailed"
    forever = kind.body("AdminAssign", role, ada, "forever", justification="for ever")
    if not managed:
        refused(lambda: kind.send(scope, forever), failed, "ExpirationRule")
    ticket = kind.ticket(ticket_number="CHG-1", ticket_system="tickets")
    asked = kind.body("AdminAssign", role, ada, 30, justification="new here", ticket_info=ticket)
    name = str(uuid.uuid4())
    made = kind.send(scope, asked, name)
    checks.same(made.name, name, "the name of the request")
    checks.same(made.status, "Provisioned", "its status")
    checks.same(made.principal_type, "User", "what the principal is")
    found = kind.rows(scope, ada, role)
    checks.same([row.id for row in found], [getattr(made, kind.target)], "the assignment")
    checks.near(found[0].end_date_time, now() + days(30), "its end")
    checks.same(found[0].expanded_properties.principal.display_name, "User 000", "the name of the principal")
    alone = kind.schedules.get(scope, found[0].name)
    checks.same(alone.id, found[0].id, "the assignment read by name")
    again = kind.requests.get(scope, name)
    checks.same(again.justification, "new here", "the justification of the request")
    checks.same(again.ticket_info.ticket_number, "CHG-1", "the ticket of the request")
    checks.same(again.schedule_info.expiration.duration, "P30D", "the length that was asked for")
    inside = [row for row in kind.instances.list_for_scope(scope, filter=f"principalId eq '{ada}'")]
    checks.that(any(row.role_definition_id.lower() == role.lower() for row in inside), "it is in effect", inside)
    error = refused(lambda: kind.send(scope, asked, name), "RoleAssignmentRequestExists")
    checks.same(error.status_code, 409, "the status of a name used twice")
    refused(lambda: kind.send(scope, asked), "RoleAssignmentExists")
    return ada


def eligible(arm, scope, role, managed):
    """An eligible assignment."""
    kind = Kind(arm, "eligibility")
    ada = assignments(kind, scope, role, managed)
    end = now() + days(60)
    changed = kind.send(scope, kind.body("AdminUpdate", role, ada, end))
    found = kind.rows(scope, ada, role)
    checks.same([row.id for row in found], [getattr(changed, kind.target)], "the schedule after the update")
    checks.near(found[0].end_date_time, end, "the new end")
    refused(lambda: kind.send(scope, kind.body("AdminRemove", role, ada)), "ActiveDurationTooShort")
    if managed:
        old = tenant.user(10)
        removed = kind.send(scope, kind.body("AdminRemove", role, old))
        checks.same(removed.status, "Revoked", "the status of a removal")
        checks.same(kind.rows(scope, old, role), [], "what is left")
        refused(lambda: kind.send(scope, kind.body("AdminRemove", role, old)), "RoleAssignmentDoesNotExist")
        grace = tenant.user(5)
        kind.send(scope, kind.body("AdminAssign", role, grace, "forever"))
        checks.same([row.end_date_time for row in kind.rows(scope, grace, role)], [None], "the end of one for ever")


def active(arm, scope, role, managed):
    """An active assignment: a justification is asked for, and one that is new cannot be removed yet."""
    kind = Kind(arm, "assignment")
    failed = "RoleAssignmentRequestPolicyValidationFailed"
    bare = kind.body("AdminAssign", role, tenant.user(0), 2)
    refused(lambda: kind.send(scope, bare), failed, "JustificationRule")
    ada = assignments(kind, scope, role, managed)
    checks.same(kind.rows(scope, ada, role)[0].assignment_type, "Assigned", "how it came about")
    refused(lambda: kind.send(scope, kind.body("AdminRemove", role, ada)), "ActiveDurationTooShort")
    if not managed:
        return
    old, older, end = tenant.user(1), tenant.user(2), now() + days(60)
    changed = kind.send(scope, kind.body("AdminUpdate", role, old, end, justification="not for ever"))
    found = kind.rows(scope, old, role)
    checks.same([row.id for row in found], [getattr(changed, kind.target)], "the schedule after the update")
    checks.near(found[0].end_date_time, end, "the new end")
    removed = kind.send(scope, kind.body("AdminRemove", role, older))
    checks.same(removed.status, "Revoked", "the status of a removal")
    checks.same(kind.rows(scope, older, role), [], "what is left")


def later(arm, scope, role):
    """An assignment that begins tomorrow is granted, listed, and can be cancelled."""
    kind, grace = Kind(arm, "eligibility"), tenant.user(6)
    body = kind.body("AdminAssign", role, grace, 5)
    body.schedule_info.start_date_time = now() + days(1)
    made = kind.send(scope, body)
    checks.same(made.status, "Granted", "the status of a request for tomorrow")
    checks.same([row.status for row in kind.rows(scope, grace, role)], ["Granted"], "the status in the list")
    kind.requests.cancel(scope, made.name)
    checks.same(kind.requests.get(scope, made.name).status, "Canceled", "the status after the cancellation")
    checks.same(kind.rows(scope, grace, role), [], "what is left")


def settings(arm, scope, role):
    """Changes two rules of a policy, and is refused where the service refuses."""
    def current():
        found = list(arm.role_management_policy_assignments.list_for_scope(scope))
        mine = [entry for entry in found if entry.role_definition_id.lower() == role.lower()]
        checks.same(len(mine), 1, "how many policies the target has")
        checks.same(len(mine[0].effective_rules), 17, "how many rules are in effect")
        policy = arm.role_management_policies.get(scope, mine[0].policy_id.rsplit("/", 1)[1])
        checks.same(len(policy.rules), 17, "how many rules it has")
        return policy, {rule.id: rule for rule in policy.rules}

    policy, rules = current()
    activation = rules["Expiration_EndUser_Assignment"]
    checks.same(activation.maximum_duration, "PT8H", "the longest activation at first")
    activation.maximum_duration = "PT2H"
    admins = rules["Notification_Admin_Admin_Eligibility"]
    admins.notification_level, admins.notification_recipients = "Critical", ["soc@contoso.example"]
    change = models.RoleManagementPolicy(rules=[activation, admins])
    answer = arm.role_management_policies.update(scope, policy.name, change)
    checks.same(len(answer.rules), 17, "how many rules the answer has")
    _, after = current()
    checks.same(after[activation.id].maximum_duration, "PT2H", "the longest activation")
    checks.same(after[admins.id].notification_recipients, ["soc@contoso.example"], "who is told")
    checks.same(after[admins.id].notification_level, "Critical", "what is told")
    other = "Expiration_Admin_Assignment"
    checks.same(after[other].maximum_duration, rules[other].maximum_duration, "the rule that was left alone")

    policy, rules = current()
    context = rules["AuthenticationContext_EndUser_Assignment"]
    context.is_enabled, context.claim_value = True, "c1"
    enablement = rules["Enablement_EndUser_Assignment"]
    enablement.enabled_rules = ["MultiFactorAuthentication", "Justification"]
    both = models.RoleManagementPolicy(rules=[context, enablement])
    refused(lambda: arm.role_management_policies.update(scope, policy.name, both), "MfaAndAcrsConflict")
    _, after = current()
    checks.same(after[context.id].is_enabled, False, "the authentication context after the refusal")


def main():
    """Everything, one after the other."""
    arm = client()
    found = list(arm.role_definitions.list(SUBSCRIPTION, filter="roleName eq 'Contributor'"))
    checks.same([role.name for role in found], [tenant.CONTRIBUTOR], "the role of a name")
    contributor = found[0].id
    one = arm.role_definitions.get(SUBSCRIPTION, tenant.READER)
    checks.same(one.role_name, "Reader", "the name of a role")

    eligible(arm, SUBSCRIPTION, contributor, managed=True)
    active(arm, SUBSCRIPTION, contributor, managed=True)
    eligible(arm, tenant.RESOURCE_GROUP, one.id, managed=False)
    active(arm, tenant.RESOURCE_GROUP, one.id, managed=False)
    later(arm, SUBSCRIPTION, contributor)
    settings(arm, SUBSCRIPTION, contributor)
    settings(arm, tenant.RESOURCE_GROUP, one.id)

    # More than a page, and what is inherited.
    rows = list(arm.role_eligibility_schedules.list_for_scope(SUBSCRIPTION, filter="atScope()"))
    people = {row.principal_id for row in rows if row.role_definition_id.lower() == contributor.lower()}
    checks.that({tenant.user(number) for number in range(11, tenant.USERS)} <= people, "everybody in the list", people)
    below = list(arm.role_eligibility_schedules.list_for_scope(tenant.RESOURCE_GROUP, filter="atScope()"))
    above = [row for row in below if row.scope != tenant.RESOURCE_GROUP]
    checks.same({row.scope for row in above}, {SUBSCRIPTION}, "where the rows that a resource group inherits come from")
    checks.same({row.member_type for row in above}, {"Inherited"}, "how they are held")
    checks.report()


main()
