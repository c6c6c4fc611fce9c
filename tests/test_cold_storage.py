"""Cold storage in a folder, and in a bucket over HTTP: what is written, lost, refused, held up."""

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connections

from bookings.models import ArchivedBooking
from evently.lifecycle import bucket, files
from evently.lifecycle.cold import discard
from evently.lifecycle.failures import ColdFileExists, ColdStorageUnreachable
from evently.lifecycle.models import ColdFile, ColdState
from evently.lifecycle.registry import rules
from evently.lifecycle.running import run as carry_out
from evently.lifecycle.storage import storage_of
from evently.lifecycle.tasks import work_through
from evently.tests.database import as_owner_at_once, url_of
from evently.tests.rows import event, insert, person
from evently.tests.s3 import forwarding, misbehaving, running_s3
from evently.tests.sql import run, value
from tests.test_lifecycle_moves import booked, do

pytestmark = pytest.mark.django_db
__all__ = ["booked"]


@pytest.fixture(scope="module")
def s3():
    with running_s3() as server:
        yield server


class Folder:
    def __init__(self, path):
        self.url, self.path = f"file://{path}", path

    def put(self, name, content):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def get(self, name):
        return (self.path / name).read_bytes()

    def delete(self, name):
        (self.path / name).unlink()

    def names(self):
        found = (path for path in self.path.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.path)) for path in found)


class Bucket:
    def __init__(self, s3):
        self.client, self.name = s3.client(), f"cold-{uuid4().hex}"
        self.client.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        self.url = s3.cold_url(self.name)

    def _at(self, name):
        return {"Bucket": self.name, "Key": f"some/folder/{name}"}

    def put(self, name, content):
        self.client.put_object(**self._at(name), Body=content)

    def get(self, name):
        return self.client.get_object(**self._at(name))["Body"].read()

    def delete(self, name):
        self.client.delete_object(**self._at(name))

    def names(self):
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", ())
        return sorted(each["Key"].removeprefix("some/folder/") for each in found)


def use(settings, url):
    settings.STORAGES = {**settings.STORAGES, "cold": storage_of(url, folder=Path("/nowhere"))}


@pytest.fixture(params=["folder", "bucket"])
def place(request, settings, tmp_path):
    """Cold storage in a new folder, or in a new bucket."""
    is_folder = request.param == "folder"
    made = Folder(tmp_path / "cold") if is_folder else Bucket(request.getfixturevalue("s3"))
    use(settings, made.url)
    return made


@pytest.fixture
def store(s3, settings):
    """Cold storage in a new bucket."""
    made = Bucket(s3)
    use(settings, made.url)
    return made


@pytest.fixture
def old(booked, clock):
    """Three archived bookings that are due for cold storage."""
    do("archive_bookings")
    clock.move(timedelta(days=30 + 3 * 365))


def one_more():
    """Insert another archived booking that is due."""
    return insert(
        "bookings_archive",
        user_id=person(),
        event_id=event(),
        quantity=1,
        total_amount=0,
        status="confirmed",
        booking_reference=uuid4().hex,
        ended_at=value("SELECT evently_clock() - interval '800 days'"),
    )


def begun(name):
    """Insert the row of a file that is being written."""
    file = ColdFile(
        name=name,
        table_name="bookings_archive",
        month=date(2024, 11, 1),
        delete_after=datetime(2031, 1, 1, tzinfo=UTC),
    )
    file.save(force_insert=True)
    return file


def move():
    """Carry out the rule about archived bookings; return its outcome."""
    (rule,) = (rule for rule in rules() if rule.name == "cold_bookings")
    return carry_out(rule)


# ── In either place ─────────────────────────────────────────────────────────
def test_rows_are_written_verified_restored_and_deleted(old, place, clock, capsys):
    kept = list(ArchivedBooking.objects.order_by("id").values())

    assert do("cold_bookings") == {"cold_bookings": 3}

    file = ColdFile.objects.get()
    assert place.names() == [file.name, f"{file.name}.json"]
    assert files.digest(place.get(file.name)) == file.sha256
    assert file.bytes == len(place.get(file.name))
    assert not ArchivedBooking.objects.exists()
    call_command("restore_archive", "--verify")
    assert "All 1 files" in capsys.readouterr().out
    call_command("restore_archive", "--table", "bookings_archive")
    assert list(ArchivedBooking.objects.order_by("id").values()) == kept
    clock.move(timedelta(days=30 + 3 * 365 + 31))
    assert do("cold_bookings") == {"cold_bookings": 3}
    clock.move(timedelta(days=60 + 8 * 365))
    assert do("cold_files") == {"cold_files": 3}
    assert place.names() == []


def test_place_can_be_tried_out(place, capsys):
    call_command("restore_archive", "--try")
    assert "Cold storage works" in capsys.readouterr().out
    assert place.names() == []


