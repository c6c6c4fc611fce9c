"""The file of all data about a person: requested, made, told of, downloaded, deleted."""

import html
import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from boxoffice.lifecycle import operations as lifecycle
from evently.accounts import operations, tasks
from evently.accounts.factories import UserFactory
from evently.accounts.models import DataExport, DataExportPart
from evently.accounts.operations import answering, making_exports
from evently.api.tests.client import api
from evently.privacy.sealing import SealBroken
from evently.tests.sql import run
from evently.tests.together import run_together
from notifications.models import Notification
from notifications.tests.delivering import deliver_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return UserFactory(name="Ana <Lima>", email="ana@example.org", timezone="Europe/Lisbon")


def made(user):
    export = operations.request_export(user_id=user.pk)
    tasks.make_data_export(str(export.pk))
    export.refresh_from_db()
    return export


def unzipped(response):
    content = b"".join(response.streaming_content)
    assert int(response.headers["Content-Length"]) == len(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_file_has_all_data_for_programs_and_to_read(client, ana):
    booking = BookingFactory(user=ana, event__name="Jazz & <Blues>")
    client.force_login(ana)

    page = client.post(reverse("request_data_export"), follow=True).content.decode()
    assert "Your data is being prepared" in page
    tasks.make_data_exports()
    export = DataExport.objects.get()
    files = unzipped(client.get(reverse("download_data_export", args=[export.pk])))

    assert set(files) == {"my-data/README.txt", "my-data/index.html", "my-data/data.json"}
    data = json.loads(files["my-data/data.json"])
    assert data["person"]["email"] == "ana@example.org"
    assert [one["id"] for one in data["bookings"]] == [str(booking.pk)]
    html = files["my-data/index.html"]
    assert "Ana &lt;Lima&gt;" in html
    assert "Jazz &amp; &lt;Blues&gt;" in html
    assert booking.booking_reference in html
    # It is read from a file: nothing is loaded, and nothing runs.
    for word in ("<script", "src=", "@import", "url(", "{#", "{{", "{%"):
        assert word not in html
    assert "until" in client.get(reverse("account")).content.decode()


def test_its_owner_is_told_by_email_and_the_link_asks_to_log_in(client, ana, mailoutbox):
    export = made(ana)
    deliver_due()

    (message,) = mailoutbox
    assert message.to == ["ana@example.org"]
    link = reverse("data_export", args=[export.pk])
    assert link in message.body
    assert client.get(link).headers["Location"].startswith(reverse("log_in"))
    assert client.get(f"{link}file/").headers["Location"].startswith(reverse("log_in"))
    client.force_login(ana)
    assert f"{link}file/" in client.get(link).content.decode()
    (notification,) = Notification.objects.filter(user=ana, type="data_export_ready")
    assert "ready" in notification.message


def test_a_guest_gets_to_the_file_by_a_login_link(client, mailoutbox):
    guest = UserFactory(email="guest@example.org")
    page = reverse("data_export", args=[made(guest).pk])
    login = client.get(page).url
    by_link = re.search(r'href="(/log-in/link/[^"]+)"', client.get(login).content.decode())[1]

    client.post(html.unescape(by_link), {"email": guest.email})
    answering.answer_all()
    deliver_due()
    bodies = "\n".join(message.body for message in mailoutbox)
    link = re.search(r"https?://[^/]+(/account/enter/\S+)", bodies)[1]

    assert client.get(link).status_code == 200
    assert client.post(link).url == page
    assert "Your data is ready" in client.get(page).content.decode()


def test_a_session_that_was_left_open_is_asked_again(client, ana, settings):
    export = made(ana)
    client.force_login(ana)
    settings.RECENT_PROOF = timedelta(0) - timedelta(seconds=5)

    response = client.get(reverse("download_data_export", args=[export.pk]))

    assert not response.streaming
    assert "my-data" not in response.headers.get("Content-Disposition", "")


def test_others_find_nothing(client, ana):
    export = made(ana)
    other = UserFactory()
    client.force_login(other)
    for name in ("data_export", "download_data_export"):
        response = client.get(reverse(name, args=[export.pk]))
        assert response.status_code == 404
        assert "no longer available" in response.content.decode()
    for path in (f"{export.pk}/", f"{export.pk}/file/"):
        assert api(other).get(f"/api/v1/me/exports/{path}").status_code == 404


def test_the_api_requests_waits_and_downloads(ana):
    client = api(ana)

    response = client.post("/api/v1/me/export/")
    assert response.status_code == 202
    url = response.headers["Location"]
    assert response.json()["status"] == "requested"
    assert client.get(f"{url}file/").json()["code"] == "not_found"
    again = client.post("/api/v1/me/export/")
    assert again.json()["id"] == response.json()["id"]

    tasks.make_data_exports()

    assert client.get(url).json()["status"] == "ready"
    assert len(unzipped(client.get(f"{url}file/"))) == 3
    (listed,) = client.get("/api/v1/me/exports/").json()["results"]
    assert listed["id"] == response.json()["id"]
    # The same at once, as before.
    assert client.get("/api/v1/me/export/").json()["person"]["email"] == "ana@example.org"


def test_three_times_a_day_and_the_newest_file_stays(client, clock, ana):
    clock.stop()
    exports = [made(ana) for _ in range(operations.data_exports.MOST_PER_DAY)]
    assert list(DataExport.objects.filter(status="ready")) == [exports[-1]]
    client.force_login(ana)

    with pytest.raises(operations.TooManyExports):
        # Files that were replaced count, too.
        operations.request_export(user_id=ana.pk)
    page = client.post(reverse("request_data_export"), follow=True)
    assert "3 times a day" in page.content.decode()
    response = api(ana).post("/api/v1/me/export/")
    assert (response.status_code, response.json()["code"]) == (429, "too_many_exports")

    clock.move(timedelta(days=1, minutes=1))
    assert operations.request_export(user_id=ana.pk).is_open


def test_files_are_deleted_after_a_week(client, clock, ana):
    clock.stop()
    export = made(ana)
    client.force_login(ana)
    clock.move(timedelta(days=7, seconds=5))

    assert client.get(reverse("download_data_export", args=[export.pk])).status_code == 404
    assert "Your data is ready" not in client.get(reverse("account")).content.decode()

    tasks.delete_data_exports()

    assert not DataExport.objects.exists()
    assert not DataExportPart.objects.exists()


def test_the_stored_file_is_sealed_and_unreadable_once_the_person_is_erased(ana):
    export = made(ana)
    parts = list(DataExportPart.objects.values_list("sealed", flat=True))
    assert len(parts) == export.parts == 1
    assert bytes(parts[0])[:2] != b"PK"
    assert b"my-data" not in bytes(parts[0])
    key = ana.key

    lifecycle.erase_person(user_id=ana.pk, at_once=True)

    assert not DataExportPart.objects.filter(user=ana).exists()
    # A copy from elsewhere fits neither another export nor another place in it.
    with pytest.raises(SealBroken):
        key.open_part(f"export:{export.pk}:1", bytes(parts[0]))


def test_a_part_that_was_changed_is_not_sent(client, ana):
    export = made(ana)
    run("UPDATE data_export_parts SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)")
    client.force_login(ana)

    response = client.get(reverse("download_data_export", args=[export.pk]))

    with pytest.raises(SealBroken):
        b"".join(response.streaming_content)


def test_large_files_have_several_parts(client, ana, monkeypatch):
    monkeypatch.setattr("evently.accounts.export_file.PART_BYTES", 700)
    export = made(ana)
    assert export.parts > 2
    client.force_login(ana)

    files = unzipped(client.get(reverse("download_data_export", args=[export.pk])))

    assert json.loads(files["my-data/data.json"])["person"]["email"] == "ana@example.org"


def test_a_lost_task_is_made_up_for_and_a_running_one_left_alone(clock, ana):
    clock.stop()
    export = operations.request_export(user_id=ana.pk)
    # As left by a worker that was killed.
    DataExport.objects.update(started_at=export.requested_at, attempts=1)
    tasks.make_data_exports()
    assert DataExport.objects.get().is_open

    clock.move(making_exports.STALLED_AFTER + timedelta(minutes=1))
    tasks.make_data_exports()

    assert DataExport.objects.get().is_ready
    # Once more changes nothing, and sends nothing.
    tasks.make_data_export(str(export.pk))
    assert Notification.objects.filter(type="data_export_ready").count() == 1


def test_what_fails_again_and_again_is_given_up_and_can_be_requested_anew(client, clock, ana):
    clock.stop()
    export = operations.request_export(user_id=ana.pk)
    DataExport.objects.update(started_at=export.requested_at, attempts=making_exports.MOST_ATTEMPTS)
    clock.move(making_exports.STALLED_AFTER + timedelta(minutes=1))

    tasks.make_data_exports()

    client.force_login(ana)
    assert "could not be prepared" in client.get(reverse("account")).content.decode()
    assert operations.request_export(user_id=ana.pk).pk != export.pk


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_are_one(ana):
    first, second = run_together(
        lambda: operations.request_export(user_id=ana.pk).pk,
        lambda: operations.request_export(user_id=ana.pk).pk,
    )
    assert first == second
    assert DataExport.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_tasks_at_once_make_one_file(ana):
    export = operations.request_export(user_id=ana.pk)
    work = [lambda: making_exports.make_export(export_id=export.pk)] * 2
    run_together(*work)
    assert DataExport.objects.get().is_ready
    assert DataExportPart.objects.count() == 1
    assert Notification.objects.filter(type="data_export_ready").count() == 1
