"""The history in the admin: one line for each act, with what it changed in words."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking
from bookings.operations import Canceller, book_seats, cancel_booking
from boxoffice.lifecycle import tasks
from boxoffice.lifecycle.operations import cancel_event, continue_cancellation
from evently.accounts.factories import SuperuserFactory, UserFactory
from evently.audit import acts as reading
from evently.audit.acts import NEWEST, Wanted
from evently.audit.context import acting
from evently.audit.described import described, described_tables, task_in_words
from evently.audit.history import acts_page
from evently.audit.models import EARLIER, AuditLog
from evently.audit.queries import audited_tables
from evently.celery import app
from evently.database.ids import uuid7
from evently.origin import Origin
from evently.tests.database import as_owner
from evently.tests.rows import book, event, people
from evently.tests.sql import run
from events.models import Event
from events.operations import edit_event
from waitlists.operations import join_waitlist

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="127.0.0.1", user_agent="test")


@pytest.fixture
def olive():
    return UserFactory(name="Olive Organizer", role="admin")


@pytest.fixture
def held(olive):
    """Create an event of Olive's."""
    return Event.objects.get(pk=event(name="Concert", created_by_id=olive.pk, total_capacity=50))


def lines(event_id, **wanted):
    return acts_page(Wanted(event_id=event_id, **wanted))[0]


def cancel(held, by):
    with acting(actor=str(by.pk), via="admin", act=str(uuid7())):
        cancel_event(event_id=held.pk, reason="Rain")
    with acting(actor="boxoffice.lifecycle.tasks.continue_cancellation", via="task"):
        continue_cancellation(event_id=held.pk)


def test_cancelling_an_event_is_one_line(olive, held):
    for user_id in people(30):
        book(held.pk, user_id=user_id)
    cancel(held, olive)

    line = lines(held.pk)[0]
    assert (line.who, line.what, line.via) == (
        "Olive Organizer",
        "cancelled the event",
        "in the admin",
    )
    assert line.also == ["30 bookings cancelled", "30 tickets cancelled"]
    assert line.total == 61
    assert len(line.changes) == 1 + 2 * reading.SAMPLES
    assert not Booking.objects.exclude(status="cancelled").exists()


def test_a_cancellation_that_a_sweep_finishes_stays_one_line(olive, held):
    book(held.pk)
    with acting(actor=str(olive.pk), via="admin", act=str(uuid7())):
        cancel_event(event_id=held.pk)
    tasks.continue_event_cancellations.apply()

    assert lines(held.pk)[0].also == ["1 booking cancelled", "1 ticket cancelled"]


def test_offers_are_evently_s_with_their_cause(olive, held):
    zoe, bo = UserFactory(name="Zoe"), UserFactory(name="Bo Berg")
    booking = book_seats(event_id=held.pk, user_id=zoe.pk, quantity=9, origin=ORIGIN)
    run("UPDATE events SET total_capacity = 9 WHERE id = %s", held.pk)
    join_waitlist(event_id=held.pk, user_id=bo.pk, quantity=1)
    with acting(actor=str(olive.pk), via="admin", act=str(uuid7())):
        cancel_booking(event_id=held.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)

    offer, cancellation = lines(held.pk)[:2]
    reference = Booking.objects.get().booking_reference
    assert (cancellation.who, cancellation.what) == (
        "Olive Organizer",
        f"cancelled Zoe’s booking {reference}",
    )
    assert (offer.who, offer.what) == ("Evently", "offered seats to Bo Berg")
    assert offer.cause == f"Olive Organizer cancelled Zoe’s booking {reference}"
    assert offer.also == ["1 waitlist entry offered seats"]


def test_values_are_in_words(olive, held):
    with acting(actor=str(olive.pk), via="api", act=str(uuid7())):
        edit_event(
            event_id=held.pk,
            version=held.version,
            name="Other",
            base_price="12.5",
            timezone="Europe/Berlin",
        )
    line = lines(held.pk)[0]

    assert (line.what, line.via, line.is_single) == ("changed the event", "through the API", True)
    assert ("base price", "€0.00", "€12.50") in line.changes[0].values
    assert ("name", "Concert", "Other") in line.changes[0].values
    assert ("time zone", "UTC", "Europe/Berlin") in line.changes[0].values


def test_forged_changes_say_who_could_have_made_them(olive):
    run(f"SET LOCAL evently.actor = '{olive.pk}'")
    forged = event(name="Forged", created_by_id=olive.pk)
    role = connection.settings_dict["USER"]

    line = lines(forged)[0]
    assert line.who == (f"Unsigned: by the database role {role} (claims to be Olive Organizer)")
    assert (line.is_signed, line.actor) == (False, "")


def test_pages_follow_each_other(held):
    for number in range(30):
        with acting(actor="x", act=str(uuid7())):
            edit_event(
                event_id=held.pk,
                version=Event.objects.get(pk=held.pk).version,
                name=f"Name {number}",
            )
    first, further = acts_page(Wanted(event_id=held.pk))
    second, end = acts_page(Wanted(event_id=held.pk), before=further)

    shown = [line.changes[0].values[0][2] for line in first + second]
    assert shown[:30] == [f"Name {number}" for number in reversed(range(30))]
    assert (len(first), end) == (25, None)


