"""Tokens of the links in account emails: verify an email address, set a password, log in.

They are signed and short-lived. Those that log in work once: they carry the user's `link_version`,
which is raised on use. A token is created when its email is rendered, so a late email still works.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing

from evently.accounts.models import User
from evently.links import LinkExpired

VERIFICATION_LIFETIME = timedelta(days=7)
LOGIN_LIFETIME = timedelta(hours=1)
DELETION_LINK_LIFETIME = timedelta(hours=1)

_VERIFY = "evently.accounts.verify"
_PASSWORD = "evently.accounts.password"  # noqa: S105
_LOGIN = "evently.accounts.login"
_DELETE = "evently.accounts.delete"
_KEEP = "evently.accounts.keep"
# Digits only, for URLs.
_MOMENT = "%Y%m%d%H%M%S%f"


def verification_token(user: User) -> str:
    """Return a token that proves that the email address is the user's; valid for a week."""
    return _sign(_VERIFY, user.pk, (user.email_digest or "")[:16])


def password_reset_token(user: User) -> str:
    """Return a token that sets a password once; valid for PASSWORD_RESET_TIMEOUT seconds."""
    return _sign(_PASSWORD, user.pk, str(user.link_version))


def login_token(user: User) -> str:
    """Return a token that logs the user in once; valid for an hour."""
    return _sign(_LOGIN, user.pk, str(user.link_version))


def deletion_token(user: User) -> str:
    """Return a token that confirms the deletion of the account, once; valid for an hour."""
    return _sign(_DELETE, user.pk, str(user.link_version))


def keep_token(user: User) -> str:
    """Return a token that undoes the pending deletion, until the account is erased."""
    requested = user.deletion_requested_at
    return _sign(_KEEP, user.pk, f"{requested.astimezone(UTC):{_MOMENT}}" if requested else "")


def read_deletion_token(token: str) -> tuple[UUID, int]:
    """Return (user's id, link version).

    Raises LinkExpired.
    """
    user_id, version = _read(_DELETE, token, DELETION_LINK_LIFETIME)
    return user_id, int(version)


def read_keep_token(token: str) -> tuple[UUID, datetime | None]:
    """Return (user's id, when the deletion was requested).

    Raises LinkExpired.
    """
    user_id, requested = _read(_KEEP, token, None)
    if not requested:
        return user_id, None
    return user_id, datetime.strptime(requested, _MOMENT).replace(tzinfo=UTC)


def read_verification_token(token: str) -> tuple[UUID, str]:
    """Return (user's id, first 16 characters of the email address's digest).

    Raises LinkExpired.
    """
    return _read(_VERIFY, token, VERIFICATION_LIFETIME)


def read_password_reset_token(token: str) -> tuple[UUID, int]:
    """Return (user's id, link version).

    Raises LinkExpired.
    """
    user_id, version = _read(_PASSWORD, token, timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT))
    return user_id, int(version)


def read_login_token(token: str) -> tuple[UUID, int]:
    """Return (user's id, link version).

    Raises LinkExpired.
    """
    user_id, version = _read(_LOGIN, token, LOGIN_LIFETIME)
    return user_id, int(version)


def _signer(salt: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=salt, sep=".")


def _sign(salt: str, user_id: UUID, state: str) -> str:
    return _signer(salt).sign(f"{user_id.hex}{state}")


def _read(salt: str, token: str, lifetime: timedelta | None) -> tuple[UUID, str]:
    try:
        value = _signer(salt).unsign(token, max_age=lifetime)
    except (signing.BadSignature, UnicodeError, ValueError) as error:
        raise LinkExpired from error
    return UUID(hex=value[:32]), value[32:]
