"""Fill an empty, migrated database through the operations, as its users would over three days.

`tests/upgrade/dump.py` runs it before a dump is made. It runs against the code that the dump is
made at, so imports follow the code; an existing dump is not affected by changes here.

On-sale events lie in 2090, so that seats can still be booked whenever the upgrade test runs.
The clock starts three days back and moves on between the steps, so that promotions expire.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from typing import Any

from django.utils import timezone

from bookings.models import Booking, Payment, PaymentKind, PaymentStatus
from bookings.operations import Canceller, book_seats, cancel_booking
from boxoffice.lifecycle.operations import (
    cancel_event,
    complete_event,
    continue_cancellation,
    erase_person,
)
from evently.accounts.models import User
from evently.accounts.operations import (
    change_profile,
    find_or_create_guest,
    issue_token,
    make_organizer,
    register,
    revoke_token,
    set_active,
)
from evently.audit.context import acting
from evently.errors import DomainError
from evently.idempotency.keys import Idempotency, digest_of
from evently.origin import Origin
from evently.tests.clock import TestClock
from events.models import Event, EventMetric, EventStaff, PaymentMode, StaffRole
from events.operations import copy_event, create_event, edit_event, publish_event
from tests.upgrade.emails import change_a_template, send_emails
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations import (
    accept_promotion,
    decline_promotion,
    expire_promotions,
    join_waitlist,
    leave_waitlist,
    place_entry,
)

DAY = timedelta(days=1)
FAR = datetime(2090, 5, 20, 18, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
QUANTITIES = (1, 2, 1, 3, 2, 4, 1)


def origin(number: int) -> Origin:
    """Return where a request comes from; addresses from the range for documentation."""
    return Origin(ip_address=f"203.0.113.{number % 250 + 1}", user_agent="Mozilla/5.0 (Example)")


@contextmanager
def refusals() -> Iterator[None]:
    """Let an operation refuse; its attempt is logged all the same."""
    try:
        yield
    except DomainError:
        return
    raise AssertionError("This was expected to be refused.")


class Story:
    """Three days of a small installation, told step by step."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.quantities = cycle(QUANTITIES)

    def tell(self) -> None:
        """Run all steps, in order, and leave the clock as it was."""
        self.soon = timezone.now() + timedelta(hours=1)
        self.clock.move(-3 * DAY)
        self.add_people()
        self.add_events()
        with acting(actor="", via="page"):
            self.book()
            self.wait_and_promote()
        self.clock.move(-2 * DAY)
        send_emails(reader=self.attendees[2])
        change_a_template()
        self.expire_and_close()
        self.clock.move(-DAY)
        self.use_the_api()
        self.change_accounts()
        self.keep_accounts()
        self.complete()

    # ── People ────────────────────────────────────────────────────────────────
    def add_people(self) -> None:
        """Add organizers, confirmed attendees, guests, and sign-ups that are not confirmed."""
        confirmed = timezone.now() - 2 * DAY
        self.organizer, self.manager = (
            User.objects.create_user(
                email=f"organizer{n}@example.org",
                name=f"Örganizer {n}",
                email_verified_at=confirmed,
            )
            for n in (1, 2)
        )
        for user in (self.organizer, self.manager):
            make_organizer(user_id=user.pk)
        self.attendees = [
            User.objects.create_user(
                email=f"attendee{n}@example.org", name=f"Attendée {n}", email_verified_at=confirmed
            )
            for n in range(50)
        ]
        self.guests = [
            find_or_create_guest(email=f"guest{n}@example.org", name=f"Guest {n}")
            for n in range(20)
        ]
        for n in range(3):
            register(
                email=f"signup{n}@example.org",
                name=f"Sign-up {n}",
                password=PASSWORD,
                origin=origin(n),
            )
        self.people = cycle([*self.attendees, *self.guests])

    # ── Events ────────────────────────────────────────────────────────────────
    def add_event(
        self, name: str, *, publish: bool = True, price: str = "0", **fields: Any
    ) -> Event:
        """Create an event, and publish it."""
        fields.setdefault("event_date", FAR)
        fields.setdefault("payment_mode", PaymentMode.DOOR if price != "0" else PaymentMode.FREE)
        with acting(actor=str(self.organizer.pk), via="admin"):
            event = create_event(
                by_id=self.organizer.pk,
                name=name,
                venue=f"{name} Hall",
                base_price=Decimal(price),
                **fields,
            )
            if publish:
                event = publish_event(event_id=event.pk)
        return event

    def add_events(self) -> None:
        """Add events of each kind, in several currencies and time zones."""
        add = self.add_event
        self.open_air = add("Open air", total_capacity=400, timezone="Europe/Brussels")
        self.concert = add("Concert", price="18.50", total_capacity=250, timezone="Europe/Berlin")
        self.theatre = add(
            "Theatre",
            price="2500",
            total_capacity=80,
            currency="JPY",
            timezone="Asia/Tokyo",
            event_date=FAR + 30 * DAY,
            ends_at=FAR + 30 * DAY + timedelta(hours=3),
        )
        self.workshop = add(
            "Workshop",
            price="65",
            total_capacity=40,
            currency="USD",
            timezone="America/New_York",
            max_per_booking=4,
            max_per_person=4,
        )
        self.museum = add("Museum", price="1.25", total_capacity=30, currency="KWD")
        self.premiere = add("Premiere", total_capacity=20, promotion_window_minutes=60)
        self.recital = add(
            "Recital", price="30", total_capacity=12, currency="GBP", timezone="Europe/London"
        )
        self.full_house = add("Full house", total_capacity=10)
        self.draft = add("Draft", publish=False, total_capacity=50, source_key="import:1")
        self.cancelled = add("Cancelled", price="12", total_capacity=15)
        self.half_cancelled = add("Cancelled, bookings to follow", total_capacity=15)
        self.over = add("Over", total_capacity=25, event_date=self.soon, timezone="Asia/Kolkata")
        self.closed = add("Sales closed", total_capacity=25, sales_end_at=FAR - DAY)
        self.early = add("Sales to start", total_capacity=25, sales_start_at=FAR - 90 * DAY)
        copy_event(event_id=self.concert.pk, by_id=self.organizer.pk)
        for user, role in ((self.manager, StaffRole.MANAGER), (self.attendees[0], StaffRole.DOOR)):
            EventStaff.objects.create(event=self.concert, user=user, role=role)

    # ── Bookings ──────────────────────────────────────────────────────────────
    def take(self, event: Event, quantity: int | None = None, user: User | None = None) -> Booking:
        """Book seats for the next attendee, at the current price."""
        event.refresh_from_db(fields=["current_price"])
        person = user or next(self.people)
        return book_seats(
            event_id=event.pk,
            user_id=person.pk,
            quantity=quantity or next(self.quantities),
            unit_price=event.current_price,
            origin=origin(person.pk.int % 250),
        )

    def sell_out(self, event: Event) -> list[Booking]:
        """Book all seats of an event."""
        bookings = []
        event.refresh_from_db(fields=["available_seats"])
        while event.available_seats:
            bookings.append(self.take(event, min(next(self.quantities), event.available_seats)))
            event.refresh_from_db(fields=["available_seats"])
        return bookings

    def book(self) -> None:
        """Book some 300 times, cancel some, change prices, and ask in vain."""
        for price in ("19.00", "21.50", "17.00"):
            for _ in range(30):
                self.take(self.concert)
            with acting(actor=str(self.organizer.pk), via="admin"):
                edit_event(
                    event_id=self.concert.pk,
                    version=None,
                    current_price=Decimal(price),
                )
        for event, count in (
            (self.open_air, 110),
            (self.theatre, 20),
            (self.museum, 8),
            (self.over, 9),
            (self.closed, 5),
            (self.cancelled, 4),
            (self.half_cancelled, 4),
        ):
            for _ in range(count):
                self.take(event)
        for n in range(8):
            self.take(self.workshop, 1 + n % 4, self.attendees[n])
        self.sold = {
            event: self.sell_out(event) for event in (self.premiere, self.recital, self.full_house)
        }
        for booking in Booking.objects.filter(event=self.open_air).order_by("id")[5:65:4]:
            cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ATTENDEE)
        self.ask_in_vain()
        edit_event(
            event_id=self.closed.pk,
            version=None,
            sales_end_at=timezone.now() - 2 * DAY - timedelta(hours=12),
        )

    def ask_in_vain(self) -> None:
        """Ask for what is refused, for each common reason."""
        for event, quantity, user in (
            (self.full_house, 1, self.attendees[10]),
            (self.full_house, 2, self.attendees[11]),
            (self.workshop, 4, self.attendees[0]),
            (self.workshop, 5, self.attendees[12]),
            (self.early, 1, self.attendees[13]),
            (self.draft, 1, self.attendees[14]),
            (self.concert, 11, self.attendees[15]),
        ):
            with refusals():
                self.take(event, quantity, user)
        with refusals():
            book_seats(
                event_id=self.concert.pk,
                user_id=self.attendees[16].pk,
                quantity=1,
                unit_price=Decimal("1.00"),
                origin=origin(16),
            )

    # ── The waitlist ──────────────────────────────────────────────────────────
    def wait_and_promote(self) -> None:
        """Fill waitlists, and free seats one booking at a time."""
        for event, waiting in ((self.premiere, 18), (self.recital, 10), (self.full_house, 6)):
            for n, user in enumerate(self.attendees[20 : 20 + waiting]):
                join_waitlist(
                    event_id=event.pk,
                    user_id=user.pk,
                    quantity=1 + n % 3,
                    min_quantity=1 if n % 2 else None,
                    unit_price=event.current_price,
                )
        line = list(WaitlistEntry.objects.filter(event=self.premiere).order_by("position"))
        with acting(actor=str(self.organizer.pk), via="admin"):
            for entry, position in ((line[-1], 1), (line[-2], 2), (line[3], len(line))):
                place_entry(
                    event_id=entry.event_id,
                    entry_id=entry.pk,
                    position=position,
                    reason="Wheelchair",
                )
        leave_waitlist(event_id=line[6].event_id, entry_id=line[6].pk)
        leave_waitlist(event_id=line[7].event_id, entry_id=line[7].pk)
        self.free(self.premiere, 5)
        for number, offer in enumerate(self.offers(self.premiere)):
            if number % 3 == 0:
                accept_promotion(event_id=offer.event_id, promotion_id=offer.pk, origin=origin(1))
            elif number % 3 == 1:
                decline_promotion(event_id=offer.event_id, promotion_id=offer.pk)
        self.free(self.full_house, 1)

    def free(self, event: Event, bookings: int) -> None:
        """Cancel bookings of a sold-out event."""
        for _ in range(bookings):
            booking = self.sold[event].pop()
            cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)

    def offers(self, event: Event) -> list[Promotion]:
        """Return an event's pending promotions."""
        return list(
            Promotion.objects.filter(event=event, status=PromotionStatus.PENDING).order_by("id")
        )

    def expire_and_close(self) -> None:
        """Expire what was not accepted, promote the next, and cancel two events."""
        expire_promotions(event_id=self.premiere.pk)
        self.free(self.recital, 2)
        join_waitlist(
            event_id=self.recital.pk,
            user_id=self.attendees[40].pk,
            quantity=2,
            unit_price=self.recital.current_price,
            expires_at=timezone.now() - DAY - timedelta(hours=1),
        )
        for event in (self.cancelled, self.half_cancelled):
            with acting(actor=str(self.organizer.pk), via="admin"):
                cancel_event(event_id=event.pk, reason="The hall is flooded.")
        with acting(via="task"):
            continue_cancellation(event_id=self.cancelled.pk)

    # ── API, accounts, payments ───────────────────────────────────────────────
    def use_the_api(self) -> None:
        """Issue tokens, and book with idempotency keys."""
        tokens = [
            issue_token(user_id=user.pk, name="Script", scopes=("read", "book"))
            for user in self.attendees[:4]
        ]
        issue_token(user_id=self.organizer.pk, name="Sync", scopes=("read", "organize"))
        revoke_token(user_id=self.attendees[3].pk, token_id=tokens[3].token.pk)
        for n, user in enumerate(self.attendees[:3]):
            body = {"quantity": n + 1}
            with acting(actor=str(user.pk), via="api", request_id=f"request-{n}"):
                book_seats(
                    event_id=self.open_air.pk,
                    user_id=user.pk,
                    quantity=n + 1,
                    origin=origin(n),
                    idempotency=Idempotency(
                        user_id=user.pk,
                        key=f"key-{n}",
                        method="POST",
                        path=f"/api/v1/events/{self.open_air.pk}/bookings/",
                        body_digest=digest_of(body),
                        render=lambda booking: (201, {"id": str(booking.pk)}),
                    ),
                )

    def change_accounts(self) -> None:
        """Erase two people, switch one off, and change a profile."""
        for user in (self.attendees[45], self.guests[3]):
            with acting(actor=str(user.pk), via="page"):
                erase_person(user_id=user.pk)
        set_active(user_id=self.attendees[46].pk, active=False)
        change_profile(
            user_id=self.attendees[5].pk,
            name="Renamed Attendée",
            preferences={"cancellation": ["in_app"]},
        )

    def keep_accounts(self) -> None:
        """Write payments and figures, which no operation writes yet."""
        for number, booking in enumerate(Booking.objects.filter(event=self.concert)[:12]):
            for kind in (PaymentKind.CHARGE, PaymentKind.REFUND)[: 1 + number % 2]:
                Payment.objects.create(
                    event_id=booking.event_id,
                    booking_id=booking.pk,
                    kind=kind,
                    provider_reference=f"{kind}-{number}",
                    amount=booking.total_amount,
                    currency="EUR",
                    status=PaymentStatus.SUCCEEDED,
                    recorded_by=self.organizer,
                )
        for number in range(5):
            EventMetric.objects.create(
                event=self.concert, metric_type="bookings", metric_value=number
            )

    def complete(self) -> None:
        """Complete the event that starts soon, once it has started."""
        self.clock.move(timedelta(hours=2))
        with acting(via="task"):
            complete_event(event_id=self.over.pk)
        self.clock.reset()
