"""A restored backup: it refuses to start, erases again by the register, and serves."""

from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.lifecycle import operations
from boxoffice.lifecycle.operations import replaying
from evently import preflight
from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from evently.accounts.models import User
from evently.erasure import operations as operations_of_register
from evently.erasure import restoring, tasks
from evently.erasure.models import Erasure, RegisterState
from evently.erasure.register import FileRegister, digest, the_register
from evently.erasure.signing import read_document, sign_line
from evently.origin import Origin
from evently.privacy.models import PersonKey
from events.factories import EventFactory

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.9", user_agent="Sextant")


@pytest.fixture(autouse=True)
def register(settings, tmp_path):
    settings.ERASURE_REGISTER = str(tmp_path / "erasures.jsonl")
    return FileRegister(tmp_path / "erasures.jsonl")


def entry_of(user_id, number=1, previous="", kind="erased"):
    """Return the line that the original's database made for an erasure after the backup."""
    return sign_line(
        {
            "number": number,
            "erasure": str(uuid4()),
            "account": str(user_id),
            "kind": kind,
            "erased_at": "2026-11-27T12:00:00+00:00",
            "previous": previous,
        }
    )


def register_all(register, *entries):
    """Write entries, as (user's id, kind), to the register: the database lacks them."""
    operations_of_register.adopt_register()
    previous = ""
    for number, (user_id, kind) in enumerate(entries, start=1):
        line = entry_of(user_id, number, previous, kind)
        register.write([(number, line)])
        previous = digest(line)


def replay(**options):
    out = StringIO()
    call_command("replay_erasures", stdout=out, stderr=out, **options)
    return out.getvalue()


def test_erasures_reach_the_register_after_the_commit_and_once(register):
    ana, ben = UserFactory(), UserFactory()
    for user in (ana, ben):
        operations.erase_person(user_id=user.pk, at_once=True)
    assert not register.exists()

    tasks.write_register()
    tasks.write_register()

    assert list(register.lines())[1:] == list(
        Erasure.objects.order_by("number").values_list("number", "line")
    )
    state = RegisterState.objects.get()
    assert (state.last_number, state.written_number, state.failing_since) == (2, 2, None)
    assert list(restoring.problems("x")) == []


def test_register_that_cannot_be_written_is_told_and_catches_up(register, settings, clock):
    clock.stop()
    settings.ERASURE_REGISTER = "http://127.0.0.1:1/register"
    operations.erase_person(user_id=UserFactory().pk, at_once=True)
    tasks.write_register()
    state = RegisterState.objects.get()
    assert (state.written_number, "ConnectionError" in state.problem) == (0, True)
    clock.move(timedelta(minutes=5))
    tasks.write_register()
    assert RegisterState.objects.get().failing_since == state.failing_since

    settings.ERASURE_REGISTER = str(register.path)
    tasks.write_register()

    state = RegisterState.objects.get()
    assert (state.written_number, state.problem, state.failing_since) == (1, "", None)


def test_truncated_register_is_noticed_and_written_again(register):
    for user in (UserFactory(), UserFactory()):
        operations.erase_person(user_id=user.pk, at_once=True)
    tasks.write_register()
    whole = register.path.read_text()
    register.path.write_text("".join(whole.splitlines(keepends=True)[:2]))
    assert [warning.id for warning in restoring.check_register(None, ["default"])] == [
        "evently.W011"
    ]

    tasks.check_register()

    assert register.path.read_text() == whole
    assert restoring.check_register(None, ["default"]) == []


def test_changed_register_is_noticed(register):
    operations.erase_person(user_id=UserFactory().pk, at_once=True)
    tasks.write_register()
    register.path.write_text(register.path.read_text().replace("erased", "forged"))

    tasks.check_register()

    assert "differs" in RegisterState.objects.get().problem
    (warning,) = restoring.check_register(None, ["default"])
    assert "another entry 1" in warning.msg
    with pytest.raises(CommandError, match="Nothing was erased"):
        replay()


