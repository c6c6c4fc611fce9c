"""SendGrid's reports over HTTP: signed as SendGrid signs, fresh, not too large, each once."""

import base64
import json
import time

import pytest
from anymail.backends.sendgrid import EmailBackend
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.urls import reverse

from notifications.emails.message import build_email
from notifications.factories import NotificationFactory
from notifications.return_models import EmailReturn, Suppression
from notifications.returns.applying import apply_all
from notifications.returns.tokens import TOKEN_NAME
from notifications.returns.webhook import MOST_BYTES
from notifications.tests.delivering import delivery_of
from notifications.tests.returning import sent

pytestmark = [
    pytest.mark.django_db,
    # anymail still knows SendGrid's format, which tests here hold it to.
    pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid"),
]


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def post(client, key, settings):
    """Post events as SendGrid does; return the status."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    settings.SENDGRID_WEBHOOK_KEY = base64.b64encode(public).decode()

    def posting(events, *, at=None, sent_body=None, **headers):
        timestamp = str(int(time.time() if at is None else at))
        body = json.dumps(events).encode()
        signature = key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        given = {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        } | headers
        response = client.post(
            reverse("sendgrid_events"),
            body if sent_body is None else sent_body,
            content_type="application/json",
            headers={name: value for name, value in given.items() if value is not None},
        )
        return response.status_code

    return posting


def event_of(notification, name, **fields):
    """Return an event as SendGrid sends it of an email, with the metadata that the email had."""
    email = build_email(notification, notification.user)
    return {
        "email": notification.user.email,
        "event": name,
        "timestamp": int(time.time()),
        "sg_event_id": f"{name}-{notification.pk}",
        "sg_message_id": "abc.filter1",
        **email.metadata,
        **fields,
    }


def test_bounce_suppresses_the_address_once(post):
    notification = sent()
    bounce = event_of(
        notification,
        "bounce",
        type="bounce",
        status="5.1.1",
        reason=f"550 5.1.1 <{notification.user.email}> no such user here",
    )
    assert (
        post([bounce, event_of(notification, "open"), event_of(notification, "processed")]) == 200
    )
    # A replay, and the same event in another request.
    assert post([bounce]) == 200
    apply_all()

    row = EmailReturn.objects.get()
    assert (row.outcome, row.reason, row.code) == ("bounced", "no_mailbox", "5.1.1")
    assert (row.source, row.is_proven) == ("sendgrid", True)
    assert delivery_of(notification).status == "bounced"
    assert Suppression.objects.get().reason == "hard_bounce"


def test_email_takes_its_token_to_sendgrid_and_nothing_else(settings):
    settings.ANYMAIL = {"SENDGRID_API_KEY": "key"}
    notification = NotificationFactory()
    email = build_email(notification, notification.user)
    payload = EmailBackend().build_message_payload(email, {})
    assert json.loads(payload.serialize_data())["custom_args"] == email.metadata
    assert list(email.metadata) == [TOKEN_NAME]


def test_events_and_what_they_mean(post):
    expected = {
        "delivered": ("delivered", "", False),
        "deferred": ("deferred", "full", False),
        "spamreport": ("complained", "spam", True),
        "dropped": ("bounced", "no_mailbox", True),
        "bounce": ("bounced", "blocked", False),
    }
    fields = {
        "deferred": {"response": "452 4.2.2 The mailbox is full"},
        "dropped": {"reason": "Bounced Address"},
        "bounce": {"type": "blocked", "reason": "550 5.7.1 blocked by spamhaus"},
    }
    notification = sent()
    events = [event_of(notification, name, **fields.get(name, {})) for name in expected]
    assert post(events) == 200
    found = EmailReturn.objects.values_list("outcome", "reason", "is_permanent")
    assert sorted(found) == sorted(expected.values())


def test_what_is_not_signed_now_by_sendgrid_is_refused(post, log_output):
    notification = sent()
    events = [event_of(notification, "spamreport")]
    name = "X-Twilio-Email-Event-Webhook-"
    other = ec.generate_private_key(ec.SECP256R1()).sign(b"1", ec.ECDSA(hashes.SHA256()))

    assert post(events, at=time.time() - 3600) == 400
    assert post(events, at=time.time() + 3600) == 400
    assert post(events, sent_body=json.dumps(events * 2).encode()) == 400
    assert post(events, **{f"{name}Signature": base64.b64encode(other).decode()}) == 400
    assert post(events, **{f"{name}Signature": "nonsense"}) == 400
    assert post(events, **{f"{name}Signature": None}) == 400
    assert post(events, **{f"{name}Timestamp": None}) == 400
    assert post({"event": "bounce"}) == 400
    assert post(["bounce"]) == 400
    assert post(events * (MOST_BYTES // 200)) == 413
    assert not EmailReturn.objects.exists()
    assert notification.user.email not in str(log_output.entries)


def test_event_of_another_program_is_left_out(post):
    notification = sent()
    forged = event_of(notification, "spamreport") | {TOKEN_NAME: "a" * 48}
    nameless = event_of(notification, "spamreport", sg_event_id=None)
    assert post([forged, nameless, {"event": "spamreport", "sg_event_id": "1"}]) == 200
    assert not EmailReturn.objects.exists()


def test_without_a_key_there_is_no_such_page(post, client, settings):
    assert client.get(reverse("sendgrid_events")).status_code == 405
    settings.SENDGRID_WEBHOOK_KEY = ""
    assert post([]) == 404
