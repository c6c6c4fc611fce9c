"""Users and integrators are told that emails wait, and what to do."""

import pytest
from django.urls import reverse

from evently.accounts.factories import UserFactory, issued_token
from evently.accounts.operations import email_allowance
from events.factories import EventFactory
from waitlists import operations as waitlists
from waitlists.tests.helpers import full_event, join

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    """Return a user who has had all emails of this hour."""
    user = UserFactory(email="ana@example.org", email_verified_at=None)
    for _ in range(4):
        email_allowance.spend(email_id=UserFactory().pk, address=user.email, urgent=False)
    return user


def test_every_page_says_that_emails_wait_and_offers_to_confirm(client, user):
    client.force_login(user)

    page = client.get(reverse("home")).content.decode()

    assert "Emails to ana@example.org are waiting" in page
    assert reverse("send_verification") in page


def test_page_says_nothing_to_others(client, user):
    for other in (UserFactory(), UserFactory(email_verified_at=None)):
        client.force_login(other)
        assert "are waiting" not in client.get(reverse("home")).content.decode()


def test_api_says_until_when_emails_wait(client, user):
    event = EventFactory()
    headers = {"Authorization": f"Bearer {issued_token(user).secret}"}
    body = {"event": str(event.pk), "quantity": 1}

    booked = client.post(
        reverse("api_bookings"), body, content_type="application/json", headers=headers
    )
    me = client.get(reverse("api_me"), headers=headers)

    assert booked.status_code == 201
    assert booked.headers["Evently-Emails-Wait-Until"] == me.json()["emails_wait_until"]
    assert me.json()["emails_wait_until"].endswith("Z")
    assert "Evently-Emails-Wait-Until" not in me.headers


def test_api_says_nothing_where_no_email_waits(client):
    headers = {"Authorization": f"Bearer {issued_token(UserFactory()).secret}"}
    body = {"event": str(EventFactory().pk), "quantity": 1}

    booked = client.post(
        reverse("api_bookings"), body, content_type="application/json", headers=headers
    )

    assert "Evently-Emails-Wait-Until" not in booked.headers
    assert client.get(reverse("api_me"), headers=headers).json()["emails_wait_until"] is None


def test_eleventh_join_within_an_hour_is_refused(still_time):
    event, _ = full_event()
    user = UserFactory()
    for _ in range(10):
        entry = join(event, user=user)
        waitlists.leave_waitlist(event_id=event.pk, entry_id=entry.pk)

    with pytest.raises(waitlists.RejoinedTooOften) as refusal:
        waitlists.join_waitlist(event_id=event.pk, user_id=user.pk, quantity=1)
    assert refusal.value.retry_after_seconds > 0


def test_refused_joins_do_not_count(still_time):
    event, _ = full_event()
    user = UserFactory()
    join(event, user=user)
    for _ in range(12):
        with pytest.raises(waitlists.AlreadyWaiting):
            waitlists.join_waitlist(event_id=event.pk, user_id=user.pk, quantity=1)
