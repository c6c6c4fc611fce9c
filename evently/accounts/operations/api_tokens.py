"""API tokens: shown once, stored as digests, authenticated with one query."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from evently.accounts.locks import UserNotFound, lock_user
from evently.accounts.managing import managed_events
from evently.accounts.models import ApiToken, Scope
from evently.accounts.operations.second_factors import SetupRequired
from evently.accounts.second_factor_state import lacks_second_factor
from evently.accounts.token_models import DELETION_TOKEN_LIFETIME
from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.identity import as_worker
from evently.database.prepared import PreparedQuery
from evently.errors import Invalid, NotAllowed, NotFound
from evently.transactions import run_in_transaction
from evently.visible_text import clean_line, has_controls, is_visible

# Lets secret scanners recognise a token.
PREFIX = "evt_"
SECRET_BYTES = 32
LONGEST_SECRET = 100
LONGEST_NAME = 100
LONGEST_LIFETIME = timedelta(days=366)


# A valid token by its secret's digest, with its user and the user's key.
TOKEN = PreparedQuery(
    lambda digest: (
        ApiToken.objects.select_related("user__person_key")
        .annotate(read_at=Clock(), managed_events=managed_events("user__"))
        .filter(
            digest=digest,
            revoked_at__isnull=True,
            expires_at__gt=Clock(),
            user__is_active=True,
            user__deleted_at__isnull=True,
        )
    ),
    digest=str,
)


class TokenRequestInvalid(Invalid):
    """Name, scopes or lifetime of a token are invalid."""

    code = "token_request_invalid"
    message = "A token needs a short name, at least one scope, and a lifetime of at most a year."


class ScopeNotAllowed(NotAllowed):
    code = "scope_not_allowed"
    message = "Only organizers can create tokens with the scope organize."


class TokenNotFound(NotFound):
    """The user has no token with this id."""

    code = "token_not_found"
    message = "We could not find this token."


@dataclass(frozen=True)
class IssuedToken:
    """A new token with its secret, which cannot be shown again."""

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
    """Create an API token. lifetime: at most a year; default: the setting TOKEN_LIFETIME.

    With the scope `delete_account`, it works for an hour, whatever the lifetime.
    session: the caller's `get_session_auth_hash()`; see `lock_user`.
    Raises TokenRequestInvalid, ScopeNotAllowed, SetupRequired, UserNotFound, SessionEnded.
    """
    name, sorted_scopes = _checked_name(name), sorted(set(scopes))
    lifetime = settings.TOKEN_LIFETIME if lifetime is None else lifetime
    if not sorted_scopes or not set(sorted_scopes) <= set(Scope.values):
        raise TokenRequestInvalid(fields={"scopes": "Choose from: " + ", ".join(Scope.values)})
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        raise TokenRequestInvalid(fields={"expires_at": "Choose a time within the next year."})
    if Scope.DELETE_ACCOUNT in sorted_scopes:
        lifetime = min(lifetime, DELETION_TOKEN_LIFETIME)
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)

    def work() -> IssuedToken:
        user = lock_user(user_id, session=session)
        if not user.is_active:
            raise UserNotFound
        if Scope.ORGANIZE in sorted_scopes and not user.is_organizer:
            raise ScopeNotAllowed
        if Scope.ORGANIZE in sorted_scopes and lacks_second_factor(user):
            raise SetupRequired
        token = ApiToken.objects.create(
            user=user,
            name=name,
            digest=_digest(secret),
            scopes=sorted_scopes,
            expires_at=now() + lifetime,
        )
        return IssuedToken(token=token, secret=secret)

    return run_in_transaction(work)


def revoke_token(*, user_id: UUID, token_id: UUID) -> ApiToken:
    """Revoke a token of the user, effective at once; may be repeated.

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


@as_worker()
def authenticate_token(secret: str) -> ApiToken | None:
    """Return the token with this secret, with its user and the user's key, in one query.

    None if it is unknown, expired or revoked, or if the user is deactivated or deleted. Once a day,
    a second statement writes `last_used_on`.
    """
    if not secret.startswith(PREFIX) or len(secret) > LONGEST_SECRET or not secret.isascii():
        return None
    token = TOKEN.first(digest=_digest(secret))
    if token is None:
        return None
    today = vars(token)["read_at"].date()
    if token.last_used_on != today:
        not_yet_today = Q(last_used_on__isnull=True) | Q(last_used_on__lt=today)
        ApiToken.objects.filter(not_yet_today, pk=token.pk).update(last_used_on=today)
        token.last_used_on = today
    return token


def _checked_name(name: str) -> str:
    cleaned = clean_line(name)
    if has_controls(cleaned) or not is_visible(cleaned):
        raise TokenRequestInvalid(fields={"name": "Enter a name."})
    if len(cleaned) > LONGEST_NAME:
        raise TokenRequestInvalid(fields={"name": f"At most {LONGEST_NAME} characters."})
    return cleaned


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
