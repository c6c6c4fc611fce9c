"""How a person's messages are narrowed down."""

import django_filters

from notifications.models import MessageType, Notification


class NotificationFilter(django_filters.FilterSet):
    """The parameters of a list of messages."""

    unread = django_filters.BooleanFilter(
        field_name="read", exclude=True, label="`true`: only what has not been read."
    )
    type = django_filters.ChoiceFilter(choices=MessageType.choices)

    class Meta:
        model = Notification
        fields: list[str] = []
