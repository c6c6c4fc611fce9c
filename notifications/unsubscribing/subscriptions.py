"""What a link to unsubscribe turns off, and on again.

Each step may be repeated, and turns off what is off already. Only the step that turned something
off can be undone: whoever has the link must not turn on what the person turned off elsewhere.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import models

from evently.accounts.locks import lock_user
from evently.accounts.models import User
from evently.errors import Invalid
from evently.transactions import run_in_transaction
from events.models import Event
from notifications.kinds import KINDS, Kind
from notifications.models import Channel
from notifications.operations import muting
from notifications.preferences import ALL, changed, is_mutable, is_wanted
from notifications.unsubscribing.tokens import UnsubscribeToken

UNDO_LIFETIME = timedelta(days=1)
UNDO_SALT = "notifications.unsubscribing.undo"


class Scope(models.TextChoices):
    """How much is turned off: this kind of emails about this event, this kind, or all that can."""

    EVENT = "event"
    KIND = "kind"
    ALL = "all"


class UndoInvalid(Invalid):
    """What is to be undone was altered, or too long ago."""

    code = "undo_invalid"
    message = "This can no longer be undone here. Log in to change your message settings."


@dataclass(frozen=True)
class Subscription:
    """What the emails are that a link was in.

    user: None where the account was deleted, or has another address since: it gets none there.
    kind: None where this release knows none of that name.
    """

    user: User | None
    kind: Kind | None
    event: Event | None

    @property
    def scopes(self) -> list[Scope]:
        """What can be turned off, the least first."""
        scopes = [Scope.ALL]
        if self.kind is not None and not self.kind.is_always_sent:
            scopes.insert(0, Scope.KIND)
            if self.event is not None and is_mutable(self.kind):
                scopes.insert(0, Scope.EVENT)
        return scopes

    def is_off(self, scope: Scope) -> bool:
        """Tell whether all that a scope is about is turned off."""
        if self.user is None:
            return True
        if scope is Scope.EVENT and not self._is_on_for_event():
            return True
        kinds = optional() if scope is Scope.ALL or self.kind is None else [self.kind]
        return not any(is_wanted(Channel.EMAIL, kind, self.user.preferences) for kind in kinds)

    def _is_on_for_event(self) -> bool:
        if self.user is None or self.kind is None or self.event is None:
            return False
        switches = muting.switches_of(user_id=self.user.pk, event_id=self.event.pk)
        return switches[self.kind.category.value][Channel.EMAIL.value]


def optional() -> list[Kind]:
    """Return the kinds that can be turned off."""
    return [kind for kind in KINDS.values() if not kind.is_always_sent]


def subscription_of(token: UnsubscribeToken) -> Subscription:
    """Return what a link is about, as it is now."""
    user = User.objects.filter(pk=token.user_id, deleted_at__isnull=True).first()
    if user is not None and user.links_version != token.version:
        user = None
    event = Event.objects.filter(pk=token.event_id).first() if token.event_id else None
    return Subscription(user, KINDS.get(token.kind), event)


def unsubscribe(subscription: Subscription, scope: Scope) -> str:
    """Turn emails off; return what undoes it, for `resubscribe`, and "" where nothing does."""
    user, kind, event = subscription.user, subscription.kind, subscription.event
    if user is None or scope not in subscription.scopes:
        return ""
    undo: dict[str, Any] = {"user": user.pk.hex, "scope": scope.value, "kinds": [], ALL: None}
    if scope is Scope.EVENT and kind is not None and event is not None:
        if not subscription._is_on_for_event():
            return ""
        _switch(user.pk, kind, event, wanted=False)
    else:
        kinds = optional() if scope is Scope.ALL or kind is None else [kind]

        def turn_off(preferences: dict[str, Any]) -> dict[str, Any]:
            if scope is Scope.ALL:
                # Also what a later release sends.
                undo[ALL] = preferences.get(ALL)
                others = undo[ALL] if isinstance(undo[ALL], dict) else {}
                preferences = {**preferences, ALL: {**others, Channel.EMAIL.value: False}}
            return changed(preferences, kinds, Channel.EMAIL, wanted=False)

        before = _change(user.pk, turn_off)
        was_on = [each.name for each in kinds if is_wanted(Channel.EMAIL, each, before)]
        if not was_on:
            return ""
        undo["kinds"] = was_on
    return signing.dumps(undo, salt=UNDO_SALT, compress=True)


def resubscribe(subscription: Subscription, undo: str) -> Scope:
    """Turn on again what was turned off; return how much that was. Raises UndoInvalid."""
    try:
        done = signing.loads(undo, salt=UNDO_SALT, max_age=UNDO_LIFETIME)
    except signing.BadSignature as error:
        raise UndoInvalid from error
    user, kind, event = subscription.user, subscription.kind, subscription.event
    scope = Scope(done["scope"])
    if user is None or done["user"] != user.pk.hex or scope not in subscription.scopes:
        raise UndoInvalid
    if scope is Scope.EVENT and kind is not None and event is not None:
        _switch(user.pk, kind, event, wanted=True)
        return scope
    kinds = [KINDS[name] for name in done["kinds"] if name in KINDS]

    def turn_on(preferences: dict[str, Any]) -> dict[str, Any]:
        if scope is Scope.ALL:
            preferences = {name: part for name, part in preferences.items() if name != ALL}
            if done[ALL] is not None:
                preferences[ALL] = done[ALL]
        return changed(preferences, kinds, Channel.EMAIL, wanted=True)

    _change(user.pk, turn_on)
    return scope


def _switch(user_id: UUID, kind: Kind, event: Event, *, wanted: bool) -> None:
    switches = {kind.category.value: {Channel.EMAIL.value: wanted}}
    muting.switch(user_id=user_id, event_id=event.pk, switches=switches)


def _change(user_id: UUID, change: Any) -> dict[str, Any]:
    """Change a user's preferences, and return those of before."""

    def work() -> dict[str, Any]:
        user = lock_user(user_id)
        before: dict[str, Any] = user.preferences
        after = change(dict(before))
        if after != before:
            user.preferences = after
            user.save(update_fields=["preferences"])
        return before

    return run_in_transaction(work)
