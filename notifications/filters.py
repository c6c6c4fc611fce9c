"""Filters of a user's notifications."""

import django_filters
from django.db.models import QuerySet

from events.filters import TRUTH
from notifications.kinds import KIND_CHOICES
from notifications.models import Notification


class NotificationFilter(django_filters.FilterSet):
    unread = django_filters.ChoiceFilter(
        choices=TRUTH, method="filter_unread", label="`true`: only unread notifications."
    )
    type = django_filters.ChoiceFilter(choices=KIND_CHOICES)

    class Meta:
        model = Notification
        fields: list[str] = []

    def filter_unread(
        self, notifications: QuerySet[Notification], name: str, value: str
    ) -> QuerySet[Notification]:
        return notifications.filter(read=value == "false")
