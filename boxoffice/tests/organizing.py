"""Helpers for admin tests: URLs of pages, and the contents of forms."""

from django.urls import reverse

from evently.admin.tabs import event_page_url

EVENTS = "/admin/events/event/"
BOOKINGS = "/admin/bookings/booking/"


def event_page(event):
    return reverse("admin:events_event_change", args=[event.pk])


def tab(event, key):
    """Return the URL of a page among the tabs of an event, such as "attendees"."""
    return event_page_url(key, event.pk)


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


def confirmed(client, response, answer="yes"):
    """Answer the review of a change like a browser: send all it holds, with one of its buttons."""
    choices = {choice.value for choice in response.context["choices"]}
    assert answer in choices | {"back"}
    button = {"_back": "yes"} if answer == "back" else {"_notify": answer}
    return client.post(response.request["PATH_INFO"], dict(response.context["hidden"]) | button)
