"""Helpers for admin tests: URLs of pages, and the contents of forms."""

from django.urls import reverse

EVENTS = "/admin/events/event/"
BOOKINGS = "/admin/bookings/booking/"


def event_page(event):
    return reverse("admin:events_event_change", args=[event.pk])


def form_of(client, url):
    """Return the data that a browser would send with the form of an event."""
    form = client.get(url).context["adminform"].form
    data = {}
    for bound in form:
        value = bound.field.widget.format_value(bound.value())
        value = value[0] if isinstance(value, list) else value
        data[bound.html_name] = "" if value is None else str(value)
        if bound.field.show_hidden_initial:
            data[bound.html_initial_name] = data[bound.html_name]
    return data


def errors_of(response):
    return dict(response.context["adminform"].form.errors)
