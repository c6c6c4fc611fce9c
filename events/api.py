"""Events in the API: reading for everyone, writing for those who manage them."""

from typing import Any, cast
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, QuerySet, Value
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from evently.api.etags import etag_headers, version_from
from evently.api.idempotency import request_idempotency
from evently.api.permissions import BOOK, ORGANIZE, PUBLIC, READ
from evently.api.reused import represent
from evently.api.views import ApiViewSet, user_of
from evently.database.functions import Clock
from evently.errors import NotAllowed
from evently.transactions import run_in_transaction
from events import operations
from events.filters import ORDERINGS, EventFilter, ManagedEventFilter
from events.locks import EventNotFound
from events.models import Event, PriceChange, managed_by
from events.moving_price import NEXT_RISE
from events.price_serializers import (
    PriceChangeRepresentation,
    QuoteRepresentation,
    QuoteRequest,
)
from events.queries import CurrentEvents, event_at_clock
from events.serializers import (
    EventChange,
    EventDraft,
    EventRepresentation,
)


class NotYourEvent(NotAllowed):
    """The event is public, but the user does not manage it."""

    code = "not_your_event"
    message = "You do not manage this event."


def visible_event(event_id: UUID, user: Any) -> Event:
    """Return an event that is public, or that the user manages; user: None for a visitor.

    Raises EventNotFound.
    """
    if user is None:
        published = event_at_clock(event_id)
        event = published and published[0]
    else:
        event = Event.objects.visible_to(user).filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    return event


def current_user(request: Request) -> Any:
    """Return the user if their token can read or manage what is theirs, else None."""
    scopes = request.auth.scopes if request.auth else []  # type: ignore[union-attr]
    return request.user if {READ, ORGANIZE} & set(scopes) else None


def managed_event(event_id: UUID, user: Any) -> Event:
    """Return an event that the user manages.

    Raises NotYourEvent for other published events, EventNotFound for other drafts.
    """
    is_managed = ExpressionWrapper(managed_by(user), output_field=BooleanField())
    visible: Any = Event.objects.visible_to(user).annotate(is_managed=is_managed)
    event: Any = visible.filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    if not event.is_managed:
        raise NotYourEvent
    return cast(Event, event)


def answer_with(event: Event) -> Response:
    """Return a response with an event, whose ETag a change must send as If-Match."""
    status, answer = changed_answer(event)
    return Response(answer, status=status)


def changed_answer(event: Event) -> tuple[int, Any]:
    """Return the status and body for a changed event; stored for requests that repeat it."""
    return 200, represent(EventRepresentation, event)


def created_answer(event: Event) -> tuple[int, Any]:
    """Return the status and body for a created event; stored for requests that repeat it."""
    return 201, represent(EventRepresentation, event)


def created_headers(answer: Any) -> dict[str, str]:
    """Return the Location and ETag headers for a created event's body."""
    return {"Location": f"/api/v1/events/{answer['id']}/", **etag_headers(answer)}


def quoted_answer(quote: operations.Quote) -> tuple[int, Any]:
    """Return the status and body for a quote; stored for requests that repeat it."""
    return 200, QuoteRepresentation(quote).data


