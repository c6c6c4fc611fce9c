"""API tokens: issued once, kept as digests, used with one query."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from evently.accounts.locks import UserNotFound, lock_user
from evently.accounts.models import ApiToken, Scope
from evently.database.clock import now
from evently.database.functions import Clock
from evently.errors import Invalid, NotAllowed, NotFound
from evently.privacy.addresses import NameInvalid, clean_name
from evently.transactions import run_in_transaction

# What secret scanners and people recognise a token by.
PREFIX = "evt_"
SECRET_BYTES = 32
LONGEST_SECRET = 100
LONGEST_NAME = 100
LONGEST_LIFETIME = timedelta(days=366)


class TokenRequestInvalid(Invalid):
    """A token like that cannot be made."""

    code = "token_request_invalid"
    message = "A token needs a short name, at least one scope, and ends within a year."


class ScopeNotAllowed(NotAllowed):
    """Only organizers may have tokens that organize."""

    code = "scope_not_allowed"
    message = "Only organizers may have tokens with the scope organize."


class TokenNotFound(NotFound):
    """There is no such token of theirs."""

    code = "token_not_found"
    message = "There is no such token."


@dataclass(frozen=True)
class IssuedToken:
    """A new token with its secret, which is shown now and never again."""

    token: ApiToken
    secret: str


def issue_token(
    *,
    user_id: UUID,
    name: str,
    scopes: Iterable[str],
    lifetime: timedelta | None = None,
    session: str | None = None,
) -> IssuedToken:
    """Make an API token; lifetime: TOKEN_LIFETIME where not given, a year at most.

    session: the `get_session_auth_hash()` of whoever asks, which must still hold.
    Raises TokenRequestInvalid, ScopeNotAllowed, UserNotFound, SessionEnded.
    """
    name, wanted = _checked_name(name), sorted(set(scopes))
    lifetime = settings.TOKEN_LIFETIME if lifetime is None else lifetime
    if not wanted or not set(wanted) <= set(Scope.values):
        raise TokenRequestInvalid(fields={"scopes": "Choose from: " + ", ".join(Scope.values)})
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        raise TokenRequestInvalid(fields={"expires_at": "At most a year from now."})
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)

    def work() -> IssuedToken:
        user = lock_user(user_id, session=session)
        if not user.is_active:
            raise UserNotFound
        if Scope.ORGANIZE in wanted and not user.is_organizer:
            raise ScopeNotAllowed
        token = ApiToken.objects.create(
            user=user,
            name=name,
            digest=_digest(secret),
            scopes=wanted,
            expires_at=now() + lifetime,
        )
        return IssuedToken(token=token, secret=secret)

    return run_in_transaction(work)


def revoke_token(*, user_id: UUID, token_id: UUID) -> ApiToken:
    """Make a token of the user's stop working at once; doing it twice is fine.

    Raises TokenNotFound.
    """

    def work() -> ApiToken:
        tokens = ApiToken.objects.select_for_update().filter(user_id=user_id, pk=token_id)
        token = tokens.first()
        if token is None:
            raise TokenNotFound
        if token.revoked_at is None:
            token.revoked_at = now()
            token.save(update_fields=["revoked_at"])
        return token

    return run_in_transaction(work)


def authenticate_token(secret: str) -> ApiToken | None:
    """Return the token with this secret, its user and their key, in one query.

    None where it is unknown, over or revoked, or its user may not act. Idempotency a day a second
    statement notes that it was used.
    """
    if not secret.startswith(PREFIX) or len(secret) > LONGEST_SECRET or not secret.isascii():
        return None
    token = (
        ApiToken.objects.select_related("user__person_key")
        .annotate(read_at=Clock())
        .filter(
            digest=_digest(secret),
            revoked_at__isnull=True,
            expires_at__gt=Clock(),
            user__is_active=True,
            user__deleted_at__isnull=True,
        )
        .first()
    )
    if token is None:
        return None
    today = token.read_at.date()
    if token.last_used_on != today:
        unnoted = Q(last_used_on__isnull=True) | Q(last_used_on__lt=today)
        ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_on=today)
        token.last_used_on = today
    return token


def _checked_name(name: str) -> str:
    try:
        cleaned = clean_name(name)
    except NameInvalid as error:
        raise TokenRequestInvalid(fields={"name": "Give it a name."}) from error
    if len(cleaned) > LONGEST_NAME:
        raise TokenRequestInvalid(fields={"name": f"At most {LONGEST_NAME} characters."})
    return cleaned


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
