"""The base of admins of rows that belong to a person, with a search for that person.

Names and email addresses are sealed. An email address is found by its digest, so it must be typed
in full; names are unsealed and compared in memory, so only in the rows of one event.
"""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from evently.accounts.models import User
from events.admin.rows import EventRowsAdmin, event_of_list

# The most names that a search unseals.
NAMES_SEARCHED = 20_000
# The columns that unsealing a name needs.
NAME_COLUMNS = ("sealed_name", "person_key__wrapped_key", "person_key__wrapping_key_name")


def people_named(rows: QuerySet[Any], text: str) -> list[UUID]:
    """Return the ids of the users in these rows whose name contains a text; one query."""
    wanted = text.casefold()
    people = User.objects.with_keys().filter(pk__in=rows.order_by().values("user_id"))
    found = people.only(*NAME_COLUMNS)[:NAMES_SEARCHED]
    return [user.pk for user in found if wanted in user.name.casefold()]


class PeopleRowsAdmin(EventRowsAdmin):
    # Django shows the search only if a field is named; `matching` decides what is searched.
    search_fields = ("user__email_digest",)
    search_help_text = "Name or full email address"
    search_help_text_everywhere = "Full email address"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load the people's keys as well, so that the number of queries does not grow."""
        return super().get_queryset(request).select_related("user__person_key")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        if event_of_list(request) is None:
            changes.search_help_text = self.search_help_text_everywhere
        return changes

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(self.matching(request, queryset, term)), False

    def matching(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> Q:
        """Return the condition for rows that a search term matches."""
        if "@" in term:
            return Q(user__in=User.objects.with_address(term))
        return Q(user__in=people_named(rows, term) if event_of_list(request) is not None else [])
