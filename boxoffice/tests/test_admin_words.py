"""No words of a database in the admin: all registered models, their lists, filters and labels."""

import re

import pytest
from django.contrib import admin
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.accounts.factories import SuperuserFactory
from evently.admin.words import words_of
from evently.tests.rows import full_event, insert, person
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import WaitlistEntry

pytestmark = pytest.mark.django_db

MODELS = [
    model
    for model in admin.site._registry
    if model.__module__.split(".")[0]
    in ("evently", "events", "bookings", "waitlists", "notifications")
]
# "By created at", "Is active", "user_id", "Select booking to change"
DATABASE_WORDS = re.compile(
    r"^by |^is |\bat$|_|\bid$|^select (?!all)|\btemplate type\b", re.IGNORECASE
)


def plain(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


# Cold files have a page of their own in place of a list.
LISTED = [model for model in MODELS if model._meta.label != "lifecycle.ColdFile"]


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model._meta.label)
def test_lists_speak_in_words(client, model):
    full_event()
    insert("email_delivery_log", template_type="welcome", user_id=person())
    client.force_login(SuperuserFactory())
    name = f"admin:{model._meta.label_lower.replace('.', '_')}"
    suffix = "_rows" if model._meta.label == "audit.AuditLog" else "_changelist"

    page = client.get(reverse(f"{name}{suffix}"))

    text = page.content.decode()
    said = [plain(head) for head in re.findall(r"<th\b.*?</th>", text, re.DOTALL)]
    said += [plain(title) for title in re.findall(r"<h3.*?</h3>", text, re.DOTALL)]
    said += [spec.title for spec in page.context["cl"].filter_specs]
    said.append(str(page.context["cl"].title))
    said.append(str(model._meta.verbose_name_plural))
    words = [re.sub(r"(arrow_circle_\w+|cancel|\d+)\s*", "", word).strip() for word in said]
    assert [word for word in words if DATABASE_WORDS.search(word)] == []
    assert " log" not in str(model._meta.verbose_name_plural)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_fields_are_called_in_words(model):
    labels = {field.name: str(field.verbose_name) for field in model._meta.concrete_fields}
    assert {
        name: label
        for name, label in labels.items()
        if name != "id" and re.search(r"_|^is |\bat$", label)
    } == {}


def test_labels_follow_a_rule():
    assert words_of("created_at") == "created"
    assert words_of("is_superuser") == "superuser"
    assert words_of("template_type") == "kind of email"


@pytest.mark.parametrize(("status", "words"), [("waiting", "waiting"), ("left", "left")])
def test_page_of_waitlist_entry_speaks_in_words(client, status, words):
    entry = WaitlistEntryFactory(event=BookingFactory(event__total_capacity=1).event)
    WaitlistEntry.objects.filter(pk=entry.pk).update(status=status)
    client.force_login(SuperuserFactory())

    page = client.get(reverse("admin:waitlists_waitlistentry_change", args=[entry.pk]))

    text = page.content.decode()
    assert f">{words}</div>" in text
    assert "EntryStatus" not in text
    assert "object (" not in text


@pytest.mark.parametrize("action", ["move", "offer_seats"])
def test_acts_on_waitlist_entries_keep_the_tabs_of_the_event(client, action):
    entry = WaitlistEntryFactory(event=BookingFactory(event__total_capacity=1).event)
    client.force_login(SuperuserFactory())

    page = client.get(reverse(f"admin:waitlists_waitlistentry_{action}", args=[entry.pk]))

    assert page.context["tabs_event"] == entry.event


def test_empty_list_says_what_is_missing(client):
    client.force_login(SuperuserFactory())
    url = reverse("admin:events_event_changelist")

    assert "No events under “Upcoming”" in plain(client.get(url).content.decode())
    searched = plain(client.get(url, {"q": "zebra"}).content.decode())
    assert "Nothing matches “zebra”." in searched
