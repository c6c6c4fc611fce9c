"""Who calls a bare view: one statement, prepared."""

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import connection
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView

TOKEN = """
    SELECT token.user_id FROM api_tokens token JOIN users ON users.id = token.user_id
    WHERE token.digest = %s AND token.revoked_at IS NULL AND token.expires_at > evently_clock()
        AND users.is_active AND users.deleted_at IS NULL
"""


def first_row(statement: str, parameters: list[Any]) -> Any:
    """Return the first row of a prepared statement, or None."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        return cursor.execute(statement, parameters, prepare=True).fetchone()


class TokenLookup(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[2]
        row = first_row(TOKEN, [sha256(secret.encode()).hexdigest()])
        return (row[0], None) if row else None


class HasToken(BasePermission):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        return request.user is not None
