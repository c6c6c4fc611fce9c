"""The context that every page has of the inbox."""

from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from evently.accounts.operations.email_allowance import emails_wait_until
from evently.database.identity import acting_as, attendee
from notifications.queries import unread_count


def inbox(request: HttpRequest) -> dict[str, Any]:
    """Return `unread_count`: counted when a template shows it, 0 for visitors not logged in.

    `emails_wait_until`: for users whose emails are held back, as their address is unconfirmed.
    """
    user = getattr(request, "user", None)
    if user is None:
        return {"unread_count": 0}
    return {
        "unread_count": SimpleLazyObject(lambda: _count(user)),
        "emails_wait_until": partial(_emails_wait_until, user),
    }


def _emails_wait_until(user: Any) -> datetime | None:
    return emails_wait_until(user) if user.is_authenticated else None


def _count(user: Any) -> int:
    if not user.is_authenticated:
        return 0
    # Their own, also on a page that they have opened by a link to somebody else's.
    with acting_as(attendee(user.pk)):
        return unread_count(user_id=user.pk)
