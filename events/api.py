"""Events in the API: found and read by everybody, written by organizers."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.idempotency import request_idempotency
from evently.api.permissions import BOOK, ORGANIZE, PUBLIC, READ
from evently.api.views import ApiViewSet, etag_of, user_of, version_from
from evently.errors import NotAllowed
from events import operations
from events.filters import ORDERINGS, EventFilter
from events.locks import EventNotFound
from events.models import Event, PriceChange
from events.serializers import (
    EventDraft,
    EventRepresentation,
    PriceChangeRepresentation,
    QuoteRepresentation,
    QuoteRequest,
)


class NotYourEvent(NotAllowed):
    """The event is somebody else's."""

    code = "not_your_event"
    message = "This event is organized by somebody else."


def may_manage(user: Any, event: Event) -> bool:
    """Tell whether a user, or nobody, may change an event."""
    if user is None:
        return False
    return bool(user.is_superuser or (user.is_organizer and event.created_by_id == user.pk))


def visible_event(event_id: UUID, user: Any) -> Event:
    """Return an event that is public, or the user's own.

    Raises EventNotFound.
    """
    event = Event.objects.filter(pk=event_id).first()
    if event is None or not (event.is_published or may_manage(user, event)):
        raise EventNotFound
    return event


def current_user(request: Request) -> Any:
    """Return who asks, where their token may read or manage what is theirs; else None."""
    scopes = request.auth.scopes if request.auth else []  # type: ignore[union-attr]
    return request.user if {READ, ORGANIZE} & set(scopes) else None


def managed_event(event_id: UUID, user: Any) -> Event:
    """Return an event that the user may change.

    Raises EventNotFound, or NotYourEvent where everybody can see that it exists.
    """
    event = visible_event(event_id, user)
    if not may_manage(user, event):
        raise NotYourEvent
    return event


def answer_with(event: Event) -> Response:
    """Return an event with the ETag that a change of it must name."""
    return Response(EventRepresentation(event).data, headers={"ETag": etag_of(event.version)})


def made(event: Event) -> tuple[int, Any]:
    """Return the answer to an event that was made, as it is kept for a retry."""
    return 201, EventRepresentation(event).data


def headers_of(answer: Any) -> dict[str, str]:
    """Return where an event that was made is found, and its ETag, as headers."""
    return {"Location": f"/api/v1/events/{answer['id']}/", "ETag": etag_of(answer["version"])}


class EventViewSet(mixins.ListModelMixin, ApiViewSet):
    """Events."""

    required_scopes = {
        "list": PUBLIC,
        "retrieve": PUBLIC,
        "create": ORGANIZE,
        "partial_update": ORGANIZE,
        "publish": ORGANIZE,
        "quote": BOOK,
    }
    idempotent = frozenset({"create"})
    versioned = frozenset({"partial_update"})
    refusals = {
        "partial_update": {
            403: ("not_your_event",),
            409: ("capacity_in_use", "event_over"),
            422: ("currency_settled",),
        },
        "publish": {403: ("not_your_event",), 409: ("already_published", "event_over")},
        "quote": {409: ("sales_closed",)},
    }
    filter_backends = [DjangoFilterBackend]
    filterset_class = EventFilter
    lookup_url_kwarg = "event_id"
    queryset = Event.objects.none()

    def get_serializer_class(self) -> Any:
        """Return what an action writes, or shows."""
        writes = {"create": EventDraft, "partial_update": EventDraft, "quote": QuoteRequest}
        return writes.get(self.action, EventRepresentation)

    def get_queryset(self) -> QuerySet[Event]:
        """Return published events; without dates in the request, those that lie ahead."""
        dates = {"date_from", "date_to"} & self.request.query_params.keys()
        events = Event.objects.published() if dates else Event.objects.upcoming()
        return events.order_by(*ORDERINGS["date"])

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return published events; without dates, those that lie ahead, the next one first."""
        return super().list(request, **kwargs)

    def retrieve(self, request: Request, event_id: UUID) -> Response:
        """Return an event, with its version as ETag."""
        return answer_with(visible_event(event_id, current_user(request)))

    @extend_schema(responses={201: EventRepresentation})
    def create(self, request: Request) -> Response:
        """Make an event. Nobody else sees it until it is published."""
        draft = EventDraft(data=request.data)
        draft.is_valid(raise_exception=True)
        event = operations.create_event(
            by_id=user_of(request).pk,
            idempotency=request_idempotency(request, made, headers=headers_of),
            **draft.validated_data,
        )
        status, answer = made(event)
        return Response(answer, status=status, headers=headers_of(answer))

    @extend_schema(responses={200: EventRepresentation})
    def partial_update(self, request: Request, event_id: UUID) -> Response:
        """Change an event of one's own; `If-Match` keeps changes by others from being lost."""
        event = managed_event(event_id, request.user)
        version = version_from(request, current=event.version)
        draft = EventDraft(event, data=request.data, partial=True)
        draft.is_valid(raise_exception=True)
        changed = operations.edit_event(
            event_id=event.pk, by_id=user_of(request).pk, version=version, **draft.validated_data
        )
        return answer_with(changed)

    @extend_schema(request=None, responses={200: EventRepresentation})
    def publish(self, request: Request, event_id: UUID) -> Response:
        """Make an event public, and open its sales."""
        event = managed_event(event_id, request.user)
        return answer_with(operations.publish_event(event_id=event.pk, by_id=user_of(request).pk))

    @extend_schema(responses={200: QuoteRepresentation})
    def quote(self, request: Request, event_id: UUID) -> Response:
        """Get the current price promised for 15 minutes. It keeps the price, not the seats."""
        body = QuoteRequest(data=request.data)
        body.is_valid(raise_exception=True)
        quote = operations.quote_price(
            event_id=event_id, holder=str(user_of(request).pk), **body.validated_data
        )
        return Response(QuoteRepresentation(quote).data)


class PriceHistoryView(mixins.ListModelMixin, ApiViewSet):
    """Every change of an event's price."""

    required_scopes = {"list": PUBLIC}
    serializer_class = PriceChangeRepresentation
    queryset = PriceChange.objects.none()
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[PriceChange]:
        """Return the changes, newest first."""
        event = visible_event(self.kwargs["event_id"], current_user(self.request))
        return PriceChange.objects.filter(event_id=event.pk).order_by("-applied_at", "-id")

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return every change of an event's price with its reason, newest first."""
        return super().list(request, **kwargs)
