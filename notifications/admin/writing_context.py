"""What the page of a message to attendees shows: whom it reaches, and how far it is."""

from typing import Any

from django.urls import reverse

from evently.admin.tabs import event_page_url
from evently.formatting import counted, moment
from notifications.message_models import Audience, Hold, MessageState, OrganizerMessage
from notifications.writing.audiences import reach_of
from notifications.writing.limit import left_today
from notifications.writing.preview import MessagePreview, reach_in_words
from notifications.writing.progress import Progress, is_moving, progress_of
from notifications.writing.stopping import Stopped

LOST_REPLIES = (
    "Nowhere: this event shows no contact address that is confirmed. Enter one in its settings, or "
    "an address for replies under Email texts."
)
EMAILS = "?show=all&kind=organizer_message"
HELD = {
    Hold.CANCELLED: "It was scheduled, and was not sent, as the event was cancelled since.",
    Hold.CHANGED: (
        "It was scheduled, and was not sent, as the time or place of the event has changed since. "
        "Check what it says, then schedule it again."
    ),
    Hold.AUTHOR: (
        "It was scheduled, and was not sent, as the person who wrote it no longer manages the "
        "event. Send it now, or write one of your own with its text."
    ),
}


def facts_of(
    message: OrganizerMessage, shown: MessagePreview | None, *, is_for_today: bool = True
) -> list[tuple[str, str]]:
    """Return whom a message reaches. is_for_today: with how many messages are left today."""
    event = message.event
    address = shown.reply_to if shown is not None else ""
    facts = [
        ("Recipients", str(Audience(message.audience).label)),
        ("It reaches", reach_in_words(reach_of(message))),
        ("Replies go to", address or LOST_REPLIES),
    ]
    if is_for_today:
        facts.append(("Messages left today", f"{left_today(event_id=event.pk, zone=event.zone)}"))
    return facts


def reach_context(message: OrganizerMessage, shown: MessagePreview | None) -> dict[str, Any]:
    links = [
        ("Send now…", url_of("send_message", message)),
        ("Send later…", url_of("schedule_message", message)),
        ("Send me a test…", url_of("test_message", message)),
        ("Edit", url_of("edit_message", message)),
    ]
    if message.state == MessageState.SCHEDULED:
        links.append(("Unschedule…", url_of("unschedule_message", message)))
    return {"facts": facts_of(message, shown), "links": links}


def progress_context(message: OrganizerMessage) -> dict[str, Any]:
    progress = progress_of(message)
    return {
        "progress": progress,
        "numbers": numbers_of(progress),
        "is_moving": is_moving(message, progress),
        "progress_url": url_of("progress", message),
        "stop_url": url_of("stop_message", message),
        "emails_url": f"{event_page_url('messages', message.event_id)}{EMAILS}",
        "ended": moment(message.ended_at, message.event.zone) if message.ended_at else "",
    }


def numbers_of(progress: Progress) -> list[tuple[str, str]]:
    """Return whom a message has reached, as pairs of label and number."""
    rows = [
        ("Emails waiting", progress.waiting),
        ("Emails that failed", progress.failed),
        ("In the app only", progress.in_app),
        ("Turned messages off", progress.turned_off),
        ("Taken back", progress.withdrawn),
    ]
    always = [
        ("Recipients when it began", progress.recipients),
        ("Notified", progress.told),
        ("Emails handed over", progress.emailed),
    ]
    return [(label, f"{number:,}") for label, number in [*always, *(row for row in rows if row[1])]]


def stopped_in_words(stopped: Stopped) -> str:
    """Return what became of a message that was stopped."""
    sentences = [
        f"The message is stopped. {counted(stopped.emailed, 'email')} had been handed over, "
        f"and {counted(stopped.withdrawn, 'email was', 'emails were')} taken back."
    ]
    if stopped.under_way:
        sentences.append(
            f"{counted(stopped.under_way, 'email')} could not be taken back for sure, being "
            "prepared at that moment: the numbers below show what becomes of them."
        )
    return " ".join(sentences)


def page_of(message: OrganizerMessage) -> str:
    return reverse("admin:notifications_organizermessage_change", args=[message.pk])


def url_of(name: str, message: OrganizerMessage) -> str:
    return reverse(f"admin:notifications_organizermessage_{name}", args=[message.pk])
