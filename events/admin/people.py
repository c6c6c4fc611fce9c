"""People found in an event's rows: by whole address, or by a part of their name."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from evently.accounts.models import User
from events.admin.rows import EventRowsAdmin

# Opened one by one, names can be searched in one event's rows, not in everybody's.
NAMES_SEARCHED = 20_000
# All that opening a name takes.
NAME_COLUMNS = ("sealed_name", "person_key__wrapped_key", "person_key__wrapping_key_name")


def people_named(rows: QuerySet[Any], text: str) -> list[UUID]:
    """Return whose names hold a text, of those whom rows belong to, in one query."""
    wanted = text.casefold()
    people = User.objects.with_keys().filter(pk__in=rows.order_by().values("user_id"))
    found = people.only(*NAME_COLUMNS)[:NAMES_SEARCHED]
    return [user.pk for user in found if wanted in user.name.casefold()]


class PeopleRowsAdmin(EventRowsAdmin):
    """Rows of one person each."""

    # Django wants a field here to show the search; what is searched, `matching` says.
    search_fields = ("user__email_digest",)
    search_help_text = "Name or whole address"
    search_help_text_everywhere = "Whole address"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Bring people's keys along, so that a list costs the same for one and for a hundred."""
        return super().get_queryset(request).select_related("user__person_key")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Say what can be searched: names only among the rows of one event."""
        changes = super().get_changelist_instance(request)
        if not is_narrowed(request):
            changes.search_help_text = self.search_help_text_everywhere
        return changes

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find what matches; sealed names are opened in memory."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(self.matching(request, queryset, term)), False

    def matching(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> Q:
        """Return what to keep of rows: by the digest of an address, or by name in one event."""
        if "@" in term:
            return Q(user__in=User.objects.with_address(term))
        return Q(user__in=people_named(rows, term) if is_narrowed(request) else [])


def is_narrowed(request: HttpRequest) -> bool:
    """Tell whether a list is narrowed to the rows of one event."""
    return "event__id__exact" in request.GET
