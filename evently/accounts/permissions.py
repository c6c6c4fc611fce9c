"""What organizers may do in the admin."""

from typing import Any

from django.http import HttpRequest


def is_organizer(request: HttpRequest) -> bool:
    """Return whether an organizer (or superuser) asks."""
    return bool(getattr(request.user, "is_staff", False))


class ForOrganizers:
    """Mixin for a ModelAdmin that organizers may use, on the rows that its queryset shows.

    Without it a ModelAdmin is for superusers only.
    """

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it to organizers."""
        return is_organizer(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let organizers look."""
        return is_organizer(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let organizers add."""
        return is_organizer(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let organizers change."""
        return is_organizer(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let organizers delete."""
        return is_organizer(request)
