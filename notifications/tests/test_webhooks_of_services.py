"""Reports of email services over HTTP: signed as each of them signs, and matched by token or id."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.conf import settings as configured

from evently.accounts.factories import UserFactory
from evently.email_webhooks import SERVICES as KNOWN
from evently.email_webhooks import parse
from notifications.models import EmailDelivery
from notifications.return_models import EmailReturn, Suppression
from notifications.returns.applying import apply_all
from notifications.returns.services import SERVICES
from notifications.returns.tokens import TOKEN_NAME, token_of
from notifications.tests.delivering import delivery_of
from notifications.tests.returning import sent

pytestmark = pytest.mark.django_db

KEY = "a-key-of-a-service-0123456789"
WORDS = "550 5.1.1 no such user"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
JSON = "application/json"


def basic(body, at):
    given = base64.b64encode(f"evently:{KEY}".encode()).decode()
    return json.dumps(body).encode(), JSON, {"Authorization": f"Basic {given}"}


def hex_mac(name):
    def sign(body, at):
        raw = json.dumps(body).encode()
        return raw, JSON, {name: hmac.new(KEY.encode(), raw, hashlib.sha256).hexdigest()}

    return sign


def of_mailgun(body, at):
    mac = hmac.new(KEY.encode(), f"{at}token-1".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": str(at), "token": "token-1", "signature": mac}
    return json.dumps({"signature": signature, "event-data": body}).encode(), JSON, {}


def of_mandrill(body, at):
    events = json.dumps([body])
    url = f"{configured.PUBLIC_URL}/webhooks/email/mandrill/"
    mac = hmac.new(KEY.encode(), f"{url}mandrill_events{events}".encode(), hashlib.sha1).digest()
    form = urlencode({"mandrill_events": events}).encode()
    signature = {"X-Mandrill-Signature": base64.b64encode(mac).decode()}
    return form, "application/x-www-form-urlencoded", signature


def of_postal(body, at):
    raw = json.dumps(body).encode()
    mac = RSA.sign(raw, padding.PKCS1v15(), hashes.SHA1())
    return raw, JSON, {"X-Postal-Signature": base64.b64encode(mac).decode()}


def of_resend(body, at):
    raw = json.dumps(body).encode()
    mac = hmac.new(KEY.encode(), f"msg_1.{at}.".encode() + raw, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(b'another').decode()} v1,{base64.b64encode(mac).decode()}"
    head = {"svix-id": "msg_1", "svix-timestamp": str(at), "svix-signature": signature}
    return raw, JSON, head


def of_unisender(body, at):
    whole = {"auth": KEY, "events_by_user": [{"user_id": 1, "events": [body]}]}
    raw = json.dumps(whole).encode()
    auth = hashlib.md5(raw).hexdigest()
    return raw.replace(KEY.encode(), auth.encode()), JSON, {}


def public_key():
    der = RSA.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


# By service: how it signs, and a bounce, given the metadata, its id of the email, and the address.
BOUNCES = {
    "brevo": (
        basic,
        lambda data, id_, to: {
            "event": "hard_bounce",
            "email": to,
            "message-id": id_,
            "X-Mailin-custom": json.dumps(data),
            "reason": WORDS,
        },
    ),
    "mailersend": (
        hex_mac("Signature"),
        lambda data, id_, to: {
            "type": "activity.hard_bounced",
            "data": {
                "id": "ev1",
                "type": "hard_bounced",
                "email": {"message": {"id": id_}, "recipient": {"email": to}},
            },
        },
    ),
    "mailgun": (
        of_mailgun,
        lambda data, id_, to: {
            "event": "failed",
            "severity": "permanent",
            "recipient": to,
            "timestamp": time.time(),
            "message": {"headers": {"message-id": id_}},
            "user-variables": data,
            "delivery-status": {"message": WORDS},
        },
    ),
    "mailjet": (
        basic,
        lambda data, id_, to: {
            "event": "bounce",
            "email": to,
            "MessageID": id_,
            "Payload": json.dumps(data),
            "hard_bounce": True,
            "error": "user unknown",
            "smtp_reply": WORDS,
        },
    ),
    "mailtrap": (
        hex_mac("Mailtrap-Signature"),
        lambda data, id_, to: {
            "events": [
                {
                    "event": "bounce",
                    "event_id": "ev1",
                    "message_id": id_,
                    "email": to,
                    "timestamp": int(time.time()),
                    "custom_variables": data,
                    "response": WORDS,
                }
            ]
        },
    ),
    "mandrill": (
        of_mandrill,
        lambda data, id_, to: {
            "event": "hard_bounce",
            "_id": id_,
            "msg": {"email": to, "metadata": data, "diag": WORDS},
        },
    ),
    "postal": (
        of_postal,
        lambda data, id_, to: {
            "uuid": "ev1",
            "payload": {
                "status": "HardFail",
                "output": WORDS,
                "message": {"id": id_, "to": to, "direction": "outgoing"},
            },
        },
    ),
    "postmark": (
        basic,
        lambda data, id_, to: {
            "RecordType": "Bounce",
            "Type": "HardBounce",
            "ID": 42,
            "MessageID": id_,
            "Email": to,
            "Metadata": data,
            "Details": WORDS,
        },
    ),
    "resend": (
        of_resend,
        lambda data, id_, to: {
            "type": "email.bounced",
            "data": {
                "email_id": id_,
                "to": [to],
                "headers": [{"name": "X-Metadata", "value": json.dumps(data)}],
                "bounce": {"message": f"The server sent a hard bounce message: {WORDS}"},
            },
        },
    ),
    "sparkpost": (
        basic,
        lambda data, id_, to: [
            {
                "msys": {
                    "message_event": {
                        "type": "bounce",
                        "bounce_class": "10",
                        "event_id": "ev1",
                        "transmission_id": id_,
                        "raw_rcpt_to": to,
                        "rcpt_meta": data,
                        "raw_reason": WORDS,
                    }
                }
            }
        ],
    ),
    "unisender-go": (
        of_unisender,
        lambda data, id_, to: {
            "event_name": "transactional_email_status",
            "event_data": {
                "job_id": id_,
                "email": to,
                "status": "hard_bounced",
                "metadata": data,
                "delivery_info": {
                    "delivery_status": "err_user_unknown",
                    "destination_response": WORDS,
                },
            },
        },
    ),
}
WITHOUT_METADATA = {"mailersend", "postal"}


@pytest.fixture
def post(client, settings):
    """Post what a service reports; return the status."""

    def posting(service, body, *, at=None, spoilt=False, key=None):
        sign, _ = BOUNCES[service]
        usual = f"evently:{KEY}" if sign is basic else KEY
        if service == "postal":
            usual = public_key()
        if service == "resend":
            usual = f"whsec_{base64.b64encode(KEY.encode()).decode()}"
        settings.EMAIL_WEBHOOK_KEYS = {service: key or usual}
        raw, kind, headers = sign(body, int(time.time() if at is None else at))
        if spoilt:
            headers = {name: value[:-3] + "abc" for name, value in headers.items()}
            raw = raw.replace(b'"signature": "', b'"signature": "a').replace(b"auth", b"nope")
        return client.post(
            f"/webhooks/email/{service}/", raw, content_type=kind, headers=headers
        ).status_code

    return posting


def bounce_of(service, notification, *, with_token=True):
    email = delivery_of(notification)
    token = token_of(notification.pk, notification.user.email)
    data = {TOKEN_NAME: token} if with_token else {}
    _, body = BOUNCES[service]
    id_ = email.provider_message_id or "id-1"
    return body(data, id_, notification.user.email)


def sent_by(service, **columns):
    notification = sent(**columns)
    EmailDelivery.objects.filter(notification_id=notification.pk).update(
        provider=f"{service}:main", provider_message_id=f"<{service}-1>"
    )
    return notification


def test_all_services_of_the_settings_report():
    assert set(SERVICES) == KNOWN
    assert set(BOUNCES) == KNOWN - {"sendgrid"}


@pytest.mark.parametrize("service", BOUNCES)
def test_bounce_counts_once_and_only_as_the_service_signs_it(post, service):
    notification = sent_by(service)
    bounce = bounce_of(service, notification)

    assert post(service, bounce, spoilt=True) == 400
    assert not EmailReturn.objects.exists()
    assert post(service, bounce) == 200
    assert post(service, bounce) == 200
    apply_all()

    row = EmailReturn.objects.get()
    assert (row.outcome, row.is_permanent, row.is_proven) == ("bounced", True, True)
    assert row.source == service.replace("-", "_")
    assert delivery_of(notification).status == "bounced"
    assert Suppression.objects.get().reason == "hard_bounce"


@pytest.mark.parametrize("service", BOUNCES)
def test_without_the_token_it_is_found_by_the_services_own_id(post, service):
    notification, other = sent_by(service), sent()
    EmailDelivery.objects.filter(notification_id=other.pk).update(
        provider="smtp", provider_message_id=f"<{service}-1>"
    )
    assert post(service, bounce_of(service, notification, with_token=False)) == 200
    assert EmailReturn.objects.get().delivery_id == delivery_of(notification).pk


@pytest.mark.parametrize("service", ["mailgun", "resend"])
def test_what_was_signed_long_ago_is_refused(post, service):
    bounce = bounce_of(service, sent_by(service))
    assert post(service, bounce, at=time.time() - 36_000) == 400
    assert post(service, bounce, at=time.time() + 36_000) == 400
    assert not EmailReturn.objects.exists()


def test_report_about_another_address_suppresses_none(post):
    notification = sent_by("mailersend")
    bounce = bounce_of("mailersend", notification)
    bounce["data"]["email"]["recipient"]["email"] = "somebody@else.test"
    assert post("mailersend", bounce) == 200
    apply_all()
    assert EmailReturn.objects.get().address_digest == ""
    assert not Suppression.objects.exists()


def test_report_about_a_domain_in_ascii_is_about_the_same_in_unicode(post):
    notification = sent_by("mailersend", user=UserFactory(email="ana@bücher.example"))
    bounce = bounce_of("mailersend", notification)
    bounce["data"]["email"]["recipient"]["email"] = "Ana@xn--bcher-kva.example"
    assert post("mailersend", bounce) == 200
    apply_all()
    assert Suppression.objects.get().user == notification.user


@pytest.mark.parametrize("service", ["mailgun", "mandrill", "unisender-go"])
def test_json_that_never_ends_is_refused(client, settings, service):
    """These are read before the signature in them is known."""
    settings.EMAIL_WEBHOOK_KEYS = {service: KEY}
    body = b"[" * 200_000
    response = client.post(f"/webhooks/email/{service}/", body, content_type=JSON)
    assert response.status_code == 400


def test_service_without_a_key_or_a_name_has_no_page(client, settings):
    settings.EMAIL_WEBHOOK_KEYS = {"mandrill": KEY, "unisender-go": KEY}
    assert client.post("/webhooks/email/postmark/").status_code == 404
    assert client.post("/webhooks/email/smtp/").status_code == 404
    # By which these two look whether the page is there.
    assert client.head("/webhooks/email/mandrill/").status_code == 200
    assert client.get("/webhooks/email/unisender-go/").status_code == 200
    assert client.get("/webhooks/email/mandrill/").status_code == 405
    assert client.post("/webhooks/email/mandrill/").status_code == 400


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mailgunn=0123456789abcdef", "with services among"),
        ("mailgun=short", "fewer than 16"),
        ("postmark=0123456789abcdef", "a user and a password"),
        ("mailgun=0123456789abcdef,mailgun=0123456789abcdef", "twice"),
    ],
)
def test_wrong_keys_are_told_without_them(text, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        parse(text)
    assert "0123456789abcdef" not in str(caught.value)


def test_keys_are_read():
    keys = parse("mailgun=0123456789abcdef==, postmark=evently:0123456789abcdef")
    assert keys == {"mailgun": "0123456789abcdef==", "postmark": "evently:0123456789abcdef"}
