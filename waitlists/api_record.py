"""The public record of a waitlist in the API."""

from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.etags import has_same, not_modified
from evently.api.permissions import PUBLIC, READ
from evently.api.views import ApiView
from evently.database.clock import now
from events.api import current_user, visible_event
from events.models import Event
from waitlists.record.document import document, is_published
from waitlists.record.heads import empty_head, head_of
from waitlists.record.serializers import RecordDocument, RecordSummaryRepresentation
from waitlists.record.summary import summary_of

BODY = PolymorphicProxySerializer(
    component_name="LineRecord",
    serializers=[RecordSummaryRepresentation, RecordDocument],
    resource_type_field_name=None,
)


class LineRecordView(ApiView):
    """The record of an event's waitlist."""

    required_scopes = {"get": PUBLIC}

    @extend_schema(operation_id="events_line_record", responses={200: BODY})
    def get(self, request: Request, event_id: UUID) -> HttpResponseBase:
        """Return the public record of a waitlist: all of it, once the waitlist has closed.

        Until then: its head, numbers, rules, and the records about yourself. The waitlist closes
        when sales end, at the start where it is kept open, or when the event is cancelled.
        """
        event = visible_event(event_id, current_user(request))
        if is_published(event, at=now()):
            return _document(request, event)
        scopes = request.auth.scopes if request.auth else []  # type: ignore[union-attr]
        user_id = request.user.pk if READ in scopes else None
        return Response(RecordSummaryRepresentation(summary_of(event, user_id=user_id)).data)


def _document(request: Request, event: Event) -> HttpResponseBase:
    """Return the whole record, with the hash of its last one as ETag."""
    head = head_of(event.pk) or empty_head(event.pk)
    etag = f'"{head.hash}"'
    if has_same(request, etag):
        response: HttpResponseBase = not_modified()
    elif request.method == "HEAD":
        response = HttpResponse(content_type="application/json")
    else:
        response = StreamingHttpResponse(
            document(event_id=event.pk, up_to=head.seq), content_type="application/json"
        )
    response.headers["ETag"] = etag
    return response
