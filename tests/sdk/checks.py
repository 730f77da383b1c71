"""What the two scripts share: where the emulator is, a credential for it, and checks that count."""

import datetime
import os
import sys

from azure.identity import ClientSecretCredential

import tenant

URL = os.environ["PIMFORM_EMULATOR"]
UTC = datetime.timezone.utc


def credential():
    """A credential of the SDK that asks the emulator's own token endpoint."""
    return ClientSecretCredential(
        tenant.TENANT, tenant.RUNNER_APP, "any", authority=URL, disable_instance_discovery=True
    )


class Checks:
    """Fails at the first thing that is wrong, and counts what was right."""

    def __init__(self, name):
        self.name = name
        self.done = 0

    def that(self, holds, what, seen=None):
        """The thing must hold."""
        if not holds:
            sys.exit(f"{self.name}: not so: {what}; seen: {seen!r}")
        self.done += 1

    def same(self, seen, expected, what):
        """Both must be equal."""
        self.that(seen == expected, f"{what} is {expected!r}", seen)

    def near(self, seen, expected, what):
        """Both times must be the same but for what a test run takes."""
        far = None if seen is None else abs((seen - expected).total_seconds())
        self.that(far is not None and far < 600, f"{what} is about {expected}", seen)

    def report(self):
        """Says that all is well."""
        print(f"{self.name}: {self.done} checks passed")


def now():
    """The time."""
    return datetime.datetime.now(UTC)


def days(count):
    """A length of time."""
    return datetime.timedelta(days=count)
