"""Pages and sentences of sending emails again."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse

from evently.admin.confirmation import confirmation_page
from evently.admin.tabs import event_page_url
from evently.formatting import counted
from events.models import Event
from notifications.admin.filters import failed_emails_of
from notifications.models import EmailDelivery
from notifications.operations import resending
from notifications.operations.resending import Resent


def send_failed_page(request: HttpRequest, event: Event) -> HttpResponse:
    """Ask, then send all failed emails of an event again."""
    back = event_page_url("messages", event.pk)
    number = failed_emails_of(event).count()

    def act() -> str:
        result = resending.send_failed_again(event_id=event.pk, by_id=request.user.pk)
        rest = max(number - result.sent - result.too_often - result.gone - result.waiting, 0)
        words = in_words(result)
        if rest:
            words += f" {counted(rest, 'more email')} will follow in the background."
        messages.add_message(request, level_of(result), words)
        return back

    model_admin: Any = admin.site.get_model_admin(EmailDelivery)
    return confirmation_page(
        model_admin,
        request,
        title=f"Send {counted(number, 'failed email')} again?",
        question="Each goes to the person's current email address, with what is true now. Emails "
        "that are obsolete by now are not sent.",
        submit="Send again",
        act=act,
        back=back,
    )


def in_words(result: Resent) -> str:
    """Return what became of emails that were to be sent again."""
    sentences = [f"{counted(result.sent, 'email')} will be sent again."]
    if result.waiting:
        sentences.append(f"{counted(result.waiting, 'email')} will be sent anyway.")
    if result.too_often:
        sentences.append(
            f"{counted(result.too_often, 'email')} had been sent again several times already: try "
            "again in an hour."
        )
    if result.gone:
        sentences.append(f"{counted(result.gone, 'email')} cannot be sent any more.")
    return " ".join(sentences)


def level_of(result: Resent) -> int:
    return messages.SUCCESS if result.sent else messages.WARNING
