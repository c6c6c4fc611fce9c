"""Unsubscribing by the link in an email: the page, one click, undo, and what it cannot do."""

import re
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from evently import throttle
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.privacy.keys import destroy_key
from evently.tests.together import run_together
from events.factories import EventFactory
from notifications.kinds import KINDS, kind_named
from notifications.mute_models import EventMute
from notifications.tests.delivering import deliver_due
from notifications.tests.examples import example_of
from notifications.unsubscribing import views
from notifications.unsubscribing.tokens import SIGNER, has_link, unsubscribe_url

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def url_for(user, kind="event_changed", event=None):
    return urlsplit(unsubscribe_url(user, kind_named(kind), event and event.pk)).path


def mutes():
    return sorted(EventMute.objects.values_list("user_id", "event_id", "category", "channel"))


def emails_off(user):
    preferences = User.objects.get(pk=user.pk).preferences
    return {name for name, part in preferences.items() if part.get("email") is False}


@pytest.fixture
def strict():
    """A browser that sends no CSRF token."""
    return Client(enforce_csrf_checks=True)


# ── One click ───────────────────────────────────────────────────────────────
def test_one_click_turns_off_what_the_email_was_and_may_be_repeated(strict):
    user, event = UserFactory(), EventFactory()
    url = url_for(user, event=event)

    for _ in range(2):
        response = strict.post(url, ONE_CLICK)
        assert (response.status_code, response.cookies) == (200, {})
        assert response.headers["Content-Type"].startswith("text/plain")

    assert mutes() == [(user.pk, event.pk, "changes", "email")]
    assert emails_off(user) == set()
    # Of a kind that is about no category of an event, the kind itself.
    assert strict.post(url_for(user, "waitlist_closed", event), ONE_CLICK).status_code == 200
    assert emails_off(user) == {"waitlist_closed"}


def test_one_click_answers_where_there_is_nothing_to_turn_off(strict):
    event = EventFactory()
    gone, moved, kept = UserFactory(), UserFactory(), UserFactory()
    urls = [url_for(user, event=event) for user in (gone, moved)]
    urls.append(url_for(kept, "event_cancelled", event))
    urls.append(reverse("unsubscribe", args=[SIGNER.sign(f"{kept.pk.hex}--of_another_release-1")]))
    destroy_key(user_id=gone.pk)
    User.objects.filter(pk=gone.pk).update(deleted_at="2026-11-28T00:00Z")
    User.objects.filter(pk=moved.pk).update(links_version=2)

    assert [strict.post(url, ONE_CLICK).status_code for url in urls] == [200] * 4

    assert mutes() == []
    assert emails_off(moved) == set()
    for url in urls[:2]:
        assert "You get no emails here" in strict.get(url).text


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_clicks_at_once_lose_nothing():
    user, event = UserFactory(), EventFactory()
    kinds = ["event_changed", "reminder", "waitlist_closed", "draw_done"]
    urls = [url_for(user, kind, event) for kind in [*kinds, "reminder"]]

    run_together(*[partial(Client().post, url, ONE_CLICK) for url in urls])

    assert emails_off(user) == {"waitlist_closed", "draw_done"}
    assert [category for _, _, category, _ in mutes()] == ["changes", "reminders"]


# ── The page ────────────────────────────────────────────────────────────────
def test_opening_the_page_changes_nothing_and_says_what_would_be_turned_off(client):
    user = UserFactory(name="Ada Lovelace")
    event = EventFactory(name="Jazz & Blues")
    url = url_for(user, event=event)

    page = client.get(url)
    client.head(url)

    text = " ".join(page.text.split())
    assert "emails about changes to Jazz &amp; Blues" in text
    assert "“Event changed” emails about any event" in text
    assert "all emails that can be turned off" in text
    assert reverse("message_settings") in text
    assert (mutes(), emails_off(user)) == ([], set())
    assert not any(secret in page.text + url for secret in ("Ada", user.email))
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize("scope", ["event", "kind", "all"])
def test_what_is_turned_off_can_be_undone(strict, scope):
    before = {"reminder": {"email": False, "in_app": False}, "all": {"in_app": True}}
    user, event = UserFactory(preferences=before), EventFactory()
    url = url_for(user, event=event)

    page = strict.post(url, {"scope": scope})

    assert "You are unsubscribed" in page.text
    assert "no more" not in page.text.lower()
    optional = {kind.name for kind in KINDS.values() if not kind.is_always_sent}
    expected = {"event": {"reminder"}, "kind": {"reminder", "event_changed"}}
    assert emails_off(user) == expected.get(scope, optional | {"all"})
    assert len(mutes()) == (scope == "event")
    # Nor can whoever has the link turn on what was off already.
    assert "Undo" not in strict.post(url, {"scope": scope}).text

    assert strict.post(url, {"undo": page.context["undo"]}).status_code == 200

    assert (emails_off(user), mutes()) == ({"reminder"}, [])
    preferences = User.objects.get(pk=user.pk).preferences
    assert (preferences["reminder"], preferences["all"]) == (before["reminder"], before["all"])


def test_undo_of_another_person_is_refused(strict):
    ada, ben = UserFactory(), UserFactory()
    undo = strict.post(url_for(ada), {"scope": "kind"}).context["undo"]
    strict.post(url_for(ben), {"scope": "kind"})

    for wrong in (undo, "x", f"{undo}x"):
        page = strict.post(url_for(ben), {"undo": wrong})
        assert page.status_code == 422
        assert "This can no longer be undone here." in page.text

    assert emails_off(ben) == {"event_changed"}


def test_link_of_another_purpose_or_altered_is_refused_and_counted(client, monkeypatch):
    monkeypatch.setattr(
        views, "WRONG", throttle.Limit("unsubscribe_wrong_here", 2, views.WRONG.window)
    )
    url = url_for(UserFactory())
    wrong = [url[:-2] + "x/", url.replace("event_changed", "reminder"), "/unsubscribe/x.y/"]

    assert [client.get(each).status_code for each in wrong] == [404, 404, 429]
    # Links that are right go on working.
    assert client.get(url).status_code == 200


def test_clicks_are_limited_by_person(client, monkeypatch):
    monkeypatch.setattr(views, "CLICKS", throttle.Limit("unsubscribe_here", 2, views.CLICKS.window))
    ada, ben = url_for(UserFactory()), url_for(UserFactory())

    assert [client.post(ada, ONE_CLICK).status_code for _ in range(3)] == [200, 200, 429]
    assert client.post(ben, ONE_CLICK).status_code == 200
    assert client.get(ada).status_code == 200


# ── In emails ───────────────────────────────────────────────────────────────
def test_link_in_an_email_and_in_its_header_turn_it_off(client, mailoutbox):
    example_of("reminder")
    deliver_due()
    (email,) = mailoutbox
    (header,) = re.findall("<(.*)>", email.extra_headers["List-Unsubscribe"])
    assert email.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"Unsubscribe from these emails:\n{header}" in email.body
    assert f'href="{header}"' in str(email.alternatives[0].content)

    assert client.post(urlsplit(header).path, ONE_CLICK).status_code == 200

    example = example_of("reminder")
    assert len(mutes()) == 1
    assert example.event_id != mutes()[0][1]


def test_only_bulk_kinds_that_can_be_turned_off_have_a_link():
    with_link = {kind.name for kind in KINDS.values() if has_link(kind)}

    assert {"reminder", "event_over", "event_changed", "waitlist_closed"} <= with_link
    assert not with_link & {
        "booking_confirm",
        "event_cancelled",
        "waitlist_promotion",
        "login_link",
        "attendance_asked",
    }
