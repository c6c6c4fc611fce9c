"""The editor of email templates in the admin: previews, test emails, versions, two at once."""

import re

import pytest
from django.core import mail
from django.test import Client

from bookings.operations import Canceller
from evently.accounts.factories import OrganizerFactory, SuperuserFactory
from evently.tests.sql import run
from notifications.emails.drafts import Draft
from notifications.emails.message import build_email
from notifications.kinds import accounts, bookings
from notifications.models import EmailTemplate
from notifications.operations.creating import notify
from notifications.operations.delivering import deliver_all
from notifications.operations.trying import TESTS_OF_PERSON, check_test
from notifications.tasks import send_test_email
from notifications.template_models import TemplateType
from notifications.tests.examples import Facts, example_of
from notifications.tests.test_emails import new_version

pytestmark = pytest.mark.django_db

ADMIN = "/admin/notifications/emailtemplate/"
EDITOR = f"{ADMIN}editor/cancellation/"
PREVIEW = f"{ADMIN}preview/cancellation/"
HTML = "<h1>Off</h1><p>Hello {userName}: {eventName}</p>"

HTML_ELSE = '<p>{text}</p><a class="button" href="{buttonUrl}">{buttonText}</a>'


@pytest.fixture
def superuser(client):
    user = SuperuserFactory(name="Grace Hopper")
    client.force_login(user)
    return user


def texts(**changes):
    given = {"subject": "Off: {eventName}", "html": HTML, "text": "Hello {userName}"}
    return given | {"note": "Shorter", "based_on": "1", "answer": "save"} | changes


def active(type_="cancellation"):
    return EmailTemplate.objects.get(template_type=type_, is_active=True)


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_saved_texts_become_the_version_in_use(client, superuser):
    page = client.post(EDITOR, texts(html=f"{HTML}<script>x</script>"), follow=True)

    row = active()
    assert (row.version, row.note, row.html_template) == (2, "Shorter", HTML)
    assert "Saved as version 2, which is in use now." in words(page)
    assert "Removed, as emails must not have it: &lt;script&gt;." in words(page)
    listed = words(client.get(ADMIN))
    assert "Version 2 Off: {eventName} Shorter" in listed
    assert "Grace Hopper" in listed
    notification = example_of("cancellation")
    assert build_email(notification, notification.user).subject == "Off: Jazz & <Blues>"


def test_what_cannot_be_saved_stays_in_the_form(client, superuser):
    page = client.post(EDITOR, texts(text="Hello {username}"))

    assert "{username} is not a placeholder of this email. You can use: " in words(page)
    assert "Hello {username}</textarea>" in page.content.decode()
    assert active().version == 1


def test_of_two_editors_the_second_is_told_and_loses_nothing(client, superuser):
    other = Client()
    other.force_login(SuperuserFactory())
    other.post(EDITOR, texts(subject="Faster"))

    refused = client.post(EDITOR, texts(subject="Slower"))

    assert refused.status_code == 409
    assert "Version 2 was saved on" in words(refused)
    form = refused.context["form"]
    assert (form["subject"].value(), form["based_on"].value()) == ("Slower", "2")
    assert f"{ADMIN}compare/cancellation/?old=1&amp;new=2" in refused.content.decode()
    again = client.post(EDITOR, {each.html_name: each.value() for each in form}, follow=True)
    assert "Saved as version 3" in words(again)
    assert (active().subject_template, EmailTemplate.objects.filter(version=2).count()) == (
        "Slower",
        1,
    )


def test_versions_are_compared_and_brought_back(client, superuser):
    first = active()
    client.post(EDITOR, texts())

    compared = words(client.get(f"{ADMIN}compare/cancellation/?old=1&new=2"))
    assert "Cancelled: {quantity} for {eventName}" in compared
    assert "Off: {eventName}" in compared
    version = client.get(f"{ADMIN}{first.pk}/change/")
    assert f"{PREVIEW}?version=1" in version.content.decode()
    url = f"{ADMIN}{first.pk}/restore/"
    asked = client.get(url)
    data = {"confirmed": "yes"} | dict(asked.context["hidden"])
    client.post(url, data)
    client.post(url, data)

    row = active()
    assert (row.version, row.restored_from, row.text_template) == (3, 1, first.text_template)
    assert "Version 1, brought back" in words(client.get(f"{ADMIN}?show=all"))


