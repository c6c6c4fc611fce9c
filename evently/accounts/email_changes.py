"""The links that change an email address, and that undo it."""

from datetime import timedelta
from uuid import UUID

from django.core import signing

from evently.accounts.models import EmailChange
from evently.links import LinkExpired

CONFIRM_LIFETIME = timedelta(days=1)
UNDO_LIFETIME = timedelta(days=7)

_CONFIRM = "evently.accounts.email_change"
_UNDO = "evently.accounts.email_undo"


def change_token(change: EmailChange) -> str:
    """Return the token of the link in the email to the new address."""
    return _sign(_CONFIRM, change)


def undo_token(change: EmailChange) -> str:
    """Return the token of the link in the email to the old address."""
    return _sign(_UNDO, change)


def read_change_token(token: str) -> tuple[UUID, UUID]:
    """Return (user's id, change's id). Raises LinkExpired."""
    return _read(_CONFIRM, token)


def read_undo_token(token: str) -> tuple[UUID, UUID]:
    """Return (user's id, change's id). Raises LinkExpired."""
    return _read(_UNDO, token)


def _sign(salt: str, change: EmailChange) -> str:
    return signing.Signer(salt=salt, sep=".").sign(f"{change.user_id.hex}{change.pk.hex}")


def _read(salt: str, token: str) -> tuple[UUID, UUID]:
    try:
        value = signing.Signer(salt=salt, sep=".").unsign(token)
        return UUID(hex=value[:32]), UUID(hex=value[32:])
    except (signing.BadSignature, UnicodeError, ValueError) as error:
        raise LinkExpired from error
