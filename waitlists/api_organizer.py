"""The waitlist of an event, for those who manage it."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.permissions import ORGANIZE
from evently.api.views import ApiViewSet
from events.api import managed_event
from waitlists import queries
from waitlists.filters import EventEntryFilter
from waitlists.models import WaitlistEntry
from waitlists.serializers import EventEntryRepresentation


class EventWaitlistViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = {"list": ORGANIZE}
    refusals = {"list": {403: ("not_your_event",)}}
    filter_backends = [DjangoFilterBackend]
    filterset_class = EventEntryFilter
    serializer_class = EventEntryRepresentation
    queryset = WaitlistEntry.objects.none()
    # All entries are sorted for a page. For each person joined, it is asked whether the organizer
    # may see them.
    joins_last = True

    def get_queryset(self) -> QuerySet[WaitlistEntry]:
        event = managed_event(self.kwargs["event_id"], self.request.user)
        return queries.waitlist_of_event(event_id=event.pk)

    @extend_schema(operation_id="events_waitlist_list")
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the waitlist entries of an event that you manage, those waiting first, in order."""
        return super().list(request, **kwargs)
