"""The page of a waitlist's public record, and the page that explains waitlists."""

import json
import re
import subprocess
import sys
from html import unescape

import pytest
from django.urls import reverse

from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import Line
from waitlists.record.heads import Head, head_of
from waitlists.tests.recording import change, close, every_kind
from waitlists.tests.waiting import full_event, join

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(client, event, **parameters):
    response = client.get(reverse("line_record", args=[event.pk]), parameters)
    assert response.status_code == 200
    return response


def test_head_is_shown_as_number_and_twelve_digits_of_the_hash():
    assert str(Head(42, "1a2b3c4d5e6f" + "0" * 52)) == "42 · 1a2b3c4d5e6f"


def test_closed_waitlist_shows_all_records_in_words(client, clock):
    event, entry = every_kind(clock)
    close(event)
    change(event, sales_end_at="2026-01-01T00:00Z")
    client.force_login(entry.user)

    response = page_of(client, event)
    page = response.content.decode()

    titles = [row.title for row in response.context["rows"]]
    assert titles[0] == "The waitlist is empty"
    assert titles[-1] == "A draw was announced"
    assert "The waitlist began" in titles
    assert "The organizer offers 1 seat out of order" in titles
    assert "The organizer moved this place to position 1" in titles
    assert "1 seat was sold to the public" in titles
    assert "Reason: Sits in a “wheelchair”." in page
    own = [row.title for row in response.context["rows"] if row.is_own]
    assert own[-1] == "Joined for 4 seats"
    assert page.count("record__item--own") == len(own)
    assert reverse("api_line_record", args=[event.pk]) in page
    for word in (entry.user.name, entry.user.email):
        assert word not in re.sub(r"<header.*?</header>", "", page, flags=re.S)


def test_open_waitlist_shows_only_the_records_about_oneself(client, clock):
    event, entry = every_kind(clock)
    visitor = page_of(client, event)
    client.force_login(UserFactory())
    other = page_of(client, event)
    client.force_login(entry.user)
    own = page_of(client, event)

    assert visitor.context["rows"] == other.context["rows"] == []
    assert [row.title for row in own.context["rows"]][-1] == "Joined for 4 seats"
    assert {row.ref for row in own.context["rows"]} == {entry.ref[:8]}
    assert "Download the record" not in own.content.decode()
    assert str(head_of(event.pk)) in visitor.content.decode()


def test_records_are_paged_newest_first(client):
    event, _ = full_event()
    entry = join(event)
    for number in range(40):
        change(event, max_passes=3 * (number % 2))
    change(event, sales_end_at="2026-01-01T00:00Z")
    operations.leave_waitlist(event_id=event.pk, entry_id=entry.pk)

    first = page_of(client, event)
    cursor = re.search(r"cursor=([^&]+)", first.context["next_url"])[1]
    second = page_of(client, event, cursor=cursor)

    numbers = [row.seq for page in (first, second) for row in page.context["rows"]]
    assert numbers == list(range(Line.objects.get(event_id=event.pk).seq, 0, -1))


def test_event_without_a_waitlist_says_so(client):
    assert "No one has joined this waitlist" in page_of(client, EventFactory()).content.decode()
    draft = EventFactory(published_at=None)
    assert client.get(reverse("line_record", args=[draft.pk])).status_code == 404


def test_event_page_and_receipt_show_the_head_and_lead_to_the_record(client):
    event, _ = full_event()
    before = client.get(reverse("event_detail", args=[event.pk])).content.decode()
    entry = join(event)
    client.force_login(entry.user)

    assert "Public record" not in before
    assert reverse("how_the_waitlist_works") in before
    for url in (
        reverse("event_detail", args=[event.pk]),
        reverse("waitlist_entry", args=[entry.pk]),
    ):
        page = client.get(url).content.decode()
        assert str(head_of(event.pk)) in page
        assert reverse("line_record", args=[event.pk]) in page
    assert entry.ref in page


# ── How the waitlist works ──────────────────────────────────────────────────
def test_own_check_of_the_explanation_finds_a_changed_record(client, clock, tmp_path):
    event, _ = every_kind(clock)
    change(event, sales_end_at="2026-01-01T00:00Z")
    page = client.get(reverse("how_the_waitlist_works")).content.decode()
    program = unescape(re.search(r'id="own-check">(.*?)</pre>', page, re.S)[1])
    body = b"".join(api().get(reverse("api_line_record", args=[event.pk])).streaming_content)

    def run(content):
        (tmp_path / "record.json").write_bytes(content)
        command = [sys.executable, "-c", program]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    right = run(body)
    assert right.stdout.strip() == f"Right up to {head_of(event.pk)}", right.stderr
    document = json.loads(body)
    record = next(one for one in document["records"] if "seats" in one)
    record["seats"] += 1
    assert run(json.dumps(document).encode()).returncode == 1


def test_checker_can_be_downloaded(client):
    response = client.get(reverse("check_line"))
    assert response.content.startswith(b"#!/usr/bin/env python3")
    assert "attachment" in response.headers["Content-Disposition"]


def test_organizers_find_the_head_and_the_record_on_the_waitlist_tab(client):
    organizer = OrganizerFactory()
    event, _ = full_event(created_by=organizer)
    join(event)
    client.force_login(organizer)

    page = client.get(f"/admin/events/event/{event.pk}/waitlist/").content.decode()

    assert str(head_of(event.pk)) in page
    assert reverse("line_record", args=[event.pk]) in page


def test_page_for_joining_leads_to_the_explanation(client):
    event, _ = full_event()
    page = client.get(reverse("join_waitlist", args=[event.pk])).content.decode()
    assert reverse("how_the_waitlist_works") in page
