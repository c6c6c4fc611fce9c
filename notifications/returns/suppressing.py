"""The suppression list: addresses that get no emails, because earlier ones came back.

| Reason | Gets |
|---|---|
| hard bounce: the address does not exist | nothing |
| soft bounces, again and again | what its owner has just asked for (`Kind.on_request`) |
| complaint: its owner reported an email as spam | the same |

An address is released by its owner on the account page, by a superuser, or by an email that has
arrived after soft bounces.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet

from evently.accounts.models import User
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.errors import Busy, NotFound
from evently.idempotency.keys import Idempotency
from evently.privacy.addresses import digest_of_address, digests_of_address
from evently.transactions import refusing, run_in_transaction
from notifications.kinds.base import Kind
from notifications.kinds.returns import address_unreachable
from notifications.operations.inserting import insert
from notifications.return_models import (
    EmailReturn,
    Release,
    ReturnOutcome,
    Suppression,
    SuppressionReason,
)

# Soft bounces suppress an address only after so many emails came back within WINDOW, the first and
# the last so far apart, and none delivered in between: a mailbox that is full for a few days, or a
# server that is down over a long weekend, costs nobody an email.
SOFT_BOUNCES = 5
SOFT_APART = timedelta(days=7)
WINDOW = timedelta(days=30)
REDIGESTED_AT_ONCE = 500


class ReleasedTooOften(Busy):
    """The owner has released the address today already, or three times in thirty days."""

    code = "released_too_often"
    message = (
        "You have asked for emails to this address again already. Please wait a day, or enter "
        "another email address."
    )
    retry_after_seconds = 24 * 3600


class NotSuppressed(NotFound):
    code = "not_suppressed"
    message = "This address gets emails already."


def is_refused(reasons: Collection[str], kind: Kind) -> bool:
    """Return whether an address that is suppressed for these reasons gets no email of a kind."""
    if SuppressionReason.HARD_BOUNCE in reasons:
        return True
    return bool(reasons) and not kind.on_request


def worst_of(reasons: Collection[str]) -> str:
    """Return the reason that weighs most of at least one."""
    return next(reason for reason in SuppressionReason.values if reason in reasons)


def suppress(*, row: EmailReturn, user: User, address: str, reason: SuppressionReason) -> None:
    """Let an address get no emails, and tell its owner in the app, in the caller's transaction.

    row: the report that it follows from. user: whose email it was, with the key. Where the address
    is another person's, such as of one whom a ticket was offered to, that person is told.
    """
    owner = _owner_of(address, user)
    if owner.key is None or _open(address).filter(reason=reason).exists():
        return
    suppression = Suppression(
        user=owner,
        address_digest=digest_of_address(address),
        address=owner.key.seal("recipient", address),
        reason=reason,
        return_id=row.pk,
    )
    # Another report may have come first.
    Suppression.objects.bulk_create([suppression], ignore_conflicts=True)
    is_new = Suppression.objects.filter(pk=suppression.pk).exists()
    if is_new and owner.email_digest in digests_of_address(address):
        insert([address_unreachable(owner.pk, suppression.pk, reason)])


def _owner_of(address: str, user: User) -> User:
    """Return the account that has confirmed an address; without one, the user given."""
    digests = digests_of_address(address)
    if user.email_digest in digests:
        return user
    confirmed = User.objects.with_keys().filter(
        email_digest__in=digests, email_verified_at__isnull=False, deleted_at__isnull=True
    )
    return confirmed.first() or user


def keeps_bouncing(row: EmailReturn) -> bool:
    """Return whether so many emails to an address have come back that it is to be suppressed."""
    if not row.address_digest:
        return False
    since = row.created_at - WINDOW
    returns = EmailReturn.objects.filter(
        address_digest=row.address_digest, created_at__gt=since, is_proven=True
    )
    arrived = returns.filter(outcome=ReturnOutcome.DELIVERED).order_by("-created_at").first()
    bounced = returns.filter(outcome=ReturnOutcome.BOUNCED)
    if arrived is not None:
        bounced = bounced.filter(created_at__gt=arrived.created_at)
    released = (
        Suppression.objects.filter(address_digest=row.address_digest, released_at__isnull=False)
        .order_by("-released_at")
        .first()
    )
    if released is not None:
        # Its owner, or an administrator, has looked after it.
        bounced = bounced.filter(created_at__gt=released.released_at)
    times = dict(bounced.order_by("created_at").values_list("delivery_id", "created_at"))
    return len(times) >= SOFT_BOUNCES and max(times.values()) - min(times.values()) >= SOFT_APART


def has_arrived(address: str) -> None:
    """Release an address after soft bounces: an email has reached it."""
    _open(address).filter(reason=SuppressionReason.SOFT_BOUNCES).update(
        released_at=now(), release=Release.DELIVERED
    )


def open_of(user: User) -> list[Suppression]:
    """Return why a user's present address gets no emails, as their emails have shown."""
    if not user.email:
        return []
    return list(_open(user.email).filter(user_id=user.pk).order_by("created_at", "id"))


