"""The analytics of an event in the API."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from boxoffice.backoffice.analytics import event_analytics
from boxoffice.backoffice.serializers import AnalyticsRepresentation
from evently.api.permissions import ORGANIZE
from evently.api.views import ApiView
from events.api import managed_event


class EventAnalyticsView(ApiView):
    required_scopes = {"get": ORGANIZE}
    refusals = {"get": {403: ("not_your_event",)}}

    @extend_schema(operation_id="events_analytics", responses={200: AnalyticsRepresentation})
    def get(self, request: Request, event_id: UUID) -> Response:
        """Return the current sales, waitlist and attempts of an event that you manage."""
        event = managed_event(event_id, request.user)
        return Response(AnalyticsRepresentation(event_analytics(event)).data)
