"""Pages: what a user wants to hear, of all events and of one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from evently.accounts import operations
from evently.errors import DomainError
from evently.pages import add_refusal, current_user, render_refusal, require_get_or_post
from events.locks import EventNotFound
from events.models import Event
from notifications import queries
from notifications.forms import EventSwitchesForm, KindsForm
from notifications.kinds import KINDS, Need
from notifications.operations import muting

SAVED = "Your settings have been saved."


@require_get_or_post
@login_required
@never_cache
def message_settings(request: HttpRequest) -> HttpResponse:
    """Show and change which kinds of messages the user gets, in the app and by email."""
    user = current_user(request)
    form = KindsForm(request.POST if request.method == "POST" else None, user=user)
    context: dict[str, Any] = {
        "form": form,
        "always_sent": _always_sent(),
        "events": queries.events_with_settings(user_id=user.pk),
    }
    if request.method != "POST":
        return render(request, "notifications/settings.html", context)
    form.is_valid()  # checkboxes are on or off
    try:
        operations.change_profile(
            user_id=user.pk, preferences=form.merged(), session=user.get_session_auth_hash()
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, "notifications/settings.html", context, refusal)
    messages.success(request, SAVED)
    return redirect("message_settings")


@require_get_or_post
@login_required
@never_cache
def event_messages(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show and change which messages about one event the user gets. Raises EventNotFound."""
    user = current_user(request)
    event = Event.objects.visible_to(user).filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    switches = muting.switches_of(user_id=user.pk, event_id=event.pk)
    if request.method == "POST":
        form = EventSwitchesForm(request.POST, switches=switches)
        form.is_valid()  # checkboxes are on or off
        muting.switch(user_id=user.pk, event_id=event.pk, switches=form.switches())
        messages.success(request, SAVED)
        return redirect("event_messages", event_id)
    context = {
        "form": EventSwitchesForm(switches=switches),
        "event": event,
        "always_sent": _always_sent(),
    }
    return render(request, "notifications/event_settings.html", context)


def _always_sent() -> list[tuple[str, list[str]]]:
    """Return what cannot be turned off, as (why, names of kinds)."""
    return [
        (str(need.label), [kind.label for kind in KINDS.values() if kind.needed_for is need])
        for need in Need
    ]
