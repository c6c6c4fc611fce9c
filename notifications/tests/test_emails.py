"""Emails: contents, placeholders, and the fallback for broken templates."""

import re
from datetime import timedelta

import pytest

from evently.links import read_link
from evently.tests.sql import run
from notifications.emails.email_content import EmailObsolete
from notifications.emails.layout import inline_styles
from notifications.emails.message import build_email, write_content
from notifications.emails.placeholders import (
    PlaceholderUnknown,
    RichValue,
    check,
    fill_html,
    fill_subject,
    fill_text,
)
from notifications.emails.templates import (
    Template,
    preview_of,
    render,
    render_active,
    shipped,
)
from notifications.emails.variables import VARIABLES
from notifications.factories import NotificationFactory
from notifications.kinds import events
from notifications.models import EmailTemplate, Notification, TemplateType
from notifications.operations.creating import notify
from notifications.tests.emails import html_of, new_version
from notifications.tests.examples import Facts, example_of
from waitlists.record.heads import head_of

pytestmark = pytest.mark.django_db

NASTY = '<b>Böll</b> & "Söhne" {userName}'


@pytest.mark.parametrize("type_", TemplateType.values)
def test_default_template_uses_only_its_placeholders(type_):
    template = shipped(TemplateType(type_))
    for part in (template.subject, template.html, template.text):
        check(part, allowed=VARIABLES[TemplateType(type_)])


# ── Kinds ───────────────────────────────────────────────────────────────────
def test_password_ended_links_to_a_new_password():
    notification = example_of("password_ended")

    content = write_content(notification, notification.user)

    assert content.values["heading"] == "Please choose a new password"
    assert "no longer works" in str(content.values["text"])
    assert "/account/password/" in str(content.values["buttonUrl"])


@pytest.mark.parametrize(("is_active", "has_login_link"), [(True, True), (False, False)])
def test_guest_refused_has_a_login_link_for_active_users_only(is_active, has_login_link):
    notification = example_of("guest_refused")
    notification.user.is_active = is_active

    content = write_content(notification, notification.user)

    assert content.values["heading"] == "Nothing was booked"
    assert str(content.values["text"]).startswith(notification.message)
    assert ("/account/enter/" in str(content.values["buttonUrl"])) is has_login_link


def test_times_are_in_the_time_zone_of_the_event():
    notification = example_of("booking_confirm")

    email = build_email(notification, notification.user)

    assert "Thu 2 Jul 2099, 20:30 CEST" in email.body
    assert "Tue 30 Jun 2099, 20:30 CEST" in email.body, "until when to cancel"


def test_ticket_link_opens_this_booking_only():
    notification = example_of("booking_confirm")

    email = build_email(notification, notification.user)

    (token,) = set(re.findall(r"/b/([^/\s\"]+)/", email.body))
    event_id, booking_id, _ = read_link(purpose="booking", token=token)
    assert (event_id, str(booking_id)) == (notification.event_id, notification.data["booking"])
    with pytest.raises(Exception, match="link does not work"):
        read_link(purpose="promotion", token=token)


def test_offer_links_to_its_claim_page():
    notification = example_of("waitlist_promotion")

    email = build_email(notification, notification.user)

    (token,) = set(re.findall(r"/p/([^/\s\"]+)/", email.body))
    assert str(read_link(purpose="promotion", token=token)[1]) == notification.data["promotion"]
    assert "€20.00" in email.body


def test_expired_offer_is_not_emailed(clock):
    notification = example_of("waitlist_promotion")
    clock.move(timedelta(hours=2))

    with pytest.raises(EmailObsolete):
        build_email(notification, notification.user)


def test_booking_of_another_user_is_not_emailed():
    notification = example_of("booking_confirm")
    other = NotificationFactory(
        type="booking_confirm", event_id=notification.event_id, data=notification.data
    )

    with pytest.raises(EmailObsolete):
        build_email(other, other.user)


# ── Placeholders ────────────────────────────────────────────────────────────
def test_values_are_escaped_in_html_and_plain_in_text():
    values = {"userName": NASTY}

    assert fill_text("Hello {userName}!", values) == f"Hello {NASTY}!"
    assert fill_html('<p title="{userName}">{userName}</p>', values).count("<b>") == 0
    assert "&lt;b&gt;Böll&lt;/b&gt; &amp; &quot;Söhne&quot; {userName}" in fill_html(
        "{userName}", values
    )


def test_subject_is_one_line():
    assert fill_subject("{a}\n {b}", {"a": "One\r\nBcc: all", "b": "two"}) == "One Bcc: all two"


def test_rich_values_bring_their_own_html():
    values = {"tickets": RichValue(text="one", html="<i>one</i>")}

    assert fill_text("{tickets}", values) == "one"
    assert fill_html("{tickets}", values) == "<i>one</i>"


@pytest.mark.parametrize(
    "template",
    ["{password}", "{userName.email}", "{0}", "{user_name}", "{userName!r}", "{%if%}"],
)
def test_unknown_placeholders_are_refused(template):
    with pytest.raises(PlaceholderUnknown) as refusal:
        fill_text(template, {"userName": "Ada"})
    assert template in refusal.value.text
    assert "{userName}" in refusal.value.text


def test_styles_and_single_braces_are_no_placeholders():
    template = "<style>p { color: red; } a{color:red}</style>{ } {"

    assert fill_html(template, {}) == template
    assert fill_text("{{userName}}x{", {"userName": "Ada"}) == "{Ada}x{"
    assert fill_text("Hi\n\n{note}\n\nBye\n{note}{note}", {"note": ""}) == "Hi\n\nBye\n"


