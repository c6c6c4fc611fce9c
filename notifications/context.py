"""The context that every page has of the inbox."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.queries import unread_count


def inbox(request: HttpRequest) -> dict[str, Any]:
    """Return `unread_count`: counted when a template shows it, 0 for visitors not logged in."""
    user = getattr(request, "user", None)
    if user is None:
        return {"unread_count": 0}
    return {"unread_count": SimpleLazyObject(lambda: _count(user))}


def _count(user: Any) -> int:
    return unread_count(user_id=user.pk) if user.is_authenticated else 0
