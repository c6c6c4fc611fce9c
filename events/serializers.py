"""Events, quotes and price changes as the API reads and represents them."""

from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from evently.api.examples import EVENT, EVENT_DRAFT
from evently.api.fields import AMOUNT_MESSAGES, AmountsMixin, MomentField
from evently.api.strictness import StrictBody
from evently.currencies import is_currency
from evently.database.clock import now
from evently.kept import KeptByKey
from events.attendance import terms_of, terms_text
from events.constraints import (
    ASKED_DAYS_FEWEST,
    ASKED_DAYS_MOST,
    REMINDER_HOURS_FEWEST,
    REMINDER_HOURS_MOST,
)
from events.draws import DrawRepresentation, newest_draws
from events.models import SEATS_PER_BOOKING, Event
from events.moving_price import next_rise
from events.operations import EDITABLE
from events.operations.editing import LONGEST_REASON
from events.operations.validation import (
    CURRENCY_HINT,
    LONGEST_WINDOW_MINUTES,
    MOST_SEATS,
)
from events.price_serializers import NextRiseRepresentation, rise_body
from events.sale import Sale, SaleState, sales_of
from events.states import EventState

LONGEST_TEXT = 20_000
WAITLIST_RULES: dict[str, dict[str, Any]] = {
    "max_per_place": {
        "help_text": "Seats that one entry on the waitlist can ask for, and one booking while "
        "confirmed entries wait; null for 4."
    },
    "max_passes": {
        "help_text": "How often an entry that needs more seats than are free is passed, by offers "
        "to later entries and by public sales, before seats are kept for it: 3, 0 (strict order), "
        "or null (no limit)."
    },
    "waitlist_until_start": {
        "help_text": "Whether the waitlist is offered seats until the start, also after sales end."
    },
}

ASKING: dict[str, dict[str, Any]] = {
    "ask_days_before": {
        "help_text": "So many days before the start, attendees are asked whether they are still "
        "coming; null: they are not."
    },
    "unanswered_policy": {
        "help_text": "What happens to the seats of attendees who do not answer: `keep`, or "
        "`return` (they go to the waitlist). It holds for a booking as it was when it was made."
    },
}

REMINDING: dict[str, dict[str, Any]] = {
    "reminder_hours": {
        "help_text": "So many hours before the start, attendees are reminded, whole days by the "
        "clocks of the event's time zone; null: they are not. Default: 24."
    },
    "sends_thanks": {
        "help_text": "Whether attendees are thanked at 10:00 on the day after the event: those who "
        "were checked in, or all where no one was. Default: true."
    },
}

PRICE_BOUNDS: dict[str, dict[str, Any]] = {
    "price_floor": {
        "help_text": "The lowest price to which a price rule moves `current_price` with demand; "
        "null while none does."
    },
    "price_ceiling": {
        "help_text": "The highest price to which a price rule moves `current_price`; null as "
        "`price_floor`."
    },
}

REASON_WITHOUT_PRICE = (
    "It is the reason for a new `current_price`. Send that with it, or leave this out."
)
LASTING_COLUMNS = [
    field.attname for field in Event._meta.concrete_fields if field.name != "available_seats"
]
_bodies: KeptByKey[dict[str, Any]] = KeptByKey(8 * 1024 * 1024)


