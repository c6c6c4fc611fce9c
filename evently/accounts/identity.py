"""As whom a request reads and writes: the role of the person who sent it."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import connection
from django.http import HttpRequest

from evently.accounts.models import Scope
from evently.database.identity import (
    VISITOR,
    DatabaseRole,
    Deferred,
    Identity,
    acting_as,
    as_worker,
    attendee,
    become,
)
from evently.database.prepared import execute_prepared

UNKNOWN = object()
MANAGED = "SELECT evently_managed_by(%s::uuid)"


def identity_of(user: Any) -> Identity:
    """Return the identity of a user, or of a visitor.

    One query for an organizer who was not read by `active_user`, which knows `managed_events`.
    """
    if user is None or not user.is_authenticated:
        return VISITOR
    if user.is_superuser:
        return Identity(DatabaseRole.SUPERUSER, user.pk)
    if not user.is_organizer:
        return attendee(user.pk)
    events: Any = getattr(user, "managed_events", UNKNOWN)
    if events is UNKNOWN:
        with as_worker():
            ((events,),) = execute_prepared(connection, MANAGED, [user.pk])
    return Identity(DatabaseRole.ORGANIZER, user.pk, tuple(events or ()))


def identity_of_token(token: Any) -> Identity:
    """Return the identity of an API token's user; an attendee's where it may only book."""
    if not (token.allows(Scope.READ) or token.allows(Scope.ORGANIZE)):
        return attendee(token.user_id)
    token.user.managed_events = token.managed_events
    return identity_of(token.user)


def deferred_identity(request: HttpRequest) -> Deferred:
    """Return the identity of a request, found out by its session once something is read.

    The API ignores sessions; a token says who it is (`evently.api.authentication`).
    """
    if request.path.startswith("/api/"):
        return Deferred(lambda: VISITOR)
    return Deferred(lambda: identity_of(request.user))


def streamed(identity: Deferred, content: Iterable[Any]) -> Iterator[Any]:
    """Yield a body that is made while it is sent, each part under the identity of its request."""
    parts = iter(content)
    while True:
        with acting_as(identity):
            try:
                part = next(parts)
            except StopIteration:
                return
        yield part


def _logged_in(sender: Any, user: Any, **kwargs: Any) -> None:
    become(identity_of(user))


def _logged_out(sender: Any, **kwargs: Any) -> None:
    become(VISITOR)


def follow_logins() -> None:
    """Let a request that logs somebody in or out go on as whom it is then."""
    user_logged_in.connect(_logged_in, dispatch_uid="evently.identity")
    user_logged_out.connect(_logged_out, dispatch_uid="evently.identity")
