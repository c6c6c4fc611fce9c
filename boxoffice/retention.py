"""How long accounts are kept that nobody uses, and what is left of those that were deleted."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, ForeignObjectRel, OuterRef, QuerySet, Value

from boxoffice.lifecycle.operations import erase_person
from evently.accounts.models import Role, User
from evently.database.functions import Clock
from evently.errors import DomainError
from evently.lifecycle.registry import LAST, SECOND, Kept, Period, Rule, register

UNPROVEN_DAYS = 30
# The files of cold storage name an account by its id; none is kept longer than this.
LEFT_YEARS = 8
AT_ONCE = 500

log = structlog.get_logger(__name__)


def unused() -> QuerySet[User]:
    """Return old accounts whose address was never confirmed, and that nothing refers to."""
    return _unreferenced(
        User.objects.filter(
            deleted_at__isnull=True,
            email_verified_at__isnull=True,
            role=Role.USER,
            is_superuser=False,
            deletion_due_at__isnull=True,
            created_at__lt=Clock() - Value(timedelta(days=UNPROVEN_DAYS)),
        )
    )


def left() -> QuerySet[User]:
    """Return accounts that were deleted long ago, and that nothing refers to any more."""
    since = Clock() - Value(timedelta(days=365 * LEFT_YEARS + LEFT_YEARS // 4))
    return _unreferenced(User.objects.filter(deleted_at__lt=since))


# What goes with an account without a loss.
_OF_NO_WEIGHT = frozenset(
    {
        "person_keys",
        "notifications",
        "message_keys",
        "email_delivery_log",
        "email_resends",
        "email_returns",
        "email_attempts",
        "sent_emails",
        "event_mutes",
        "resend_runs",
        "suppressions",
        "email_changes",
        "booking_attempts",
        "django_admin_log",
        "api_tokens",
    }
)


def _unreferenced(users: QuerySet[User]) -> QuerySet[User]:
    """Leave out users whom rows refer to: in all tables, those of later releases included."""
    for relation in User._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel):
            continue
        model = relation.related_model
        if model._meta.db_table.replace('"', "").split(".")[-1] in _OF_NO_WEIGHT:
            continue
        column = relation.field.name
        users = users.filter(~Exists(model._default_manager.filter(**{column: OuterRef("pk")})))
    return users


def erase_unused() -> Iterator[int]:
    """Erase accounts that nobody confirmed, one by one; yields 1 for each."""
    for user_id in _ids(unused()):
        try:
            done = erase_person(user_id=user_id, at_once=True)
        except DomainError as refusal:
            log.warning("account_not_erased", code=refusal.code, user_id=str(user_id))
            continue
        yield int(done)


def delete_left() -> Iterator[int]:
    """Delete what is left of accounts; yields how many, batch by batch."""
    while ids := _ids(left())[:AT_ONCE]:
        with transaction.atomic():
            # Once more: something may refer to one by now.
            deleted = left().filter(pk__in=ids)._raw_delete("default")
        if not deleted:
            return
        yield deleted


def _ids(users: QuerySet[User]) -> list[UUID]:
    return list(users.order_by("pk").values_list("pk", flat=True))


register(
    Rule(
        name="unused_accounts",
        table="users",
        data="Accounts whose email address was never confirmed, and that have no bookings",
        period=Period("sign-up", days=UNPROVEN_DAYS),
        then="erased, like accounts whose owner deletes them",
        how="one by one",
        ground="Contract (Art. 6 (1) b GDPR), as long as one may still be entered into",
        due=lambda: unused().count(),
        work=erase_unused,
        order=SECOND,
    ),
    Rule(
        name="deleted_accounts",
        table="users",
        data="What is left of deleted accounts: an id that bookings refer to",
        period=Period("the deletion", years=LEFT_YEARS),
        then="deleted, once nothing refers to it",
        how="in batches",
        ground="Accounting records (Art. 6 (1) c GDPR, tax law)",
        due=lambda: left().count(),
        work=delete_left,
        order=LAST,
    ),
    Kept(
        "secrets.pseudonym_keys", "Keys of analysts’ pseudonyms; each is destroyed after its month."
    ),
    Kept("secrets.smallest_group", "A setting of the views for analysts."),
)
