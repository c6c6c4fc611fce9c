"""The history page of an event: who did what and when, from the audit log."""

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from evently.admin.cells import names_of
from evently.admin.tabs import add_page, tabs_context
from evently.audit.pages import history_context
from events.models import Event, EventStaff


def history_page(model_admin: ModelAdmin, request: HttpRequest, event: Event) -> HttpResponse:
    """Show what was done to an event and its rows, one line for each act, newest first."""
    return TemplateResponse(
        request,
        "admin/events/history.html",
        {
            **model_admin.admin_site.each_context(request),
            **tabs_context(event, current="history"),
            **history_context(
                request, event_id=event.pk, zone=event.zone, people=_organizers(event)
            ),
            "opts": model_admin.model._meta,
            "title": event.name,
            "subtitle": "History",
        },
    )


def _organizers(event: Event) -> dict[str, str]:
    """Return the people to filter by: the organizer and the staff, by id."""
    staff = EventStaff.objects.filter(event_id=event.pk).values_list("user_id", flat=True)
    return names_of({str(user_id) for user_id in (event.created_by_id, *staff)})


add_page("Activity", "history", "Changes", url_name="admin:events_event_trail", rank=10)
