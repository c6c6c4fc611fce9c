"""The chain of providers as an email backend of Django's, for `manage.py sendtestemail`."""

from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from notifications.providers.errors import NotSent
from notifications.providers.sending import EmailConnection


class ChainBackend(BaseEmailBackend):
    """Hands emails over to the first provider that takes them."""

    def __init__(self, fail_silently: bool = False, **kwargs: Any) -> None:
        super().__init__(fail_silently)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        number = 0
        with EmailConnection() as connection:
            for email in email_messages:
                try:
                    connection.send(email)
                    number += 1
                except NotSent:
                    if not self.fail_silently:
                        raise
        return number
