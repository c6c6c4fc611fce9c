"""What erasing a person does not reach, as far as it can be looked up: for the receipt."""

from uuid import UUID

from django.conf import settings

from bookings.models import ArchivedBooking, Booking
from evently.database.clock import now
from evently.erasure.receipts import Beyond
from evently.formatting import counted
from evently.lifecycle.notice import LOGGED
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
            "By its settings, this site keeps backups of keys for "
            f"{counted(settings.KEY_BACKUP_LIFETIME.days, 'day')}. With one of them and a backup "
            "of the data, the name and email address could be decrypted; a site that is restored "
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
        f"{counted(sent, 'email was', 'emails were')} sent: what is in the mailbox, and with the "
        "email providers in between, stays there.",
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
        f"{counted(len(events), 'event has', 'events have')} had this person on a list of "
        "attendees, which its organizers could print or download. Evently does not record who did.",
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
        f"{counted(count, 'reason', 'reasons')} of organizers in public waitlist records cannot be "
        "changed. The records know a person by a pseudonym only.",
        count=count,
    )


def _logs() -> Beyond:
    addresses = LOGGED.get(settings.LOG_CLIENT)
    kept = f"{addresses} and " if addresses else ""
    return Beyond(
        "server_logs",
        f"Server logs have {kept}the account’s id, of logins and tasks, for as long as the "
        "operator of the site keeps them.",
    )
