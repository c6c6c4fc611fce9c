"""Addresses that get no emails: which kinds they still get, who is told, who releases them."""

import pytest
from django.urls import reverse

from evently.accounts.factories import SuperuserFactory, UserFactory
from evently.database.clock import now
from evently.tests.sql import run
from notifications.failures import failure_in_words
from notifications.kinds import KINDS, accounts
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.return_models import EmailReturn, Suppression
from notifications.returns import suppressing
from notifications.tests.delivering import deliver, delivery_of, reread
from notifications.tests.examples import example_of
from notifications.tests.returning import (
    COMPLAINED,
    DAY,
    DELIVERED,
    HARD,
    SOFT,
    returns,
    sent,
    soft_bounces,
)

pytestmark = pytest.mark.django_db


def password_reset(user):
    (id_,) = notify(messages=[accounts.password_reset(user)])
    return Notification.objects.get(pk=id_)


@pytest.mark.parametrize(
    ("verdict", "gets_what_is_asked_for", "words"),
    [
        (HARD, False, "it does not exist"),
        (COMPLAINED, True, "its owner reported an email as spam"),
    ],
)
def test_suppressed_address_gets_no_emails(mailoutbox, verdict, gets_what_is_asked_for, words):
    first = sent()
    returns(first, verdict)
    mailoutbox.clear()

    other = sent(user=first.user)
    deliver(password_reset(first.user))

    assert len(mailoutbox) == int(gets_what_is_asked_for)
    log = delivery_of(other)
    assert log.status == "failed"
    assert words in failure_in_words(log.error_message)
    # It is in the inbox.
    assert reread(other).status == "failed"


def test_another_address_of_the_account_gets_emails(mailoutbox):
    first = sent()
    returns(first, HARD)
    user = first.user
    user.save(update_fields=user.seal(user.key, email="new@example.org"))
    mailoutbox.clear()

    sent(user=user)

    assert [email.to for email in mailoutbox] == [["new@example.org"]]


def test_owner_is_told_in_the_app_only(mailoutbox):
    first = sent()
    returns(first, HARD)
    returns(sent(user=UserFactory()), DELIVERED)
    told = Notification.objects.get(type="address_unreachable")
    assert (told.user, told.channels) == (first.user, ["in_app"])
    mailoutbox.clear()
    deliver(told)
    assert not mailoutbox
    assert reread(told).status == "delivered"


def test_soft_bounces_suppress_after_five_over_a_week(clock):
    user = UserFactory()
    soft_bounces(user, *(day * DAY for day in (0, 2, 4, 8)), clock=clock)
    assert not Suppression.objects.exists()
    soft_bounces(user, 9 * DAY, clock=clock)
    assert Suppression.objects.get().reason == "soft_bounces"


def test_soft_bounces_within_days_suppress_nothing(clock):
    soft_bounces(UserFactory(), *(day * DAY for day in range(7)), clock=clock)
    assert not Suppression.objects.exists()


def test_delivery_in_between_begins_anew(clock):
    user = UserFactory()
    soft_bounces(user, *(day * DAY for day in (0, 3, 6)), clock=clock)
    returns(sent(user=user), DELIVERED)
    soft_bounces(user, *(day * DAY for day in (9, 12, 15, 18)), clock=clock)
    assert not Suppression.objects.exists()


def test_reports_about_one_email_count_once(clock):
    notification = sent()
    for number in range(6):
        clock.move(2 * number * DAY)
        returns(notification, SOFT, number=number)
    assert not Suppression.objects.exists()


def test_email_that_arrives_releases_an_address_after_soft_bounces(clock):
    user = UserFactory()
    soft_bounces(user, *(day * DAY for day in (0, 2, 4, 6, 8)), clock=clock)
    reset = password_reset(user)
    deliver(reset)
    returns(reset, DELIVERED)
    assert Suppression.objects.get().release == "delivered"


