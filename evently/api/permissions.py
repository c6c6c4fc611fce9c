"""What an API token may be used for."""

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from evently.accounts.operations.second_factors import SetupRequired
from evently.accounts.second_factor_state import lacks_second_factor
from evently.errors import NotAllowed

if TYPE_CHECKING:
    # The settings name this module, and views read the settings when they are imported.
    from rest_framework.views import APIView

READ, BOOK, ORGANIZE = "read", "book", "organize"
DELETE_ACCOUNT = "delete_account"
PUBLIC = None
# Any valid token, whatever its scopes.
ANY = "any"


class ScopeMissing(NotAllowed):
    """The token lacks the scope that the operation needs."""

    code = "scope_missing"
    message = "This token lacks the required scope."


class OrganizersOnly(NotAllowed):
    """Only organizers may create and change events."""

    code = "organizers_only"
    message = "Only organizers may do this. Ask the administrators of this site for the role."


class SuperusersOnly(NotAllowed):
    """What concerns the site as a whole is its superusers' alone."""

    code = "superusers_only"
    message = "Only superusers of this site may do this."


class HasScope(BasePermission):
    """Requires the scope that the view declares for the action.

    A view declares `required_scopes = {"list": PUBLIC, "create": ORGANIZE, …}` by action, or by
    lower-case method where it has no actions. By default, reading needs the scope `read`, anything
    else `book`.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return True, or raise.

        Raises NotAuthenticated, ScopeMissing, OrganizersOnly, SetupRequired.
        """
        action = operation_of(view, request)
        if action is None:
            return True  # an unsupported method gets its 405 later
        scope = scope_of(view, action, request.method or "")
        if scope is PUBLIC:
            return True
        if request.user is None:
            raise NotAuthenticated("This needs a token. Send it as Authorization: Bearer <token>.")
        if scope != ANY and scope not in request.auth.scopes:  # type: ignore[union-attr]
            raise ScopeMissing(f"This needs a token with the scope “{scope}”.", scope=scope)
        user: Any = request.user
        if scope == ORGANIZE and not (user.is_organizer or user.is_superuser):
            raise OrganizersOnly
        if scope == ORGANIZE and lacks_second_factor(user):
            raise SetupRequired
        return True


def superuser_of(request: Request) -> Any:
    """Return the user of a request. Raises SuperusersOnly."""
    user: Any = request.user
    if not user.is_superuser:
        raise SuperusersOnly
    return user


def operation_of(view: "APIView", request: Request) -> str | None:
    """Return the action of a request, or its lower-case method where the view has no actions.

    None for a method that the view does not support. HEAD is like GET.
    """
    method = (request.method or "").lower()
    if method not in view.http_method_names or not hasattr(view, method):
        return None
    if hasattr(view, "action_map"):
        action: str | None = getattr(view, "action", None)
        return action
    return "get" if method == "head" else method


def scope_of(view: Any, action: str, method: str) -> str | None:
    """Return the scope that an action needs, or ANY, or PUBLIC."""
    scopes: dict[str, str | None] = getattr(view, "required_scopes", {})
    default = READ if method.upper() in SAFE_METHODS else BOOK
    return scopes.get(action, default)
