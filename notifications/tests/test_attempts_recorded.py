"""Each attempt is recorded: when, by which provider, and what the mail server said."""

from datetime import timedelta

import pytest

from evently import email_providers
from evently.accounts.factories import UserFactory
from evently.privacy.addresses import digest_of_address
from evently.tests.rows import insert
from notifications.factories import NotificationFactory
from notifications.operations import attempts
from notifications.providers.answers import without_people
from notifications.providers.registry import CHAIN_BACKEND
from notifications.return_models import SuppressionReason
from notifications.sent_models import EmailAttempt, SentEmail
from notifications.tests.delivering import deliver, delivery_of
from notifications.tests.mailserver import mail_server
from notifications.tests.service import email_service

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    with mail_server() as running:
        settings.EMAIL_BACKEND = CHAIN_BACKEND
        settings.EMAIL_PROVIDERS = email_providers.parse(f"main=smtp://127.0.0.1:{running.port}")
        yield running


def recorded(notification):
    """Return the attempts of an email, in their order."""
    rows = EmailAttempt.objects.filter(user=notification.user).order_by("created_at", "id")
    return list(rows.values_list("number", "provider", "outcome", "code", "answer"))


def test_attempts_are_recorded_with_the_answers_and_without_the_address(server, clock):
    ana = UserFactory(email="ana.lovelace@mailbox.example", name="Ada Lovelace")
    notification = NotificationFactory(user=ana)
    server.recipient_answer = (
        "451 4.2.2 <ana.lovelace@mailbox.example>: Mailbox of Lovelace is full, ask mailbox.example"
    )
    deliver(notification)
    clock.move(timedelta(minutes=2))
    server.recipient_answer = ""
    server.accepts_with = "250 2.0.0 Ok: queued as 4Xy12AbCdz"

    deliver(notification)

    assert recorded(notification) == [
        (1, "smtp:main", "deferred", "451 4.2.2", "…: Mailbox of … is full, ask …"),
        (2, "smtp:main", "accepted", "250 2.0.0", "Ok: queued as 4Xy12AbCdz"),
    ]
    assert EmailAttempt.objects.earliest("id").error == "SMTPRecipientsRefused 451"
    # Once it was sent, not for each attempt.
    assert SentEmail.objects.count() == 1


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        ("550 5.\u0661.\u0661 no such user", "refused", "550"),
        ("99 hm", "deferred", ""),
        ("-12 hm", "deferred", ""),
        ("* OK IMAP4rev1", "deferred", ""),
    ],
)
def test_answer_of_a_server_that_makes_no_sense_is_recorded(server, answer, outcome, code):
    """…and the email that follows is sent."""
    notification, other = NotificationFactory(), NotificationFactory()
    server.recipient_answer = answer
    deliver(notification)
    server.recipient_answer, server.accepts_with = "", "250 2.\u0660.0 OK"
    deliver(other)

    assert [row[2:4] for row in recorded(notification)] == [(outcome, code)]
    assert [row[2:4] for row in recorded(other)] == [("accepted", "250")]
    assert delivery_of(other).status == "sent"


def test_each_provider_of_an_attempt_is_recorded(server, settings):
    with email_service() as service:
        settings.ANYMAIL = {"SENDGRID_API_URL": service.url}
        settings.EMAIL_PROVIDERS = email_providers.parse(
            f"main=smtp://127.0.0.1:{server.port}, sendgrid://?api_key=SG.key"
        )
        server.data_answer = "554 5.7.1 Message blocked by policy"
        notification = NotificationFactory()

        deliver(notification)

    assert recorded(notification) == [
        (1, "smtp:main", "refused", "554 5.7.1", "Message blocked by policy"),
        (1, "sendgrid", "accepted", "", ""),
    ]
    assert EmailAttempt.objects.filter(pk=SentEmail.objects.get().pk, provider="sendgrid").exists()


def test_attempt_whose_answer_was_lost_keeps_what_may_have_been_sent(server, clock):
    notification = NotificationFactory()
    server.drops_after_data = 1
    deliver(notification)
    clock.move(timedelta(minutes=2))

    deliver(notification)

    assert [(number, outcome) for number, _, outcome, _, _ in recorded(notification)] == [
        (1, "unknown"),
        (2, "accepted"),
    ]
    assert SentEmail.objects.count() == 2


def test_attempt_that_never_ended_is_recorded_by_the_next(server, clock):
    notification = NotificationFactory()
    attempts.release(
        attempts.begin(
            notification,
            notification.user,
            address=notification.user.email,
            template_type="notification",
            message_id="<a@b>",
        )
    )
    clock.move(timedelta(minutes=2))

    deliver(notification)

    assert [(number, outcome) for number, _, outcome, _, _ in recorded(notification)] == [
        (1, "unknown"),
        (2, "accepted"),
    ]


def test_what_was_not_tried_is_recorded_with_the_reason():
    notification = NotificationFactory()
    insert(
        "suppressions",
        user_id=notification.user_id,
        address="sealed:v1:" + "a" * 40,
        address_digest=digest_of_address(notification.user.email),
        reason=SuppressionReason.HARD_BOUNCE,
    )

    deliver(notification)

    assert delivery_of(notification).status == "failed"
    (row,) = EmailAttempt.objects.all()
    assert (row.outcome, row.provider, row.error) == ("withheld", "", "suppressed hard_bounce")
    assert not SentEmail.objects.exists()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<ana@example.org>: user unknown", "…: user unknown"),
        ("no such user ana, ana(at)example.org", "no such user …, …"),
        ("bounces+ana=example.org@site.example refused", "… refused"),
        ("see http://help.example/?to=ana%40example.org now", "see http:… now"),
        ("Client host [192.0.2.1] blocked using zen.spamhaus.org", None),
        ("mailbox of ANNA   Ng\r\n is <b>full</b>", "mailbox of … Ng is full"),
        ("x" * 500, "x" * 239 + "…"),
        ("sales@ and @home, ünïcode@exämple.org", "… and …, …"),
    ],
    ids=range(8),
)
def test_answers_name_nobody(said, shown):
    found = without_people(said, name="Anna Ng", address="ana@example.org")
    assert found == (said if shown is None else shown)
