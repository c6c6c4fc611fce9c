"""A chain of providers, with real servers that refuse, defer, drop and hang."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from bookings.factories import BookingFactory
from evently import email_providers
from evently.database.ids import uuid7
from notifications.emails.message import message_id_of
from notifications.factories import NotificationFactory
from notifications.failures import failure_in_words
from notifications.kinds.bookings import booking_confirmed
from notifications.models import EmailDelivery, Notification
from notifications.operations import delivering
from notifications.operations.creating import notify
from notifications.providers.breaker import LONGEST_PAUSE_SECONDS, LONGEST_WANTED_SECONDS
from notifications.providers.chain import MOST_DEFERRED
from notifications.providers.registry import CHAIN_BACKEND
from notifications.providers.sending import EmailConnection
from notifications.returns.tokens import TOKEN_NAME, token_of
from notifications.sent_models import EmailAttempt
from notifications.tests.delivering import deliver, deliver_due, delivery_of
from notifications.tests.mailserver import mail_server
from notifications.tests.service import BAD_RECIPIENT, DROPPED, email_service

pytestmark = pytest.mark.django_db


@pytest.fixture
def main():
    with mail_server() as running:
        yield running


@pytest.fixture
def service():
    with email_service() as running:
        yield running


@pytest.fixture
def chained(settings, main, service):
    """Let emails go to a mail server first, then to a service."""
    settings.EMAIL_BACKEND = CHAIN_BACKEND
    settings.EMAIL_PROVIDERS = email_providers.parse(
        f"main=smtp://127.0.0.1:{main.port}, sendgrid://?api_key=SG.key"
    )
    settings.ANYMAIL = {"SENDGRID_API_URL": service.url}


@pytest.fixture
def service_first(settings, main, service):
    settings.EMAIL_BACKEND = CHAIN_BACKEND
    settings.EMAIL_PROVIDERS = email_providers.parse(
        f"sendgrid://?api_key=SG.key&api_url={service.url},smtp://127.0.0.1:{main.port}"
    )


def outcome(notification):
    log = delivery_of(notification)
    return log.status, log.provider, log.error_message


def test_the_first_provider_gets_all_while_it_answers(chained, main, service):
    notification = NotificationFactory()

    deliver(notification)

    assert outcome(notification) == ("sent", "smtp:main", "")
    assert (len(main.emails), service.emails) == (1, [])


def test_id_of_the_mail_server_is_kept(chained, main):
    main.accepts_with = "250 2.0.0 Ok: queued as 4Xy12AbCdz"
    notification = NotificationFactory()

    deliver(notification)

    assert delivery_of(notification).provider_message_id == "4Xy12AbCdz"


def test_the_next_provider_gets_the_same_email_where_the_first_cannot_be_reached(
    chained, main, service
):
    main.down()
    booking = BookingFactory(event__name="Jazz", quantity=1)
    notify(messages=[booking_confirmed(booking)])
    notification = Notification.objects.get()

    deliver(notification)

    (email,) = service.emails
    log = delivery_of(notification)
    assert (log.status, log.provider, log.send_attempts) == ("sent", "sendgrid", 1)
    assert not log.may_be_repeated
    assert service.keys == ["/v3/mail/send Bearer SG.key"]
    assert email["headers"]["Message-ID"] == message_id_of(notification.pk)
    assert email["headers"]["Auto-Submitted"] == "auto-generated"
    assert email["custom_args"] == {TOKEN_NAME: token_of(notification.pk, booking.user.email)}
    assert log.provider_message_id == email["personalizations"][0]["custom_args"]["anymail_id"]
    assert [part["type"] for part in email["content"]] == ["text/plain", "text/html"]
    image, calendar = email["attachments"]
    assert (image["type"], image["disposition"]) == ("image/png", "inline")
    assert f"cid:{image['content_id']}" in email["content"][1]["value"]
    assert 'method="PUBLISH"' in calendar["type"] or 'method="REQUEST"' in calendar["type"]


def test_no_provider_reached_leaves_all_for_later(chained, main, settings):
    main.down()
    settings.ANYMAIL = {"SENDGRID_API_URL": f"http://127.0.0.1:{main.port}/v3/"}
    first, second = NotificationFactory.create_batch(2)

    deliver(first, second)

    status, provider, error = outcome(first)
    assert (status, provider, error) == ("pending", "sendgrid", "ConnectionError")
    assert "could not be reached" in failure_in_words(error)
    assert not delivery_of(first).attempt
    assert not EmailDelivery.objects.filter(notification_id=second.pk).exists()


@pytest.mark.parametrize(
    ("at", "answer", "takes"),
    [
        ("recipient_answer", "550 5.1.1 no such person", None),
        ("recipient_answer", "550 no such person", None),
        ("data_answer", "554 5.6.0 not like this", None),
        ("recipient_answer", "554 5.7.1 relay access denied", "sendgrid"),
        ("data_answer", "550 5.4.5 daily quota exceeded", "sendgrid"),
        ("recipient_answer", "450 4.2.0 later", "sendgrid"),
        ("data_answer", "452 4.3.1 too many", "sendgrid"),
    ],
)
def test_what_a_mail_server_refuses_goes_on_unless_the_email_is_at_fault(
    chained, main, service, at, answer, takes
):
    setattr(main, at, answer)
    notification = NotificationFactory()

    deliver(notification)

    log = delivery_of(notification)
    if takes:
        assert (log.status, log.provider, len(service.emails)) == ("sent", takes, 1)
    else:
        assert (log.status, log.provider, service.emails) == ("failed", "smtp:main", [])


@pytest.mark.parametrize(
    ("answer", "body", "wanted"),
    [
        (401, None, ("sent", "smtp")),
        (403, None, ("sent", "smtp")),
        (429, None, ("sent", "smtp")),
        (500, None, ("sent", "smtp")),
        (503, None, ("sent", "smtp")),
        (302, None, ("sent", "smtp")),
        (400, {"errors": [{"message": "Bad Request", "field": None}]}, ("sent", "smtp")),
        (400, BAD_RECIPIENT, ("failed", "sendgrid")),
        (502, None, ("pending", "sendgrid")),
        (DROPPED, None, ("pending", "sendgrid")),
    ],
)
def test_what_a_service_refuses_goes_on_unless_it_may_have_been_sent(
    service_first, main, service, answer, body, wanted
):
    service.status, service.body = answer, body
    service.headers = {"Location": service.url} if answer == 302 else {}
    notification = NotificationFactory()

    deliver(notification)

    log = delivery_of(notification)
    assert (log.status, log.provider) == wanted
    assert len(main.emails) == (log.status == "sent")
    # Left open, so that the next attempt is marked.
    assert (log.attempt is not None) == (log.status == "pending")


@pytest.mark.django_db(transaction=True)
def test_email_that_may_have_been_sent_goes_to_another_provider_with_the_mark_only(
    chained, main, service, clock
):
    lost = NotificationFactory()
    main.drops_after_data = 1
    deliver(lost)
    assert outcome(lost) == ("pending", "smtp:main", "AnswerLost")
    assert service.emails == []

    main.down()
    clock.move(timedelta(minutes=1))
    deliver_due()

    log = delivery_of(lost)
    assert (log.status, log.provider, log.may_be_repeated) == ("sent", "sendgrid", True)
    assert log.metadata["maybeSentBy"] == "smtp:main"
    assert service.ids == [message_id_of(lost.pk)] == list(main.counts)


def test_a_provider_that_defers_one_email_after_the_other_is_left_alone(chained, main, service):
    main.recipient_answer = "452 4.5.3 too many"
    notifications = NotificationFactory.create_batch(MOST_DEFERRED + 3)

    with EmailConnection() as lane:
        delivering.Delivery(notifications, lane).run()
        first, second = lane.chain.links

    assert len(service.emails) == len(notifications)
    assert (first.breaker.is_up, second.breaker.is_up) == (False, True)
    assert main.recipients == MOST_DEFERRED


def test_a_provider_is_not_left_alone_for_mailboxes_that_are_full(chained, main, service):
    main.recipient_answer = "452 4.2.2 mailbox full"
    notifications = NotificationFactory.create_batch(MOST_DEFERRED + 1)

    with EmailConnection() as lane:
        delivering.Delivery(notifications, lane).run()

        assert all(link.breaker.is_up for link in lane.chain.links)
    assert main.recipients == len(service.emails) == len(notifications)


def test_what_one_refuses_by_policy_waits_for_another_that_is_down(chained, main, service):
    main.recipient_answer = "554 5.7.1 relay access denied"
    notification = NotificationFactory()

    with EmailConnection() as lane:
        lane.chain.links[1].breaker.failed("down")
        delivering.Delivery([notification], lane).run()

    status, provider, error = outcome(notification)
    assert (status, provider) == ("pending", "smtp:main")
    assert error == "SMTPRecipientsRefused 554 5.7.1"
    assert "by its own rules (554 5.7.1)" in failure_in_words(error)
    assert EmailAttempt.objects.get().outcome == "refused"


def test_an_answer_without_a_type_leaves_the_email_as_maybe_sent(settings, main, service):
    """What reads the answers of this service fails then, after the email was taken."""
    settings.EMAIL_BACKEND = CHAIN_BACKEND
    settings.EMAIL_PROVIDERS = email_providers.parse(
        f"mailersend://?api_token=x&api_url={service.url},smtp://127.0.0.1:{main.port}"
    )
    notification = NotificationFactory()

    deliver(notification)

    assert (len(service.emails), len(main.emails)) == (1, 0)
    assert outcome(notification) == ("pending", "mailersend", "KeyError")
    assert EmailAttempt.objects.get().outcome == "unknown"


def test_a_service_that_asks_for_a_pause_gets_it(service_first, service):
    service.status, service.headers = 429, {"Retry-After": "7200"}

    with EmailConnection() as lane:
        delivering.Delivery([NotificationFactory()], lane).run()
        first, _ = lane.chain.links

    # Within limits.
    assert LONGEST_PAUSE_SECONDS < first.breaker.pause_seconds <= LONGEST_WANTED_SECONDS


@pytest.mark.django_db(transaction=True)
def test_another_attempt_that_took_over_keeps_an_email_from_the_next_provider(
    chained, main, service
):
    main.recipient_answer = "450 4.2.0 later"
    notification = NotificationFactory()

    def another_takes_over():
        EmailDelivery.objects.update(attempt=uuid7())
        connection.close()

    main.at_recipient = another_takes_over
    deliver(notification)

    assert service.emails == []
    assert outcome(notification) == ("pending", "smtp:main", "")


def test_sendtestemail_goes_through_the_chain(chained, main, service):
    main.down()

    call_command("sendtestemail", "ada@example.org")

    assert len(service.emails) == 1
