"""Carries out the stories of the catalogue through the operations, then moves them into the past.

The database takes no bookings for past events, so everything happens now and ahead of the event,
and the rows get their times afterwards (dating).
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import partial, singledispatchmethod
from itertools import cycle
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings

from bookings.models import AttendanceCheck, Booking
from bookings.operations import (
    Canceller,
    answer_attendance,
    ask_attendees,
    book_seats,
    cancel_booking,
)
from boxoffice.demo import catalogue, dating, people
from boxoffice.lifecycle import operations as lifecycle
from evently.accounts.models import User
from evently.audit.context import acting
from evently.database.clock import now
from evently.errors import Conflict, DomainError
from evently.local_time import nearest_moment
from evently.origin import Origin
from evently.transactions import run_in_transaction
from events.models import Event, PaymentMode
from events.operations import create_event, publish_event, save_price_rule
from waitlists import operations
from waitlists.models import WaitlistEntry

SOURCE = "demo:"
# The quantities that guests book, in turn.
QUANTITIES = (2, 1, 2, 4, 1, 3, 2)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
# Past events are created this far ahead, and moved afterwards.
AHEAD = timedelta(days=2)
# Actors in the audit log.
RULE, BACKGROUND = "price rule", "background"

Result = TypeVar("Result")


class DevelopmentOnly(Conflict):
    """The password of the demo logins is public, so they must not exist in production."""

    code = "development_only"
    message = (
        "Demo data is for development: the password of its logins is public. "
        "Nothing was loaded, because DEBUG is false."
    )


def load_demo() -> int:
    """Create the demo users and events that are missing; return the number of events created.

    Raises DevelopmentOnly.
    """
    if not settings.DEBUG:
        raise DevelopmentOnly
    organizer, attendee, guests = people.make_people()
    known = set(
        Event.objects.filter(created_by_id=organizer.pk, source_key__startswith=SOURCE).values_list(
            "source_key", flat=True
        )
    )
    missing = [demo for demo in catalogue.EVENTS if SOURCE + demo.slug not in known]
    for number, demo in enumerate(missing):
        # Each event starts with other guests.
        first = number * 5 % len(guests)
        rotated = guests[first:] + guests[:first]
        _Loader(demo, organizer=organizer, attendee=attendee, guests=rotated).load()
    return len(missing)


@dataclass
class _Loader:
    """Creates one event and carries out its story."""

    demo: catalogue.DemoEvent
    organizer: User
    attendee: User
    guests: list[User]
    event: Event = field(init=False)
    started: datetime = field(init=False)
    # The time that the current step covers.
    _span: tuple[datetime, datetime] = field(init=False)
    _guests: Iterator[User] = field(init=False)
    _quantities: Iterator[int] = field(init=False)
    # The times that rows get afterwards.
    booked_at: dict[Booking, datetime] = field(default_factory=dict)
    price_changed_at: list[datetime] = field(default_factory=list)

    def load(self) -> None:
        demo = self.demo
        self.started = now()
        self._guests, self._quantities = cycle(self.guests), cycle(QUANTITIES)
        self.event = self._create()
        if demo.published_days_ago is None:
            return
        self._by(self.organizer, lambda: publish_event(event_id=self.event.pk))
        self.event.refresh_from_db()
        begin = self.started - timedelta(days=demo.published_days_ago)
        end = min(self.started, self._starts_at() - timedelta(days=1))
        for number, step in enumerate(demo.story):
            self._span = (
                begin + (end - begin) * (number / len(demo.story)),
                begin + (end - begin) * ((number + 1) / len(demo.story)),
            )
            self.carry_out(step)
        if demo.price_rule:
            save_price_rule(event_id=self.event.pk, version=None, enabled=True, **demo.price_rule)
        dating.date_back(
            event=self.event,
            published_at=begin,
            starts_at=self._starts_at(),
            bookings={booking.pk: at for booking, at in self.booked_at.items()},
            price_changes=self.price_changed_at,
        )
        self._end()

    def _create(self) -> Event:
        demo = self.demo
        starts_at = self._starts_at()
        if starts_at <= self.started + AHEAD:
            starts_at = self.started + AHEAD
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
        """Cancel or complete the event, or ask who is still coming, if the catalogue says so."""
        if self._starts_at() > self.started and self.event.ask_days_before is not None:
            self._ask()
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

    def _ask(self) -> None:
        """Ask who is still coming, if it is time; half of the guests answer, each in their way."""
        with acting(actor=BACKGROUND, via="task"):
            asked = ask_attendees(event_id=self.event.pk)
        if not asked:
            return
        checks = AttendanceCheck.objects.filter(event_id=self.event.pk)
        known = set(checks.values_list("booking_id", flat=True))
        guests = [
            booking
            for booking in self.booked_at
            if booking.pk in known and booking.user_id != self.attendee.pk
        ]
        for number, booking in enumerate(guests[::2]):
            # The first comes with fewer, the second not at all.
            coming = (booking.quantity - 1, 0)[number] if number < 2 else booking.quantity
            answer = partial(
                answer_attendance, event_id=self.event.pk, booking_id=booking.pk, coming=coming
            )
            self._by(booking.user, answer)

    # ── The steps ───────────────────────────────────────────────────────────
    @singledispatchmethod
    def carry_out(self, step: object) -> None:
        raise NotImplementedError(step)

    @carry_out.register
    def _(self, step: catalogue.Sell) -> None:
        first, left, bookings = len(self.booked_at), step.seats, []
        while left:
            seats = min(next(self._quantities), left, self.event.max_per_booking)
            bookings.append(self._book(next(self._guests), seats))
            left -= seats
        begin, end = self._span
        for number, booking in enumerate(bookings):
            # Spread unevenly, so that it looks natural.
            at = begin + (end - begin) * ((number + 0.5) / len(bookings))
            self.booked_at[booking] = at + timedelta(minutes=(first + number) * 37 % 180)

    @carry_out.register
    def _(self, step: catalogue.AttendeeBooks) -> None:
        booking = self._book(self.attendee, step.seats)
        self.booked_at[booking] = self._span[0]
        if step.then_cancels:
            self._cancel(booking, self.attendee, "")

    @carry_out.register
    def _(self, step: catalogue.MovePrice) -> None:
        # The rule itself would wait for its shortest interval.
        event = Event.objects.filter(pk=self.event.pk)
        with acting(actor=RULE, via="task", price_reason=step.reason):
            run_in_transaction(lambda: event.update(current_price=step.to))
        self.event.refresh_from_db()
        self.price_changed_at.append(self._span[0])
        # A guest who still has the first price on their screen fails to book.
        self._attempt(next(self._guests), 1, unit_price=self.demo.price)

    @carry_out.register
    def _(self, step: catalogue.Refused) -> None:
        for person in self._newcomers(step.people):
            self._attempt(person, step.seats, unit_price=self.event.current_price)

    @carry_out.register
    def _(self, step: catalogue.Wait) -> None:
        sizes = cycle(step.seats)
        for person in self._newcomers(step.people):
            self._wait(person, next(sizes))

    @carry_out.register
    def _(self, step: catalogue.AttendeeWaits) -> None:
        self._wait(self.attendee, step.seats)

    @carry_out.register
    def _(self, step: catalogue.GiveBack) -> None:
        wanted = WaitlistEntry.objects.filter(event_id=self.event.pk, position=1).get().quantity
        booking = next(booking for booking in self.booked_at if booking.quantity == wanted)
        self._cancel(booking, booking.user, "Something came up")

    @carry_out.register
    def _(self, step: catalogue.Prefer) -> None:
        last = (
            WaitlistEntry.objects.filter(event_id=self.event.pk)
            .waiting()
            .in_waitlist_order()
            .reverse()[0]
        )
        self._by(
            self.organizer,
            lambda: operations.place_entry(
                event_id=self.event.pk, entry_id=last.pk, position=1, reason=step.reason
            ),
        )

    @carry_out.register
    def _(self, step: catalogue.Announce) -> None:
        closes_at = self._at(step.closes_in_days, step.at)
        self._by(
            self.organizer,
            lambda: operations.announce_draw(event_id=self.event.pk, closes_at=closes_at),
        )

    # ── Actions of people ──────────────────────────────────────────────────────
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
        """Try to book, and fail."""
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
                event_id=self.event.pk,
                user_id=person.pk,
                quantity=seats,
                unit_price=self.event.current_price,
            ),
        )

    # ── Actors, origins and times ─────────────────────────────────────────────
    def _by(self, person: User, act: Callable[[], Result]) -> Result:
        """Run an action as a person, whom the audit log then names."""
        with acting(actor=str(person.pk), via="page"):
            return act()

    def _origin(self, person: User) -> Origin:
        """Return an IP address reserved for examples, the same for a person each time."""
        return Origin(ip_address=f"192.0.2.{person.pk.int % 253 + 1}", user_agent=BROWSER)

    def _newcomers(self, count: int) -> list[User]:
        """Return guests who have neither booked nor joined the waitlist."""
        known = {booking.user_id for booking in self.booked_at}
        known |= set(
            WaitlistEntry.objects.filter(event_id=self.event.pk).values_list("user_id", flat=True)
        )
        return [person for person in self.guests if person.pk not in known][:count]

    def _starts_at(self) -> datetime:
        return self._at(self.demo.days, self.demo.starts)

    def _at(self, days: int, clock: time) -> datetime:
        """Return the time on a day from today, given in the time zone of the event."""
        zone = ZoneInfo(self.demo.timezone)
        day = self.started.astimezone(zone).date() + timedelta(days=days)
        return nearest_moment(datetime.combine(day, clock), zone)