def test_preview_is_sandboxed_and_as_chosen(client, superuser):
    light = client.post(PREVIEW, texts())
    dark = client.post(PREVIEW, texts(scheme="dark"))
    plain = client.post(PREVIEW, texts(part="text"))
    wrong = client.post(PREVIEW, texts(html="<p>{nonsense}</p>"))

    policy = light.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert light.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Hello Grace Hopper: Jazz in the Old Mill" in words(light)
    assert "@media not all" in light.content.decode()
    assert "@media all" in dark.content.decode()
    assert "<pre>Hello Grace Hopper\n\n--\nYou receive this email" in plain.content.decode()
    assert "{nonsense} is not a placeholder" in words(wrong)


def test_preview_shows_messages_of_ones_own_only(client, superuser):
    mine = Facts(user=superuser)
    booking = mine.cancelled()
    message = bookings.booking_cancelled(mine.event, booking, by=Canceller.ATTENDEE, reason="")
    (own,) = notify(messages=[message])
    other = example_of("cancellation")

    page = client.get(EDITOR).content.decode()
    assert str(own) in page
    assert str(other.pk) not in page
    shown = words(client.post(PREVIEW, texts(own=str(own))))
    assert "Hello Grace Hopper: Jazz &amp; &lt;Blues&gt;" in shown
    refused = words(client.post(PREVIEW, texts(own=str(other.pk))))
    assert "This message of yours is over, or what it was about is gone." in refused


def test_messages_of_the_account_are_not_previewed(client, superuser):
    """Their links log in or set a password, which a session alone may not."""
    (reset,) = notify(messages=[accounts.password_reset(superuser)])

    page = client.post(
        f"{ADMIN}preview/notification/",
        texts(own=str(reset), subject="S", html=HTML_ELSE, text="{text} {buttonUrl}"),
    )

    assert "This message of yours is over" in words(page)


def test_test_email_goes_to_oneself_and_keeps_the_texts(client, superuser):
    page = client.post(EDITOR, texts(answer="test"))

    assert f"A test email goes to {superuser.email} now." in words(page)
    assert page.context["form"]["subject"].value() == "Off: {eventName}"
    assert active().version == 1
    data = check_test(Draft(TemplateType.CANCELLATION, page.context["form"].template), superuser)
    assert superuser.email not in str(data), "tasks are told no personal data"
    send_test_email(data, str(superuser.pk))
    (email,) = mail.outbox
    assert (email.subject, email.to) == ("[Test] Off: Jazz in the Old Mill", [superuser.email])


def test_test_emails_are_limited(client, superuser):
    for _ in range(TESTS_OF_PERSON.most):
        client.post(EDITOR, texts(answer="test"))

    page = client.post(EDITOR, texts(answer="test"))

    assert "No test email was sent. Too many attempts." in words(page)


def test_test_emails_go_to_confirmed_addresses_only(client, superuser):
    """Otherwise they would let anyone write whatever they like to another person."""
    run("UPDATE users SET email_verified_at = NULL WHERE id = %s", superuser.pk)
    draft = Draft(TemplateType.CANCELLATION)

    page = client.post(EDITOR, texts(answer="test"))
    send_test_email(draft.as_json(), str(superuser.pk))

    assert "No test email was sent. Confirm your email address first" in words(page)
    assert mail.outbox == []


def test_template_that_cannot_be_rendered_is_shown_as_a_warning(client, superuser):
    row = new_version("cancellation", html_template="<p>{gone}</p>")

    page = words(client.get(ADMIN))

    assert "Emails are sent with the default template" in page
    assert "version 2 could not be used, as it has a placeholder that this email does not" in page
    assert "in this version it has a placeholder" in words(client.get(f"{ADMIN}{row.pk}/change/"))
    editor = words(client.get(EDITOR))
    assert "Version 2 cannot be used, as it has a placeholder" in editor
    assert "Version 2 is in use" not in editor


@pytest.mark.parametrize("page", ["editor/cancellation/", "preview/cancellation/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_organizers_edit_no_templates_of_the_site(client, page, method):
    client.force_login(OrganizerFactory())

    assert getattr(client, method)(f"{ADMIN}{page}", texts()).status_code == 403
    assert active().version == 1


def test_first_email_that_cannot_be_rendered_is_noted_on_the_version(client, superuser):
    row = new_version("cancellation", html_template="<p>{gone}</p>")
    notification = example_of("cancellation")

    deliver_all([(notification.pk, notification.user_id)])

    (email,) = mail.outbox
    assert email.subject.startswith("Cancelled: "), "the default, as the version cannot be used"
    row.refresh_from_db()
    assert (row.failure, row.failed_at is not None) == ("placeholder_unknown", True)