def test_nothing_is_written_over_or_under_another_name(place):
    storage = storages["cold"]
    assert storage.save("a/b", ContentFile(b"first")) == "a/b"
    with pytest.raises(FileExistsError):
        storage.save("a/b", ContentFile(b"second"))
    file = begun("a/b")

    with pytest.raises(ColdFileExists):
        files.write(file, b"second")
    discard(file, file_is_ours=False)

    assert place.names() == ["a/b"]
    assert place.get("a/b") == b"first"
    assert not ColdFile.objects.exists()


def test_damaged_and_missing_files_are_noticed_and_stop_nothing_else(old, place, clock, capsys):
    do("cold_bookings")
    call_command("restore_archive", "--table", "bookings_archive")
    file = ColdFile.objects.get()
    whole = place.get(file.name)
    more = one_more()
    for says, damage in {
        "another checksum": lambda: place.put(file.name, whole[:-9] + b"x" + whole[-8:]),
        "checksum than": lambda: place.put(file.name, whole[: len(whole) // 2]),
        "is missing": lambda: place.delete(file.name),
    }.items():
        place.put(file.name, whole)
        damage()
        with pytest.raises(CommandError, match="1 problem"):
            call_command("restore_archive", "--verify")
        assert says in capsys.readouterr().err
    place.put(file.name, whole[:-1])
    # The restored rows stay, as they are the only copy now; the other row leaves all the same.
    clock.move(timedelta(days=30 + 3 * 365 + 31))
    outcome = move()
    assert (outcome.error, outcome.rows) == ("cold_file_damaged", 1)
    assert file.name in outcome.reason
    assert ArchivedBooking.objects.count() == 3
    assert not ArchivedBooking.objects.filter(pk=more).exists()


def test_what_a_killed_run_left_is_removed_by_the_next_one(old, place, capsys):
    name = "bookings_archive/2024/2024-11-killed.jsonl.gz"
    begun(name)
    place.put(name, b"half of i")

    assert do("cold_bookings") == {"cold_bookings": 3}

    file = ColdFile.objects.get()
    assert place.names() == [file.name, f"{file.name}.json"]
    place.put("bookings_archive/stray", b"x")
    with pytest.raises(CommandError):
        call_command("restore_archive", "--verify")
    assert "bookings_archive/stray is not in the list" in capsys.readouterr().err


def test_nothing_is_written_to_a_place_without_the_newest_files(old, place, settings, tmp_path):
    do("cold_bookings")
    one_more()
    use(settings, f"file://{tmp_path}/not-mounted")

    outcome = move()

    assert outcome.error == "cold_storage_unreachable"
    assert ColdFile.objects.get().name in outcome.reason
    assert "Mount it, correct COLD_STORAGE_URL" in outcome.reason
    assert ArchivedBooking.objects.count() == 1
    assert not (tmp_path / "not-mounted").exists()
    use(settings, place.url)
    assert do("cold_bookings") == {"cold_bookings": 1}


def test_line_separators_in_a_text_end_no_row(old, place):
    # PostgreSQL writes them as they are; str.splitlines() would divide the row there.
    run("UPDATE bookings_archive SET booking_reference = %s || id", "a\u2028b\x85c")
    do("cold_bookings")
    assert len(files.read(ColdFile.objects.get())) == 3


def test_folder_that_cannot_be_used_is_told(old, settings, tmp_path):
    (tmp_path / "file").write_text("")
    use(settings, f"file://{tmp_path}/file")
    outcome = move()
    assert outcome.error == "cold_storage_unreachable"
    assert "Not a directory" in outcome.reason
    assert ArchivedBooking.objects.count() == 3
    with pytest.raises(CommandError, match="Not a directory"):
        call_command("restore_archive", "--try")


# ── A bucket that refuses ───────────────────────────────────────────────────
REFUSED = {
    "secret": ({"secret_key": "hunter2/wrong+"}, "the secret_key is wrong"),
    "key": ({"access_key": "AKIAUNKNOWN"}, "does not know the access_key"),
    "none": ({"access_key": "", "secret_key": ""}, "AWS_ACCESS_KEY_ID"),
    "bucket": ({}, "no such bucket"),
    "server": ({"endpoint_url": "http://127.0.0.1:1"}, "cannot be reached"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_says_what_to_do_and_stops_no_other_rule(
    case, old, s3, settings, monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    changes, says = REFUSED[case]
    use(settings, s3.cold_url(f"missing-{uuid4().hex}", **changes))
    insert(
        "booking_attempts",
        event_id=event(),
        result="failed",
        failure_reason="x",
        attempted_at=value("SELECT evently_clock() - interval '91 days'"),
    )

    with pytest.raises(CommandError, match="1 of"):
        call_command("lifecycle", "--only", "bookings_archive", "--only", "booking_attempts")
    with pytest.raises(CommandError, match=says) as tried:
        call_command("restore_archive", "--try")

    shown = capsys.readouterr()
    assert says in shown.out
    assert "s3://missing-" in shown.out
    for secret in ("hunter2", s3.secret_key, s3.access_key):
        assert secret not in shown.out + shown.err + str(tried.value)
    assert value("SELECT count(*) FROM booking_attempts") == 0
    assert ArchivedBooking.objects.count() == 3
    # The next night, all is well again.
    use(settings, Bucket(s3).url)
    assert do("cold_bookings") == {"cold_bookings": 3}
    assert list(ColdFile.objects.values_list("state", flat=True)) == [ColdState.STORED]


# ── A bucket that fails half way ────────────────────────────────────────────
def test_upload_that_ends_half_way_leaves_nothing(old, s3, store, settings):
    with misbehaving(forwarding(s3.url, cut=b"PUT ")) as broken:
        use(settings, s3.cold_url(store.name, url=broken.url))
        outcome = move()

    assert outcome.error == "cold_storage_unreachable"
    assert ArchivedBooking.objects.count() == 3
    (void,) = ColdFile.objects.values_list("state", "sha256")
    assert void == (ColdState.WRITING, "")
    use(settings, store.url)
    assert do("cold_bookings") == {"cold_bookings": 3}
    file = ColdFile.objects.get()
    assert store.names() == [file.name, f"{file.name}.json"]


def test_upload_whose_answer_is_lost_is_one_file_under_its_name(old, s3, store, settings):
    with misbehaving(forwarding(s3.url, lose=b"PUT ")) as broken:
        use(settings, s3.cold_url(store.name, url=broken.url))
        assert do("cold_bookings") == {"cold_bookings": 3}
        puts = [line for line in broken.requests if line.startswith(b"PUT ")]

    assert len(puts) == 3, "the first one was repeated"
    file = ColdFile.objects.get()
    assert store.names() == [file.name, f"{file.name}.json"]
    assert files.digest(store.get(file.name)) == file.sha256


def test_many_files_are_listed_page_by_page(store):
    for number in range(7):
        store.put(f"many/{number}", b"x")
    place = storages["cold"]
    place.page_size = 3
    assert place.listdir("") == (["many"], [])
    assert place.listdir("many") == ([], [str(number) for number in range(7)])
    assert place.listdir("nothing") == ([], [])


# ── A bucket that hangs ─────────────────────────────────────────────────────
@pytest.fixture
def committed_night(clock):
    """Make the partitions of these months again, which a night years ahead drops for good."""
    yield
    clock.reset()
    as_owner_at_once("SELECT evently_make_notification_partitions(3)")


@pytest.mark.usefixtures("committed_night")
@pytest.mark.django_db(transaction=True)
def test_store_that_hangs_holds_no_transaction_and_stops_no_other_rule(
    old, s3, settings, monkeypatch
):
    monkeypatch.setattr(bucket, "READ_SECONDS", 0.3)
    failed, asked_at = [], []
    release = threading.Event()

    def night():
        try:
            failed.extend(work_through("", until=lambda: False)[0])
        finally:
            connections.close_all()

    def hang(connection, state):
        asked_at.append(datetime.now(UTC))
        state.asked.set()
        release.wait(30)

    with misbehaving(hang) as hanging:
        use(settings, s3.cold_url("bucket", url=hanging.url))
        thread = threading.Thread(target=night)
        thread.start()
        assert hanging.asked.wait(60)
        # Under the login itself, which sees what its sessions do. Once the store is given up, other
        # rules begin transactions.
        with psycopg.connect(url_of(), autocommit=True) as watcher:
            open_ones = watcher.execute(
                "SELECT query FROM pg_stat_activity WHERE xact_start <= %s"
                " AND datname = current_database() AND pid <> pg_backend_pid()",
                asked_at[:1],
            ).fetchall()
        thread.join(60)
        release.set()

    assert open_ones == []
    assert set(failed) == {"cold_bookings", "cold_audit_log"}
    assert ArchivedBooking.objects.count() == 3
    assert not ColdFile.objects.exclude(state=ColdState.WRITING).exists()


def test_answer_that_never_ends_is_given_up(s3, settings, monkeypatch):
    monkeypatch.setattr(bucket, "ANSWER_SECONDS", 0.5)
    end = threading.Event()

    def trickle(connection, state):
        connection.recv(65536)
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X" * 1000:
            connection.sendall(bytes([byte]))
            if end.wait(0.1):
                return

    with misbehaving(trickle) as slow:
        use(settings, s3.cold_url("bucket", url=slow.url))
        with pytest.raises(ColdStorageUnreachable, match="does not answer in time"):
            storages["cold"].exists("file")
        end.set()
