"""The development mailbox: shows complete emails, runs nothing in them, exists nowhere else."""

import base64
import os
import re
import subprocess
import sys
import threading

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.http import Http404
from django.test import RequestFactory

from bookings.factories import BookingFactory
from evently.accounts.factories import UserFactory
from evently.environment import BASE_DIR
from notifications import devmail
from notifications.factories import NotificationFactory
from notifications.operations import delivering

pytestmark = [pytest.mark.django_db, pytest.mark.urls("notifications.tests.development_urls")]


@pytest.fixture
def mailbox(settings, tmp_path):
    settings.DEBUG = True
    settings.EMAIL_BACKEND = "notifications.devmail.MailboxBackend"
    settings.DEV_MAILBOX = tmp_path / "mail"
    return settings.DEV_MAILBOX


def send(subject="Hello", html="<html><head></head><body>Hi</body></html>"):
    mail = EmailMultiAlternatives(subject, "Text", "us@example.org", ["ada@example.org"])
    mail.attach_alternative(html, "text/html")
    get_connection().send_messages([mail])


def names(mailbox):
    return sorted(path.stem for path in mailbox.glob("*.eml"))


def text_of(response):
    return response.content.decode()


def test_each_email_is_a_file(mailbox):
    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(names(mailbox)) == 20
    assert len(list(mailbox.iterdir())) == 20


def test_list_is_newest_first(client, mailbox):
    for number in range(3):
        send(f"Mail {number}")

    assert re.findall(r"Mail \d", text_of(client.get("/dev/mail/"))) == [
        "Mail 2",
        "Mail 1",
        "Mail 0",
    ]


def test_empty_mailbox_has_a_message(client, mailbox):
    assert "No emails yet" in text_of(client.get("/dev/mail/"))


def test_confirmation_is_shown_with_its_qr_codes_and_calendar(client, mailbox):
    booking = BookingFactory(event__name="Jazz", user=UserFactory())
    notification = NotificationFactory(
        user=booking.user,
        type="booking_confirm",
        event_id=booking.event_id,
        data={"booking": str(booking.pk)},
    )
    delivering.deliver_all([(notification.pk, notification.user_id)])
    (name,) = names(mailbox)

    page = text_of(client.get(f"/dev/mail/{name}/"))
    assert "Your booking for Jazz: 1 seat" in page
    assert booking.user.email in page
    assert "event.ics" in page
    assert "ticket-1.png" in page

    html = client.get(f"/dev/mail/{name}/html/")
    assert "cid:" not in text_of(html)
    (image_url,) = re.findall(rf'src="(/dev/mail/{name}/\d+/)"', text_of(html))
    image = client.get(image_url)
    assert image.headers["Content-Type"] == "image/png"
    assert image.content.startswith(b"\x89PNG")

    (calendar,) = re.findall(rf'href="(/dev/mail/{name}/\d+/)"[^>]*>(?:(?!</a>).)*ics', page, re.S)
    download = client.get(calendar)
    assert download.headers["Content-Disposition"] == 'attachment; filename="event.ics"'
    assert download.content.startswith(b"BEGIN:VCALENDAR")


def test_html_part_runs_nothing_and_is_framed_by_this_site_only(client, mailbox):
    send(html="<html><head></head><body><script>alert(1)</script></body></html>")
    (name,) = names(mailbox)

    response = client.get(f"/dev/mail/{name}/html/")

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert "frame-ancestors 'self'" in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_top">' in text_of(response)


def test_subjects_are_escaped(client, mailbox):
    send("<script>alert(1)</script>")
    (name,) = names(mailbox)

    for path in ("/dev/mail/", f"/dev/mail/{name}/"):
        assert "<script>alert(1)" not in text_of(client.get(path))


@pytest.mark.parametrize(
    "name", ["nothing", "..", "..%2Fsettings", "%2e%2e%2fsecret", "a%00b", "x/../../secret"]
)
@pytest.mark.parametrize("ending", ["", "html/", "0/"])
def test_only_emails_are_served(client, mailbox, name, ending):
    send()
    (mailbox.parent / "secret.eml").write_text("Subject: cuckoo\n\ncuckoo")

    response = client.get(f"/dev/mail/{name}/{ending}", follow=True)

    assert "cuckoo" not in text_of(response)
    assert response.status_code in (400, 404)


def test_parts_that_are_no_attachments_are_not_found(client, mailbox):
    send()
    (name,) = names(mailbox)

    for number in (0, 1, 99, 10**9):
        assert client.get(f"/dev/mail/{name}/{number}/").status_code == 404


def test_corrupt_file_breaks_nothing(client, mailbox):
    send()
    (mailbox / "corrupt.eml").write_bytes(b"\xff\xfe no mail \x00")

    assert client.get("/dev/mail/").status_code == 200
    assert client.get("/dev/mail/corrupt/").status_code == 200


OUTSIDE_DEVELOPMENT = """
import django; django.setup()
from django.urls import Resolver404, resolve
for path in ("", "a/", "a/html/", "a/0/"):
    try:
        print(path, resolve(f"/dev/mail/{path}"))
    except Resolver404:
        pass
"""


def test_urls_do_not_exist_outside_development():
    """In a separate process, since URLs are read once."""
    production = {
        "DEBUG": "false",
        "DJANGO_SETTINGS_MODULE": "evently.settings",
        "SECRET_KEY": "s" * 50,
        "EVENTLY_DIGEST_KEY": "d" * 50,
        "EVENTLY_PII_KEYS": f"test:{base64.b64encode(bytes(32)).decode()}",
        "EMAIL_URL": "dummymail://",
        "PUBLIC_URL": "https://tickets.example.org",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    run = subprocess.run(
        [sys.executable, "-c", OUTSIDE_DEVELOPMENT],
        env=os.environ | production,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


@pytest.mark.parametrize("view", ["mail_list", "mail_detail", "mail_html", "mail_part"])
def test_views_answer_404_outside_development(settings, mailbox, view):
    send()
    settings.DEBUG = False
    arguments = {"mail_list": [], "mail_part": [names(mailbox)[0], 0]}

    with pytest.raises(Http404):
        getattr(devmail, view)(RequestFactory().get("/"), *arguments.get(view, [names(mailbox)[0]]))


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_mailbox_is_private_whatever_the_umask(tmp_path, settings, umask):
    settings.DEV_MAILBOX = tmp_path / "home" / "mail"
    before = os.umask(umask)
    try:
        email = EmailMultiAlternatives("Hello", "Text", "a@example.org", ["b@example.org"])
        devmail.MailboxBackend().send_messages([email])
    finally:
        os.umask(before)
    found = [tmp_path / "home", *(tmp_path / "home").rglob("*")]
    assert [path.stat().st_mode & 0o777 for path in found] == [0o700, 0o700, 0o600]
