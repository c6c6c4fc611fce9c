"""What erasing a person does not reach, as far as it can be looked up: for the receipt."""

from uuid import UUID

from django.conf import settings

from bookings.models import ArchivedBooking, Booking
from evently.database.clock import now
from evently.erasure.receipts import Beyond
from notifications.models import DeliveryStatus, EmailDelivery
from waitlists.models import WaitlistEntry
from waitlists.record_models import LineEvent

SENT = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED)


def beyond_reach(*, user_id: UUID) -> list[Beyond]:
    """Return what stays where Evently cannot erase it."""
    found = [
        _emails(user_id),
        _lists(user_id),
        _public_reasons(user_id),
        Beyond(
            "key_backups",
            "Backups of keys, which this site keeps for "
            f"{settings.KEY_BACKUP_LIFETIME.days} days. Until then, the name and email address "
            "could be decrypted with such a backup and one of the data; a site that is restored "
            "erases them again before it starts.",
            until=now() + settings.KEY_BACKUP_LIFETIME,
        ),
        _logs(),
    ]
    return [one for one in found if one is not None]


def _emails(user_id: UUID) -> Beyond | None:
    sent = EmailDelivery.objects.filter(user_id=user_id, status__in=SENT).count()
    if not sent:
        return None
    return Beyond(
        "emails_sent",
        "Emails that were sent: they are in the mailbox, and with the email providers in between.",
        count=sent,
    )


def _lists(user_id: UUID) -> Beyond | None:
    events = {
        event_id
        for model in (Booking, ArchivedBooking)
        for event_id in model.objects.filter(user_id=user_id)
        .order_by()
        .values_list("event_id", flat=True)
        .distinct()
    }
    if not events:
        return None
    return Beyond(
        "attendee_lists",
        "Events whose organizers could print or download lists of attendees while this person was "
        "on them. Evently does not record who did.",
        count=len(events),
    )


def _public_reasons(user_id: UUID) -> Beyond | None:
    entries = WaitlistEntry.objects.filter(user_id=user_id).values_list("event_id", "ref")
    by_event = dict(entries)
    count = (
        LineEvent.objects.filter(
            event_id__in=list(by_event), ref__in=[ref for ref in by_event.values() if ref]
        )
        .exclude(reason=None)
        .exclude(reason="")
        .count()
        if by_event
        else 0
    )
    if not count:
        return None
    return Beyond(
        "public_records",
        "Reasons of organizers in public waitlist records, which name a person by a pseudonym only "
        "and cannot be changed.",
        count=count,
    )


def _logs() -> Beyond | None:
    kept = {
        "full": "IP addresses of requests",
        "truncated": "shortened IP addresses of requests",
    }.get(settings.LOG_CLIENT)
    if kept is None:
        return None
    return Beyond(
        "server_logs",
        f"The server's logs have {kept}, without the account; they are rotated by the site's "
        "operator.",
    )