class EventModelSerializer(serializers.ModelSerializer[Event]):
    """A ModelSerializer that reads and writes times with their offset."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
    }

    def build_standard_field(self, field_name: str, model_field: Any) -> tuple[type, dict]:
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if issubclass(field_class, serializers.DateTimeField):
            field_class = MomentField
        return field_class, kwargs


class EventSummary(EventModelSerializer):
    """An event inside a booking or a waitlist entry."""

    url = serializers.SerializerMethodField(help_text="The event's public page.")

    class Meta:
        model = Event
        fields = (
            "id",
            "name",
            "venue",
            "event_date",
            "ends_at",
            "timezone",
            "currency",
            "status",
            "url",
        )
        read_only_fields = fields

    def get_url(self, event: Event) -> str:
        return f"{settings.PUBLIC_URL}/events/{event.pk}/"


@extend_schema_serializer(examples=[EVENT])
class EventRepresentation(AmountsMixin, EventModelSerializer):
    """An event as everyone sees it; drafts only for those who manage them."""

    amounts = ("base_price", "current_price", "price_floor", "price_ceiling")
    currency_source = "currency"

    url = serializers.SerializerMethodField(help_text="The event's public page.")
    state = serializers.ChoiceField(
        choices=EventState.choices,
        read_only=True,
        help_text="`draft` until it is published, though its `status` is `active` already.",
    )
    is_published = serializers.BooleanField(
        read_only=True, help_text="Whether everyone can see it; a draft is seen by its managers."
    )
    sales_close_at = MomentField(
        read_only=True, help_text="When sales end: at `sales_end_at`, at the latest at the start."
    )
    cancellable_until = MomentField(
        read_only=True, help_text="Until when attendees can cancel a booking."
    )
    sales_state = serializers.SerializerMethodField(
        help_text="Whether seats can be booked (`on_sale`, `few_left`) or waited for "
        "(`waitlist_first`, `draw`, `sold_out`), or why neither."
    )
    draw = serializers.SerializerMethodField(
        help_text="The newest draw that orders the waitlist by lot; null without one. In lists, "
        "only one that is pending."
    )
    next_rise = serializers.SerializerMethodField(
        help_text="The next rise of `current_price`, where a price rule announces one: as on the "
        "event's page. Null otherwise."
    )
    attendance_terms = serializers.SerializerMethodField(
        help_text="What to show before booking: when attendees are asked whether they are still "
        "coming, and what happens to their seats without an answer. Null where a booking made now "
        "is not asked."
    )

    class Meta:
        model = Event
        fields = (
            "id",
            "name",
            "description",
            "venue",
            "event_date",
            "ends_at",
            "timezone",
            "total_capacity",
            "available_seats",
            "sales_state",
            "draw",
            "base_price",
            "current_price",
            "price_floor",
            "price_ceiling",
            "next_rise",
            "currency",
            "status",
            "state",
            "is_published",
            "published_at",
            "sales_start_at",
            "sales_end_at",
            "sales_close_at",
            "cancellation_deadline",
            "cancellable_until",
            "refund_policy",
            "is_online",
            "contact_email",
            "contact_url",
            "shows_organizer_email",
            "payment_mode",
            "payment_instructions",
            "payment_days",
            "max_per_booking",
            "max_per_person",
            "max_per_place",
            "max_passes",
            "waitlist_until_start",
            "promotion_window_minutes",
            "ask_days_before",
            "unanswered_policy",
            "attendance_terms",
            "reminder_hours",
            "sends_thanks",
            "version",
            "created_at",
            "updated_at",
            "url",
        )
        read_only_fields = fields
        extra_kwargs = WAITLIST_RULES | ASKING | REMINDING | PRICE_BOUNDS

    def to_representation(self, instance: Event) -> dict[str, Any]:
        """Return the body; what follows from the columns that a booking leaves alone is kept."""
        columns = [getattr(instance, name) for name in LASTING_COLUMNS]
        represent = partial(super().to_representation, instance)
        return _bodies.get(instance.pk, columns, represent) | {
            "available_seats": instance.available_seats,
            "sales_state": self.get_sales_state(instance),
            "draw": self.get_draw(instance),
            "next_rise": self.get_next_rise(instance),
            "attendance_terms": self.get_attendance_terms(instance),
            "url": self.get_url(instance),
        }

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_attendance_terms(self, event: Event) -> str | None:
        at = getattr(event, "clock", None) or self._now()
        return terms_text(event, terms_of(event, at=at)) or None

    def _now(self) -> datetime:
        """Return the time that the answer is for, read once."""
        context = cast(dict[str, Any], self.context)
        if "now" not in context:
            context["now"] = now()
        at: datetime = context["now"]
        return at

    def get_url(self, event: Event) -> str:
        return f"{settings.PUBLIC_URL}/events/{event.pk}/"

    @extend_schema_field(serializers.ChoiceField(choices=[state.value for state in SaleState]))
    def get_sales_state(self, event: Event) -> str:
        return self._sale(event).state

    @extend_schema_field(NextRiseRepresentation(allow_null=True))
    def get_next_rise(self, event: Event) -> dict[str, Any] | None:
        return rise_body(next_rise(event, self._sale(event)), event.currency)

    def _sale(self, event: Event) -> Sale:
        context = cast(dict[str, Any], self.context)
        sales: dict[UUID, Sale] = context.setdefault("sales", {})
        if event.pk not in sales:
            # Of all events of a list at once.
            listed: Any = self.parent.instance if self.parent is not None else [event]
            sales.update(sales_of(listed, at=getattr(event, "clock", None) or self._now()))
        return sales[event.pk]

    @extend_schema_field(DrawRepresentation(allow_null=True))
    def get_draw(self, event: Event) -> Any:
        context = cast(dict[str, Any], self.context)
        parent: Any = self.parent
        if parent is None:
            draws = newest_draws([event.pk])
        elif (known := context.get("draws")) is not None:
            draws = known
        else:
            draws = newest_draws([one.pk for one in parent.instance if one.has_pending_draw])
            context["draws"] = draws
        draw = draws.get(event.pk)
        return None if draw is None else DrawRepresentation(draw).data


@extend_schema_serializer(examples=[EVENT_DRAFT])
class EventDraft(StrictBody, EventModelSerializer):
    """The fields of an event that an organizer sets; a change contains only what it changes."""

    shown_in = EventRepresentation
    elsewhere = {
        "status": "Use `POST events/{id}/cancel/`; events that are over are completed by the "
        "server.",
        "state": "Use `POST events/{id}/publish/` or `POST events/{id}/cancel/`.",
        "is_published": "Use `POST events/{id}/publish/`.",
        "published_at": "Use `POST events/{id}/publish/`.",
        "available_seats": "It follows from `total_capacity`, bookings and offers.",
        "sales_state": "It follows from seats, sales dates and status.",
        "price_floor": "Use `PUT events/{id}/pricing-rule/`.",
        "price_ceiling": "Use `PUT events/{id}/pricing-rule/`.",
        "next_rise": "It follows from the price rule; see `PUT events/{id}/pricing-rule/`.",
        "sales_close_at": "Set `sales_end_at`.",
        "cancellable_until": "Set `cancellation_deadline`.",
        "attendance_terms": "Set `ask_days_before` and `unanswered_policy`.",
    }

    class Meta:
        model = Event
        fields = tuple(sorted(EDITABLE))
        extra_kwargs = WAITLIST_RULES | {
            "ask_days_before": {
                **ASKING["ask_days_before"],
                "min_value": ASKED_DAYS_FEWEST,
                "max_value": ASKED_DAYS_MOST,
            },
            "unanswered_policy": {**ASKING["unanswered_policy"], "required": False},
            "reminder_hours": {
                **REMINDING["reminder_hours"],
                "min_value": REMINDER_HOURS_FEWEST,
                "max_value": REMINDER_HOURS_MOST,
            },
            "sends_thanks": {**REMINDING["sends_thanks"], "required": False},
            "description": {"max_length": LONGEST_TEXT},
            "refund_policy": {"max_length": LONGEST_TEXT},
            "payment_instructions": {"max_length": LONGEST_TEXT},
            "base_price": {"min_value": 0, "error_messages": AMOUNT_MESSAGES},
            "current_price": {
                "min_value": 0,
                "error_messages": AMOUNT_MESSAGES,
                "required": False,
                "help_text": "Default: the base price.",
            },
            "total_capacity": {"min_value": 1, "max_value": MOST_SEATS},
            "max_per_booking": {"min_value": 1, "max_value": SEATS_PER_BOOKING},
            "max_per_person": {"min_value": 1},
            "max_per_place": {
                **WAITLIST_RULES["max_per_place"],
                "min_value": 1,
                "max_value": SEATS_PER_BOOKING,
            },
            "promotion_window_minutes": {
                "min_value": 1,
                "max_value": LONGEST_WINDOW_MINUTES,
            },
            "currency": {"min_length": 3},
        }

    def validate_currency(self, currency: str) -> str:
        if not is_currency(currency):
            raise serializers.ValidationError(CURRENCY_HINT)
        return currency


class EventChange(EventDraft):
    """A change of an event: what it changes, why its price, and whether attendees are notified."""

    notify = serializers.BooleanField(
        default=True,
        write_only=True,
        help_text="Whether people with seats or on the waitlist are notified of a new name, time, "
        "time zone or venue of a published event. Default: true. Offers that are made with "
        "additional seats are notified in any case.",
    )
    price_reason = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=LONGEST_REASON,
        write_only=True,
        help_text="Why `current_price` is changed, on one line: attendees see it in the price "
        "history. Required while a price rule is active, which the change suspends.",
    )

    class Meta(EventDraft.Meta):
        fields = (*EventDraft.Meta.fields, "notify", "price_reason")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a reason that would be lost, as the change leaves the price as it is."""
        attrs = super().validate(attrs)
        event: Any = self.instance
        follows = "base_price" in attrs and not event.price_moves
        if attrs.get("price_reason") and "current_price" not in attrs and not follows:
            raise serializers.ValidationError({"price_reason": REASON_WITHOUT_PRICE})
        return attrs


class EventCancelRequest(StrictBody):
    """Why an event is cancelled; everyone affected is notified with this reason."""

    shown_in = EventRepresentation

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
