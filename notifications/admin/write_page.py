"""The page on which an organizer writes a message to attendees, or edits a draft."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from evently.admin.tabs import add_page, event_page_url, tabs_context
from evently.database.ids import uuid7
from evently.errors import DomainError, EditedMeanwhile, Invalid
from events.models import Event
from notifications.admin.writing_forms import MessageForm
from notifications.message_models import Audience, OrganizerMessage
from notifications.writing.drafting import create_draft, edit_draft, references_of
from notifications.writing.errors import MessageBegun

MEANWHILE = (
    "This message has changed while you were editing it. Your text is below: save it again to "
    "replace the other one."
)


def write_page(request: HttpRequest, event: Event) -> HttpResponse:
    """Ask what a message says and whom it is for; save it as a draft, which can then be sent."""
    message = _message_of(request, event)
    if message is not None and message.is_begun:
        return HttpResponseRedirect(_url(message.pk))
    posted = request.method == "POST"
    form = MessageForm(request.POST if posted else None, initial=_initial(request, message))
    if posted and form.is_valid() and (saved := _save(request, event, form, message)):
        return HttpResponseRedirect(_url(saved.pk))
    back = _url(message.pk) if message is not None else event_page_url("written", event.pk)
    return TemplateResponse(
        request,
        "admin/notifications/write.html",
        {
            **admin.site.each_context(request),
            **tabs_context(event, current="written"),
            "opts": OrganizerMessage._meta,
            "title": event.name,
            "form": form,
            "heading": "Edit the message" if message is not None else "Write a message",
            "is_scheduled": message is not None and message.send_at is not None,
            "back": back,
        },
        status=422 if posted else 200,
    )


def _save(
    request: HttpRequest, event: Event, form: MessageForm, message: OrganizerMessage | None
) -> OrganizerMessage | None:
    """Save what was entered; None where the form has been given errors."""
    message_id, version = form.cleaned_data["message"], form.cleaned_data["version"]
    by_id: Any = request.user.pk
    try:
        if message is None:
            return create_draft(form.draft, event_id=event.pk, by_id=by_id, message_id=message_id)
        return edit_draft(form.draft, event_id=event.pk, message_id=message.pk, version=version)
    except Invalid as refusal:
        form.add_refusal(refusal)
    except EditedMeanwhile as refusal:
        form.add_error(None, MEANWHILE)
        # So that the next time, it replaces what the page says it does.
        form.data = {**dict(form.data.items()), "version": refusal.details["version"]}
    except MessageBegun as refusal:
        form.add_error(None, refusal.text)
    except DomainError as refusal:
        form.add_error(None, refusal.text)
    return None


def _message_of(request: HttpRequest, event: Event) -> OrganizerMessage | None:
    """Return the message that is edited; None for a new one. Raises Http404."""
    asked = request.GET.get("message", "")
    if not asked:
        return None
    try:
        found = OrganizerMessage.objects.filter(event_id=event.pk, pk=UUID(asked)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _initial(request: HttpRequest, message: OrganizerMessage | None) -> dict[str, Any]:
    if message is None:
        references = request.GET.get("bookings", "")
        return {
            "message": uuid7(),
            "references": references,
            "audience": Audience.BOOKINGS if references else Audience.BOOKED,
        }
    return {
        "message": message.pk,
        "version": message.version,
        "subject": message.subject,
        "body": message.body,
        "audience": message.audience,
        "references": "\n".join(references_of(message)),
    }


def _url(message_id: UUID) -> str:
    return reverse("admin:notifications_organizermessage_change", args=[message_id])


add_page("Messages", "write", "Write a message", view=write_page, rank=60, listed=False)

__all__ = ["write_page"]
