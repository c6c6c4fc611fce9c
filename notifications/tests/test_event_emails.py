"""What an organizer adds to an event's emails: texts, sender's name, replies, picture."""

import re

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from evently.admin.tabs import event_page_url
from evently.tests.sql import run
from events.factories import EventFactory
from events.models import EventStaff
from events.operations import copy_event
from notifications.admin.event_emails import event_types
from notifications.emails.drafts import Draft
from notifications.emails.message import build_email
from notifications.event_email_models import EventEmail
from notifications.kinds.rows import read_together
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.operations.delivering import deliver_all
from notifications.tasks import send_test_email
from notifications.template_models import TemplateType
from notifications.tests.emails import html_of
from notifications.tests.examples import EXAMPLES, Facts, example_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def organizer(client):
    user = OrganizerFactory(name="Olga Organizer")
    client.force_login(user)
    return user


@pytest.fixture
def event(organizer):
    return EventFactory(created_by=organizer, name="Jazz")


def page_of(event, type_=""):
    return event_page_url("email_texts", event.pk) + (f"?type={type_}" if type_ else "")


def preview_of(event, type_=""):
    return event_page_url("email_texts_preview", event.pk) + (f"?type={type_}" if type_ else "")


def given(**changes):
    names = ("above", "below", "sender_name", "reply_to", "picture")
    return dict.fromkeys(names, "") | {"version": "0", "answer": "save"} | changes


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def with_texts(notification, **columns):
    """Add texts to the emails of a message's event, and return its email."""
    EventEmail.objects.create(event_id=notification.event_id, **columns)
    return build_email(notification, notification.user)


# ── Emails ──────────────────────────────────────────────────────────────────
def test_every_email_about_an_event_has_its_organizers_texts():
    email = with_texts(
        example_of("event_changed"),
        above="Dear {userName}, about {eventName} <b>:",
        below="More on https://mill.example/news",
        sender_name="Żółty Młyn",
        picture="drawing",
    )

    html = html_of(email)
    assert email.body.startswith("Dear Ada Lovelace, about Jazz & <Blues> <b>:\n\n")
    assert "\n\nMore on https://mill.example/news\n" in email.body
    assert "Dear Ada Lovelace, about Jazz &amp; &lt;Blues&gt; &lt;b&gt;:" in html
    assert 'href="https://mill.example/news"' in html
    order = [html.index(part) for part in ('class="picture"', "Dear Ada", "<h1", "More on")]
    assert order == sorted(order)
    assert email.message()["From"].endswith("<tickets@localhost>")
    assert "=?utf-8?" in email.message()["From"]


def test_what_any_email_has_at_its_end_is_below_the_texts():
    """The link to unsubscribe above all."""
    email = with_texts(example_of("event_over"), below="The last word")

    for text in (email.body, html_of(email)):
        assert text.index("The last word") < text.index("Unsubscribe from these emails")


def test_texts_of_a_type_come_before_those_of_all():
    notification = example_of("cancellation")
    EventEmail.objects.create(
        event_id=notification.event_id, template_type="cancellation", above="We are sorry."
    )
    EventEmail.objects.create(
        event_id=notification.event_id, template_type="reminder", below="Not here."
    )
    email = with_texts(notification, above="Hello.", below="Bye.", sender_name="Mill")

    assert email.body.startswith("We are sorry.\n\n")
    assert "Hello." not in email.body
    assert "Not here." not in email.body
    assert "\nBye.\n\n--\nYou receive this email from Evently" in email.body
    assert email.body.endswith("Manage your email notifications: http://localhost:8000/account/\n")
    assert email.from_email.startswith('"Mill" <')


def test_emails_about_accounts_stay_as_they_are():
    notification = example_of("guest_refused")
    before = build_email(notification, notification.user)

    email = with_texts(notification, above="Trust me.", sender_name="Mill")

    assert (email.from_email, "Trust me." in email.body) == (before.from_email, False)


def test_replies_go_only_where_they_may(settings):
    settings.REPLY_TO_DOMAINS = frozenset({"mill.example"})
    notification = example_of("booking_confirm")
    email = with_texts(notification, reply_to="box@mill.example")
    assert email.reply_to == ["box@mill.example"]

    run("UPDATE event_emails SET reply_to = 'victim@elsewhere.example'")
    assert build_email(notification, notification.user).reply_to == []


