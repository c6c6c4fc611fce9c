"""The email services that report over HTTP, and how each proves that it is the one who does.

anymail knows their formats, and most of their signatures.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailersend import MailerSendTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.mailtrap import MailtrapTrackingWebhookView
from anymail.webhooks.mandrill import MandrillCombinedWebhookView
from anymail.webhooks.postal import PostalTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.resend import ResendTrackingWebhookView
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView
from anymail.webhooks.unisender_go import UnisenderGoTrackingWebhookView
from django.http import HttpRequest

Signed = Callable[[HttpRequest], str]
FRESH = timedelta(minutes=10)
# Mailgun signs an event once, and sends it again for eight hours.
FRESH_OF_MAILGUN = timedelta(hours=9)
SENDGRID = "sendgrid"


class SendGridView(SendGridTrackingWebhookView):
    warn_if_no_basic_auth = False


class ResendView(ResendTrackingWebhookView):
    """Resend's events, signed as Svix does: anymail needs a package for that."""

    warn_if_no_basic_auth = False

    def __init__(self, *, svix_secret: str) -> None:
        self._key = base64.b64decode(svix_secret.removeprefix("whsec_"))
        super().__init__()
        self.warn_if_no_basic_auth = False

    def validate_request(self, request: HttpRequest) -> None:
        given = request.headers.get("svix-signature", "")
        head = f"{request.headers.get('svix-id', '')}.{request.headers.get('svix-timestamp', '')}."
        mac = hmac.new(self._key, head.encode() + request.body, hashlib.sha256).digest()
        expected = f"v1,{base64.b64encode(mac).decode()}".encode()
        # Several while a secret is replaced.
        if not any(hmac.compare_digest(each.encode(), expected) for each in given.split()):
            raise AnymailWebhookValidationFailure("wrong signature")


def _header(name: str) -> Signed:
    return lambda request: request.headers.get(name, "")


def _of_mailgun(request: HttpRequest) -> str:
    return str(json.loads(request.body)["signature"]["timestamp"])


@dataclass(frozen=True)
class Service:
    """A service that reports.

    view: of anymail. key_name: what the view calls its key; `webhook_secret` is a user and password
    (HTTP basic authentication), for services that sign nothing. signed_at: where the signature has
    the time of signing, and fresh, for how long after that it is good. hard, soft: what the service
    itself says of a bounce, found in its event. probes: methods by which it looks whether there is
    such a page. with_url: whether it signs the address of the page as well.
    """

    view: type[AnymailBaseWebhookView]
    key_name: str
    signed_at: Signed | None = None
    fresh: timedelta = FRESH
    hard: str = ""
    soft: str = ""
    probes: tuple[str, ...] = ()
    with_url: bool = False

    def view_for(self, key: str, *, url: str) -> AnymailBaseWebhookView:
        """Return anymail's view with a key. Raises ValueError for a key that is none."""
        given: dict[str, Any] = {self.key_name: key}
        if self.with_url:
            given["webhook_url"] = url
        return self.view(**given)

    def check(self, request: HttpRequest, view: AnymailBaseWebhookView) -> None:
        """Raise AnymailWebhookValidationFailure for what is not signed by the service just now."""
        if not isinstance(view, ResendView):
            view.run_validators(request)
        else:
            view.validate_request(request)
        if self.signed_at is None:
            return
        try:
            signed_at = int(self.signed_at(request))
        except (ValueError, TypeError, LookupError):
            raise AnymailWebhookValidationFailure("no timestamp") from None
        if abs(time.time() - signed_at) > self.fresh.total_seconds():
            raise AnymailWebhookValidationFailure("signed too long ago")


BASIC = "webhook_secret"
# Scaleway reports to a queue of its own, and Amazon SES, used by SMTP, by email.
SERVICES = {
    "brevo": Service(BrevoTrackingWebhookView, BASIC, hard="hard_bounce", soft="soft_bounce"),
    "mailersend": Service(
        MailerSendTrackingWebhookView, "signing_secret", hard="hard_bounced", soft="soft_bounced"
    ),
    "mailgun": Service(
        MailgunTrackingWebhookView,
        "webhook_signing_key",
        signed_at=_of_mailgun,
        fresh=FRESH_OF_MAILGUN,
    ),
    "mailjet": Service(MailjetTrackingWebhookView, BASIC),
    "mailtrap": Service(MailtrapTrackingWebhookView, "tracking_secret"),
    "mandrill": Service(
        MandrillCombinedWebhookView,
        "webhook_key",
        hard="hard_bounce",
        soft="soft_bounce",
        probes=("HEAD",),
        with_url=True,
    ),
    "postal": Service(PostalTrackingWebhookView, "webhook_key"),
    "postmark": Service(PostmarkTrackingWebhookView, BASIC, hard="HardBounce", soft="SoftBounce"),
    "resend": Service(ResendView, "svix_secret", signed_at=_header("svix-timestamp")),
    SENDGRID: Service(
        SendGridView,
        "tracking_webhook_verification_key",
        signed_at=_header("X-Twilio-Email-Event-Webhook-Timestamp"),
    ),
    "sparkpost": Service(SparkPostTrackingWebhookView, BASIC),
    "unisender-go": Service(UnisenderGoTrackingWebhookView, "api_key", probes=("GET", "HEAD")),
}