def test_account_page_says_so_and_releases(client):
    notification = sent(user=UserFactory(email_verified_at=None))
    returns(notification, HARD)
    client.force_login(notification.user)
    account = client.get(reverse("account")).content.decode()
    assert "This address gets no emails" in account
    # There is no link on its way that would confirm the address.
    assert "We sent a link to" not in account
    asked = client.post(reverse("send_verification"), follow=True).content.decode()
    assert "No email was sent, as emails to your address come back." in asked

    page = client.post(reverse("release_address"), follow=True).content.decode()

    assert "are sent again" in page
    assert "This address gets no emails" not in page
    row = Suppression.objects.get()
    assert (row.release, row.released_by) == ("person", notification.user)
    # Nothing to release, and too often: both are said.
    assert (
        "gets emails already"
        in client.post(reverse("release_address"), follow=True).content.decode()
    )
    returns(sent(user=notification.user), HARD)
    page = client.post(reverse("release_address"), follow=True).content.decode()
    assert "again already" in page
    assert Suppression.objects.filter(released_at=None).count() == 1


def test_account_page_says_nothing_of_other_accounts(client):
    """Who types in another person's address learns nothing about it."""
    notification = sent()
    returns(notification, COMPLAINED)
    other = UserFactory()
    client.force_login(other)
    assert "gets no emails" not in client.get(reverse("account")).content.decode()
    client.post(reverse("release_address"))
    assert Suppression.objects.filter(released_at=None).count() == 1


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_who_was_offered_a_ticket_is_told_of_their_address(client, is_confirmed):
    """The email was about another person's ticket; the address is that of an account."""
    friend = UserFactory(
        email="Grace@example.org", email_verified_at=now() if is_confirmed else None
    )
    offered = example_of("ticket_offered")
    deliver(offered)
    returns(offered, COMPLAINED, address="grace@example.org")

    assert Suppression.objects.get().user == (friend if is_confirmed else offered.user)
    told = Notification.objects.filter(type="address_unreachable").values_list("user_id", flat=True)
    assert list(told) == [friend.pk] * is_confirmed
    client.force_login(friend)
    page = client.get(reverse("account")).content.decode()
    assert ("reported an email" in page) is is_confirmed
    client.post(reverse("release_address"))
    assert Suppression.objects.filter(released_at=None).count() == (not is_confirmed)


def test_superuser_releases_in_the_admin(client):
    notification = sent()
    returns(notification, COMPLAINED)
    row = Suppression.objects.get()
    boss = SuperuserFactory()
    client.force_login(boss)
    shown = client.get("/admin/notifications/suppression/").content.decode()
    assert notification.user.email in shown
    found = client.get("/admin/notifications/suppression/", {"q": notification.user.email})
    assert notification.user.email in found.content.decode()
    assert client.get(f"/admin/notifications/suppression/{row.pk}/change/").status_code == 200

    url = reverse("admin:notifications_suppression_release_this", args=[row.pk])
    assert "spam" in client.get(url).content.decode()
    client.post(url, {"confirmed": "yes"})

    row.refresh_from_db()
    assert (row.release, row.released_by) == ("admin", boss)
    with pytest.raises(suppressing.NotSuppressed):
        suppressing.release(suppression_id=row.pk, by_id=boss.pk)


def test_email_in_the_admin_shows_what_was_reported(client):
    notification = sent()
    log = returns(notification, SOFT)
    client.force_login(SuperuserFactory())
    page = client.get(f"/admin/notifications/emaildelivery/{log.pk}/change/").content.decode()
    assert "The mailbox is full (5.2.2)" in page


def test_addresses_are_found_under_a_new_key(settings):
    notification = sent()
    returns(notification, COMPLAINED)
    old, settings.EVENTLY_DIGEST_KEY = settings.EVENTLY_DIGEST_KEY, "n" * 40
    settings.EVENTLY_DIGEST_KEY_FALLBACKS = [old]
    address = notification.user.email
    assert suppressing.open_of(notification.user)
    assert suppressing.redigest() == 1
    settings.EVENTLY_DIGEST_KEY_FALLBACKS = []
    assert [row.address_in_full for row in suppressing.open_of(notification.user)] == [address]


def test_returns_go_with_the_account():
    notification = sent()
    returns(notification, HARD)
    assert suppressing.forget_addresses(user_id=notification.user_id) == 2
    assert run("SELECT count(*) FROM suppressions") == [(0,)]
    assert not EmailReturn.objects.exists()


def test_what_a_person_asks_for_is_urgent_or_a_ticket():
    """Kinds that go even to addresses that have complained; each is an answer to its recipient."""
    assert {kind.name for kind in KINDS.values() if kind.on_request} == {
        "booking_confirm",
        "confirm_deletion",
        "data_export_ready",
        "email_change",
        "login_link",
        "password_reset",
        "verify_address",
    }