def test_text_that_cannot_be_filled_is_left_out_noted_and_shown(client, log_output):
    facts = Facts(user=UserFactory(name="Ada"))
    (id_,) = notify(messages=[EXAMPLES["cancellation"](facts)])
    EventEmail.objects.create(event=facts.event, above="Hello {gone}", below="Bye")

    deliver_all([(id_, facts.user.pk)])

    (email,) = mail.outbox
    assert email.body.startswith("Your booking is cancelled")
    row = EventEmail.objects.get(event=facts.event)
    assert (row.failure, row.failed_at is not None) == ("placeholder_unknown", True)
    (line,) = [each for each in log_output.entries if each["event"] == "event_texts_failed"]
    assert "Ada" not in str(line)
    client.force_login(SuperuserFactory())
    page = words(client.get(page_of(facts.event)))
    assert "Emails are sent without your texts" in page
    assert "All emails : a text could not be used, as it has a placeholder" in page


def test_texts_of_many_events_are_read_at_once():
    def queries_of(number):
        rows = [example_of("event_changed") for _ in range(number)]
        for row in rows:
            EventEmail.objects.create(event_id=row.event_id, above="Hello {userName}")
        found = list(Notification.objects.filter(pk__in=[row.pk for row in rows]))
        with CaptureQueriesContext(connection) as queries:
            read_together(found)
            for each in found:
                assert build_email(each, each.user).body.startswith("Hello Ada")
        return [query for query in queries if "event_emails" in query["sql"]]

    assert len(queries_of(1)) == len(queries_of(3)) == 1


# ── The page ────────────────────────────────────────────────────────────────
def test_texts_are_previewed_saved_and_removed(client, organizer, event):
    texts = given(above="Dear {userName}", sender_name="The Mill", reply_to=organizer.email)

    frame = client.post(preview_of(event), texts)
    saved = client.post(page_of(event), texts, follow=True)

    assert "Dear Olga Organizer" in words(frame)
    assert 'From: "The Mill"' in words(frame).replace("&quot;", '"')
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert "Saved. All emails from now on have it." in words(saved)
    row = EventEmail.objects.get()
    assert (row.template_type, row.above, row.version) == (None, "Dear {userName}", 1)
    of_type = words(client.get(page_of(event, "reminder")))
    assert f"If it is empty, replies go to {organizer.email}." in of_type
    trail = words(client.get(f"/admin/events/event/{event.pk}/trail/"))
    assert "wrote texts for the emails of" in trail
    client.post(page_of(event), given(version="1"))
    assert not EventEmail.objects.exists()


def test_samples_are_of_the_event_with_its_prices_and_times(client, organizer):
    event = EventFactory(
        created_by=organizer, name="Ink", venue="Loft", timezone="Asia/Tokyo", priced=12
    )

    for type_ in event_types():
        text = words(client.get(preview_of(event, type_.value)))
        assert "Ink" in text
        assert not re.search("Old Mill|Jazz|Ju[ln] 2099|CES?T|40.00", text), text
    text = words(client.get(preview_of(event, "booking_confirm")))
    assert "to cancel until" in text
    assert "€24.00 due at the entrance. Show my tickets" in text
    assert "Ticket 2 of 2" in text


def test_what_is_refused_stays_in_the_form(client, organizer, event):
    wrong = given(
        above="Dear {userName.password}",
        below="x" * 3_001,
        sender_name="Mill\r\nBcc: all@example.org",
        reply_to="victim@elsewhere.example",
    )

    page = client.post(page_of(event), wrong)

    errors = page.context["form"].errors
    assert "{userName.password} is not a placeholder" in errors["above"][0]
    assert "at most 3,000" in errors["below"][0]
    assert "single line" in errors["sender_name"][0]
    assert "so that nobody else gets the replies" in errors["reply_to"][0]
    assert page.context["form"]["above"].value() == "Dear {userName.password}"
    assert not EventEmail.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        'Mill" <a@b.example>',
        "a@b.example",
        "evil.example",
        "=?utf-8?q?a=40b.example?=",
        "Evently Support",
        # Shown as the two before, or stored like them.
        "evil\u200b.example",
        "Eve\u00adntly Support",
        "E-v-e-n-t-l-y",
        "\uff25vently",
        "Ev\u0435ntly Support",
        "EventIy",
        "\u202ellim",
        "Mill\r\nBcc: a",
    ],
)
def test_names_that_mislead_are_refused(client, organizer, event, name):
    page = client.post(page_of(event), given(sender_name=name))

    assert "sender_name" in page.context["form"].errors