class EventViewSet(mixins.ListModelMixin, ApiViewSet):
    required_scopes = {
        "list": PUBLIC,
        "retrieve": PUBLIC,
        "create": ORGANIZE,
        "partial_update": ORGANIZE,
        "publish": ORGANIZE,
        "quote": BOOK,
    }
    bodies = {"create": EventDraft, "partial_update": EventChange, "quote": QuoteRequest}
    idempotent = frozenset({"create", "publish", "quote"})
    versioned = frozenset({"partial_update"})
    refusals = {
        "partial_update": {
            403: ("not_your_event",),
            409: ("capacity_in_use", "event_over"),
            422: ("currency_settled", "price_reason_required"),
        },
        "publish": {403: ("not_your_event",), 409: ("already_published", "event_over")},
        "quote": {409: ("sales_closed",)},
    }
    filter_backends = [DjangoFilterBackend]
    filterset_class = EventFilter
    lookup_url_kwarg = "event_id"
    serializer_class = EventRepresentation
    queryset = Event.objects.none()

    def get_queryset(self) -> Any:
        given = self.request.query_params.keys()
        if not given & EventFilter.base_filters.keys():
            return CurrentEvents()
        dates = {"date_from", "date_to"} & given
        events = Event.objects.published() if dates else Event.objects.current()
        events = events.annotate(clock=Clock(), next_rise=NEXT_RISE)
        return events.order_by(*ORDERINGS["date"])

    def filter_queryset(self, queryset: Any) -> Any:
        """Filter, if there is anything to filter by: the form of all filters takes its time."""
        if isinstance(queryset, CurrentEvents):
            return queryset
        return super().filter_queryset(queryset)

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return published events, the next one first.

        Without a date filter: events that are upcoming or on now.
        """
        return super().list(request, **kwargs)

    def retrieve(self, request: Request, event_id: UUID) -> Response:
        """Return an event, with its version as ETag."""
        return answer_with(visible_event(event_id, current_user(request)))

    @extend_schema(responses={201: EventRepresentation})
    def create(self, request: Request) -> Response:
        """Create an event as a draft. Only those who manage it see it until it is published."""
        draft = self.body_of(request)
        event = operations.create_event(
            by_id=user_of(request).pk,
            idempotency=request_idempotency(request, created_answer, headers=created_headers),
            **draft.validated_data,
        )
        status, answer = created_answer(event)
        return Response(answer, status=status, headers=created_headers(answer))

    @extend_schema(responses={200: EventRepresentation})
    def partial_update(self, request: Request, event_id: UUID) -> Response:
        """Change an event that you manage. `If-Match` prevents overwriting others' changes.

        A new name, time, time zone or venue of a published event is sent to everyone who has
        seats or is on the waitlist, unless `notify` is false. While a price rule is active, a new
        `current_price` needs a `price_reason`, and suspends the rule.
        """
        event = managed_event(event_id, request.user)
        version = version_from(request, current=event.version)
        draft = self.body_of(request, event, partial=True)
        changed = operations.edit_event(event_id=event.pk, version=version, **draft.validated_data)
        return answer_with(changed)

    @extend_schema(responses={200: EventRepresentation})
    def publish(self, request: Request, event_id: UUID) -> Response:
        """Make an event public. Sales open at once, or at `sales_start_at`."""
        event = managed_event(event_id, request.user)
        published = operations.publish_event(
            event_id=event.pk,
            idempotency=request_idempotency(request, changed_answer, headers=etag_headers),
        )
        return answer_with(published)

    @extend_schema(responses={200: QuoteRepresentation})
    def quote(self, request: Request, event_id: UUID) -> Response:
        """Get a quote: the current price, guaranteed for 15 minutes. It does not hold seats."""
        body = self.body_of(request)
        quote = run_in_transaction(
            lambda: operations.quote_price(
                event_id=event_id, holder=str(user_of(request).pk), **body.validated_data
            ),
            idempotency=request_idempotency(request, quoted_answer),
        )
        return Response(quoted_answer(quote)[1])


class OrganizerEventViewSet(mixins.ListModelMixin, ApiViewSet):
    """The events that the current user manages, drafts included."""

    required_scopes = {"list": ORGANIZE}
    filter_backends = [DjangoFilterBackend]
    filterset_class = ManagedEventFilter
    serializer_class = EventRepresentation
    queryset = Event.objects.none()

    def get_queryset(self) -> QuerySet[Event]:
        managed = Event.objects.managed_by(self.request.user)
        managed = managed.annotate(clock=Clock(), next_rise=NEXT_RISE)
        return managed.order_by(*ManagedEventFilter.DEFAULT_ORDER)

    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the events that you manage: drafts, published, cancelled and past ones.

        By default, the event that was created last comes first.
        """
        return super().list(request, **kwargs)


class PriceHistoryView(mixins.ListModelMixin, ApiViewSet):
    required_scopes = {"list": PUBLIC}
    serializer_class = PriceChangeRepresentation
    queryset = PriceChange.objects.none()
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[PriceChange]:
        event = visible_event(self.kwargs["event_id"], current_user(self.request))
        changes = PriceChange.objects.filter(event_id=event.pk).order_by("-applied_at", "-id")
        return changes.annotate(currency=Value(event.currency))

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Return every change of an event's price, with its reason, newest first.

        Of changes over a year ago, the last one of each day is kept.
        """
        return super().list(request, **kwargs)
