"""What the list of messages to attendees shows of each, and the head of its page."""

from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from evently.admin.cells import two_lines, when
from evently.formatting import counted
from events.admin.rows import EventRowsAdmin
from notifications.kinds.writing import event_values
from notifications.message_models import Audience, OrganizerMessage
from notifications.writing.text import fill_line

COLORS = {
    "Draft": "default",
    "Scheduled": "info",
    "Sending": "info",
    "Sent": "success",
    "Stopped": "warning",
    "Not sent": "danger",
}
HEAD = (("title", "status"), ("to_whom", "time"), ("author", "event"))
# The numbers below the head say how far a message is, and are kept up to date.
HEAD_ONCE_BEGUN = (("title", "to_whom"), ("author", "time"), "event")


class MessageColumns(EventRowsAdmin):
    list_display = ("event", "title", "status", "audience_in_words", "time", "author")
    list_display_links = ("title",)
    readonly_fields = ("title", "status", "to_whom", "time", "author", "event")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return HEAD_ONCE_BEGUN if obj is not None and obj.is_begun else HEAD

    @display(description="Subject")
    def title(self, message: OrganizerMessage) -> str:
        return fill_line(message.subject, event_values(message.event))

    @display(description="Status", label=COLORS)
    def status(self, message: OrganizerMessage) -> str:
        return message.label

    @display(description="Recipients")
    def to_whom(self, message: OrganizerMessage) -> str:
        if message.audience == Audience.BOOKINGS:
            return counted(len(message.booking_ids), "booking")
        return Audience(message.audience).label

    @display(description="Recipients")
    def audience_in_words(self, message: OrganizerMessage) -> SafeString | str:
        label = self.to_whom(message)
        if message.is_begun:
            return two_lines(label, f"{counted(message.told, 'person', 'people')} notified")
        return label

    @display(description="When")
    def time(self, message: OrganizerMessage) -> SafeString:
        zone = message.event.zone
        if at := message.started_at or message.send_at:
            return when(at, zone)
        return format_html("Saved {}", when(message.updated_at, zone))

    @display(description="Written by")
    def author(self, message: OrganizerMessage) -> str:
        return message.by.display_name if message.by is not None else "–"
