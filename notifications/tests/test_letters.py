"""Mails: every kind renders, values are escaped, a broken template loses nothing."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.accounts.factories import UserFactory
from evently.links import read_link
from evently.tests.rows import offer, wait
from events.factories import EventFactory
from notifications.factories import NotificationFactory
from notifications.letters.content import Obsolete
from notifications.letters.contents import content_of, template_type_of
from notifications.letters.layout import inlined
from notifications.letters.mail import write_mail
from notifications.letters.placeholders import (
    PlaceholderUnknown,
    Rich,
    check,
    fill_html,
    fill_subject,
    fill_text,
)
from notifications.letters.templates import (
    Template,
    preview_of,
    render,
    render_active,
    shipped,
)
from notifications.letters.variables import VARIABLES
from notifications.models import EmailTemplate, MessageType, Notification, TemplateType

pytestmark = pytest.mark.django_db

NASTY = '<b>Böll</b> & "Söhne" {userName}'
VOID = {"meta", "img", "br", "hr", "input", "link"}


class Balance(HTMLParser):
    """Fails where an element is closed that was not the last one opened."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def about():
    """Make a message of a type, with all that its mail needs."""

    def make(type_, **columns):
        user = UserFactory(name="Ada Lovelace")
        event = EventFactory(
            name="Jazz & <Blues>",
            timezone="Europe/Zurich",
            event_date=datetime(2099, 7, 2, 18, 30, tzinfo=UTC),
            total_capacity=2,
            priced=20,
        )
        booking = BookingFactory(event=event, user=user, quantity=2)
        data = {"booking": str(booking.pk)}
        if type_ in ("waitlist_join", "promotion_ended", "waitlist_closed", "waitlist_promotion"):
            data["entry"] = str(wait(event.pk, user_id=user.pk, unit_price=20))
        if type_ == "waitlist_promotion":
            Booking.objects.filter(event=event).update(status="cancelled")
            data["promotion"] = str(offer(data["entry"], unit_price=20))
        given = {"type": type_, "user": user, "event_id": event.pk, "data": data}
        return NotificationFactory(**(given | columns))

    return make


def html_of(mail):
    ((content, kind),) = mail.alternatives
    assert kind == "text/html"
    return content


# ── Every kind ──────────────────────────────────────────────────────────────
@pytest.mark.parametrize("type_", MessageType.values)
def test_every_type_renders_whole(about, type_):
    notification = about(type_)

    mail = write_mail(notification, notification.user)

    html = html_of(mail)
    for words in (mail.subject, mail.body, html):
        assert words.strip()
        assert not re.search(r"\{[A-Za-z]+\}", re.sub(r"<style>.*?</style>", "", words, flags=re.S))
    assert "\n" not in mail.subject
    assert "Ada Lovelace" in html
    assert "Ada Lovelace" in mail.body
    assert "<b>" not in mail.body
    assert "<Blues>" not in html
    balance = Balance()
    balance.feed(html)
    assert balance.open == []


@pytest.mark.parametrize("type_", MessageType.values)
def test_every_type_leads_somewhere_of_ours(about, settings, type_):
    settings.PUBLIC_URL = "https://tickets.example.org"
    notification = about(type_)

    mail = write_mail(notification, notification.user)

    links = re.findall(r'href="([^"]+)"', html_of(mail))
    assert all(link.startswith("https://tickets.example.org") for link in links), links
    assert 'class="button"' in html_of(mail)


@pytest.mark.parametrize("type_", TemplateType.values)
def test_shipped_templates_use_exactly_what_they_declare(type_):
    template = shipped(TemplateType(type_))
    for part in (template.subject, template.html, template.text):
        check(part, allowed=VARIABLES[TemplateType(type_)])


@pytest.mark.parametrize("type_", MessageType.values)
def test_values_are_exactly_those_declared(about, type_):
    notification = about(type_)

    values = content_of(notification, notification.user).values

    assert set(values) == set(VARIABLES[template_type_of(type_)])


def test_the_end_of_a_password_leads_to_a_new_one(about):
    notification = about("password_reset", data={"because": "booked_as_guest"})

    content = content_of(notification, notification.user)

    assert content.values["heading"] == "Please set a new password"
    assert "no longer works" in str(content.values["text"])
    assert "/account/password/" in str(content.values["buttonUrl"])


@pytest.mark.parametrize(("is_active", "leads_in"), [(True, True), (False, False)])
def test_what_a_guest_was_refused_leads_in_who_may_come_in(about, is_active, leads_in):
    notification = about("account_exists", data={"refused": "person_limit"}, message="Refused.")
    notification.user.is_active = is_active

    content = content_of(notification, notification.user)

    assert content.values["heading"] == "Nothing was booked"
    assert str(content.values["text"]).startswith("Refused.")
    assert ("/account/enter/" in str(content.values["buttonUrl"])) is leads_in


def test_times_are_told_in_the_time_zone_of_the_event(about):
    notification = about("booking_confirm")

    mail = write_mail(notification, notification.user)

    assert "Thu 2 Jul 2099, 20:30 CEST" in mail.body
    assert "Tue 30 Jun 2099, 20:30 CEST" in mail.body, "until when to cancel"


