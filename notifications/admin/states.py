"""How the admin shows the states of emails, attempts and reports: words, and kinds of labels."""

from evently.email_providers import name_in_words
from notifications.models import DeliveryStatus
from notifications.return_models import EmailReturn, ReturnOutcome, ReturnReason
from notifications.sent_models import AttemptOutcome

# Status as it is shown, with the kind of its label in Unfold.
STATUSES = {
    DeliveryStatus.PENDING: ("Waiting to be sent", "info"),
    DeliveryStatus.HELD: ("Held back", "warning"),
    DeliveryStatus.MERGED: ("Part of another email", "default"),
    DeliveryStatus.SENT: ("Sent", "success"),
    DeliveryStatus.DELIVERED: ("Delivered", "success"),
    DeliveryStatus.FAILED: ("Failed", "danger"),
    DeliveryStatus.BOUNCED: ("Bounced", "danger"),
}
ATTEMPTS = {
    AttemptOutcome.ACCEPTED: "success",
    AttemptOutcome.DEFERRED: "warning",
    AttemptOutcome.REFUSED: "danger",
    AttemptOutcome.UNREACHABLE: "warning",
    AttemptOutcome.UNKNOWN: "warning",
    AttemptOutcome.HELD: "warning",
    AttemptOutcome.WITHHELD: "danger",
}
RETURNS = {
    ReturnOutcome.DELIVERED: "success",
    ReturnOutcome.DEFERRED: "warning",
    ReturnOutcome.BOUNCED: "danger",
    ReturnOutcome.COMPLAINED: "danger",
}


def attempt_in_words(outcome: str, provider: str) -> str:
    """Return what an attempt came to, such as "Handed over to SMTP (main)"."""
    label = AttemptOutcome(outcome).label
    name = name_in_words(provider)
    if not provider:
        return label
    if outcome == AttemptOutcome.ACCEPTED:
        return f"{label} to {name}"
    if outcome == AttemptOutcome.UNREACHABLE:
        return f"{name} did not answer"
    return f"{label} by {name}" if outcome != AttemptOutcome.UNKNOWN else f"{label} ({name})"


def return_in_words(row: EmailReturn) -> str:
    """Return why an email came back or waits; "" where nothing is known."""
    reason = ReturnReason(row.reason).label if row.reason else ""
    return f"{reason} ({row.code})" if reason and row.code else reason
