"""The draws of an event in the API, and their lists, which anyone can check."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.etags import has_same, not_modified
from evently.api.permissions import PUBLIC
from evently.api.renderers import TextRenderer
from evently.api.views import ApiView, ApiViewSet
from evently.errors import NotFound
from events.api import current_user, visible_event
from events.draws import DrawRepresentation
from waitlists.draw_queries import UNREAD, frozen_draw
from waitlists.drawing import list_text
from waitlists.models import Draw

NUMBER = OpenApiParameter(
    "number", OpenApiTypes.INT, description="Of the draw; by default the newest."
)


class ListNotFrozen(NotFound):
    """There is no draw, or its list is not closed yet."""

    code = "list_not_frozen"
    message = "This list is published when the draw has closed. This event has none so far."


class EventDrawViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = {"list": PUBLIC}
    serializer_class = DrawRepresentation
    queryset = Draw.objects.none()
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[Draw]:
        event = visible_event(self.kwargs["event_id"], current_user(self.request))
        draws = Draw.objects.filter(event_id=event.pk).defer(*UNREAD)
        return draws.order_by("-number", "-id")

    @extend_schema(operation_id="events_draw_list")
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the draws of an event, the newest first; void ones say why."""
        return super().list(request, **kwargs)


class DrawListView(ApiView):
    """The list of a draw."""

    required_scopes = {"get": PUBLIC}
    parameters = {"get": [NUMBER]}
    renderer_classes = [*ApiView.renderer_classes, TextRenderer]

    @extend_schema(
        operation_id="events_draw_list_text", responses={(200, "text/plain"): OpenApiTypes.STR}
    )
    def get(self, request: Request, event_id: UUID) -> HttpResponseBase:
        """Return the list that `list_hash` is the SHA-256 of, from the moment that it is frozen.

        A line with the `ref` of each entry that has a lot, in ascending order.
        """
        event = visible_event(event_id, current_user(request))
        draw = frozen_draw(event.pk, number=_number(request))
        if draw is None:
            raise ListNotFrozen
        etag = f'"{draw.list_hash}"'
        response: HttpResponseBase = not_modified()
        if not has_same(request, etag):
            text = list_text(draw.refs or ())
            response = HttpResponse(text, content_type="text/plain; charset=us-ascii")
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = "public, max-age=60"
        return response


def _number(request: Request) -> int | None:
    """Return the parameter `number`. Raises ValidationError."""
    text = request.query_params.get("number")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 6):
        raise ValidationError({"number": ["Must be the number of a draw."]})
    return int(text)
