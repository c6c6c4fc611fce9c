"""Several events at once: published, cancelled, moved; and a series of one."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from bookings.factories import BookingFactory
from boxoffice.tests.organizing import EVENTS
from evently.database.clock import now
from events.factories import EventFactory
from events.models import Event
from events.operations import edit_event, save_price_rule

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
# Two weeks before clocks go back.
AUTUMN = datetime(2030, 10, 17, 19, 0, tzinfo=BERLIN)


def make(organizer, **fields):
    return EventFactory(created_by=organizer, timezone="Europe/Berlin", **fields)


def select(client, action, events, **data):
    chosen = {"action": action, ACTION_CHECKBOX_NAME: [str(event.pk) for event in events]}
    return client.post(f"{EVENTS}?show=all", chosen | data)


def answer(client, page, value, **data):
    """Press a button of a page like a browser, which sends all that the page holds."""
    sent = {}
    for name, held in page.context["hidden"]:
        sent.setdefault(name, []).append(held)
    url = f"{page.request['PATH_INFO']}?{page.request['QUERY_STRING']}"
    return client.post(url, sent | data | {"answer": value}, follow=True)


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def values_of(page):
    return [button.value for button in page.context["buttons"]]


# ── Publishing and cancelling ───────────────────────────────────────────────
def test_drafts_are_published_and_others_refused_one_by_one(admin, organizer):
    draft = make(organizer, published_at=None)
    public = make(organizer)

    page = select(admin, "publish_selected", [draft, public])
    assert "It is already published." in page.content.decode()
    done = answer(admin, page, "go")

    draft.refresh_from_db()
    assert messages_of(done) == [
        "1 event is published.",
        f"{public.name}: This event is already published.",
    ]


def test_events_are_cancelled_with_one_reason(admin, organizer):
    events = [make(organizer), make(organizer)]
    BookingFactory(event=events[0])

    page = select(admin, "cancel_selected", events)
    assert "1 person" in page.content.decode()
    answer(admin, page, "go", reason="Flooded")

    assert list(Event.objects.values_list("status", "cancel_reason")) == [
        ("cancelled", "Flooded"),
        ("cancelled", "Flooded"),
    ]


def test_events_of_another_organizer_are_not_touched(admin):
    other = EventFactory(published_at=None)

    select(admin, "publish_selected", [other], answer="go")

    other.refresh_from_db()
    assert not other.is_published


def test_ids_that_are_none_are_refused(admin, organizer):
    make(organizer)
    chosen = {"action": "publish_selected", ACTION_CHECKBOX_NAME: ["nonsense"]}

    assert admin.post(EVENTS, chosen).status_code == 302


# ── Moving ──────────────────────────────────────────────────────────────────
def test_events_move_by_weeks_at_the_same_local_time(admin, organizer):
    event = make(organizer, event_date=AUTUMN, ends_at=AUTUMN + timedelta(hours=3))

    page = select(admin, "shift_selected", [event])
    assert values_of(page) == ["preview"]
    shown = answer(admin, page, "preview", number="2", unit="7")
    text = shown.content.decode()
    assert "Thu 17 Oct 2030, 19:00 CEST → Thu 31 Oct 2030, 19:00 CET" in text
    event.refresh_from_db()
    assert event.event_date == AUTUMN
    assert values_of(shown) == ["quietly"]

    done = answer(admin, shown, "quietly", number="2", unit="7")

    event.refresh_from_db()
    assert event.event_date == datetime(2030, 10, 31, 19, 0, tzinfo=BERLIN)
    assert event.ends_at == datetime(2030, 10, 31, 22, 0, tzinfo=BERLIN)
    assert messages_of(done) == ["1 event is moved."]


def test_moving_leaves_the_price_to_its_rule(admin, organizer):
    event = make(organizer, event_date=AUTUMN, priced=30)
    save_price_rule(event_id=event.pk, version=0, enabled=True, floor=20, ceiling=40)

    shown = answer(admin, select(admin, "shift_selected", [event]), "preview", number="1", unit="7")
    moved = answer(admin, shown, "quietly", number="1", unit="7")

    assert messages_of(moved) == ["1 event is moved."]
    event.refresh_from_db()
    assert event.price_moves


@pytest.mark.parametrize("choice", ["notify", "quietly"])
def test_attendees_are_notified_of_a_move_only_if_chosen(admin, organizer, choice):
    event = make(organizer, event_date=AUTUMN)
    BookingFactory(event=event)

    page = select(admin, "shift_selected", [event])
    shown = answer(admin, page, "preview", number="1", unit="1")
    assert values_of(shown) == ["notify", "quietly"]
    assert "1 person can be notified." in shown.content.decode()
    answer(admin, shown, choice, number="1", unit="1")

    event.refresh_from_db()
    assert event.last_change["notified"] is (choice == "notify")
    assert event.cancellable_until == event.event_date


def test_events_that_cannot_move_say_why_and_others_move(admin, organizer):
    near = make(organizer, event_date=now() + timedelta(days=3))
    far = make(organizer, event_date=AUTUMN)

    page = select(admin, "shift_selected", [near, far])
    shown = answer(admin, page, "preview", number="-1", unit="7")
    assert "The event must start in the future." in shown.content.decode()
    done = answer(admin, shown, "quietly", number="-1", unit="7")

    far.refresh_from_db()
    assert far.event_date == AUTUMN - timedelta(days=7)
    assert messages_of(done)[0] == "1 event is moved."


def test_an_event_edited_since_the_preview_is_refused(admin, organizer):
    event = make(organizer, event_date=AUTUMN)
    page = select(admin, "shift_selected", [event])
    shown = answer(admin, page, "preview", number="1", unit="7")
    edit_event(event_id=event.pk, version=None, name="Renamed")

    answer(admin, shown, "quietly", number="1", unit="7")

    event.refresh_from_db()
    assert event.event_date == AUTUMN


# ── A series ────────────────────────────────────────────────────────────────
def repeat(client, event, button="preview", **data):
    return client.post(f"{EVENTS}{event.pk}/repeat/", {"answer": button, "every": "1", **data})


def lines_of(page):
    return [(line.name, line.value, line.note) for line in page.context["lines"]]


def days_of(organizer, event):
    copies = Event.objects.filter(created_by=organizer).exclude(pk=event.pk)
    return [f"{copy.starts_locally:%d %b %H:%M}" for copy in copies.order_by("event_date")]


def test_a_weekly_series_keeps_the_local_time_and_becomes_drafts(admin, organizer):
    event = make(organizer, event_date=AUTUMN)
    data = {"repeats": "weekly", "until": "2030-11-01"}

    shown = repeat(admin, event, **data)
    assert [name for name, *_ in lines_of(shown)] == [
        "Thu 24 Oct 2030, 19:00 CEST",
        "Thu 31 Oct 2030, 19:00 CET",
    ]
    repeat(admin, event, "go", **data)
    repeat(admin, event, "go", **data)

    assert days_of(organizer, event) == ["24 Oct 19:00", "31 Oct 19:00"]
    assert not Event.objects.exclude(pk=event.pk).filter(published_at__isnull=False).exists()


def test_a_monthly_series_tells_which_dates_do_not_exist(admin, organizer):
    event = make(organizer, event_date=datetime(2030, 1, 31, 19, 0, tzinfo=BERLIN))

    by_day = repeat(admin, event, repeats="monthly_by_day", until="2030-03-31")
    by_weekday = repeat(admin, event, repeats="monthly_by_weekday", until="2030-05-31")

    assert lines_of(by_day) == [
        ("–", "left out", "February 2030 has no day 31."),
        ("Sun 31 Mar 2030, 19:00 CEST", "new draft", ""),
    ]
    assert [name for name, *_ in lines_of(by_weekday)] == [
        "–",
        "–",
        "–",
        "Thu 30 May 2030, 19:00 CEST",
    ]


def test_a_list_of_dates_tells_what_is_left_out(admin, organizer):
    event = make(organizer, event_date=AUTUMN)
    dates = "2030-10-17\n2020-01-01\n30.11.2030\n2030-11-30\n"

    shown = repeat(admin, event, repeats="dates", dates=dates)

    assert [note for _, _, note in lines_of(shown)] == [
        "The day of the event itself.",
        "In the past.",
        "",
        "Listed twice.",
    ]
    unclear = repeat(admin, event, repeats="dates", dates="05/06/2030")
    assert "is not a clear date" in unclear.content.decode()


def test_a_time_that_clocks_skip_is_told(admin, organizer):
    event = make(organizer, event_date=datetime(2030, 3, 24, 2, 30, tzinfo=BERLIN))

    shown = repeat(admin, event, repeats="dates", dates="2030-03-31")

    ((name, _, note),) = lines_of(shown)
    assert name == "Sun 31 Mar 2030, 03:30 CEST"
    assert note == "02:30 does not exist on this day, as clocks go forward."


def test_a_series_of_another_organizers_event_is_out_of_reach(admin):
    event = EventFactory()

    assert repeat(admin, event, "go", repeats="dates", dates="2030-11-30").status_code == 404