def test_the_ticket_link_opens_this_booking_and_nothing_else(about):
    notification = about("booking_confirm")

    mail = write_mail(notification, notification.user)

    (token,) = set(re.findall(r"/b/([^/\s\"]+)/", mail.body))
    event_id, booking_id = read_link(purpose="booking", token=token)
    assert (event_id, str(booking_id)) == (notification.event_id, notification.data["booking"])
    with pytest.raises(Exception, match="link does not work"):
        read_link(purpose="promotion", token=token)


def test_an_offer_links_to_its_claim(about):
    notification = about("waitlist_promotion")

    mail = write_mail(notification, notification.user)

    (token,) = set(re.findall(r"/p/([^/\s\"]+)/", mail.body))
    assert str(read_link(purpose="promotion", token=token)[1]) == notification.data["promotion"]
    assert "20.00 EUR" in mail.body


def test_an_offer_that_is_over_is_not_mailed(about, clock):
    notification = about("waitlist_promotion")
    clock.move(timedelta(hours=2))

    with pytest.raises(Obsolete):
        write_mail(notification, notification.user)


def test_nobody_is_mailed_about_somebody_elses_booking(about):
    notification = about("booking_confirm")
    other = NotificationFactory(
        type="booking_confirm", event_id=notification.event_id, data=notification.data
    )

    with pytest.raises(Obsolete):
        write_mail(other, other.user)


def test_no_secret_is_stored(about):
    for type_ in MessageType.values:
        notification = about(type_)
        write_mail(notification, notification.user)

    stored = str(list(Notification.objects.values("message", "data")))
    assert "/account/" not in stored
    assert "/b/" not in stored


# ── Placeholders ────────────────────────────────────────────────────────────
def test_values_are_escaped_in_html_and_plain_in_text():
    values = {"userName": NASTY}

    assert fill_text("Hello {userName}!", values) == f"Hello {NASTY}!"
    assert fill_html('<p title="{userName}">{userName}</p>', values).count("<b>") == 0
    assert "&lt;b&gt;Böll&lt;/b&gt; &amp; &quot;Söhne&quot; {userName}" in fill_html(
        "{userName}", values
    )


def test_a_subject_is_one_line():
    assert fill_subject("{a}\n {b}", {"a": "One\r\nBcc: all", "b": "two"}) == "One Bcc: all two"


def test_rich_values_bring_their_own_html():
    values = {"tickets": Rich(text="one", html="<i>one</i>")}

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


def test_styles_and_lonely_braces_are_no_placeholders():
    template = "<style>p { color: red; } a{color:red}</style>{ } {"

    assert fill_html(template, {}) == template
    assert fill_text("{{userName}}x{", {"userName": "Ada"}) == "{Ada}x{"


# ── Templates ───────────────────────────────────────────────────────────────
def new_version(type_, **parts):
    EmailTemplate.objects.filter(template_type=type_).update(is_active=False)
    given = {"subject_template": "S", "html_template": "<p>H</p>", "text_template": "T"}
    return EmailTemplate.objects.create(template_type=type_, version=2, **(given | parts))


def test_the_active_version_is_used(about):
    notification = about("notification")
    new_version("notification", subject_template="Ahoy {userName}")

    assert write_mail(notification, notification.user).subject == "Ahoy Ada Lovelace"


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
def test_a_broken_template_falls_back_and_is_logged(about, log_output, parts):
    notification = about("notification")
    new_version("notification", **parts)

    mail = write_mail(notification, notification.user)

    assert mail.subject == "News from Evently"
    assert notification.message in mail.body
    (line,) = [each for each in log_output.entries if each["event"] == "template_failed"]
    assert line["template_type"] == "notification"


def test_without_any_template_in_the_database_mails_go_out(about):
    notification = about("booking_confirm")
    EmailTemplate.objects.all().delete()

    assert write_mail(notification, notification.user).subject.startswith("Your booking for")


def test_a_whole_page_of_ones_own_stays_as_it_is():
    values = dict.fromkeys(VARIABLES[TemplateType.WELCOME], "x")
    template = Template(subject="S", html="<html><body><p>{userName}</p></body></html>", text="T")

    assert render(template, values).html == "<html><body><p>x</p></body></html>"


def test_render_active_knows_every_type():
    for type_, names in VARIABLES.items():
        words = render_active(type_, dict.fromkeys(names, "value"))
        assert "value" in words.html


def test_known_elements_get_their_style_and_all_else_is_kept():
    source = (
        '<!-- note --><p>a &amp; b &#8364;</p><p style="x">c</p><br>'
        '<a class="button" href="u">d</a>'
    )

    html = inlined(source)

    assert "<!-- note -->" in html
    assert "a &amp; b &#8364;</p>" in html
    assert '<p style="x">c</p><br>' in html
    assert re.search(
        r'<td class="button-cell".*<a style="[^"]+" class="button" href="u">d</a></td>', html
    )


def test_the_preview_is_the_text_after_its_heading():
    assert preview_of("Heading\n\nHello Ada,\nnews.\n") == "Hello Ada, news."
    assert preview_of("Only this") == "Only this"
    assert len(preview_of("H\n\n" + "word " * 100)) <= 110
