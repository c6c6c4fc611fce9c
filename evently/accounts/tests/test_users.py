import threading
from uuid import uuid4

import pytest
from django.db import connection, transaction

from evently.accounts import operations
from evently.accounts.factories import (
    PASSWORD,
    OrganizerFactory,
    SuperuserFactory,
    UserFactory,
    issued_token,
)
from evently.accounts.models import User
from evently.accounts.operations.closing import close_account
from evently.accounts.queries import active_user, user_with_address, users_by_id
from evently.accounts.tests.requests import answered
from evently.person_names import NameInvalid

pytestmark = pytest.mark.django_db


# ── The model ───────────────────────────────────────────────────────────────
def test_with_keys_takes_one_query(django_assert_num_queries):
    UserFactory.create_batch(5)

    for many in (1, 5):
        with django_assert_num_queries(1):
            users = list(User.objects.with_keys().order_by("id")[:many])
            assert all(user.email and user.name for user in users)


def test_users_by_id_takes_one_query(django_assert_num_queries):
    users = UserFactory.create_batch(3)

    with django_assert_num_queries(1):
        found = users_by_id([user.pk for user in users])
        assert [found[user.pk].name for user in users] == [user.name for user in users]


def test_name_and_email_have_no_setter():
    user = UserFactory()

    with pytest.raises(AttributeError):
        user.email = "other@example.org"
    with pytest.raises(AttributeError):
        user.name = "Other"
    with pytest.raises(AttributeError):
        User(email="ana@example.org")


def test_repr_has_no_personal_data():
    user = UserFactory(name="Ana")

    assert repr(user) == f"<User {user.pk}>"
    assert str(user) == "Ana"


@pytest.mark.parametrize(
    ("factory", "is_staff", "is_organizer", "is_superuser"),
    [
        (UserFactory, False, False, False),
        (OrganizerFactory, True, True, False),
        (SuperuserFactory, True, True, True),
    ],
)
def test_roles(factory, is_staff, is_organizer, is_superuser):
    user = factory()

    assert (user.is_staff, user.is_organizer) == (is_staff, is_organizer)
    assert user.has_perm("accounts.view_user") is is_superuser
    assert user.has_perms(["accounts.view_user"]) is is_superuser
    assert user.has_module_perms("events") is is_staff
    user.is_active = False
    assert (user.is_staff, user.has_perm("x"), user.has_module_perms("x")) == (False,) * 3


# ── Profile ─────────────────────────────────────────────────────────────────
def test_change_profile():
    user = UserFactory(name="Ana")

    changed = operations.change_profile(
        user_id=user.pk, version=1, name=" Ana  Maria ", preferences={"mail": False}
    )

    assert (changed.name, changed.preferences, changed.version) == (
        "Ana Maria",
        {"mail": False},
        2,
    )
    stored = active_user(user.pk)
    assert (stored.name, stored.email, stored.version) == ("Ana Maria", user.email, 2)


def test_change_profile_changes_given_values_only():
    user = UserFactory(name="Ana", preferences={"mail": False})

    assert operations.change_profile(user_id=user.pk).version == 1
    assert operations.change_profile(user_id=user.pk, name="Bo").preferences == {"mail": False}
    assert operations.change_profile(user_id=user.pk, preferences={}).name == "Bo"
    changed = operations.change_profile(user_id=user.pk, timezone="Europe/Berlin")
    assert (changed.name, changed.timezone, changed.version) == ("Bo", "Europe/Berlin", 4)
    assert operations.change_profile(user_id=user.pk, name="Cy").timezone == "Europe/Berlin"
    assert operations.change_profile(user_id=user.pk, timezone="").timezone == ""


@pytest.mark.parametrize(
    "timezone", ["Europe/Atlantis", "europe/berlin", "Factory", "\x00", "../x"]
)
def test_change_profile_refuses_unknown_time_zones(timezone):
    with pytest.raises(operations.TimeZoneUnknown):
        operations.change_profile(user_id=UserFactory().pk, timezone=timezone)


