"""Authentication by `Authorization: Bearer …` only; the API ignores the sessions of pages."""

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from evently.accounts.identity import identity_of_token
from evently.accounts.operations import authenticate_token
from evently.database.identity import become

if TYPE_CHECKING:
    from evently.accounts.models import ApiToken, User

REALM = 'Bearer realm="evently"'


class TokenInvalid(AuthenticationFailed):
    """The token is unknown, expired or revoked, or its owner's account is gone (401)."""

    default_detail = "This token is invalid, expired or revoked. Request a new one."
    default_code = "token_invalid"


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> "tuple[User, ApiToken] | None":
        """Return the user and the token, found in one query; None without the header.

        Raises TokenInvalid.
        """
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, secret = header.partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise TokenInvalid("Send the token as Authorization: Bearer <token>.")
        token = authenticate_token(secret)
        if token is None:
            raise TokenInvalid
        become(identity_of_token(token))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the value of WWW-Authenticate for a 401."""
        if request.META.get("HTTP_AUTHORIZATION"):
            return f'{REALM}, error="invalid_token"'
        return REALM
