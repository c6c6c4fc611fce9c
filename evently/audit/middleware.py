"""Sets the actor and interface of each request for the audit log."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from evently.audit.context import Via, acting
from evently.database.ids import uuid7

VISITOR = "visitor"


def via_of(request: HttpRequest) -> Via:
    if request.path.startswith("/api/"):
        return "api"
    if request.path.startswith("/admin/"):
        return "admin"
    return "page"


def actor_of(request: HttpRequest) -> str:
    """Return the id of the user who is logged in (by session or token), or `visitor`."""
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else VISITOR


class AuditContextMiddleware:
    """Sets the context lazily: the user is loaded only if something is written."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        context = {"via": via_of(request), "request_id": request_id, "act": str(uuid7())}
        with acting(actor=lambda: actor_of(request), **context):
            return self.get_response(request)
