"""Messages for tests."""

import factory

from evently.accounts.factories import UserFactory
from notifications.models import MessageType, Notification


class NotificationFactory(factory.django.DjangoModelFactory[Notification]):
    """A pending message of no kind in particular."""

    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    type = MessageType.NOTIFICATION
    message = factory.Sequence(lambda n: f"News {n}")
