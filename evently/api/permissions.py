"""What a token may be used for."""

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from evently.errors import NotAllowed

if TYPE_CHECKING:
    # Settings name this module, and views read settings when they are loaded.
    from rest_framework.views import APIView

READ, BOOK, ORGANIZE = "read", "book", "organize"
PUBLIC = None
# Whatever the token may do otherwise.
ANY = "any"


class ScopeMissing(NotAllowed):
    """The token was not made for this."""

    code = "scope_missing"
    message = "This token may not be used for this."


class OrganizersOnly(NotAllowed):
    """Only organizers write events."""

    code = "organizers_only"
    message = "Only organizers may do this. Ask whoever runs this site to make you one."


class HasScope(BasePermission):
    """Asks for the scope that the view names for the action.

    A view says `required_scopes = {"list": PUBLIC, "create": ORGANIZE, …}` by action, or by
    lower-case method where it has no actions. What it leaves out needs `read` where nothing is
    written, and `book` otherwise.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Let pass, or raise what is missing.

        Raises NotAuthenticated, ScopeMissing, OrganizersOnly.
        """
        action = getattr(view, "action", request.method.lower() if request.method else "")
        if action is None or (request.method or "").lower() not in view.http_method_names:
            return True  # a method that is not there is answered with 405
        scope = scope_of(view, action, request.method or "")
        if scope is PUBLIC:
            return True
        if request.user is None:
            raise NotAuthenticated("This needs a token: Authorization: Bearer <token>.")
        if scope != ANY and scope not in request.auth.scopes:  # type: ignore[union-attr]
            raise ScopeMissing(f"This needs a token with the scope “{scope}”.", scope=scope)
        user: Any = request.user
        if scope == ORGANIZE and not (user.is_organizer or user.is_superuser):
            raise OrganizersOnly
        return True


def scope_of(view: Any, action: str, method: str) -> str | None:
    """Return the scope that an action needs, or ANY, or PUBLIC."""
    scopes: dict[str, str | None] = getattr(view, "required_scopes", {})
    default = READ if method.upper() in SAFE_METHODS else BOOK
    return scopes.get(action, default)