def is_for_all_emails(suppressions: Collection[Suppression]) -> bool:
    """Return whether an address gets no emails at all, whatever its owner asks for."""
    return any(row.reason == SuppressionReason.HARD_BOUNCE for row in suppressions)


@as_worker()
def release_own(*, user: User) -> None:
    """Let a user's present address get emails again, at its owner's wish.

    As the worker, since the limit counts for the address, whichever account is asked for it. Who
    has not confirmed it, and may have typed in another person's, releases it only after emails to
    that account. Raises NotSuppressed, ReleasedTooOften.
    """

    def work() -> None:
        rows = _open(user.email)
        if user.email_verified_at is None:
            rows = rows.filter(user_id=user.pk)
        with refusing(trg_suppression_released=ReleasedTooOften):
            released = rows.update(
                released_at=now(), release=Release.PERSON, released_by_id=user.pk
            )
        if not released:
            raise NotSuppressed

    run_in_transaction(work)


def release(
    *, suppression_id: UUID, by_id: UUID | None, idempotency: Idempotency | None = None
) -> None:
    """Let an address get emails again. by_id: the superuser. Raises NotSuppressed."""

    def work() -> None:
        released = Suppression.objects.filter(pk=suppression_id, released_at__isnull=True).update(
            released_at=now(), release=Release.ADMIN, released_by_id=by_id
        )
        if not released:
            raise NotSuppressed

    run_in_transaction(work, idempotency=idempotency)


def forget_addresses(*, user_id: UUID) -> int:
    """Delete what came back of a person's emails, in the transaction that erases the person.

    Returns how many rows.
    """
    suppressions, _ = Suppression.objects.filter(user_id=user_id).delete()
    returns, _ = EmailReturn.objects.filter(user_id=user_id).delete()
    return suppressions + returns


def redigest() -> int:
    """Find suppressed addresses by the current EVENTLY_DIGEST_KEY; return how many were changed."""
    changed, after = 0, UUID(int=0)
    rows = Suppression.objects.filter(released_at__isnull=True).order_by("pk")
    while batch := list(
        rows.filter(pk__gt=after).select_related("user__person_key")[:REDIGESTED_AT_ONCE]
    ):
        after = batch[-1].pk
        for row in batch:
            address = row.address_in_full
            digest = digest_of_address(address) if address else row.address_digest
            if digest != row.address_digest and not _is_open(digest, row.reason):
                Suppression.objects.filter(pk=row.pk).update(address_digest=digest)
                changed += 1
    return changed


def _is_open(digest: str, reason: str) -> bool:
    rows = Suppression.objects.filter(address_digest=digest, reason=reason)
    return rows.filter(released_at__isnull=True).exists()


def _open(address: str) -> QuerySet[Suppression]:
    return Suppression.objects.filter(
        address_digest__in=digests_of_address(address), released_at__isnull=True
    )
