"""Reports that come before the email's id is stored, as services report within milliseconds."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from evently.database.ids import uuid7
from notifications.early_models import EarlyReport
from notifications.factories import NotificationFactory
from notifications.models import EmailDelivery
from notifications.return_models import EmailReturn, Suppression
from notifications.returns import early
from notifications.returns.applying import apply_all
from notifications.tests.delivering import deliver, delivery_of
from notifications.tests.returning import sent
from notifications.tests.service import email_service

KEY = "a-key-of-a-service-0123456789"


@pytest.fixture
def report(settings):
    """Return a function that posts a report of MailerSend, which passes no token on."""
    settings.EMAIL_WEBHOOK_KEYS = {"mailersend": KEY}

    def posting(id_, to, *, kind="hard_bounced", number=1):
        email = {"message": {"id": id_}, "recipient": {"email": to}}
        body = {"data": {"id": f"{id_}-{number}", "type": kind, "email": email}}
        raw = json.dumps({"type": f"activity.{kind}"} | body).encode()
        signature = {"Signature": hmac.new(KEY.encode(), raw, hashlib.sha256).hexdigest()}
        answer = Client().post(
            "/webhooks/email/mailersend/",
            raw,
            content_type="application/json",
            headers=signature,
        )
        assert answer.status_code == 200

    return posting


@pytest.fixture
def under_way():
    """Return an email that is being handed to MailerSend."""
    notification = sent()
    _delivery(notification).update(status="pending", provider="mailersend", attempt=uuid7())
    return notification


def _delivery(notification):
    return EmailDelivery.objects.filter(notification_id=notification.pk)


def has_id(notification, id_):
    _delivery(notification).update(status="sent", attempt=None, provider_message_id=id_)


@pytest.mark.django_db(transaction=True)
def test_report_that_comes_before_the_service_has_answered_is_matched_later(chain, report):
    notification = NotificationFactory()

    def at_email():
        # In the service's thread, while the mailer waits for its answer.
        try:
            report("early-1", notification.user.email)
            report("early-1", notification.user.email)
            report("early-1", notification.user.email, kind="soft_bounced", number=2)
            apply_all()
        finally:
            connection.close()

    with email_service() as service:
        chain(f"mailersend://?api_token=token&api_url={service.url}")
        service.headers = {"X-Message-Id": "early-1", "Content-Type": "text/plain"}
        service.at_email = at_email
        deliver(notification)

    log = delivery_of(notification)
    assert (log.status, log.provider_message_id) == ("sent", "early-1")
    assert (EmailReturn.objects.count(), EarlyReport.objects.count()) == (0, 2)
    # Nothing of it names the person.
    email = notification.user.email
    assert all(email not in str(row) for row in EarlyReport.objects.values())
    # It comes again, and finds its email: it counts once.
    report("early-1", email)
    assert EmailReturn.objects.count() == 1
    apply_all()
    apply_all()

    assert (EmailReturn.objects.count(), EarlyReport.objects.count()) == (2, 0)
    assert delivery_of(notification).status == "bounced"
    assert Suppression.objects.get().reason == "hard_bounce"


@pytest.mark.django_db
def test_early_report_about_another_address_suppresses_none(report, under_way):
    report("early-2", "another@example.org")
    has_id(under_way, "early-2")
    apply_all()

    assert EmailReturn.objects.get().address_digest == ""
    assert delivery_of(under_way).status == "sent"
    assert not Suppression.objects.exists()


@pytest.mark.django_db
def test_report_is_not_kept_unless_an_email_is_being_sent_by_that_service(report, under_way):
    _delivery(under_way).update(provider="postal:main")
    report("early-3", under_way.user.email)
    _delivery(under_way).update(provider="mailersend", attempt=None)
    report("early-3", under_way.user.email)
    assert not EarlyReport.objects.exists()

    _delivery(under_way).update(provider="mailersend:eu", attempt=uuid7())
    report("early-3", under_way.user.email)
    report("with a space", under_way.user.email)
    report("x" * 201, under_way.user.email)
    assert EarlyReport.objects.get().message_id == "early-3"


@pytest.mark.django_db
def test_reports_about_emails_of_others_are_few_and_go_after_an_hour(
    report, under_way, clock, monkeypatch
):
    monkeypatch.setattr(early, "MOST_KEPT", 3)
    for number in range(5):
        report(f"of-others-{number}", "another@example.org")
    kept = EarlyReport.objects.order_by("pk").values_list("message_id", flat=True)
    assert list(kept) == ["of-others-2", "of-others-3", "of-others-4"]

    clock.move(timedelta(minutes=59))
    has_id(under_way, "of-others-3")
    apply_all()
    assert list(kept.all()) == ["of-others-2", "of-others-4"]
    clock.move(timedelta(minutes=61))
    apply_all()
    assert not EarlyReport.objects.exists()
