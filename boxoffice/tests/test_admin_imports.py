"""Imports in the admin: uploaded, shown, answered, imported, undone; each organizer's own."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from bookings.factories import BookingFactory
from boxoffice.lifecycle import operations, tasks
from evently.accounts.factories import OrganizerFactory, SuperuserFactory
from evently.database.clock import now
from events import tasks as event_tasks
from events.import_models import EventImport, EventImportRow, ImportState
from events.importing import operations as importing
from events.importing import queries
from events.importing.plan import Plan
from events.models import Event, PriceRule
from events.operations import edit_event, publish_event, save_price_rule
from waitlists.factories import WaitlistEntryFactory

pytestmark = pytest.mark.django_db

IMPORTS = "/admin/events/eventimport/"
HEADER = "Subject,Start Date,Start Time,Location,Topic\n"
FILE = HEADER + "Fair,2030-11-30,19:30,Ghent,Fun\nPast,2019-11-30,19:30,Ghent,Fun\n"
ANSWERS = {"timezone": "europe/berlin", "capacity": "40", "price": "12,50", "currency": "eur"}


def upload(client, content=FILE, name="events.csv", **answers):
    file = SimpleUploadedFile(name, content.encode())
    return client.post(f"{IMPORTS}add/", {"file": file, **ANSWERS, **answers})


def start(organizer, content=FILE):
    batch = importing.start_import(
        organizer_id=organizer.pk,
        file_name="events.csv",
        content=content.encode(),
        plan=Plan(now=now(), timezone="Europe/Berlin"),
    )
    importing.read_import(import_id=batch.pk)
    return batch


def imported(organizer, content=FILE):
    batch = start(organizer, content)
    importing.apply_import(import_id=batch.pk)
    event_tasks.apply_import(str(batch.pk))
    return batch


def page(client, batch, action="change/"):
    return client.get(f"{IMPORTS}{batch.pk}/{action}")


def rows(*names):
    return HEADER + "".join(f"{name},2030-11-30,19:30,Ghent,\n" for name in names)


def undo(client, batch):
    client.post(f"{IMPORTS}{batch.pk}/undo/", {"confirmed": "yes"})
    tasks.undo_import(str(batch.pk))
    batch.refresh_from_db()


def kept(batch):
    found = EventImportRow.objects.filter(batch=batch, state="kept").order_by("name")
    return list(found.values_list("name", "message"))


# ── From the file to the events ─────────────────────────────────────────────
def test_a_file_is_uploaded_shown_and_imported(admin, organizer):
    answer = upload(admin)
    batch = EventImport.objects.get()
    assert answer.url == f"{IMPORTS}{batch.pk}/change/"
    assert "Being read" in page(admin, batch).content.decode()

    event_tasks.read_import(str(batch.pk))
    shown = page(admin, batch).content.decode()
    assert "Import 1 event as drafts" in shown
    assert "Left out, not published: Topic." in shown
    assert "read as times in Europe/Berlin" in shown
    refused = page(admin, batch, "change/?show=refused").content.decode()
    assert "In the past" in refused
    assert "It started on 2019-11-30." in refused

    admin.post(f"{IMPORTS}{batch.pk}/apply/")
    assert "Being imported" in page(admin, batch).content.decode()
    event_tasks.apply_import(str(batch.pk))

    event = Event.objects.get()
    assert (event.created_by, event.timezone, str(event.base_price)) == (
        organizer,
        "Europe/Berlin",
        "12.50",
    )
    assert f"/admin/events/event/{event.pk}/overview/" in page(admin, batch).content.decode()


def test_what_a_file_leaves_open_is_asked(admin):
    upload(admin, HEADER + "Fair,05/06/2030,19:30,Ghent,\n", timezone="")
    batch = EventImport.objects.get()
    event_tasks.read_import(str(batch.pk))

    asked = page(admin, batch).content.decode()
    assert "Choose the one that they are in." in asked
    assert "05/06/2030 can be read" in asked

    admin.post(f"{IMPORTS}{batch.pk}/answers/", ANSWERS | {"day_order": "month_first"})
    event_tasks.read_import(str(batch.pk))
    assert "Mon 6 May 2030" in page(admin, batch).content.decode()


def test_further_columns_are_published_only_if_chosen(admin):
    upload(admin)
    batch = EventImport.objects.get()
    event_tasks.read_import(str(batch.pk))

    admin.post(f"{IMPORTS}{batch.pk}/answers/", ANSWERS | {"kept_columns": ["Topic"]})
    event_tasks.read_import(str(batch.pk))

    assert EventImportRow.objects.get(outcome="new").columns["description"] == "Topic: Fun"


@pytest.mark.parametrize(
    ("content", "answers", "message"),
    [
        ("PK\x03\x04", {}, "This is a spreadsheet or a zip file."),
        (FILE, {"timezone": "Mars/Crater"}, "Enter a time zone such as Europe/Berlin."),
        (FILE, {"currency": "XQZ"}, "ISO 4217"),
        (FILE, {"price": "1,000"}, "Do you mean"),
        (FILE, {"capacity": "0"}, "1,000,000 seats"),
    ],
)
def test_bad_uploads_say_what_to_do(admin, content, answers, message):
    answer = upload(admin, content, **answers)

    assert message in answer.content.decode()
    assert not EventImport.objects.exists()


def test_progress_is_a_fragment_and_ends_with_a_refresh(admin, organizer):
    batch = start(organizer)
    importing.apply_import(import_id=batch.pk)

    working = page(admin, batch, "progress/")
    assert "0 of 1 rows" in working.content.decode()
    assert "HX-Refresh" not in working
    event_tasks.apply_import(str(batch.pk))
    assert page(admin, batch, "progress/")["HX-Refresh"] == "true"


def test_the_report_has_each_row_and_no_formulas(admin, organizer):
    batch = start(organizer, rows("=1+1"))

    lines = page(admin, batch, "report/").getvalue().decode().splitlines()

    assert lines == ["Line,Subject,Result,Reason,What to do", "2,'=1+1,New,,"]


def test_an_import_is_discarded_with_its_file(admin, organizer):
    batch = start(organizer)

    admin.post(f"{IMPORTS}{batch.pk}/discard/", {"confirmed": "yes"})

    assert not EventImport.objects.exists()


# ── Whose imports ───────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "action", ["change/", "progress/", "answers/", "apply/", "discard/", "report/", "undo/"]
)
def test_imports_of_another_organizer_are_out_of_reach(admin, client, action):
    other = OrganizerFactory()
    batch = start(other)

    assert page(admin, batch, action).status_code == 404
    assert admin.post(f"{IMPORTS}{batch.pk}/{action}", {"confirmed": "yes"}).status_code == 404
    assert "events.csv" not in admin.get(IMPORTS).content.decode()
    batch.refresh_from_db()
    assert batch.state == ImportState.READY

    client.force_login(SuperuserFactory())
    assert "events.csv" in client.get(IMPORTS).content.decode()


# ── Undone ──────────────────────────────────────────────────────────────────
def test_an_import_is_undone_but_for_what_is_in_use(admin, organizer):
    names = ("Alone", "Awaited", "Booked", "Edited", "Published")
    batch = imported(organizer, rows(*names))
    events = {event.name: event for event in Event.objects.all()}
    publish_event(event_id=events["Published"].pk)
    publish_event(event_id=events["Booked"].pk)
    BookingFactory(event=events["Booked"])
    Event.objects.filter(pk=events["Awaited"].pk).update(total_capacity=1)
    publish_event(event_id=events["Awaited"].pk)
    BookingFactory(event=events["Awaited"])
    WaitlistEntryFactory(event=events["Awaited"])
    edit_event(event_id=events["Edited"].pk, version=None, venue="Bruges")

    undo(admin, batch)

    assert batch.state == ImportState.UNDONE
    assert sorted(Event.objects.values_list("name", flat=True)) == ["Awaited", "Booked", "Edited"]
    assert kept(batch) == [
        ("Awaited", "It has bookings. Cancel the event instead."),
        ("Booked", "It has bookings. Cancel the event instead."),
        ("Edited", "It was edited after the import."),
    ]
    assert "Kept 3" in page(admin, batch).content.decode()


def test_undoing_keeps_an_event_that_was_given_a_price_rule(admin, organizer):
    batch = imported(organizer, rows("Fair"))
    event = Event.objects.get()
    save_price_rule(event_id=event.pk, version=0, floor=10, ceiling=20)

    undo(admin, batch)

    assert kept(batch) == [("Fair", "A price rule was set up for it after the import.")]
    operations.delete_event(event_id=event.pk)
    assert not PriceRule.objects.exists()


def test_undoing_a_change_restores_what_was_before(admin, organizer):
    text = (
        "BEGIN:VCALENDAR\nX-WR-TIMEZONE:Europe/Berlin\nBEGIN:VEVENT\nUID:a\nSUMMARY:{}\n"
        "LOCATION:Hall\nDTSTART:20301130T190000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    imported(organizer, text.format("Fair"))
    second = imported(organizer, text.format("Winter Fair"))
    assert Event.objects.get().name == "Winter Fair"

    undo(admin, second)

    assert Event.objects.get().name == "Fair"


def test_undoing_goes_on_where_it_was_stopped(admin, organizer):
    batch = imported(organizer, rows("One", "Two", "Three"))
    operations.undo_import(import_id=batch.pk)

    assert not operations.continue_undoing(import_id=batch.pk, until=lambda: True)
    assert Event.objects.count() == 2
    EventImport.objects.update(updated_at=now() - 2 * queries.STALLED_AFTER)
    assert queries.stalled_imports(ImportState.UNDOING) == [batch.pk]
    tasks.undo_import(str(batch.pk))

    assert not Event.objects.exists()
    with pytest.raises(importing.ImportNotReady):
        operations.undo_import(import_id=batch.pk)
