"""The privacy notice, the page for organizers, and what the command says."""

import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.lifecycle import tasks
from evently.lifecycle.models import ColdFile
from evently.lifecycle.registry import Period, Rule, rules
from evently.lifecycle.running import only_run, run
from evently.tests.rows import insert
from evently.tests.sql import as_at_commit, value
from evently.tests.sql import run as run_sql
from evently.tests.together import run_together
from notifications.checks import check_partitions
from notifications.operations import partitions

pytestmark = pytest.mark.django_db


def test_privacy_page_says_what_is_kept_and_how_long(client):
    page = re.sub(r"\s+", " ", client.get(reverse("privacy")).content.decode())

    assert "90 days after the attempt, deleted." in page
    assert "Changes of an event’s price" not in page
    assert "time zone and email settings: as long as you have the account" in re.sub(
        "<.*?>", "", page
    )
    assert "Backups of keys, from which a broken site is restored, are kept for 14 days" in page
    assert reverse("privacy") in client.get("/").content.decode()


def test_organizers_see_the_rules_and_superusers_cold_storage(client):
    columns = {"month": "2024-01-01", "name": "f", "delete_after": "2030-01-01"}
    insert("cold_files", table_name="audit_log", **columns)
    url = reverse("admin:lifecycle_coldfile_changelist")
    client.force_login(UserFactory())
    assert client.get(url).status_code == 302
    client.force_login(OrganizerFactory())
    page = client.get(url).content.decode()
    assert "Attempts to book" in page
    assert "Kept as long as" not in page
    client.force_login(UserFactory(role="admin", is_superuser=True))
    page = client.get(url).content.decode()
    assert "Kept as long as" in page


def test_dry_run_counts_and_changes_nothing(capsys):
    insert("message_keys", user_id=UserFactory().pk, key="a", notification_id=UserFactory().pk)
    run_sql("UPDATE message_keys SET created_at = now() - interval '500 days'")

    call_command("lifecycle", "--dry-run", "--only", "message_keys")

    assert re.search(r"message_keys +message_keys +1  deleted", capsys.readouterr().out)
    assert value("SELECT count(*) FROM message_keys") == 1
    call_command("lifecycle", "--only", "message_keys")
    assert re.search(r"message_keys +message_keys +1  deleted", capsys.readouterr().out)
    assert value("SELECT count(*) FROM message_keys") == 0


def test_command_names_the_tables_when_there_is_no_such_rule():
    with pytest.raises(CommandError, match="booking_attempts"):
        call_command("lifecycle", "--only", "bookngs")
    with pytest.raises(CommandError, match="--list"):
        call_command("restore_archive")
    with pytest.raises(CommandError, match="no such file"):
        call_command("restore_archive", "--table", "bookings_archive")
    with pytest.raises(CommandError, match="'2026-13' is no month: write it as 2026-11"):
        call_command("restore_archive", "--month", "2026-13")
    with pytest.raises(CommandError, match="'7' is no id of a file"):
        call_command("restore_archive", "--file", "7")


def test_command_says_what_becomes_of_tables_that_it_does_not_touch():
    with pytest.raises(CommandError, match="data_exports has a task of its own, which runs each"):
        call_command("lifecycle", "--only", "data_exports")
    with pytest.raises(CommandError, match=r"tickets, which is kept\. They go to the archive"):
        call_command("lifecycle", "--only", "tickets")


def failing():
    raise RuntimeError("the disk is full")
    yield 1


def a_rule(work):
    period = Period("now", days=1)
    return Rule("made_up", "x", "x", period, "deleted", "x", "x", due=lambda: 0, work=work)


def test_failure_of_one_rule_does_not_keep_others_from_running(monkeypatch):
    broken = a_rule(failing)
    monkeypatch.setattr(tasks, "rules", lambda: [broken, a_rule(lambda: iter([3]))])

    failed, rest = tasks.work_through("", until=lambda: False)

    assert (failed, rest) == (["made_up"], None)
    assert run(broken).error == "RuntimeError"


def test_night_goes_on_where_its_time_was_over():
    names = [rule.name for rule in rules()]
    looks = iter([False, True])

    failed, rest = tasks.work_through("", until=lambda: next(looks, True))

    assert failed == []
    assert rest == names[0]
    assert tasks.work_through(names[-1], until=lambda: False) == ([], None)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_runs_of_one_rule_do_not_meet():
    outcomes = []

    def work():
        outcomes.extend(run_together(lambda: run(a_rule(lambda: iter([1])))))
        yield 1

    first = run(a_rule(work))

    assert first.rows == 1
    assert [outcome.busy for outcome in outcomes] == [True]
    with only_run("made_up") as is_mine:
        assert is_mine


def test_old_partitions_are_dropped_and_others_stay(clock):
    before = {name for (name,) in run_sql(PARTITIONS)}
    insert("notifications", user_id=UserFactory().pk, type="notification", message="a")
    as_at_commit()
    clock.move(timedelta(days=364))
    assert partitions.rows_to_drop() == 0
    clock.move(timedelta(days=31 + 366))
    assert partitions.rows_to_drop() == 1

    assert sum(partitions.drop_old()) == 1

    gone = before - {name for (name,) in run_sql(PARTITIONS)}
    assert len(gone) >= 1
    assert "notifications_default" not in gone
    assert value("SELECT count(*) FROM notifications") == 0


PARTITIONS = """
    SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
    WHERE inhparent = 'notifications'::regclass
"""


def test_notifications_without_a_partition_are_reported():
    assert check_partitions(None, databases=["default"]) == []
    insert(
        "notifications",
        user_id=UserFactory().pk,
        type="notification",
        message="a",
        created_at="2001-01-01T00:00Z",
    )

    (warning,) = check_partitions(None, databases=["default"])

    assert warning.id == "evently.W003"
    assert not ColdFile.objects.exists()
