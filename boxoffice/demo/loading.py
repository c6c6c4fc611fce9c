"""Tells the stories of the catalogue through the real operations, then moves them into the past.

The database books nothing in the past, so everything happens now, and the rows are dated back
afterwards.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import singledispatchmethod
from itertools import cycle
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from bookings.models import Booking
from bookings.operations import Canceller, book_seats, cancel_booking
from boxoffice.demo import catalogue, dating, people
from boxoffice.lifecycle import operations as lifecycle
from evently.accounts.models import User
from evently.audit.context import acting
from evently.database.clock import now
from evently.errors import Conflict, DomainError
from evently.origin import Origin
from evently.transactions import run_in_transaction
from events.models import Event, PaymentMode
from events.operations import create_event, publish_event
from waitlists import operations
from waitlists.models import WaitlistEntry

SOURCE = "demo:"
# What people book, in turn.
GROUPS = (2, 1, 2, 4, 1, 3, 2)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
# Events of the past are made so far ahead, and moved.
STAGE = timedelta(days=2)
# Who moves prices and ends events.
RULE, BACKGROUND = "price rule", "background"

Result = TypeVar("Result")


class DevelopmentOnly(Conflict):
    """Demo logins have a password that everybody knows."""

    code = "development_only"
    message = (
        "Demo events are for development: their logins have a password that everybody knows. "
        "Nothing was loaded, since DEBUG is false."
    )


def load_demo() -> int:
    """Make the demo's people and events that are not there yet; return how many events.

    Raises DevelopmentOnly.
    """
    if not settings.DEBUG:
        raise DevelopmentOnly
    organizer, attendee, others = people.make_people()
    known = set(
        Event.objects.filter(created_by_id=organizer.pk, source_key__startswith=SOURCE).values_list(
            "source_key", flat=True
        )
    )
    missing = [demo for demo in catalogue.EVENTS if SOURCE + demo.slug not in known]
    for number, demo in enumerate(missing):
        # Not always the same people come first.
        crowd = others[number * 5 % len(others) :] + others[: number * 5 % len(others)]
        _Loader(demo, organizer=organizer, attendee=attendee, others=crowd).load()
    return len(missing)


@dataclass
class _Loader:
    """Tells the story of one event."""

    demo: catalogue.DemoEvent
    organizer: User
    attendee: User
    others: list[User]
    event: Event = field(init=False)
    started: datetime = field(init=False)
    # The time that the current step covers.
    _span: tuple[datetime, datetime] = field(init=False)
    _crowd: Iterator[User] = field(init=False)
    _groups: Iterator[int] = field(init=False)
    # When it happened, by what happened.
    booked_at: dict[Booking, datetime] = field(default_factory=dict)
    price_moved_at: list[datetime] = field(default_factory=list)

    def load(self) -> None:
        """Make the event, tell its story, and give everything its time."""
        demo = self.demo
        self.started = now()
        self._crowd, self._groups = cycle(self.others), cycle(GROUPS)
        self.event = self._create()
        if demo.published_days_ago is None:
            return
        self._by(
            self.organizer, lambda: publish_event(event_id=self.event.pk, by_id=self.organizer.pk)
        )
        self.event.refresh_from_db()
        begin = self.started - timedelta(days=demo.published_days_ago)
        end = min(self.started, self._starts_at() - timedelta(days=1))
        for number, step in enumerate(demo.story):
            self._span = (
                begin + (end - begin) * (number / len(demo.story)),
                begin + (end - begin) * ((number + 1) / len(demo.story)),
            )
            self.tell(step)
        dating.date_back(
            event=self.event,
            published_at=begin,
            starts_at=self._starts_at(),
            bookings={booking.pk: at for booking, at in self.booked_at.items()},
            price_changes=self.price_moved_at,
        )
        self._end()

    def _create(self) -> Event:
        demo = self.demo
        starts_at = self._starts_at()
        if starts_at <= self.started + STAGE:
            starts_at = self.started + STAGE
        sales_start_at = None
        if demo.sales_start_in_days is not None:
            sales_start_at = self._at(demo.sales_start_in_days, demo.starts.replace(hour=9))
        return self._by(
            self.organizer,
            lambda: create_event(
                by_id=self.organizer.pk,
                source_key=SOURCE + demo.slug,
                name=demo.name,
                description=demo.description,
                venue=demo.venue,
                timezone=demo.timezone,
                event_date=starts_at,
                ends_at=starts_at + timedelta(hours=demo.hours),
                total_capacity=demo.seats,
                base_price=demo.price,
                currency=demo.currency,
                payment_mode=PaymentMode.DOOR if demo.price else PaymentMode.FREE,
                sales_start_at=sales_start_at,
                **demo.fields,
            ),
        )

    def _end(self) -> None:
        """Call the event off, or let it be over, where the catalogue says so."""
        if self.demo.cancelled:
            self._by(
                self.organizer,
                lambda: lifecycle.cancel_event(event_id=self.event.pk, reason=self.demo.cancelled),
            )
            with acting(actor=BACKGROUND, via="task"):
                lifecycle.continue_cancellation(event_id=self.event.pk)
        elif self._starts_at() < self.started:
            with acting(actor=BACKGROUND, via="task"):
                lifecycle.complete_event(event_id=self.event.pk)

    # ── The steps ───────────────────────────────────────────────────────────
    @singledispatchmethod
    def tell(self, step: object) -> None:
        """Let one step of the story happen."""
        raise NotImplementedError(step)

    @tell.register
    def _(self, step: catalogue.Sell) -> None:
        first, left, made = len(self.booked_at), step.seats, []
        while left:
            seats = min(next(self._groups), left, self.event.max_per_booking)
            made.append(self._book(next(self._crowd), seats))
            left -= seats
        begin, end = self._span
        for number, booking in enumerate(made):
            # Not evenly: people book in the evening, and never two at the same minute.
            at = begin + (end - begin) * ((number + 0.5) / len(made))
            self.booked_at[booking] = at + timedelta(minutes=(first + number) * 37 % 180)

    @tell.register
    def _(self, step: catalogue.AttendeeBooks) -> None:
        booking = self._book(self.attendee, step.seats)
        self.booked_at[booking] = self._span[0]
        if step.then_cancels:
            self._cancel(booking, self.attendee, "")

    @tell.register
    def _(self, step: catalogue.MovePrice) -> None:
        def work() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('evently.price_rule', 'price rule', true),"
                    " set_config('evently.price_reason', %s, true)",
                    [step.reason],
                )
            Event.objects.filter(pk=self.event.pk).update(current_price=step.to)

        with acting(actor=RULE, via="task"):
            run_in_transaction(work)
        self.event.refresh_from_db()
        self.price_moved_at.append(self._span[0])
        # Somebody looked before and books after: their price is no longer to be had.
        self._attempt(next(self._crowd), 1, unit_price=self.demo.price)

    @tell.register
    def _(self, step: catalogue.Refused) -> None:
        for person in self._strangers(step.people):
            self._attempt(person, step.seats, unit_price=self.event.current_price)

    @tell.register
    def _(self, step: catalogue.Wait) -> None:
        sizes = cycle(step.seats)
        for person in self._strangers(step.people):
            self._wait(person, next(sizes))

    @tell.register
    def _(self, step: catalogue.AttendeeWaits) -> None:
        self._wait(self.attendee, step.seats)

    @tell.register
    def _(self, step: catalogue.GiveBack) -> None:
        wanted = WaitlistEntry.objects.filter(event_id=self.event.pk, position=1).get().quantity
        booking = next(booking for booking in self.booked_at if booking.quantity == wanted)
        self._cancel(booking, booking.user, "Something came up")

    @tell.register
    def _(self, step: catalogue.Prefer) -> None:
        last = (
            WaitlistEntry.objects.filter(event_id=self.event.pk)
            .waiting()
            .in_waitlist_order()
            .reverse()[0]
        )
        self._by(
            self.organizer,
            lambda: operations.set_priority(
                event_id=self.event.pk, entry_id=last.pk, score=10, reason=step.reason
            ),
        )

    # ── What people do ──────────────────────────────────────────────────────
    def _book(self, person: User, seats: int, *, unit_price: Decimal | None = None) -> Booking:
        price = self.event.current_price if unit_price is None else unit_price
        return self._by(
            person,
            lambda: book_seats(
                event_id=self.event.pk,
                user_id=person.pk,
                quantity=seats,
                unit_price=price,
                origin=self._origin(person),
            ),
        )

    def _attempt(self, person: User, seats: int, *, unit_price: Decimal) -> None:
        """Try to book what is not to be had."""
        with suppress(DomainError):
            self._book(person, seats, unit_price=unit_price)

    def _cancel(self, booking: Booking, person: User, reason: str) -> None:
        self._by(
            person,
            lambda: cancel_booking(
                event_id=self.event.pk,
                booking_id=booking.pk,
                by=Canceller.ATTENDEE,
                reason=reason,
            ),
        )

    def _wait(self, person: User, seats: int) -> None:
        self._by(
            person,
            lambda: operations.join_waitlist(
                event_id=self.event.pk, user_id=person.pk, quantity=seats
            ),
        )

    # ── Who, when, through what ─────────────────────────────────────────────
    def _by(self, person: User, act: Callable[[], Result]) -> Result:
        """Let a person act, so that the trail names them."""
        with acting(actor=str(person.pk), via="page"):
            return act()

    def _origin(self, person: User) -> Origin:
        """Return where a person seems to come from: an address reserved for examples."""
        return Origin(ip_address=f"192.0.2.{person.pk.int % 253 + 1}", user_agent=BROWSER)

    def _strangers(self, count: int) -> list[User]:
        """Return people who neither booked nor wait; the crowd is larger than any event's."""
        known = {booking.user_id for booking in self.booked_at}
        known |= set(
            WaitlistEntry.objects.filter(event_id=self.event.pk).values_list("user_id", flat=True)
        )
        return [person for person in self.others if person.pk not in known][:count]

    def _starts_at(self) -> datetime:
        return self._at(self.demo.days, self.demo.starts)

    def _at(self, days: int, clock: time) -> datetime:
        """Return the moment so many days from today that the clocks there show so."""
        zone = ZoneInfo(self.demo.timezone)
        day = self.started.astimezone(zone).date() + timedelta(days=days)
        return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