def test_restored_database_refuses_to_start_until_people_are_erased_again(register):
    ana, stays = UserFactory(name="Wilhelmina Oss"), UserFactory()
    event = EventFactory(total_capacity=3)
    booking = bookings.book_seats(event_id=event.pk, user_id=ana.pk, quantity=2, origin=ORIGIN)
    register_all(register, (ana.pk, "erased"), (uuid4(), "erased"))
    (problem,) = preflight.problems()
    assert "restored from a backup" in problem
    assert "replay_erasures" in problem

    assert "1 person would be erased" in replay(dry_run=True)
    assert User.objects.get(pk=ana.pk).email
    assert "1 person erased again" in replay()

    ana = User.objects.with_keys().get(pk=ana.pk)
    assert (ana.name, ana.email, ana.is_active) == ("", "", False)
    assert Booking.objects.get(pk=booking.pk).is_cancelled
    assert User.objects.with_keys().get(pk=stays.pk).email
    assert preflight.problems() == []
    assert "0 people erased again" in replay()
    first, _ = Erasure.objects.order_by("number")
    assert (first.user_id, first.cause, first.number) == (ana.pk, "replay", 1)
    assert read_document(first.document)["cause"] == "replay"
    # The next erasure goes on where the register ends.
    operations.erase_person(user_id=stays.pk, at_once=True)
    tasks.write_register()
    assert [number for number, _ in register.lines()] == [0, 1, 2, 3]


def test_organizers_and_the_last_superuser_are_erased_again_too(register):
    """In the original they could be erased, after their events were over."""
    organizer, root = OrganizerFactory(), SuperuserFactory()
    event = EventFactory(created_by=organizer)
    register_all(register, (organizer.pk, "erased"), (root.pk, "erased"))

    assert "2 people erased again" in replay()

    event.refresh_from_db()
    assert event.created_by_id == organizer.pk
    assert PersonKey.objects.count() == 0


def test_deleted_rows_are_deleted_again(register):
    gone, organizer = UserFactory(), OrganizerFactory()
    BookingFactory(user=gone)
    EventFactory(created_by=organizer)
    register_all(register, (gone.pk, "deleted"), (organizer.pk, "deleted"))

    assert "2 people erased again" in replay()

    assert not User.objects.filter(pk=gone.pk).exists()
    assert User.objects.get(pk=organizer.pk).deleted_at, "the events keep the row"


def test_keys_from_an_older_backup_are_destroyed_again(register):
    ana = UserFactory()
    key = PersonKey.objects.get(user_id=ana.pk)
    operations.erase_person(user_id=ana.pk, at_once=True)
    tasks.write_register()
    key.save(force_insert=True)
    (problem,) = preflight.problems()
    assert "keys of 1 person" in problem

    assert "1 person erased again" in replay()

    assert (PersonKey.objects.filter(user_id=ana.pk).exists(), preflight.problems()) == (False, [])


def test_copy_without_its_register_refuses_to_start(register):
    RegisterState.objects.update(home="another server")
    (problem,) = preflight.problems()
    assert "there is no register of erasures" in problem
    with pytest.raises(CommandError, match="no register"):
        replay()
    assert "counts as the original" in replay(no_register=True)

    assert preflight.problems() == []
    assert register.exists()
    with pytest.raises(CommandError, match="There is a register"):
        replay(no_register=True)


def test_copy_that_cannot_reach_its_register_refuses_and_the_original_starts(settings):
    settings.ERASURE_REGISTER = "http://127.0.0.1:1/register"
    assert preflight.problems() == []
    RegisterState.objects.update(home="another server")
    (problem,) = preflight.problems()
    assert "cannot be read" in problem


def test_register_of_another_installation_erases_nobody(register):
    ana = UserFactory()
    operations.erase_person(user_id=UserFactory().pk, at_once=True)
    register_all(register, (ana.pk, "erased"))

    with pytest.raises(CommandError, match="another one than the database's"):
        replay()
    RegisterState.objects.update(header="another")
    with pytest.raises(CommandError, match="another installation"):
        replay()
    RegisterState.objects.update(home="another server")
    (problem,) = preflight.problems()
    assert "there is no register of erasures of the original" in problem

    assert User.objects.with_keys().get(pk=ana.pk).email


def test_replay_goes_on_where_it_stopped(register, monkeypatch):
    people = [UserFactory() for _ in range(5)]
    register_all(register, *((user.pk, "erased") for user in people))
    monkeypatch.setattr(replaying, "BATCH", 2)

    class Stopped(Exception):
        """As by Ctrl-C."""

    def stop(progress):
        raise Stopped

    with pytest.raises(Stopped):
        replaying.replay_erasures(the_register(), progress=stop)
    assert User.objects.filter(deleted_at__isnull=False).count() == 2
    assert len(preflight.problems()) == 1

    assert "3 people erased again" in replay()


def test_adopting_makes_the_register_and_remembers_the_database(register):
    restoring.adopt()
    assert register.exists()
    home = RegisterState.objects.get().home
    assert home
    assert home == restoring.home()
    register.path.unlink()
    restoring.adopt()
    assert not register.exists(), "only once: one that is lost must be noticed"