def test_filters(olive, held):
    user = UserFactory()
    book_seats(event_id=held.pk, user_id=user.pk, quantity=1, origin=ORIGIN)
    with acting(actor=str(olive.pk), via="admin", act=str(uuid7())):
        edit_event(event_id=held.pk, version=held.version, name="Later")
    (act,) = [line for line in lines(held.pk) if line.who == "Olive Organizer"]
    at = AuditLog.objects.get(act=act.id).at

    assert [line.id for line in lines(held.pk, actor=str(olive.pk))] == [act.id]
    assert next(line.what for line in lines(held.pk, tables=("bookings",))).startswith("made")
    assert lines(held.pk, until=at.replace(year=2020)) == []
    assert lines(held.pk, since=at.replace(year=at.year + 1)) == []


def test_page_and_its_filters(admin, organizer):
    held = event(name="Concert", created_by_id=organizer.pk)
    url = f"/admin/events/event/{held}/trail/"
    with acting(actor=str(organizer.pk), via="admin", act=str(uuid7())):
        edit_event(event_id=held, version=1, name="Opera", venue="Hall")
    act = lines(held)[0].id

    page = admin.get(url).content.decode()
    assert "Olive Organizer" in page
    assert "Opera" in page
    assert "<option >Waitlist</option>" in page

    def shown(**query):
        return admin.get(url, query).context["acts"]

    assert len(shown(kind="Event", person=str(organizer.pk))) == 1
    assert shown(kind="Offers") == []
    assert shown(since="2020-01-01", until="2020-01-02") == []
    assert len(shown(since="nonsense")) == len(shown())
    assert admin.get(url, {"act": "nonsense"}).status_code == 404
    (change,) = admin.get(url, {"act": act}).context["changes"]
    assert change.who == "Olive Organizer"


def test_all_changes_of_an_act_are_paged(admin, organizer):
    held = event(name="Concert", created_by_id=organizer.pk, total_capacity=100)
    for user_id in people(60):
        book(held, user_id=user_id)
    cancel(Event.objects.get(pk=held), organizer)
    url = f"/admin/events/event/{held}/trail/"
    act = lines(held)[0].id

    page, count = admin.get(url, {"act": act}), 0
    while True:
        count += len(page.context["changes"])
        if not page.context["further"]:
            break
        page = admin.get(url + page.context["further"])
    assert count == 121


@pytest.mark.django_db(transaction=True)
def test_earlier_changes_are_one_line(olive, client):
    """Rows from before acts were recorded have the column's default."""
    held = event(name="Concert", created_by_id=olive.pk)
    with as_owner() as owner:
        owner.execute(
            "INSERT INTO audit_log"
            " (table_name, row_id, event_id, organizer_id, action, after, actor, via)"
            " SELECT 'events', %(event)s, %(event)s, %(organizer)s, 'update',"
            " '{\"name\": \"Older\"}', 'x', 'sql' FROM generate_series(1, 60)",
            {"event": held, "organizer": olive.pk},
        )
    client.force_login(olive)
    url = f"/admin/events/event/{held}/trail/"

    line = client.get(url).context["acts"][-1]
    assert (line.id, line.who) == (EARLIER, "Earlier changes")
    page = client.get(url, {"act": EARLIER})
    assert page.context["changes"][0].what == "changed the event"
    assert len(client.get(url + page.context["further"]).context["changes"]) == 10


def test_superuser_sees_the_acts_of_all_events(client, olive, held):
    client.force_login(SuperuserFactory())
    with acting(actor=str(olive.pk), via="admin", act=str(uuid7())):
        edit_event(event_id=held.pk, version=held.version, name="Opera")

    page = client.get("/admin/audit/auditlog/")

    act = page.context["acts"][0]
    assert (act.who, act.what, act.event) == ("Olive Organizer", "changed “Opera”", "Opera")
    assert client.get("/admin/audit/auditlog/", {"kind": "Users"}).status_code == 200


def test_history_takes_a_fixed_number_of_queries(olive, held):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            lines(held.pk)
        return len(captured)

    for user_id in people(2):
        book(held.pk, user_id=user_id)
    few = queries()
    for _ in range(10):
        with acting(actor=str(UserFactory().pk), act=str(uuid7())):
            book_seats(event_id=held.pk, user_id=UserFactory().pk, quantity=1, origin=ORIGIN)
    cancel(held, olive)

    assert queries() <= few + 2


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(event_id=uuid7()),
        Wanted(event_id=uuid7(), actor="x"),
        Wanted(),
        Wanted(actor="x"),
    ],
)
def test_a_page_of_acts_jumps_in_an_index(wanted):
    where, _parameters = wanted.conditions()
    run("SET LOCAL enable_seqscan = off")
    plan = "\n".join(
        line
        for (line,) in run(
            "EXPLAIN SELECT act FROM audit_log WHERE "
            + where.replace("%(event_id)s", f"'{wanted.event_id}'").replace("%(actor)s", "'x'")
            + f" AND act < '{NEWEST}' ORDER BY act DESC LIMIT 1"
        )
    )
    # Which index is the cheapest, and whether its few rows are sorted, differs with the statistics.
    assert "Seq Scan" not in plan
    assert re.search(r"Index (Only )?Scan", plan)
    assert "act <" in plan


def test_all_audited_tables_and_tasks_have_words():
    assert set(audited_tables()) <= set(described_tables())
    ours = [name for name in app.tasks if not name.startswith("celery.")]
    app.loader.import_default_modules()
    assert [name for name in ours if "_" in task_in_words(name)] == []
    assert task_in_words("app.tasks.do_this") == "do this"
    assert described("unheard_of").noun == "row of unheard of"
