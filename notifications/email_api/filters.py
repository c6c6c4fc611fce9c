"""The query parameters of the lists of emails and of suppressed addresses."""

import django_filters
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from bookings.models import Booking
from bookings.references import beginning_with, is_reference
from evently.accounts.finding import find_people
from evently.accounts.models import User
from evently.api.filters import since_filter
from evently.database.functions import Among, Ids
from evently.privacy.addresses import digests_of_address
from notifications.kinds import KIND_CHOICES
from notifications.models import DeliveryStatus, EmailDelivery
from notifications.return_models import (
    EmailReturn,
    ReturnOutcome,
    Suppression,
    SuppressionReason,
)

CAME_BACK = [(one.value, one.label) for one in (ReturnOutcome.BOUNCED, ReturnOutcome.COMPLAINED)]


class EventEmailFilter(django_filters.FilterSet):
    """The query parameters of the list of an event's emails."""

    status = django_filters.ChoiceFilter(choices=DeliveryStatus.choices)
    kind = django_filters.ChoiceFilter(choices=KIND_CHOICES)
    provider = django_filters.CharFilter(max_length=100)
    booking = django_filters.CharFilter(
        method="about_booking", max_length=40, label="The reference of a booking, to whose attendee"
    )
    search = django_filters.CharFilter(
        method="matching",
        max_length=200,
        label="The beginning of a booking's reference, to whose attendee; or words of the "
        "recipient's name or email address.",
    )
    returned = django_filters.ChoiceFilter(
        method="reported",
        choices=CAME_BACK,
        label="What mail servers reported of them, also after they were delivered.",
    )
    created_since = since_filter("created_at", "Emails whose sending began at or after this time.")

    class Meta:
        model = EmailDelivery
        fields: list[str] = []

    def about_booking(
        self, emails: QuerySet[EmailDelivery], name: str, reference: str
    ) -> QuerySet[EmailDelivery]:
        """Return the emails about the event to the person who booked."""
        return emails.filter(_of_booking(Q(booking_reference=reference.strip().upper())))

    def matching(
        self, emails: QuerySet[EmailDelivery], name: str, text: str
    ) -> QuerySet[EmailDelivery]:
        """Look among the people of the event only."""
        text = text.strip()
        if is_reference(text):
            return emails.filter(_of_booking(beginning_with(text)))
        users = emails.order_by().values("user_id").distinct()
        people = User.objects.filter(Among(F("pk"), Ids(users)))
        return emails.filter(user_id__in=find_people(people, text))

    def reported(
        self, emails: QuerySet[EmailDelivery], name: str, outcome: str
    ) -> QuerySet[EmailDelivery]:
        reports = EmailReturn.objects.filter(
            event_id=OuterRef("event_id"), delivery_id=OuterRef("pk"), outcome=outcome
        )
        return emails.filter(Exists(reports))


class SuppressionFilter(django_filters.FilterSet):
    """The query parameters of the list of suppressed addresses."""

    state = django_filters.ChoiceFilter(
        method="by_state", choices=[("suppressed", "suppressed"), ("released", "released")]
    )
    reason = django_filters.ChoiceFilter(choices=SuppressionReason.choices)
    address = django_filters.CharFilter(
        method="of_address", max_length=254, label="The whole email address."
    )

    class Meta:
        model = Suppression
        fields: list[str] = []

    def by_state(self, rows: QuerySet[Suppression], name: str, state: str) -> QuerySet[Suppression]:
        return rows.filter(released_at__isnull=state == "suppressed")

    def of_address(
        self, rows: QuerySet[Suppression], name: str, address: str
    ) -> QuerySet[Suppression]:
        return rows.filter(address_digest__in=digests_of_address(address.strip()))


def _of_booking(condition: Q) -> Exists:
    """Return the condition for emails about an event to who has such a booking of it."""
    return Exists(
        Booking.objects.filter(
            condition, event_id=OuterRef("event_id"), user_id=OuterRef("user_id")
        )
    )
