"""Notifications for tests."""

import factory

from evently.accounts.factories import UserFactory
from notifications.kinds.general import GENERAL
from notifications.models import Notification


class NotificationFactory(factory.django.DjangoModelFactory[Notification]):
    """A pending notification of the general kind."""

    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    type = GENERAL.name
    message = factory.Sequence(lambda n: f"News {n}")
