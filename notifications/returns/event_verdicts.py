"""What an event of an email service says became of an email."""

from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from notifications.return_models import ReturnOutcome, ReturnReason
from notifications.returns.reports import Verdict
from notifications.returns.services import Service
from notifications.returns.status_codes import ADDRESS_REASONS, Meaning, meaning_of

# Of what a service did not even send, since it has a suppression list of its own.
REJECTED: dict[str, ReturnReason] = {
    RejectReason.BOUNCED: ReturnReason.NO_MAILBOX,
    RejectReason.INVALID: ReturnReason.NO_MAILBOX,
    RejectReason.TIMED_OUT: ReturnReason.EXPIRED,
    RejectReason.BLOCKED: ReturnReason.BLOCKED,
}
# Where services say in their events which kind of bounce it is.
KIND_OF_BOUNCE = ("event", "type", "Type", "status")


def verdict_of(event: AnymailTrackingEvent, service: Service) -> Verdict | None:
    """Return what an event says of an email; None for others, such as that it was opened."""
    kind = event.event_type
    if kind == EventType.DELIVERED:
        return Verdict(ReturnOutcome.DELIVERED)
    if kind == EventType.COMPLAINED:
        return Verdict(ReturnOutcome.COMPLAINED, ReturnReason.SPAM, is_permanent=True)
    if kind == EventType.REJECTED:
        reason = REJECTED.get(event.reject_reason, ReturnReason.OTHER)
        return Verdict(ReturnOutcome.BOUNCED, reason, is_permanent=reason in ADDRESS_REASONS)
    if kind == EventType.DEFERRED:
        meaning = _meaning_of(event)
        return Verdict(ReturnOutcome.DEFERRED, meaning.reason, meaning.code)
    # Postal's HardFail is FAILED.
    if kind in (EventType.BOUNCED, EventType.FAILED):
        return _bounced(event, service)
    return None


def _bounced(event: AnymailTrackingEvent, service: Service) -> Verdict:
    meaning, kinds = _meaning_of(event), _kinds_of(event.esp_event)
    reason, is_permanent = meaning.reason, meaning.is_permanent
    if service.hard and service.hard in kinds and reason is ReturnReason.OTHER:
        # It has looked at the server's answer, and does not pass it on.
        reason, is_permanent = ReturnReason.NO_MAILBOX, True
    # "blocked": the mail server refused the email, and said nothing about the address.
    if "blocked" in kinds or (service.soft and service.soft in kinds):
        is_permanent = False
    return Verdict(ReturnOutcome.BOUNCED, reason, meaning.code, is_permanent=is_permanent)


def _meaning_of(event: AnymailTrackingEvent) -> Meaning:
    raw: Any = event.esp_event
    status = str(raw.get("status", "")) if isinstance(raw, dict) else ""
    return meaning_of(status, str(event.mta_response or event.description or ""))


def _kinds_of(raw: Any) -> set[str]:
    """Return what an event says of its kind; MailerSend has it one level below."""
    if not isinstance(raw, dict):
        return set()
    found = {str(raw[name]) for name in KIND_OF_BOUNCE if name in raw}
    inner = raw.get("data")
    return found | (_kinds_of(inner) if isinstance(inner, dict) else set())
