"""The pages of a draw: before it closes, while its list is closed, when it is done, and void."""

import hashlib
import re
import shlex
import subprocess
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from evently.accounts.factories import UserFactory
from evently.formatting import moment
from evently.links import sign_link
from events.factories import EventFactory
from waitlists import drawing, operations
from waitlists.models import Draw, WaitlistEntry
from waitlists.tests.drawing_rows import NUMBERS, SECRET, announce, freeze, now, reveal, step
from waitlists.tests.waiting import join

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event():
    return EventFactory(total_capacity=1, timezone="Europe/Berlin")


def text_of(response):
    """Return a page as it is read, without markup."""
    assert response.status_code == 200, response.content.decode()[:2000]
    body = re.sub(r"<(script|style|svg).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def event_page(client, event):
    return text_of(client.get(reverse("event_detail", args=[event.pk])))


def entry_page(client, entry):
    client.force_login(entry.user)
    return client.get(reverse("waitlist_entry", args=[entry.pk]))


# ── Before it closes ────────────────────────────────────────────────────────
def test_event_page_says_until_when_the_draw_can_be_joined_and_when_it_is_due(client, event):
    draw = Draw.objects.get(pk=announce(event.pk))

    page = event_page(client, event)

    assert "Seats are drawn by lot" in page
    assert f"Join until {moment(draw.closes_at, event.zone)}." in page
    assert f"The result is due on {moment(draw.beacon_at, event.zone)}." in page
    assert "Lotto of Saturday" in page
    assert f"{drawing.commitment_of(SECRET)[:12]}…" in page
    assert "Join the draw" in page
    assert "Join the waitlist" not in page
    assert drawing.commitment_of(SECRET) in text_of(
        client.get(reverse("line_record", args=[event.pk]))
    )


def test_reader_in_another_time_zone_reads_both_times(client, event):
    draw = Draw.objects.get(pk=announce(event.pk))
    client.force_login(UserFactory(timezone="Pacific/Auckland"))

    page = event_page(client, event)

    assert moment(draw.closes_at, event.zone) in page
    assert "for you in Auckland" in page


def test_drand_is_linked_by_its_round(client, event):
    operations.announce_draw(event_id=event.pk, closes_at=now() + timedelta(hours=1))
    draw = Draw.objects.get()

    page = client.get(reverse("event_detail", args=[event.pk])).content.decode()

    assert f"drand quicknet, round {draw.beacon_round}" in page
    assert f"/public/{draw.beacon_round}" in page


def test_card_of_an_event_says_that_its_seats_are_drawn(client, event):
    announce(event.pk)
    assert "Seats are drawn: join until" in text_of(client.get(reverse("home")))


def test_join_page_names_the_draw_and_that_guests_must_confirm(client, event):
    announce(event.pk)
    url = reverse("join_waitlist", args=[event.pk])

    guest = text_of(client.get(url))
    client.force_login(UserFactory())
    user = text_of(client.get(url))

    for page in (guest, user):
        assert "Drawn by lot: join until" in page
        assert "There is one lot per mailbox" in page
    assert "Your place must be confirmed by then" in guest
    assert "Your place must be confirmed by then" not in user


def test_guest_reads_until_when_to_confirm(client, event):
    draw = Draw.objects.get(pk=announce(event.pk))
    response = client.post(
        reverse("join_waitlist", args=[event.pk]),
        {"quantity": 1, "name": "Ada", "email": "ada@example.org", "unit_price": "0"},
    )

    page = text_of(response)

    assert "Confirm before the draw closes" in page
    assert moment(draw.closes_at, event.zone) in page


def test_place_is_in_the_draw_once_it_is_confirmed(client, event):
    announce(event.pk)
    confirmed, guest = join(event), join(event, as_guest=True)

    assert "You are in the draw" in text_of(entry_page(client, confirmed))
    assert "You are in the draw" in event_page(client, event)
    page = text_of(entry_page(client, guest))
    assert "Confirm your place to take part in the draw" in page


def test_submitted_twice_joins_once(client, event):
    announce(event.pk)
    client.force_login(UserFactory())
    url = reverse("join_waitlist", args=[event.pk])
    key = re.search(r'name="idempotency_key"[^>]*value="([^"]+)"', client.get(url).content.decode())
    form = {"quantity": 1, "unit_price": "0", "idempotency_key": key[1]}

    first, again = client.post(url, form), client.post(url, form)

    assert first.url == again.url
    assert WaitlistEntry.objects.count() == 1


def test_stale_checkout_says_that_seats_are_drawn_and_links_to_joining(client, event):
    client.force_login(UserFactory())
    url = reverse("book", args=[event.pk])
    page = client.get(url).content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    announce(event.pk)

    response = client.post(url, {**fields, "quantity": 1})
    later = client.get(url)

    assert response.status_code == 409
    for answer in (response, later):
        body = answer.content.decode()
        assert "Seats are drawn: join until" in body
        assert f"{reverse('join_waitlist', args=[event.pk])}?quantity=1" in body
    assert "Book now" not in later.content.decode()


# ── While its list is closed ────────────────────────────────────────────────
def test_frozen_list_is_said_with_its_hash_and_who_has_a_lot(client, event, clock):
    draw_id = announce(event.pk)
    mine, late_guest = join(event), join(event, as_guest=True)
    freeze(draw_id, clock)
    late = join(event)
    draw = Draw.objects.get(pk=draw_id)

    page = event_page(client, event)

    assert "The list is closed, with 1 lot" in page
    assert f"{draw.list_hash[:12]}…" in page
    assert "Join the draw" not in page
    assert "yours is the only one" in text_of(entry_page(client, mine))
    for entry, why in (
        (late_guest, "Your place was not confirmed before"),
        (late, "You joined after the list was closed"),
    ):
        own = text_of(entry_page(client, entry))
        assert "You are not in the draw" in own
        assert why in own


def test_checkout_of_a_closed_draw_does_not_promise_a_lot(client, event, clock):
    freeze(announce(event.pk), clock)
    page = text_of(client.get(reverse("book", args=[event.pk])))
    assert "who joins now ranks behind" in page
    assert "Join the draw" not in page


def test_who_joins_late_is_told_to_rank_behind(client, event, clock):
    draw_id = announce(event.pk)
    freeze(draw_id, clock)

    page = text_of(client.get(reverse("join_waitlist", args=[event.pk])))

    assert "The list of the draw is closed" in page
    assert "rank behind everyone who is drawn" in page


def test_beacon_that_cannot_be_reached_is_said(client, event, clock):
    operations.announce_draw(event_id=event.pk, closes_at=now() + timedelta(hours=1))
    draw = Draw.objects.get()
    clock.stop(draw.closes_at)
    operations.freeze_draw(event_id=event.pk)
    clock.stop(draw.beacon_at + timedelta(minutes=2))
    step(draw.pk, unreachable_at=now())

    page = event_page(client, event)

    assert "could not be reached (last tried on" in page
    assert moment(draw.beacon_at + timedelta(minutes=2), event.zone) in page


def test_open_page_is_told_when_the_list_is_closed(client, event, clock):
    draw_id = announce(event.pk)
    url = reverse("event_seats", args=[event.pk])

    same = client.get(url, {"state": "draw-1-open"})
    freeze(draw_id, clock)
    changed = client.get(url, {"state": "draw-1-open"})

    assert "HX-Retarget" not in same.headers
    assert changed.headers["HX-Retarget"] == "#panel"
    assert "The list is closed" in changed.content.decode()


# ── Done ────────────────────────────────────────────────────────────────────
def drawn(event, clock, people=3):
    draw_id = announce(event.pk)
    entries = [join(event) for _ in range(people)]
    freeze(draw_id, clock)
    gone = entries.pop()
    operations.leave_waitlist(event_id=event.pk, entry_id=gone.pk)
    reveal(draw_id, clock)
    for entry in (*entries, gone):
        entry.refresh_from_db()
    return Draw.objects.get(pk=draw_id), entries, gone


def test_result_can_be_read_on_the_pages_of_event_and_record(client, event, clock):
    draw, _, _ = drawn(event, clock)

    page = event_page(client, event)
    record = text_of(client.get(reverse("line_record", args=[event.pk])))

    for text in (page, record):
        assert "The order has been drawn from 3 lots" in text
        assert draw.seed in text
        assert NUMBERS in text
    assert SECRET in record
    assert "/draw/list/" in client.get(reverse("event_detail", args=[event.pk])).content.decode()


def test_receipt_names_the_place_and_a_line_that_computes_it(client, event, clock):
    draw, entries, _ = drawn(event, clock)
    places = drawing.places(draw.seed, draw.refs)

    for entry in entries:
        response = entry_page(client, entry)
        page = text_of(response)
        assert f"Place {places[entry.ref]} of 3 in the draw" in page
        assert f"You were drawn at place {places[entry.ref]} of 3" in page
        assert "Check it yourself" in page
        command = response.context["own_lot"].command
        assert command in unescape(response.content.decode())

    # As typed in a terminal, with the list from a file instead of the network.
    listed = f"printf %s {shlex.quote(drawing.list_text(draw.refs))}"
    offline = re.sub(r"^curl \S+ \S+", listed.replace("\\", r"\\"), command)
    output = subprocess.run(
        ["bash", "-c", offline], capture_output=True, text=True, check=True
    ).stdout
    lot = hashlib.sha256((draw.seed + entry.ref).encode()).hexdigest()
    assert output.split(":")[0] == str(places[entry.ref])
    assert lot in output


def test_who_left_reads_which_place_their_lot_had(client, event, clock):
    draw, _, gone = drawn(event, clock)
    place = drawing.places(draw.seed, draw.refs)[gone.ref]

    page = text_of(entry_page(client, gone))

    assert f"Place {place} of 3 in the draw" in page
    assert "You left the waitlist before the draw" in page


def test_who_joined_late_reads_why_they_have_no_place(client, event, clock):
    draw_id = announce(event.pk)
    join(event)
    freeze(draw_id, clock)
    late = join(event)
    reveal(draw_id, clock)
    late.refresh_from_db()

    page = text_of(entry_page(client, late))

    assert "You had no lot in the draw" in page
    assert "You joined after the list was closed" in page
    assert late.position == 2


def test_receipt_positions_are_those_of_the_database(client, event, clock):
    _, entries, _ = drawn(event, clock, people=6)
    for entry in entries:
        steps = entry_page(client, entry).context["steps"]
        assert steps[0]["title"] == f"You are now at position {entry.position} on the waitlist"


def test_holder_of_an_emailed_link_reads_the_same(client, event, clock):
    _, entries, _ = drawn(event, clock)
    entry = entries[0]
    token = sign_link(
        purpose="entry",
        row_id=entry.pk,
        event_id=event.pk,
        version=entry.user.links_version,
    )
    page = text_of(client.get(reverse("entry_link", args=[token])))
    assert f"Place {entry.draw_place} of 3 in the draw" in page


def test_place_of_someone_else_is_not_shown(client, event, clock):
    _, entries, _ = drawn(event, clock)
    client.force_login(UserFactory())
    assert client.get(reverse("waitlist_entry", args=[entries[0].pk])).status_code == 404


# ── Void ────────────────────────────────────────────────────────────────────
def test_void_draw_is_said_with_its_reason_and_the_new_times(client, event, clock):
    draw_id = announce(event.pk)
    entry = join(event)
    freeze(draw_id, clock)
    clock.stop(now() + timedelta(hours=2))
    operations.end_overdue_draw(event_id=event.pk)
    again = Draw.objects.get(number=2)

    page = event_page(client, event)

    assert "Draw 1 is void: there was no result within an hour." in page
    assert "It is repeated as draw 2" in page
    assert f"Join until {moment(again.closes_at, event.zone)}" in page
    assert "The draw is void" in text_of(entry_page(client, entry))


def test_draw_that_was_called_off_leaves_the_order_of_joining(client, event):
    announce(event.pk)
    operations.call_off_draw(event_id=event.pk)

    page = event_page(client, event)

    assert "Draw 1 is void" in page
    assert "Reason: called off by the organizer." in page


def test_record_says_each_step_in_words(client, event, clock):
    drawn(event, clock)
    event.sales_end_at = now()
    event.save()

    response = client.get(reverse("line_record", args=[event.pk]))
    titles = [row.title for row in response.context["rows"]]

    assert "The order was drawn" in titles
    assert "The list of the draw was closed, with 3 lots" in titles
    assert "A draw was announced" in titles
    assert f"Random value {NUMBERS}." in text_of(response)


def test_how_the_waitlist_works_explains_the_draw(client):
    page = text_of(client.get(reverse("how_the_waitlist_works")))
    assert "What this does not prove" in page
