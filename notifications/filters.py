"""How a person's messages are narrowed down."""

import django_filters
from django.db.models import QuerySet

from events.filters import BOOLEAN_CHOICES
from notifications.models import MessageType, Notification


class NotificationFilter(django_filters.FilterSet):
    """The parameters of a list of messages."""

    unread = django_filters.ChoiceFilter(
        choices=BOOLEAN_CHOICES, method="narrow", label="`true`: only what has not been read."
    )
    type = django_filters.ChoiceFilter(choices=MessageType.choices)

    class Meta:
        model = Notification
        fields: list[str] = []

    def narrow(
        self, messages: QuerySet[Notification], name: str, value: str
    ) -> QuerySet[Notification]:
        """Keep what was not read, or what was."""
        return messages.filter(read=value == "false")
