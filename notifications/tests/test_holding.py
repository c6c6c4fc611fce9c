"""Emails of a restored copy are held back; a private CA is trusted by a setting."""

import ssl
import subprocess

import pytest
from django.core import mail

from evently.configuration import faults
from notifications.emails.smtp import PrivateCaBackend
from notifications.factories import NotificationFactory
from notifications.models import EmailDelivery
from notifications.tests.delivering import deliver, reread


@pytest.mark.django_db
def test_held_emails_wait_and_go_out_later(settings):
    settings.HOLD_EMAILS = True
    notification = NotificationFactory()

    deliver(notification)

    assert mail.outbox == []
    assert reread(notification).status == "pending"
    assert not EmailDelivery.objects.exists()
    settings.HOLD_EMAILS = False
    deliver(notification)
    assert len(mail.outbox) == 1
    assert reread(notification).status == "sent"


@pytest.mark.django_db
def test_held_emails_do_not_hold_the_inbox(settings):
    settings.HOLD_EMAILS = True
    notification = NotificationFactory(channels=["in_app"])

    deliver(notification)

    assert reread(notification).status == "delivered"


def test_private_ca_replaces_the_systems(settings, tmp_path):
    file = tmp_path / "ca.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=Private CA",
            "-keyout",
            str(tmp_path / "key.pem"),
            "-out",
            str(file),
        ],
        check=True,
        capture_output=True,
    )
    settings.EMAIL_CA_FILE = str(file)

    context = PrivateCaBackend().ssl_context

    (authority,) = context.get_ca_certs()
    assert dict(authority["subject"][0]) == {"commonName": "Private CA"}
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_missing_ca_file_is_named():
    (fault,) = faults({"EMAIL_CA_FILE": "/missing/ca.pem"})

    assert fault.startswith("EMAIL_CA_FILE must be a file that Evently can read: '/missing/ca.pem'")
