from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.privacy.keys import destroy_key
from evently.privacy.models import PersonKey
from evently.privacy.rotation import rotate_keys

pytestmark = pytest.mark.django_db

NEW = {"new": b"n" * 32}


@pytest.fixture
def alone():
    """Let this process's other connection count as another program's."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET application_name = 'pytest'")
    yield
    connections["owner"].close()


def keys_of(user):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM keys.person_keys WHERE user_id = %s", [user.pk])
        return cursor.fetchone()[0]


def test_each_user_has_a_separate_key():
    ana, bo = UserFactory(), UserFactory()

    assert ana.key._key != bo.key._key
    assert keys_of(ana) == keys_of(bo) == 1


def test_the_key_is_stored_wrapped():
    user = UserFactory()

    stored = PersonKey.objects.get(pk=user.pk)
    assert user.key._key not in bytes(stored.wrapped_key)
    assert stored.wrapping_key_name == "dev"


def test_destroy_key_makes_personal_data_unreadable():
    user = UserFactory(email="ana@example.org", name="Ana")

    assert destroy_key(user_id=user.pk) is True
    assert destroy_key(user_id=user.pk) is False
    erased = User.objects.with_keys().get(pk=user.pk)
    assert erased.key is None
    assert (erased.email, erased.name, erased.display_name) == ("", "", "Former attendee")
    assert erased.sealed_email == user.sealed_email


def test_rotate_keys_rewraps_all_keys_in_batches(settings):
    users = UserFactory.create_batch(5)
    old = settings.EVENTLY_PII_KEYS
    settings.EVENTLY_PII_KEYS = NEW | old

    assert rotate_keys(batch=2).rewrapped == 5
    assert rotate_keys(batch=2).rewrapped == 0

    settings.EVENTLY_PII_KEYS = NEW
    for user in users:
        again = User.objects.with_keys().get(pk=user.pk)
        assert again.key.wrapping_key_name == "new"
        assert again.email == user.email


@pytest.mark.django_db(databases=["default", "owner"])
def test_rotate_keys_resumes_after_an_interruption(settings, alone):
    UserFactory.create_batch(3)
    settings.EVENTLY_PII_KEYS = NEW | settings.EVENTLY_PII_KEYS
    UserFactory()

    out = StringIO()
    call_command("rotate_pii_keys", batch=1, watch=0, stdout=out)

    said = out.getvalue()
    assert said.startswith("Rewrapped 3 keys. All keys are now wrapped with 'new'.\n")
    assert "In use: 'new', by 4 users' keys." in said
    assert "No longer in use: 'dev'. It can be removed from EVENTLY_PII_KEYS" in said
    assert set(PersonKey.objects.values_list("wrapping_key_name", flat=True)) == {"new"}


@pytest.mark.django_db(databases=["default", "owner"])
def test_rotate_keys_names_the_missing_key(settings, alone):
    UserFactory()
    settings.EVENTLY_PII_KEYS = NEW

    with pytest.raises(CommandError, match="lacks the key 'dev'"):
        call_command("rotate_pii_keys", watch=0)


def test_destroy_key_is_logged_without_the_key():
    user = UserFactory()

    destroy_key(user_id=user.pk)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT action, before ->> 'wrapped_key' FROM audit_log"
            " WHERE table_name = 'person_keys' AND row_id = %s AND action = 'delete'",
            [user.pk],
        )
        assert cursor.fetchall() == [("delete", "[redacted]")]
