"""What a copy of an event has of the original: the texts of its emails, and their logo."""

from typing import Any

from django.dispatch import receiver

from events.models import Event
from events.signals import event_copied
from notifications.event_email_models import EventEmail
from notifications.logo_models import EventLogo
from notifications.operations.event_logos import LogoChange, save_logo


@receiver(event_copied, dispatch_uid="notifications.event_copied")
def copy_texts(sender: type, *, original: Event, copy: Event, **kwargs: Any) -> None:
    """Give the copy the original's texts of emails, and its logo.

    Whether replies may go to the same address is asked when an email is sent.
    """
    for row in EventEmail.objects.filter(event_id=original.pk):
        texts = {name: getattr(row, name) for name in EventEmail.TEXTS}
        EventEmail.objects.create(event=copy, template_type=row.template_type, **texts)
    logo = EventLogo.objects.filter(event_id=original.pk).first()
    if logo is not None:
        save_logo(copy.pk, LogoChange(logo.logo))
