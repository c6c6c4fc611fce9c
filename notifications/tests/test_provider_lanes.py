"""Lanes with several providers: an urgent email never waits for bulk mail; and what is shown."""

from threading import Event

import pytest

from bookings.factories import BookingFactory
from evently.accounts.factories import OrganizerFactory, SuperuserFactory
from evently.tests.running import PATIENCE_SECONDS, wait_for
from notifications import gauges
from notifications.emails.message import message_id_of
from notifications.factories import NotificationFactory
from notifications.kinds.bookings import booking_confirmed
from notifications.models import EmailDelivery, Notification
from notifications.operations.creating import notify
from notifications.providers import health
from notifications.tests.delivering import delivery_of
from notifications.tests.mailserver import mail_server
from notifications.tests.service import email_service

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

EMAILS = "/admin/notifications/emaildelivery/"


@pytest.fixture
def mail():
    with mail_server() as running:
        yield running


def sent(**conditions):
    return EmailDelivery.objects.filter(status="sent", **conditions).count()


def urgent():
    return NotificationFactory(type="login_link", channels=["email"])


def test_offers_and_tickets_are_sent_while_bulk_mail_has_used_up_its_part(
    chain, mail, label, running_lanes
):
    (name,) = chain(f"{label}=smtp://127.0.0.1:{mail.port}?per_day=40")
    bulk = NotificationFactory.create_batch(40)
    running_lanes(number=2)
    assert wait_for(lambda: sent() == 36)

    notify(messages=[booking_confirmed(BookingFactory(quantity=1))])
    first = urgent()
    assert wait_for(lambda: sent() == 38)

    assert delivery_of(first).status == "sent"
    waiting = set(Notification.objects.filter(status="pending"))
    assert (len(waiting), waiting <= set(bulk)) == (4, True)
    # No attempt was counted for those that wait.
    assert set(EmailDelivery.objects.values_list("send_attempts", "provider")) == {(1, name)}
    assert EmailDelivery.objects.count() == 38


def test_urgent_email_waits_for_no_other_while_one_provider_hangs_and_the_next_is_slow(
    chain, mail, deaf, label, running_lanes, settings, monkeypatch
):
    settings.EMAIL_TIMEOUT = 1
    monkeypatch.setattr("notifications.emails.smtp.ANSWER_TIMEOUT_SECONDS", PATIENCE_SECONDS)
    chain(f"{label}=smtp://127.0.0.1:{deaf},slow=smtp://127.0.0.1:{mail.port}")
    # More than one lane takes.
    stuck = NotificationFactory.create_batch(25)
    released = Event()
    mail.after_data = lambda: released.wait(PATIENCE_SECONDS)
    lanes = running_lanes(number=2)
    # Both lanes that send bulk mail wait for the slow one.
    assert wait_for(lambda: len(mail.emails) == 2)
    assert not lanes.chain.links[0].breaker.is_up

    first = urgent()
    try:
        assert wait_for(lambda: len(mail.emails) == 3)
        assert mail.emails[-1]["Message-ID"] == message_id_of(first.pk)
    finally:
        released.set()
    assert wait_for(lambda: sent() == 26)
    assert mail.counts == {message_id_of(each.pk): 1 for each in [first, *stuck]}
    assert sent(provider="smtp:slow", send_attempts=1) == 26


def test_what_becomes_of_providers_is_shown_to_superusers(
    chain, mail, label, running_lanes, client
):
    with email_service() as service:
        names = chain(
            f"{label}=smtp://127.0.0.1:{mail.port}?per_second=900,"
            f"{label}=sendgrid://?api_key=SG.key&api_url={service.url}"
        )
        mail.down()
        notification = NotificationFactory()
        lanes = running_lanes(number=1)
        assert wait_for(lambda: sent() == 1)
        lanes.report()
        first, second = (health.read(names)[name] for name in names)
        status = health.status()

    assert (first.is_down, first.sent, first.failure) == (True, 0, "ConnectionRefusedError 111")
    assert (second.is_down, second.sent, second.failed_at) == (False, 1, 0)
    assert second.succeeded_at >= first.failed_at > 0
    assert status == "degraded"
    assert client.get("/readyz").json()["email"] == "degraded"
    found = {
        (sample.name, sample.labels["provider"]): sample.value
        for metric in gauges.email_providers()
        for sample in metric.samples
    }
    assert found["evently_email_provider_up", names[0]] == 0
    assert found["evently_email_provider_up", names[1]] == 1
    assert found["evently_email_provider_sent_last_hour", names[1]] == 1

    client.force_login(SuperuserFactory())
    page = client.get(EMAILS).content.decode()
    assert f"SMTP ({label})" in page
    assert "Not working, tried again from time to time" in page
    assert "The mail server could not be reached." in page
    assert "900 a second" in page
    assert notification.user.email in client.get(f"{EMAILS}?provider={names[1]}").content.decode()
    assert (
        notification.user.email not in client.get(f"{EMAILS}?provider={names[0]}").content.decode()
    )
    client.force_login(OrganizerFactory())
    # They filter by provider, and see no more of them.
    assert "900 a second" not in client.get(EMAILS).content.decode()


def test_page_says_where_nothing_is_known_of_providers(chain, client, settings, deaf):
    chain("smtp://localhost")
    settings.REDIS_URL = f"redis://127.0.0.1:{deaf}/0"
    client.force_login(SuperuserFactory())

    assert "Unknown, as the broker does not answer" in client.get(EMAILS).content.decode()
