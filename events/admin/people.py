"""The base of admins of rows that belong to a person, with a search for that person.

Only the people in the list's own rows are found, so organizers find those of their own events.
"""

from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

from evently.accounts.finding import find_people
from evently.accounts.models import User
from evently.database.functions import Among, Ids
from events.admin.rows import EventRowsAdmin, event_of_list


class PeopleRowsAdmin(EventRowsAdmin):
    # Django shows the search only if a field is named; `matching` decides what is searched.
    search_fields = ("user__email_digest",)
    search_help_text = "Name or email address"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load the people's keys as well, so that the number of queries does not grow."""
        return super().get_queryset(request).select_related("user__person_key")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(self.matching(request, queryset, term)), False

    def matching(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> Q:
        """Return the condition for rows that a search term matches."""
        if "@" in term and (exact := User.objects.with_address(term)).exists():
            return Q(user__in=exact)
        people = User.objects.all()
        if event_of_list(request) is not None or not request.user.is_superuser:
            # As an array: else PostgreSQL may look for the rows of each user there is.
            users = rows.order_by().values("user_id").distinct()
            people = people.filter(Among(F("pk"), Ids(users)))
        return Q(user__in=find_people(people, term))
