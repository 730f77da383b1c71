"""Writes the tenant that the SDK tests run on. Large enough that lists have several pages."""

import json
import sys
import uuid

TENANT = "5c1c4a36-9a0e-4d0c-9c55-0c8f3f0f7c11"
RUNNER = "b9d7f0a1-52f3-4a3c-8f0e-6c1f6f1f2d10"
RUNNER_APP = "0c2f52a6-0f4e-4f4f-9df7-3c8bb1d0a001"
SUBSCRIPTION = "c50263ce-5259-4a3c-a74c-860b1f88e997"
RESOURCE_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-app"

# Roles that come with the service; their ids are the same in every tenant.
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
BILLING_ADMINISTRATOR = "b0f54661-2d74-4c50-afa3-1ec803f12efe"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"

# A group that is under PIM, and one that nobody has touched.
MANAGED_GROUP = "be3ac93d-0d77-40a3-a61b-6aa07f00725a"
UNTOUCHED_GROUP = "ad5ea460-bc60-47ba-9c1e-980d9b8a7945"

# More than one page of users.
USERS = 130
LONG_AGO = "2025-01-01T00:00:00Z"


def user(number):
    """The id of one of the users."""
    return str(uuid.uuid5(uuid.UUID(TENANT), f"user/{number}"))


def running(*numbers):
    """Assignments that have run for a long time, so that they may be changed and removed."""
    return [{"principal": user(number), "start": LONG_AGO} for number in numbers]


def tenant():
    """The tenant file."""
    relaxed = {"eligible_assignment": {"expire_after": "never"}, "active_assignment": {"expire_after": "never"}}
    subscription = f"/subscriptions/{SUBSCRIPTION}"
    return {
        "format": "pimform-tenant",
        "version": 1,
        "tenant": {"id": TENANT, "name": "Contoso"},
        "runner": RUNNER,
        "users": [
            {"id": user(number), "name": f"User {number:03}", "upn": f"user{number:03}@contoso.example"}
            for number in range(USERS)
        ],
        "groups": [
            {"id": MANAGED_GROUP, "name": "SEC-Managed", "role_assignable": True, "pim": True},
            {"id": UNTOUCHED_GROUP, "name": "SEC-Untouched"},
        ],
        "service_principals": [{"id": RUNNER, "name": "sp-runner", "app_id": RUNNER_APP}],
        "management_groups": [{"id": "core", "name": "Core"}],
        "subscriptions": [{"id": SUBSCRIPTION, "name": "Production", "management_group": "core"}],
        "resource_groups": [RESOURCE_GROUP],
        "directory_roles": [
            {"id": USER_ADMINISTRATOR, "name": "User Administrator"},
            {"id": BILLING_ADMINISTRATOR, "name": "Billing Administrator"},
        ],
        "azure_roles": [{"id": READER, "name": "Reader"}, {"id": CONTRIBUTOR, "name": "Contributor"}],
        "targets": [
            # More than one page of eligible assignments, on each of the surfaces.
            {"directory_role": BILLING_ADMINISTRATOR, "eligible": running(*range(USERS)), "active": running(1, 2)},
            {
                "group": MANAGED_GROUP,
                "access": "member",
                "settings": relaxed,
                "eligible": running(*range(10, USERS)),
                "active": running(1, 2),
            },
            {
                "scope": subscription,
                "role": CONTRIBUTOR,
                "settings": relaxed,
                "eligible": running(*range(10, USERS)),
                "active": running(1, 2),
            },
        ],
    }


if __name__ == "__main__":
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(tenant(), file, indent=1)
