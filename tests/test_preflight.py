"""Settings that do not fit the database prevent the start."""

import os
import subprocess
import sys
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from boxoffice.demo import people
from evently import demo_logins, preflight
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.environment import BASE_DIR
from evently.privacy.rotation import rotate_keys
from evently.tests.database import url_of
from evently.tests.running import production

pytestmark = pytest.mark.django_db


def output_of(name):
    output = StringIO()
    call_command(name, stdout=output)
    return output.getvalue()


@pytest.fixture
def demo_accounts():
    return people.make_people()[:2]


def test_database_that_fits_has_no_problems():
    UserFactory.create_batch(2)
    assert preflight.problems() == []


def test_missing_wrapping_key_is_named(settings):
    UserFactory.create_batch(2)
    (name,) = settings.EVENTLY_PII_KEYS
    settings.EVENTLY_PII_KEYS = {"2030": b"2" * 32}

    (problem,) = preflight.problems()

    assert f"EVENTLY_PII_KEYS lacks the key '{name}'" in problem


def test_rotation_of_wrapping_keys_is_no_problem(settings):
    UserFactory.create_batch(3)
    settings.EVENTLY_PII_KEYS = {"2030": b"2" * 32} | settings.EVENTLY_PII_KEYS
    UserFactory()
    assert preflight.problems() == []

    rotate_keys()
    settings.EVENTLY_PII_KEYS = {"2030": b"2" * 32}
    assert preflight.problems() == []


def test_changed_wrapping_key_is_named(settings):
    UserFactory()
    (name,) = settings.EVENTLY_PII_KEYS
    settings.EVENTLY_PII_KEYS = {name: b"2" * 32}

    (problem,) = preflight.problems()

    assert f"The key '{name}' in EVENTLY_PII_KEYS is not the key" in problem


def test_query_count_does_not_depend_on_the_number_of_users(django_assert_num_queries):
    UserFactory()
    with django_assert_num_queries(11):
        preflight.problems()
    UserFactory.create_batch(5)
    with django_assert_num_queries(11):
        preflight.problems()


def test_changed_digest_key_is_a_problem_until_addresses_are_digested_again(settings):
    users = UserFactory.create_batch(3)
    settings.EVENTLY_DIGEST_KEY = "another"

    (problem,) = preflight.problems()
    assert "EVENTLY_DIGEST_KEY is not the key" in problem
    assert "manage.py redigest_addresses" in problem

    assert "3 users are now looked up" in output_of("redigest_addresses")
    assert preflight.problems() == []
    assert [User.objects.with_address(user.email).get() for user in users] == users
    assert "0 users are now looked up" in output_of("redigest_addresses")


def test_redigesting_leaves_an_account_that_has_a_newer_duplicate(settings):
    older = UserFactory(email="ana@example.org")
    settings.EVENTLY_DIGEST_KEY = "another"
    newer = UserFactory(email="ana@example.org")

    assert f"{older.pk} is unchanged" in output_of("redigest_addresses")

    assert User.objects.with_address("ana@example.org").get() == newer


def test_demo_logins_are_a_problem_outside_development_until_deactivated(settings, demo_accounts):
    settings.DEBUG = True
    assert preflight.problems() == []
    settings.DEBUG = False

    (problem,) = preflight.problems()
    assert f"{demo_logins.ORGANIZER} and {demo_logins.ATTENDEE} can log in" in problem
    assert "manage.py close_demo" in problem

    assert (
        output_of("close_demo")
        == f"Deactivated: {demo_logins.ORGANIZER}, {demo_logins.ATTENDEE}.\n"
    )
    assert preflight.problems() == []
    assert authenticate(username=demo_logins.ORGANIZER, password=demo_logins.PASSWORD) is None
    organizer = User.objects.get(pk=demo_accounts[0].pk)
    assert (organizer.is_active, organizer.is_superuser, organizer.is_staff) == (False,) * 3
    assert output_of("close_demo") == "No demo login was active.\n"


def test_demo_user_with_another_password_is_no_problem(settings, demo_accounts):
    for user in demo_accounts:
        user.set_password("something else entirely")
        user.save(update_fields=["password"])
    assert preflight.problems() == []


def test_check_reports_problems_when_it_includes_the_database(settings, demo_accounts):
    call_command("check")
    with pytest.raises(SystemCheckError, match="a public password"):
        call_command("check", databases=["default"])


def load_application(**more):
    """Import the WSGI application in a new process, with production settings."""
    return subprocess.run(
        [sys.executable, "-c", "import evently.wsgi"],
        cwd=BASE_DIR,
        env=os.environ
        | production()
        | {"DATABASE_URL": url_of(), "DATABASE_POOL_MAX_SIZE": "2"}
        | more,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.django_db(transaction=True)
def test_application_does_not_load_on_a_database_with_active_demo_logins():
    people.make_people()

    refused = load_application()
    # Gunicorn's code for an application that does not load.
    assert refused.returncode == 4
    assert "\nThis database comes from development" in f"\n{refused.stderr}"
    assert "Traceback" not in refused.stderr

    output_of("close_demo")
    assert load_application().returncode == 0


@pytest.mark.django_db(transaction=True)
def test_application_loads_while_the_database_is_down_or_empty():
    down = load_application(DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing")
    assert down.returncode == 0, down.stderr
    assert "settings_not_compared_with_database" in down.stdout + down.stderr

    empty = load_application(DATABASE_URL=url_of().rpartition("/")[0] + "/postgres")
    assert empty.returncode == 0, empty.stderr
