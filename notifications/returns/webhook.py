"""What email services report over HTTP: known to be theirs, fresh, and each event once.

anymail knows the services' formats and signatures. Here is what it leaves out: events that were
signed long ago are refused, so are requests too large or without a key to check them by, and it is
answered as soon as the events are recorded.
"""

import json
import warnings
from hashlib import sha256
from typing import Any

import structlog
from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from evently.enqueue import enqueue_on_commit
from evently.links import absolute
from notifications import tasks
from notifications.returns.event_verdicts import verdict_of
from notifications.returns.recording import record
from notifications.returns.reports import Report
from notifications.returns.services import SENDGRID, SERVICES, Service
from notifications.returns.tokens import TOKEN_NAME, read_token

# SendGrid sends up to 768 KB at once.
MOST_BYTES = 1_000_000
MOST_EVENTS = 2_000
REFUSED = (
    AnymailConfigurationError,
    AnymailWebhookValidationFailure,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)

log = structlog.get_logger(__name__)


@csrf_exempt
def email_events(request: HttpRequest, service: str = SENDGRID) -> HttpResponse:
    """Record what an email service reports: 404 without its key, 400 where not to be trusted.

    413 where it is too large. Services try again for hours where they do not get a 2xx.
    """
    known, key = SERVICES.get(service), _key_of(service)
    if known is None or not key:
        return HttpResponse(status=404)
    if request.method in known.probes:
        return HttpResponse(status=200)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if _length(request) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        events = _events_of(request, known, key)
    except REFUSED as error:
        log.warning("webhook_refused", service=service, error=type(error).__name__)
        return HttpResponse(status=400)
    reports = [report for event in events if (report := report_of(event, service)) is not None]
    if reports and record(reports):
        enqueue_on_commit(tasks.apply_returns)
    return HttpResponse(status=200)


def report_of(event: AnymailTrackingEvent, service: str = SENDGRID) -> Report | None:
    """Return the report that an event is; None for others, such as that an email was opened."""
    verdict = verdict_of(event, SERVICES[service])
    if verdict is None:
        return None
    metadata: Any = event.metadata
    token = metadata.get(TOKEN_NAME, "") if isinstance(metadata, dict) else ""
    named, message_id = read_token(str(token)), str(event.message_id or "")
    if named is None and (token or not message_id):
        return None
    key = _key_of_event(event, service)
    if not key:
        return None
    return Report(
        verdict=verdict,
        source=service.replace("-", "_"),
        digest=sha256(key.encode("utf-8", "replace")).hexdigest(),
        named=named,
        provider=service,
        message_id=message_id,
        recipient=str(event.recipient or ""),
        at=event.timestamp,
    )


def _events_of(request: HttpRequest, service: Service, key: str) -> list[AnymailTrackingEvent]:
    """Return the events of a request. Raises REFUSED."""
    with warnings.catch_warnings():
        # anymail tests its part for SendGrid no longer.
        warnings.simplefilter("ignore")
        view = service.view_for(key, url=absolute(request.path))
    service.check(request, view)
    return list(view.parse_events(request))[:MOST_EVENTS]


def _key_of(service: str) -> str:
    keys: dict[str, str] = settings.EMAIL_WEBHOOK_KEYS
    return keys.get(service) or (settings.SENDGRID_WEBHOOK_KEY if service == SENDGRID else "")


def _key_of_event(event: AnymailTrackingEvent, service: str) -> str:
    """Return what is the same for the same event; "" for one that cannot be told from others."""
    if service == SENDGRID:
        return f"{service}:{event.event_id}" if event.event_id else ""
    if event.event_id:
        return f"{service}:{event.event_type}:{event.event_id}"
    # The service has no ids of events. What it sends again is the same.
    return f"{service}:{json.dumps(event.esp_event, sort_keys=True, default=str)}"


def _length(request: HttpRequest) -> int:
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return MOST_BYTES + 1


# Its own name, by which it was known before there were others.
sendgrid_events = email_events
