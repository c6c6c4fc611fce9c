"""Tokens of the links in account emails: verify an email address, set a password, log in.

They are signed and short-lived. Those that log in work once: they carry the user's `link_version`,
which is raised on use. A token is created when its email is rendered, so a late email still works.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing

from evently.accounts.models import User
from evently.links import LinkExpired

VERIFICATION_LIFETIME = timedelta(days=7)
LOGIN_LIFETIME = timedelta(hours=1)

_VERIFY = "evently.accounts.verify"
_PASSWORD = "evently.accounts.password"  # noqa: S105
_LOGIN = "evently.accounts.login"


def verification_token(user: User) -> str:
    """Return a token that proves that the email address is the user's; valid for a week."""
    return _sign(_VERIFY, user.pk, (user.email_digest or "")[:16])


def password_reset_token(user: User) -> str:
    """Return a token that sets a password once; valid for PASSWORD_RESET_TIMEOUT seconds."""
    return _sign(_PASSWORD, user.pk, str(user.link_version))


def login_token(user: User) -> str:
    """Return a token that logs the user in once; valid for an hour."""
    return _sign(_LOGIN, user.pk, str(user.link_version))


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


def _read(salt: str, token: str, lifetime: timedelta) -> tuple[UUID, str]:
    try:
        value = _signer(salt).unsign(token, max_age=lifetime)
    except (signing.BadSignature, UnicodeError, ValueError) as error:
        raise LinkExpired from error
    return UUID(hex=value[:32]), value[32:]