def test_change_profile_refuses_an_old_version():
    user = UserFactory(name="Ana")
    operations.change_profile(user_id=user.pk, version=1, name="Bo")

    with pytest.raises(operations.EditedMeanwhile) as refusal:
        operations.change_profile(user_id=user.pk, version=1, name="Cy")

    assert refusal.value.details == {"version": 2}
    assert active_user(user.pk).name == "Bo"


@pytest.mark.parametrize("name", ["", "a\x00b", "x" * 256])
def test_change_profile_refuses_invalid_names(name):
    with pytest.raises(NameInvalid):
        operations.change_profile(user_id=UserFactory().pk, name=name)


@pytest.mark.parametrize(
    "preferences",
    [
        [],
        "x",
        {"a": "\x00"},
        {"\x00": 1},
        {"a": "\ud800"},
        {"a": "x" * 5000},
        {"a": {1, 2}},
        {"a": float("nan")},
    ],
)
def test_change_profile_refuses_invalid_preferences(preferences):
    with pytest.raises(operations.PreferencesInvalid):
        operations.change_profile(user_id=UserFactory().pk, preferences=preferences)


def test_unknown_and_deleted_users_cannot_be_changed():
    for user_id in (uuid4(), close(UserFactory()).pk):
        with pytest.raises(operations.UserNotFound):
            operations.change_profile(user_id=user_id, name="Ana")
        with pytest.raises(operations.UserNotFound):
            operations.end_other_sessions(user_id=user_id)


@pytest.mark.django_db(transaction=True)
def test_concurrent_change_profile_loses_no_change():
    user, barrier, lost = UserFactory(), threading.Barrier(4), []

    def work(number):
        try:
            barrier.wait()
            operations.change_profile(user_id=user.pk, version=1, preferences={"n": number})
        except operations.EditedMeanwhile:
            lost.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(lost) == 3
    assert User.objects.get().version == 2


# ── Roles ───────────────────────────────────────────────────────────────────
def test_make_and_withdraw_organizer():
    user = UserFactory()

    assert operations.make_organizer(user_id=user.pk).is_organizer
    assert active_user(user.pk).is_staff
    assert not operations.withdraw_organizer(user_id=user.pk).is_organizer
    assert not active_user(user.pk).is_staff


def test_the_last_superuser_cannot_be_removed():
    last = SuperuserFactory()
    SuperuserFactory(is_active=False)

    for refused in (
        lambda: operations.withdraw_organizer(user_id=last.pk),
        lambda: operations.set_active(user_id=last.pk, active=False),
        lambda: close(last),
    ):
        with pytest.raises(operations.LastSuperuser):
            refused()

    SuperuserFactory()
    assert not operations.withdraw_organizer(user_id=last.pk).is_superuser


# ── Closing an account ──────────────────────────────────────────────────────
def close(user):
    with transaction.atomic():
        close_account(user_id=user.pk)
    return user


def test_close_account_leaves_a_row_without_personal_data(origin):
    user = OrganizerFactory(
        email="ana@example.org", name="Ana", password=PASSWORD, preferences={"mail": False}
    )
    token = issued_token(user)

    close(user)

    closed = User.objects.with_keys().get(pk=user.pk)
    assert (closed.email, closed.name, closed.display_name) == ("", "", "Former attendee")
    assert (closed.role, closed.preferences, closed.email_digest) == ("user", {}, None)
    assert (closed.is_active, closed.has_usable_password()) == (False, False)
    assert closed.deleted_at is not None
    assert active_user(user.pk) is None
    assert user_with_address("ana@example.org") is None
    assert operations.authenticate_token(token.secret) is None
    with pytest.raises(operations.WrongCredentials):
        operations.authenticate_with_password(
            email="ana@example.org", password=PASSWORD, origin=origin
        )


def test_close_account_frees_the_email(origin, announced):
    user = UserFactory(email="ana@example.org")
    close(user)

    operations.register(email="ana@example.org", name="Ana", password=PASSWORD, origin=origin)

    assert user_with_address("ana@example.org") != user
    assert [name for name, _ in answered(announced)] == [
        "user_registered",
        "address_verification_requested",
    ]
