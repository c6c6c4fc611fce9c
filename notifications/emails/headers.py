"""The headers of an email beside sender, recipients and subject.

Message-ID: the same however often an email is sent. References and In-Reply-To: the same for all
emails of a booking, or of a waitlist entry, so that email clients show them as one conversation; no
email has that id. List-Id, and how to unsubscribe (RFC 2919, 2369, 8058): of kinds that go to many
at once. Feedback-ID: by which Gmail counts reports of spam. There is no Precedence, which RFC 2076
discourages: Auto-Submitted (RFC 3834) keeps holiday replies away.
"""

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from evently.accounts.models import User
from notifications.kinds import Kind
from notifications.kinds.rows import as_id, rows_of
from notifications.models import Notification
from notifications.unsubscribing.tokens import has_link, is_list, unsubscribe_url

SENDER = "evently"


def message_id_of(notification_id: UUID) -> str:
    """Return the Message-ID of a message's email: the same, however often it is sent."""
    return f"<{notification_id}@{_host()}>"


def headers_of_any(id_: UUID) -> dict[str, str]:
    """Return the headers of any email, also of one that is about no message."""
    return {"Message-ID": message_id_of(id_), "Auto-Submitted": "auto-generated"}


def headers_of(notification: Notification, user: User, kind: Kind) -> dict[str, str]:
    """Return the headers of the email of a message."""
    headers = headers_of_any(notification.pk)
    headers["Feedback-ID"] = _feedback_id(notification, kind)
    if kind.recipient is None and (thread := _thread_of(notification, kind)):
        headers |= {"In-Reply-To": thread, "References": thread}
    if is_list(kind):
        headers["List-Id"] = _list_id(notification, kind)
    if has_link(kind):
        url = unsubscribe_url(user, kind, notification.event_id)
        headers["List-Unsubscribe"] = f"<{url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def _list_id(notification: Notification, kind: Kind) -> str:
    """Return the id of a list: of a kind, and of an event where it is about one."""
    name = kind.name.replace("_", "-")
    event = f".{notification.event_id}" if notification.event_id else ""
    return f"{kind.label} <{name}{event}.{_host()}>"


def _feedback_id(notification: Notification, kind: Kind) -> str:
    """Return event, organizer, kind and sender, by each of which reports of spam are counted."""
    event = rows_of(notification).event(notification.event_id) if notification.event_id else None
    of_event = [str(event.pk), str(event.created_by_id)] if event is not None else []
    return ":".join([*of_event, kind.name, SENDER])


def _thread_of(notification: Notification, kind: Kind) -> str:
    """Return the id of the conversation that an email belongs to; "" for none."""
    data = notification.data
    bookings = [data.get("booking"), *(data.get("bookings") or [])[:1]]
    for name, value in (*(("booking", each) for each in bookings), ("entry", data.get("entry"))):
        if value:
            return _thread(name, as_id(value))
    if notification.event_id is None or not is_list(kind):
        return ""
    rows = rows_of(notification)
    if held := rows.bookings_of(notification.event_id, notification.user_id):
        return _thread("booking", held[0].pk)
    entry = rows.open_entry_of(notification.event_id, notification.user_id)
    return _thread("entry", entry.pk) if entry is not None else ""


def _thread(name: str, row_id: UUID) -> str:
    return f"<{name}.{row_id}@{_host()}>"