# ── Templates ───────────────────────────────────────────────────────────────
def test_active_version_is_used():
    notification = example_of("notification")
    new_version("notification", subject_template="Ahoy {userName}")

    assert build_email(notification, notification.user).subject == "Ahoy Ada Lovelace"


@pytest.mark.parametrize(
    "parts",
    [
        {"html_template": "{nonsense}"},
        {"subject_template": "{secretKey}"},
        {"text_template": "{userName.password}"},
        {"subject_template": " "},
        {"html_template": "  "},
    ],
)
def test_broken_template_falls_back_to_the_default_and_is_logged(log_output, parts):
    notification = example_of("notification")
    new_version("notification", **parts)

    email = build_email(notification, notification.user)

    assert email.subject == "News from Evently"
    assert notification.message in email.body
    (line,) = [each for each in log_output.entries if each["event"] == "template_failed"]
    assert line["template_type"] == "notification"


def test_without_templates_in_the_database_the_default_is_used():
    notification = example_of("booking_confirm")
    EmailTemplate.objects.all().delete()

    assert build_email(notification, notification.user).subject.startswith("Your booking for")


def test_complete_html_page_gets_no_layout():
    values = dict.fromkeys(VARIABLES[TemplateType.WELCOME], "x")
    template = Template(subject="S", html="<html><body><p>{userName}</p></body></html>", text="T")

    assert render(template, values).html == "<html><body><p>x</p></body></html>"


def test_render_active_renders_every_type():
    for type_, names in VARIABLES.items():
        rendered = render_active(type_, dict.fromkeys(names, "value"))
        assert "value" in rendered.html


def test_inline_styles_styles_known_elements_and_keeps_everything_else():
    source = (
        '<!-- note --><p>a &amp; b &#8364;</p><p style="color: red">c</p><br>'
        '<a class="button" href="{ticketUrl}">d</a>{tickets}'
    )

    html = inline_styles(source)

    assert "<!-- note -->" in html
    assert "a &amp; b €</p>" in html
    assert re.search(r'<p style="[^"]*color: red[^"]*">c</p><br>', html)
    assert "#1c1916" not in html.split("</p>")[1]
    assert re.search(
        r'<td class="button-cell".*<a class="button" href="{ticketUrl}" style="[^"]+">d</a></td>',
        html,
    )
    assert html.endswith("{tickets}")


def test_preview_is_the_text_after_the_heading():
    assert preview_of("Heading\n\nHello Ada,\nnews.\n") == "Hello Ada, news."
    assert preview_of("Only this") == "Only this"
    assert len(preview_of("H\n\n" + "word " * 100)) <= 110


# ── Organizers: replies and links ───────────────────────────────────────────
def test_replies_to_emails_about_an_event_go_to_its_organizer(settings):
    settings.REPLY_TO_DOMAINS = frozenset({"mill.example"})
    notification = example_of("booking_confirm")
    assert build_email(notification, notification.user).reply_to == []

    run("UPDATE events SET contact_email = 'box@mill.example'")
    email = build_email(notification, notification.user)
    assert email.message()["Reply-To"] == "box@mill.example"

    run("UPDATE events SET contact_email = 'victim@elsewhere.example'")
    assert build_email(notification, notification.user).reply_to == []


def test_links_in_an_organizers_reason_are_links_in_the_email():
    notification = example_of("event_cancelled")
    notification.message = "Cancelled: see https://mill.example/storm <b>."

    html = html_of(build_email(notification, notification.user))

    assert 'href="https://mill.example/storm" rel="nofollow ugc noopener"' in html
    assert "&lt;b&gt;" in html


# ── The record of a waitlist ────────────────────────────────────────────────
OF_WAITLISTS = ["waitlist_join", "waitlist_promotion", "waitlist_closed", "waitlist_outgrown"]


@pytest.mark.parametrize("kind", [*OF_WAITLISTS, "promotion_ended", "waitlist_confirm"])
def test_email_of_a_waitlist_shows_the_head_of_that_moment(kind):
    notification = example_of(kind)
    head = str(head_of(notification.event_id))
    run("UPDATE events SET max_passes = 0 WHERE id = %s", notification.event_id)

    email = build_email(notification, notification.user)

    assert notification.data["record"] == head
    note = f"Record of this waitlist: {head}. How to check it:"
    assert note in email.body
    assert "/how-the-waitlist-works/#record" in email.body
    assert f"Record of this waitlist: {head}." in html_of(email)


@pytest.mark.parametrize("html", ["<p>Hello</p>", "<html><body><p>Hello</p></body></html>"])
def test_head_is_below_templates_that_organizers_have_changed(html):
    notification = example_of("waitlist_join")
    active = EmailTemplate.objects.filter(template_type="waitlist_join", is_active=True)
    active.update(is_active=False)
    EmailTemplate.objects.create(
        template_type="waitlist_join",
        subject_template="Hello",
        html_template=html,
        text_template="Hello",
        is_active=True,
        version=99,
    )

    email = build_email(notification, notification.user)

    note = f"Record of this waitlist: {notification.data['record']}."
    assert email.body.startswith(f"Hello\n\n{note}")
    assert html_of(email).index("Hello</p>") < html_of(email).index(note)
    assert html_of(email).rstrip().endswith("</html>")


def test_email_about_a_booking_shows_no_head():
    notification = example_of("booking_confirm")
    assert "record" not in notification.data
    assert "Record of this waitlist" not in build_email(notification, notification.user).body


def test_cancelled_event_shows_the_head_to_those_who_waited():
    facts = Facts()
    entry = facts.entry()
    (id_,) = notify(messages=[events.event_cancelled(facts.event, entry.user_id, entry=entry)])
    assert Notification.objects.get(pk=id_).data["record"] == str(head_of(facts.event.pk))