def test_placeholders_of_a_type_are_for_its_texts_only(client, organizer, event):
    texts = given(above="Reference {bookingReference}")

    assert "above" in client.post(page_of(event), texts).context["form"].errors
    client.post(page_of(event, "booking_confirm"), texts)
    assert EventEmail.objects.get().template_type == "booking_confirm"


@pytest.mark.parametrize(
    "text",
    [
        "https://elsewhere.example/?t={ticketUrl}",
        "(elsewhere.example/{ticketUrl})",
        "elsewhere.com/?name={userName}",
        "mailto:a@elsewhere.example?body={ticketUrl}",
        "https://elsewhere.example/?a=\u200b{ticketUrl}",
        "{ticketUrl}@elsewhere.example",
        "{siteUrl}.elsewhere.example",
        "{siteUrl}/@{ticketUrl}",
    ],
)
def test_links_of_attendees_are_taken_to_no_other_site(client, organizer, event, text):
    """A click would tell the other site a link that works without logging in."""
    page = client.post(page_of(event, "booking_confirm"), given(above=f"See {text} now"))
    assert "part of a link" in page.context["form"].errors["above"][0]
    alone = "Dear {userName}, 2/{quantity}: **{ticketUrl}**, or ({ticketUrl}). See {siteUrl}/help."
    client.post(page_of(event, "booking_confirm"), given(above=alone))
    assert EventEmail.objects.get().above == alone


def test_of_two_organizers_the_second_is_told_and_loses_nothing(client, organizer, event):
    client.post(page_of(event), given(above="First"))

    page = client.post(page_of(event), given(above="Second"))

    assert page.status_code == 409
    assert "another person was faster" in words(page)
    assert "First" in words(page)
    form = page.context["form"]
    assert (form["above"].value(), form["version"].value()) == ("Second", "1")
    client.post(page_of(event), given(above="Second", version="1"))
    assert EventEmail.objects.get().above == "Second"


def test_test_email_has_the_texts(client, organizer, event):
    page = client.post(page_of(event), given(above="Dear {userName}", answer="test"))

    assert f"A test email goes to {organizer.email} now." in words(page)
    draft = Draft.from_json(
        {
            "type": TemplateType.BOOKING_CONFIRM,
            "template": None,
            "own": None,
            "event": str(event.pk),
            "texts": {"above": "Dear {userName}"},
        }
    )
    send_test_email(draft.as_json(), str(organizer.pk))
    (email,) = mail.outbox
    assert email.subject == "[Test] Your booking for Jazz: 2 seats"
    assert email.body.startswith("Dear Olga Organizer")


@pytest.mark.parametrize("is_manager", [False, True], ids=["organizer", "manager"])
def test_texts_of_unpublished_events_are_written_and_previewed(client, organizer, is_manager):
    """Whoever manages them: the address for replies is that of who organizes them."""
    creator = OrganizerFactory(email="owner@mill.example") if is_manager else organizer
    event = EventFactory(created_by=creator, published_at=None, shows_organizer_email=True)
    if is_manager:
        EventStaff.objects.create(event=event, user=organizer, role="manager")

    page = client.get(page_of(event))
    frame = client.post(preview_of(event), given(above="About {eventName}:"))

    assert creator.email in page.content.decode()
    assert f"About {event.name}:" in words(frame)


@pytest.mark.parametrize("page", [page_of, preview_of])
def test_texts_of_others_events_are_out_of_reach(client, organizer, page):
    other = EventFactory()

    assert client.get(page(other)).status_code == 404
    assert client.post(page(other), given(above="Mine")).status_code == 404
    assert not EventEmail.objects.exists()


def test_unknown_types_and_those_of_accounts_are_none(client, organizer, event):
    for type_ in ("gossip", "welcome"):
        assert client.get(page_of(event, type_)).status_code == 404


def test_copies_of_an_event_have_its_texts(client, organizer, event):
    client.post(page_of(event), given(above="Dear {userName}", sender_name="The Mill"))
    client.post(page_of(event, "reminder"), given(below="Bring a coat."))

    copy = copy_event(event_id=event.pk, by_id=organizer.pk)

    rows = EventEmail.objects.filter(event=copy).order_by("above")
    assert [(row.template_type, row.above, row.below, row.sender_name) for row in rows] == [
        ("reminder", "", "Bring a coat.", ""),
        (None, "Dear {userName}", "", "The Mill"),
    ]
