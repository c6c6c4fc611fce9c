"""What email services report over HTTP: their signature checked, fresh, and each event once.

anymail knows the services' formats and signatures. Here is what it leaves out: events that were
signed long ago are refused, so are requests too large or without a key to check them by, and it is
answered as soon as the events are recorded.
"""

import time
from hashlib import sha256
from typing import Any

import structlog
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from evently.enqueue import enqueue_on_commit
from notifications import tasks
from notifications.return_models import ReturnOutcome, ReturnReason
from notifications.returns.recording import record
from notifications.returns.reports import Report, Verdict
from notifications.returns.status_codes import ADDRESS_REASONS, meaning_of
from notifications.returns.tokens import TOKEN_NAME, read_token

# SendGrid sends up to 768 KB at once.
MOST_BYTES = 1_000_000
MOST_EVENTS = 2_000
FRESH_SECONDS = 600
SENDGRID = "sendgrid"
# Of what SendGrid did not even send, since it has a suppression list of its own.
REJECTED: dict[str, ReturnReason] = {
    RejectReason.BOUNCED: ReturnReason.NO_MAILBOX,
    RejectReason.INVALID: ReturnReason.NO_MAILBOX,
    RejectReason.TIMED_OUT: ReturnReason.EXPIRED,
    RejectReason.BLOCKED: ReturnReason.BLOCKED,
}

log = structlog.get_logger(__name__)


class SendGridView(SendGridTrackingWebhookView):
    """SendGrid's events, whose signature covers their timestamp."""

    warn_if_no_basic_auth = False

    def validate_request(self, request: HttpRequest) -> None:
        """Raise AnymailWebhookValidationFailure for a bad signature, or one of long ago."""
        super().validate_request(request)
        try:
            signed_at = int(request.headers["X-Twilio-Email-Event-Webhook-Timestamp"])
        except ValueError:
            raise AnymailWebhookValidationFailure("no timestamp") from None
        if abs(time.time() - signed_at) > FRESH_SECONDS:
            raise AnymailWebhookValidationFailure("signed too long ago")


@csrf_exempt
def sendgrid_events(request: HttpRequest) -> HttpResponse:
    """Record what SendGrid reports: 404 without SENDGRID_WEBHOOK_KEY, 400 where not to be trusted.

    413 where it is too large. SendGrid tries again for a day where it does not get a 2xx.
    """
    if not settings.SENDGRID_WEBHOOK_KEY:
        return HttpResponse(status=404)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if _length(request) > MOST_BYTES:
        return HttpResponse(status=413)
    view = SendGridView(tracking_webhook_verification_key=settings.SENDGRID_WEBHOOK_KEY)
    try:
        view.validate_request(request)
        events = view.parse_events(request)[:MOST_EVENTS]
    except (AnymailWebhookValidationFailure, ValueError, TypeError, KeyError, AttributeError) as e:
        log.warning("webhook_refused", error=type(e).__name__)
        return HttpResponse(status=400)
    reports = [report for event in events if (report := report_of(event)) is not None]
    if reports and record(reports):
        enqueue_on_commit(tasks.apply_returns)
    return HttpResponse(status=200)


def report_of(event: AnymailTrackingEvent) -> Report | None:
    """Return the report that an event is; None for others, such as that an email was opened."""
    verdict = _verdict(event)
    if verdict is None or not event.event_id:
        return None
    metadata: dict[str, Any] = event.metadata or {}
    named = read_token(str(metadata.get(TOKEN_NAME, "")))
    if named is None:
        return None
    key = f"{SENDGRID}:{event.event_id}".encode("utf-8", "replace")
    return Report(
        verdict=verdict,
        source=SENDGRID,
        digest=sha256(key).hexdigest(),
        named=named,
        at=event.timestamp,
    )


def _verdict(event: AnymailTrackingEvent) -> Verdict | None:
    kind, raw = event.event_type, event.esp_event
    if kind == EventType.DELIVERED:
        return Verdict(ReturnOutcome.DELIVERED)
    if kind == EventType.COMPLAINED:
        return Verdict(ReturnOutcome.COMPLAINED, ReturnReason.SPAM, is_permanent=True)
    if kind == EventType.REJECTED:
        reason = REJECTED.get(event.reject_reason, ReturnReason.OTHER)
        return Verdict(ReturnOutcome.BOUNCED, reason, is_permanent=reason in ADDRESS_REASONS)
    if kind not in (EventType.BOUNCED, EventType.DEFERRED):
        return None
    meaning = meaning_of(str(raw.get("status", "")), str(event.mta_response or ""))
    if kind == EventType.DEFERRED:
        return Verdict(ReturnOutcome.DEFERRED, meaning.reason, meaning.code)
    # "blocked": the mail server refused the email, and said nothing about the address.
    is_permanent = meaning.is_permanent and raw.get("type") != "blocked"
    return Verdict(ReturnOutcome.BOUNCED, meaning.reason, meaning.code, is_permanent=is_permanent)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return MOST_BYTES + 1
