"""The accounts section of a user's data export."""

from typing import Any
from uuid import UUID

from evently.accounts.export import section
from evently.accounts.models import ApiToken, EmailChange

TOKEN_COLUMNS = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at")
CHANGE_COLUMNS = ("old_email", "new_email", "requested_at", "confirmed_at", "undone_at")


@section("api_tokens", of=ApiToken, columns=TOKEN_COLUMNS)
def api_tokens(user_id: UUID) -> list[Any]:
    """Return the user's API tokens, without their digests."""
    tokens = ApiToken.objects.filter(user_id=user_id).order_by("id")
    return list(tokens.values(*TOKEN_COLUMNS))


@section("email_changes", of=EmailChange, columns=CHANGE_COLUMNS)
def email_changes(user_id: UUID) -> list[Any]:
    """Return the changes of the user's email address."""
    changes = EmailChange.objects.filter(user_id=user_id).select_related("user__person_key")
    return [
        {
            "old_email": change.user.key and change.user.key.open("recipient", change.old_email),
            "new_email": change.user.key and change.user.key.open("recipient", change.new_email),
            "requested_at": change.requested_at,
            "confirmed_at": change.confirmed_at,
            "undone_at": change.undone_at,
        }
        for change in changes.order_by("requested_at", "id")
    ]
