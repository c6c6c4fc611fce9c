"""Which events of others an organizer manages, read with the user who makes a request."""

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, Expression, F, Func, UUIDField, When

from evently.accounts.models import Role

IDS = ArrayField(UUIDField())


def managed_events(prefix: str = "") -> Expression:
    """Return the ids of the events that a user is a manager of; NULL for none, or no organizer.

    prefix: the path to the user, such as "user__".
    """
    managed = Func(F(f"{prefix}pk"), function="evently_managed_by", output_field=IDS)
    return Case(When(**{f"{prefix}role": Role.ADMIN}, then=managed), output_field=IDS)


MANAGED_EVENTS = managed_events()
