"""Draws as organizers, attendees and workers go through them."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from bookings import operations as bookings
from evently.accounts.factories import UserFactory
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.privacy.sealing import WrappingKeyMissing, new_key
from events.factories import EventFactory
from events.models import Event
from events.operations import edit_event
from events.sale import SaleState, sale_of
from waitlists import drawing, operations, queries, tasks
from waitlists.draw_models import Beacon, Draw
from waitlists.models import LineEvent, Promotion, WaitlistEntry
from waitlists.operations.draws import TO_BEACON
from waitlists.signals import draw_done, draw_void
from waitlists.tests.drand_server import drand_server, round_of
from waitlists.tests.recorded import check_record
from waitlists.tests.waiting import ORIGIN, full_event, join, status_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NUMBERS = "3 14 15 22 35 41"


@pytest.fixture
def event():
    return EventFactory(total_capacity=5)


@pytest.fixture
def drand(settings):
    with drand_server() as server:
        settings.EVENTLY_DRAND_SERVERS = (server.url,)
        yield server


@pytest.fixture
def heard():
    """What the signals said, as {signal: arguments}."""
    found = {}

    def done(**arguments):
        found["done"] = arguments

    def void(**arguments):
        found["void"] = arguments

    draw_done.connect(done)
    draw_void.connect(void)
    yield found
    draw_done.disconnect(done)
    draw_void.disconnect(void)


def announce(event, **columns):
    return operations.announce_draw(event_id=event.pk, **({"closes_at": now() + HOUR} | columns))


def by_numbers(event, **columns):
    return announce(event, beacon=Beacon.NUMBERS, beacon_name="Lotto of Saturday", **columns)


def sweep_at(clock, at):
    clock.stop(at + SECOND)
    tasks.advance_draws()


def latest(event):
    return Draw.objects.filter(event_id=event.pk).latest("number")


def test_draw_by_drand_from_announcement_to_offers(event, clock, drand, heard):
    draw = announce(event)
    assert draw.beacon_name == f"drand quicknet, round {draw.beacon_round}"
    assert timedelta(0) <= draw.beacon_at - draw.closes_at - TO_BEACON < 3 * SECOND
    event.refresh_from_db()
    assert sale_of(event, at=now()).state is SaleState.DRAW
    entries = [join(event, 2) for _ in range(6)]
    assert not Promotion.objects.exists()

    sweep_at(clock, draw.closes_at)
    assert latest(event).lots == 6
    tasks.advance_draws()
    assert drand.asked == []  # its round does not exist yet

    drand.answer = round_of(draw.beacon_round)
    sweep_at(clock, draw.beacon_at)
    draw = latest(event)
    assert draw.is_drawn
    assert draw.beacon_value == drand.answer["randomness"]
    assert drawing.commitment_of(draw.secret) == draw.commitment
    places = drawing.places(draw.seed, draw.refs)
    assert dict(WaitlistEntry.objects.values_list("ref", "draw_place")) == places
    offered = {offer.ref for offer in Promotion.objects.all()}
    assert offered == {ref for ref, place in places.items() if place <= 2}
    waiting = {entry.ref for entry in heard["done"]["entries"]}
    assert waiting == set(places) - offered
    kinds = check_record(event.pk)
    assert kinds[-4:] == ["frozen", "drawn", "offered", "offered"]
    assert {status_of(entry) for entry in entries} == {"promoted", "waiting"}


def test_seats_that_the_draw_leaves_go_on_sale(event, clock):
    draw = by_numbers(event)
    join(event)
    with pytest.raises(bookings.DrawPending):
        bookings.book_seats(
            event_id=event.pk,
            user_id=UserFactory().pk,
            quantity=1,
            origin=ORIGIN,
            unit_price=event.current_price,
        )
    sweep_at(clock, draw.closes_at)
    clock.stop(draw.beacon_at)
    operations.reveal_draw(event_id=event.pk, beacon_value="03, 14-15;22 +35")
    assert latest(event).beacon_value == "3 14 15 22 35"
    bookings.book_seats(
        event_id=event.pk,
        user_id=UserFactory().pk,
        quantity=4,
        origin=ORIGIN,
        unit_price=event.current_price,
    )


def test_seats_that_are_freed_meanwhile_wait_for_the_draw(clock):
    event, booked = full_event(4)
    first = join(event)
    by_numbers(event)
    bookings.cancel_booking(
        event_id=event.pk, booking_id=booked[0].pk, by=bookings.Canceller.ORGANIZER
    )
    tasks.repair_waitlists()
    assert status_of(first) == "waiting"
    operations.call_off_draw(event_id=event.pk)
    assert status_of(first) == "promoted"
    check_record(event.pk)


def test_organizer_offers_nothing_by_hand_before_the_draw(event):
    by_numbers(event)
    entry = join(event)
    with pytest.raises(bookings.DrawPending):
        operations.offer_by_hand(
            event_id=event.pk, entry_id=entry.pk, quantity=1, reason="A friend."
        )


# ── Announcing and calling off ──────────────────────────────────────────────
def test_event_has_one_draw(event):
    announce(event)
    with pytest.raises(operations.DrawExists):
        announce(event)


@pytest.mark.parametrize(
    "times",
    [
        {"closes_at": timedelta(minutes=-1)},
        {"closes_at": HOUR, "beacon_at": HOUR + timedelta(minutes=4)},
        {"closes_at": timedelta(days=3000)},
    ],
)
def test_wrong_times_are_refused(event, times):
    with pytest.raises(operations.DrawTimes):
        by_numbers(event, **{name: now() + ahead for name, ahead in times.items()})


def test_numbers_are_named(event):
    with pytest.raises(Invalid) as refused:
        announce(event, beacon=Beacon.NUMBERS, beacon_name=" ")
    assert "beacon_name" in refused.value.fields


def test_closed_draw_cannot_be_called_off(event, clock):
    draw = by_numbers(event)
    clock.stop(draw.closes_at)
    with pytest.raises(operations.DrawClosed):
        operations.call_off_draw(event_id=event.pk)
    tasks.advance_draws()
    with pytest.raises(operations.DrawClosed):
        operations.call_off_draw(event_id=event.pk)


def test_numbers_are_not_called_drand(event):
    with pytest.raises(Invalid) as refused:
        announce(event, beacon=Beacon.NUMBERS, beacon_name="DRAND, a round that suits me")
    assert "beacon_name" in refused.value.fields


@pytest.mark.parametrize("numbers", ["", "1 2", "1 2 x", "1 2 12345", "1 " * 21])
def test_wrong_numbers_are_refused(event, clock, numbers):
    draw = by_numbers(event)
    sweep_at(clock, draw.closes_at)
    clock.stop(draw.beacon_at)
    with pytest.raises(Invalid) as refused:
        operations.reveal_draw(event_id=event.pk, beacon_value=numbers)
    assert "beacon_value" in refused.value.fields


def test_numbers_are_not_taken_before_they_can_be_known(event, clock):
    draw = by_numbers(event)
    with pytest.raises(operations.DrawNotDue):
        operations.reveal_draw(event_id=event.pk, beacon_value=NUMBERS)
    sweep_at(clock, draw.closes_at)
    with pytest.raises(operations.DrawNotDue):
        operations.reveal_draw(event_id=event.pk, beacon_value=NUMBERS)
    clock.stop(draw.beacon_at + HOUR + SECOND)
    with pytest.raises(operations.DrawOverdue):
        operations.reveal_draw(event_id=event.pk, beacon_value=NUMBERS)


# ── What goes wrong ─────────────────────────────────────────────────────────
def test_draw_that_was_not_frozen_in_time_is_void_and_repeated(event, clock, heard):
    draw = announce(event)
    entry = join(event)
    sweep_at(clock, draw.beacon_at)
    first, second = Draw.objects.order_by("number")
    assert (first.is_void, first.void_reason) == (True, "the list was not frozen before the beacon")
    assert (second.number, second.status, second.beacon) == (2, "open", "drand")
    assert first.commitment != second.commitment
    assert heard["void"]["again"] == second
    event.refresh_from_db()
    assert event.draw_closes_at == second.closes_at
    assert status_of(entry) == "waiting"
    assert not Promotion.objects.exists()
    assert check_record(event.pk)[-2:] == ["void", "draw"]


def test_draw_that_was_not_revealed_within_an_hour_is_void_and_repeated(event, clock, heard):
    draw = by_numbers(event)
    sweep_at(clock, draw.closes_at)
    sweep_at(clock, draw.beacon_at)
    assert latest(event).is_frozen
    sweep_at(clock, draw.beacon_at + HOUR)
    first, second = Draw.objects.order_by("number")
    assert first.void_reason == "there was no result within an hour"
    assert second.beacon == "drand"
    assert heard["void"]["again"] == second


def test_draw_waits_for_a_beacon_that_cannot_be_reached(event, clock, drand):
    draw = announce(event)
    join(event)
    sweep_at(clock, draw.closes_at)
    for minutes in range(0, 300, 50):  # every hour begins anew
        sweep_at(clock, draw.beacon_at + timedelta(minutes=minutes))
    assert latest(event).is_frozen
    assert latest(event).unreachable_at == now()
    drand.answer = round_of(draw.beacon_round)
    sweep_at(clock, draw.beacon_at + 5 * HOUR)
    assert latest(event).is_drawn
    check_record(event.pk)


def test_draw_whose_secret_cannot_be_opened_fails_until_it_is_void(event, clock, drand, settings):
    draw = announce(event)
    drand.answer = round_of(draw.beacon_round)
    sweep_at(clock, draw.closes_at)
    settings.EVENTLY_PII_KEYS = {"other": new_key()}
    clock.stop(draw.beacon_at)
    with pytest.raises(WrappingKeyMissing):
        operations.advance_draw(event_id=event.pk)
    tasks.advance_draws()  # goes on with other events
    clock.stop(draw.beacon_at + HOUR + SECOND)
    tasks.advance_draws()
    assert [draw.status for draw in Draw.objects.order_by("number")] == ["void", "open"]


def test_draw_is_not_repeated_where_the_waitlist_closes_too_soon(clock, heard):
    event = EventFactory(total_capacity=5)
    draw = announce(event, closes_at=event.line_closes_at - timedelta(minutes=71))
    entry = join(event)
    sweep_at(clock, draw.beacon_at)
    assert latest(event).is_void
    assert heard["void"]["again"] is None
    assert latest(event).leaves_order_of_joining
    assert status_of(entry) == "promoted"  # in the order of joining


@pytest.mark.parametrize("is_frozen", [False, True])
def test_draw_of_a_cancelled_event_ends(event, clock, heard, is_frozen):
    draw = announce(event)
    if is_frozen:
        sweep_at(clock, draw.closes_at)
    else:
        clock.stop(draw.created_at)
    Event.objects.update(status="cancelled")
    tasks.advance_draws()
    assert latest(event).void_reason == "the waitlist closed before"
    assert not latest(event).leaves_order_of_joining
    assert heard["void"]["again"] is None
    assert queries.events_with_due_draws() == []


def test_draw_ends_with_sales_that_were_moved_before_it(event, clock):
    draw = announce(event)
    sweep_at(clock, draw.closes_at)
    edit_event(event_id=event.pk, version=event.version, sales_end_at=draw.beacon_at)
    sweep_at(clock, draw.beacon_at)
    assert latest(event).void_reason == "the waitlist closed before"


def test_two_workers_draw_once(event, clock, drand, heard):
    draw = announce(event)
    sweep_at(clock, draw.closes_at)
    drand.answer = round_of(draw.beacon_round)
    sweep_at(clock, draw.beacon_at)
    with pytest.raises(operations.DrawNotFound):
        operations.reveal_draw(event_id=event.pk, beacon_value="ab" * 32)
    tasks.advance_draws()
    assert drand.asked == [str(draw.beacon_round)]


@pytest.mark.django_db(transaction=True)
def test_joins_race_with_freezing(clock, drand):
    """Real threads: each entry is on the list exactly if its record says it joined before."""
    event = EventFactory(total_capacity=5)
    people = [UserFactory() for _ in range(16)]
    clock.reset()
    draw = announce(event, closes_at=now() + timedelta(seconds=1))
    start = threading.Barrier(5)
    failures = []

    def joiner(mine):
        start.wait()
        for user in mine:
            try:
                join(event, user=user)
            except DomainError as error:
                failures.append(error)

    def freezer():
        start.wait()
        while latest(event).status == "open":
            operations.advance_draw(event_id=event.pk)

    def in_thread(work, *arguments):
        try:
            work(*arguments)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=in_thread, args=(joiner, people[n::4])) for n in range(4)
    ] + [threading.Thread(target=in_thread, args=(freezer,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    frozen = latest(event)
    joined = LineEvent.objects.filter(event_id=event.pk, kind="joined")
    early = joined.filter(at__lt=draw.closes_at).values_list("ref", flat=True)
    assert set(frozen.refs) == set(early)
    check_record(event.pk)
