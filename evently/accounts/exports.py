"""The accounts section of a user's data export."""

from typing import Any
from uuid import UUID

from evently.accounts.export import section
from evently.accounts.models import ApiToken

TOKEN_COLUMNS = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at")


@section("api_tokens", of=ApiToken, columns=TOKEN_COLUMNS)
def api_tokens(user_id: UUID) -> list[Any]:
    """Return the user's API tokens, without their digests."""
    tokens = ApiToken.objects.filter(user_id=user_id).order_by("id")
    return list(tokens.values(*TOKEN_COLUMNS))
