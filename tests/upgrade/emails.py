"""The emails of a filled database: most are sent, some are refused, some are still pending."""

import smtplib
from collections.abc import Sequence
from itertools import count

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.test.utils import override_settings

from evently.accounts.models import User
from evently.audit.context import acting
from notifications.models import DeliveryStatus, EmailDelivery, EmailTemplate, Notification
from notifications.operations.delivering import deliver_all
from notifications.operations.reading import mark_read

DELIVERED_NOW = 260
numbers = count(1)


class Server(BaseEmailBackend):
    """An email backend that refuses each tenth email for good, and defers each ninth."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Accept emails, or raise what a mail server answers."""
        for message in email_messages:
            number = next(numbers)
            if number % 10 == 0:
                raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, b"no such mailbox")})
            if number % 9 == 0:
                raise smtplib.SMTPDataError(451, b"try again later")
        return len(email_messages)


def send_emails(*, reader: User) -> None:
    """Deliver the oldest notifications; the reader opens theirs in the app."""
    with override_settings(EMAIL_BACKEND=f"{__name__}.Server"), acting(via="task"):
        oldest = Notification.objects.order_by("id").values_list("pk", "user_id")
        deliver_all(oldest[:DELIVERED_NOW])
    sent = EmailDelivery.objects.filter(status=DeliveryStatus.SENT).order_by("id")
    # No operation writes these two yet: providers report them.
    for status, start in ((DeliveryStatus.DELIVERED, 0), (DeliveryStatus.BOUNCED, 1)):
        ids = [email.pk for email in sent[start:60:12]]
        EmailDelivery.objects.filter(pk__in=ids).update(status=status)
    for notification in Notification.objects.filter(user=reader):
        mark_read(user_id=notification.user_id, notification_id=notification.pk)


def change_a_template() -> None:
    """Add a second version of an email template, as the admin does."""
    old = EmailTemplate.objects.get(template_type="welcome", is_active=True)
    EmailTemplate.objects.filter(pk=old.pk).update(is_active=False)
    EmailTemplate.objects.create(
        template_type=old.template_type,
        subject_template=f"{old.subject_template}!",
        html_template=old.html_template,
        text_template=old.text_template,
        variables=old.variables,
        version=old.version + 1,
    )
