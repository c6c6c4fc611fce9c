"""Events as pages show them."""

from datetime import datetime
from urllib.parse import quote, urlencode

from django.conf import settings
from django.urls import reverse

from evently.formatting import as_sentence, duration
from evently.links import absolute
from evently.pages import Presenter
from evently.time_zones import zone_in_words
from events.attendance import terms_of, terms_text
from events.contact import contact_address, organizer_of
from events.covers import drawing_of, drawing_url
from events.models import Event, PaymentMode
from events.moving_price import bounds_text
from events.sale import closed_text

MAP_URL = "https://www.openstreetmap.org/search"


class EventPresenter(Presenter):
    """An event at a time, with what templates need to know."""

    def __init__(self, event: Event, *, at: datetime) -> None:
        """at: the time that the page shows."""
        super().__init__(event)
        self.at = at
        self.cover, self.tone = drawing_of(event.pk)
        self.is_over = event.is_over(at=at)
        self.has_started = event.has_started(at=at)
        self.is_running = event.is_active and self.has_started and not self.is_over
        self.is_on_sale_now = event.is_on_sale(at=at)
        self.is_paid_at_door = event.payment_mode == PaymentMode.DOOR
        self.is_paid_by_transfer = event.payment_mode == PaymentMode.TRANSFER

    @property
    def public_url(self) -> str:
        return absolute(reverse("event_detail", args=[self.row.pk]))

    @property
    def image_url(self) -> str:
        """The drawing as a picture for other sites."""
        return drawing_url(self.row.pk)

    @property
    def map_url(self) -> str:
        """A search for the venue on a map; "" where there is no place to go to."""
        if self.row.takes_place_online:
            return ""
        return f"{MAP_URL}?{urlencode({'query': self.row.venue})}"

    @property
    def venue_icon(self) -> str:
        return "monitor" if self.row.takes_place_online else "map-pin"

    @property
    def contact_address(self) -> str:
        """The email address that the organizer published for the event, or "".

        Their own, where they chose so and it is confirmed.
        """
        return contact_address(self.row)

    @property
    def mailto_url(self) -> str:
        """A link that writes to the organizer, with the event's name as subject."""
        query = urlencode({"subject": self.row.name}, quote_via=quote)
        return f"mailto:{quote(self.contact_address, safe='@')}?{query}"

    @property
    def organizer_name(self) -> str:
        """The organizer's name, or "" once their account is erased."""
        return organizer_of(self.row).name

    @property
    def zone_name(self) -> str:
        """The time zone in words: "Mexico City time"."""
        return zone_in_words(str(self.row.timezone))

    @property
    def price_bounds_text(self) -> str:
        """Between which prices a rule moves its price, in a sentence; "" if none does."""
        return bounds_text(self.row)

    @property
    def quote_lifetime(self) -> str:
        """For how long a price shown on the checkout is guaranteed: "15 minutes"."""
        return duration(settings.QUOTE_LIFETIME)

    @property
    def can_cancel_until(self) -> datetime | None:
        """Until when a booking made now could be cancelled; None if it could not."""
        until: datetime = self.row.cancellable_until
        return until if until > self.at else None

    @property
    def terms(self) -> str:
        """What a booking made now is told about not answering whether they are still coming."""
        return terms_of(self.row, at=self.at) or ""

    @property
    def terms_text(self) -> str:
        """The same in sentences; "" where attendees who book now are not asked."""
        return terms_text(self.row, self.terms)

    @property
    def refund_text(self) -> str:
        """What is refunded on cancelling: the organizer's policy, or a default sentence."""
        if self.row.refund_policy:
            return str(self.row.refund_policy)
        if self.is_paid_at_door and not self.row.is_free:
            return "Seats are paid for at the entrance, so there is nothing to refund."
        return ""

    @property
    def cancellation_text(self) -> str:
        """The organizer's reason for cancelling the event, as in emails; "" without one."""
        reason = self.row.cancel_reason
        return f"The organizer's reason: {as_sentence(reason)}" if reason else ""

    @property
    def closed_text(self) -> str:
        """Why a published event that is not on sale takes no bookings."""
        return closed_text(self.row, at=self.at)
