"""Receipts are drawn from the public record: each cause, with its time, for all concerned."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management.base import CommandError
from django.db import connection, connections
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from bookings.factories import BookingFactory
from evently.api.tests.client import api
from evently.database.clock import now
from waitlists import operations
from waitlists.models import LineEvent, Promotion, WaitlistEntry
from waitlists.receipt import receipt_of, stored, story
from waitlists.receipt.building import MOST_STEPS
from waitlists.receipt.story import story_of
from waitlists.receipt.words import step_of
from waitlists.record.words import rows_of
from waitlists.tests.recording import change, every_kind
from waitlists.tests.waiting import accept, cancel, full_event, join, latest_offer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("told")]


def receipt(entry, at=None):
    fresh = WaitlistEntry.objects.select_related("event").get(pk=entry.pk)
    return receipt_of(fresh, at=at or now())


def titles(entry) -> list[str]:
    return [step["title"] for step in receipt(entry).steps]


def step(entry, title):
    (found,) = [step for step in receipt(entry).steps if step["title"] == title]
    return found


# ── Causes ──────────────────────────────────────────────────────────────────
def test_each_override_is_told_to_the_overtaken_and_to_the_favoured():
    event, _ = full_event(6)
    overtaken, favoured = join(event, 2), join(event)
    for reason in ("First", "Second", "Third"):
        operations.place_entry(
            event_id=event.pk,
            entry_id=favoured.pk,
            position=2 if reason == "Second" else 1,
            reason=reason,
        )
    accept(
        operations.offer_by_hand(
            event_id=event.pk, entry_id=favoured.pk, quantity=1, reason="Fourth", add_seats=True
        )
    )

    told = [(one["title"], one["text"]) for one in receipt(overtaken).steps]
    assert [text.rpartition("Reason: ")[2] for _, text in told if "Reason" in text] == [
        "Fourth",
        "Third",
        "Second",
        "First",
    ]
    assert ("The organizer moved another person ahead of you") in dict(told)
    assert ("The organizer moved another person behind you") in dict(told)
    assert ("The organizer offered 1 seat to another person out of order") in dict(told)
    own = [one["text"] for one in receipt(favoured).steps if "Reason" in (one["text"] or "")]
    assert [text.rpartition("Reason: ")[2] for text in own] == [
        "Fourth",
        "Third",
        "Second",
        "First",
    ]


def test_passes_are_told_with_their_seats_and_what_was_needed():
    event, bookings = full_event(6)
    entry = join(event, 4)
    others = [join(event), join(event)]
    cancel(bookings[0])
    cancel(bookings[1])
    for other in others:
        operations.decline_promotion(event_id=event.pk, promotion_id=latest_offer(other).pk)
    BookingFactory(event=event)

    steps = receipt(entry).steps
    passes = [one for one in steps if "behind you" in one["title"] or "public" in one["title"]]
    assert [(one["title"], one["text"]) for one in passes] == [
        ("1 seat was sold to the public", "You need at least 4, and fewer were free."),
        ("1 seat was offered to a person behind you", "You need at least 4, and fewer were free."),
        ("1 seat was offered to a person behind you", "You need at least 4, and fewer were free."),
    ]
    assert receipt(entry).passes == 3
    kept = step(entry, "From now on, free seats are kept for you")
    assert kept["text"].startswith("You were passed 3 times.")
    assert "At the latest until" in kept["text"]
    assert receipt(entry).reserves
    late = event.line_closes_at - timedelta(hours=23)
    assert not receipt(entry, at=late).reserves


def test_others_ahead_are_told_even_if_they_join_again():
    event, bookings = full_event(2)
    first, second = join(event), join(event)
    entry = join(event)
    cancel(bookings[0])
    operations.leave_waitlist(event_id=event.pk, entry_id=second.pk)
    operations.decline_promotion(event_id=event.pk, promotion_id=latest_offer(first).pk)
    assert "1 person ahead of you was offered seats" in titles(entry)
    accept(latest_offer(entry))

    join(event, user=first.user)
    join(event, user=second.user)

    assert titles(entry)[:5] == [
        "You claimed 1 seat",
        "1 seat was held for you",
        "1 offer to people who were ahead of you was declined",
        "1 person ahead of you left the waitlist",
        "1 person ahead of you was offered seats",
    ]
    assert "Because another offer was declined." in step(entry, "1 seat was held for you")["text"]


def test_times_are_those_of_the_record():
    event, _ = full_event(2)
    leaver, entry = join(event), join(event)
    operations.leave_waitlist(event_id=event.pk, entry_id=leaver.pk)
    WaitlistEntry.objects.filter(pk=entry.pk).update(notify_prefs={"email": False})

    left = LineEvent.objects.get(event_id=event.pk, kind="left")
    assert step(entry, "1 person ahead of you left the waitlist")["at"] == left.at
    assert step(entry, "You are now at position 1 on the waitlist")["at"] == left.at


def test_changes_by_the_organizer_are_told():
    event, _ = full_event(4)
    entry = join(event, 2)
    change(event, max_passes=0)
    change(event, total_capacity=5)

    assert step(entry, "The organizer changed the rules")["text"] == (
        "Strict order: no place is passed."
    )
    assert step(entry, "The organizer added 1 seat")["text"] == "The event then had 5 seats."
    assert "strict order" in step(entry, "From now on, free seats are kept for you")["text"]


def test_places_that_were_not_confirmed_are_told_what_passed_them():
    event, bookings = full_event(2)
    entry, other = join(event, as_guest=True), join(event)
    cancel(bookings[0])
    assert latest_offer(other).is_pending
    passed = step(entry, "1 seat was offered to a person behind you")
    assert passed["text"] == "Your place was not confirmed yet."
    operations.confirm_entry(event_id=event.pk, entry_id=entry.pk)
    assert "Your place was confirmed" in titles(entry)
    assert receipt(entry).passes == 0


def test_place_that_waits_on_is_told_with_its_position():
    event, bookings = full_event(4)
    entry, other = join(event, 3, min_quantity=1), join(event, 4)
    cancel(bookings[0])
    accept(latest_offer(entry))

    assert "You waited on, at your old place" in titles(entry)
    assert "For 2 seats, or at least 1." in step(entry, "You waited on, at your old place")["text"]
    assert step(entry, "You are now at position 1 on the waitlist")
    assert "1 person who was ahead of you waited on" in titles(other)
    assert step(other, "You are now at position 2 on the waitlist")


def test_own_offers_of_earlier_joinings_stay_on_the_receipt(clock):
    event, bookings = full_event(2)
    entry = join(event)
    cancel(bookings[0])
    clock.move(timedelta(days=3))
    operations.expire_promotions(event_id=event.pk)
    BookingFactory(event=event)
    again = join(event, user=entry.user)
    behind = join(event)

    assert titles(again)[:6] == [
        "You are now at position 2 on the waitlist",
        "1 person joined ahead of you",
        "You joined the waitlist",
        "The offer expired",
        "1 seat was held for you",
        "You joined the waitlist",
    ]
    joined = receipt(again).steps[titles(again).index("You joined the waitlist")]
    assert joined["text"].endswith("1 earlier offer ran out.")
    assert titles(behind)[0] == "You are now at position 1 on the waitlist"


# ── The replay ──────────────────────────────────────────────────────────────
def test_replay_agrees_with_the_database(clock):
    event, _ = every_kind(clock)
    join(event, 2)
    line_sales = LineEvent.objects.filter(event_id=event.pk, kind="booked").count()
    waiting = WaitlistEntry.objects.filter(event_id=event.pk).waiting().with_passes(line_sales)
    assert waiting
    for entry in waiting:
        story = story_of(event_id=event.pk, ref=entry.ref, is_open=True)
        assert (story.position, story.passes) == (entry.position, entry.passes)
        assert story.least == entry.min_quantity


def test_who_joined_behind_and_did_nothing_else_is_left_out_without_a_difference(
    clock, monkeypatch
):
    event, _ = every_kind(clock)
    for _ in range(3):
        join(event)
    refs = list(
        LineEvent.objects.filter(event_id=event.pk, kind="joined").values_list("ref", flat=True)
    )

    def replay(ref):
        told = story_of(event_id=event.pk, ref=ref, is_open=True)
        return (told.happenings, told.position, told.passes), len(told.others)

    shortened = {ref: replay(ref) for ref in refs}
    monkeypatch.setattr(story, "_without_silent", lambda rows, since, *, mine: since)
    whole = {ref: replay(ref) for ref in refs}

    assert {ref: told for ref, (told, _) in shortened.items()} == {
        ref: told for ref, (told, _) in whole.items()
    }
    assert sum(others for _, others in shortened.values()) < sum(
        others for _, others in whole.values()
    )


def test_receipt_of_a_long_waitlist_reads_few_queries_and_shows_the_last_steps():
    event, _ = full_event(4)
    entry = join(event, 2)
    for number in range(MOST_STEPS + 5):
        change(event, max_passes=3 * (number % 2))

    with CaptureQueriesContext(
        connection,
    ) as queries:
        shown = receipt(entry)

    assert len(queries) <= 12
    assert len(shown.steps) == MOST_STEPS
    assert shown.earlier > 5
    assert shown.steps[0]["title"] == "You are now at position 1 on the waitlist"


def test_much_on_one_day_is_counted_together(clock):
    event, _ = full_event(4)
    leavers = [join(event) for _ in range(25)]
    entry = join(event)
    for leaver in leavers:
        operations.leave_waitlist(event_id=event.pk, entry_id=leaver.pk)

    found = [title for title in titles(entry) if "left the waitlist" in title]
    # One step, or two where midnight fell in between.
    assert sum(int(title.split()[0]) for title in found) == 25
    assert len(found) <= 2


# ── Rows of earlier versions ────────────────────────────────────────────────
def test_offers_older_than_the_record_are_told_from_their_rows():
    made = datetime(2026, 1, 2, tzinfo=UTC)
    offer = Promotion(
        quantity=2,
        promotion_reason="seats came free",
        promoted_at=made,
        expires_at=made,
        ended_at=made,
        status="expired",
    )
    held, expired = stored.offered(offer)
    assert held["title"] == "2 seats were held for you"
    assert held["text"] == "Because seats became available."
    assert expired["title"] == "The offer expired"


# ── API ─────────────────────────────────────────────────────────────────────
def test_api_shows_the_part_of_the_record_and_the_passes():
    event, bookings = full_event(6)
    entry = join(event, 4)
    join(event)
    cancel(bookings[0])

    body = api(entry.user).get(f"/api/v1/waitlists/{entry.pk}/").json()

    assert body["ref"] == entry.ref
    assert (body["passes"], body["reserves"]) == (1, False)
    assert [record["kind"] for record in body["record"]] == ["joined"]
    joined = LineEvent.objects.get(event_id=event.pk, ref=entry.ref)
    assert body["record"][0]["hash"] == joined.hash
    assert body["record"][0]["at"] == joined.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# ── Other releases ──────────────────────────────────────────────────────────
def test_step_of_a_later_release_is_shown_as_such():
    future = LineEvent(kind="postponed", seq=1, at=now())
    happening = story.Happening("postponed", future, future.at, None, 1)

    (row,) = rows_of([future], zone=UTC, own_refs=[])
    step = step_of(happening, None, zone=UTC)

    assert row.title == step["title"] == "A step of a later version of this site"


def test_undoing_what_records_of_moved_offers_need_is_refused_with_a_reason():
    migration = import_module("waitlists.migrations.0037_offers_moved_kept")
    event, (booking,) = full_event(1)
    entry = join(event)
    cancel(booking)

    def undo():
        with connections["owner"].schema_editor() as editor:
            migration.refuse_where_offers_were_moved(apps, editor)

    undo()
    Promotion.objects.filter(pk=latest_offer(entry).pk).update(
        first_expires_at=F("expires_at"),
        expires_at=F("expires_at") + timedelta(minutes=1),
        moved_reason="late",
    )
    assert LineEvent.objects.filter(kind="extended").exists()
    with pytest.raises(CommandError, match="cannot be undone"):
        undo()
