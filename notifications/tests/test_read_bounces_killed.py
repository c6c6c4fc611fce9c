"""The process that reads the mailbox is killed: no report is lost, none counts twice."""

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings

from evently.tests.database import url_of as database_url
from notifications.models import EmailDelivery
from notifications.return_models import EmailReturn, Suppression
from notifications.returns.applying import apply_all
from notifications.returns.mailbox import mailbox_of, read_mailbox
from notifications.tests.imapserver import SEEN, imap_server
from notifications.tests.returning import sent
from notifications.tests.test_read_bounces import LOOKED_AT, back, url_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race, pytest.mark.processes]

BOUNCES, REPEATED, OTHERS = 25, 8, 12


def read_until_killed(server, command, number):
    """Read the mailbox in a process of its own, killed as it sends a command for the nth time."""
    database = database_url()
    reader = subprocess.Popen(
        [sys.executable, "manage.py", "read_bounces", "--mailbox"],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {
            "DATABASE_URL": database,
            "DATABASE_OWNER_URL": database,
            "BOUNCE_MAILBOX_URL": url_of(server, "?move=Handled"),
            "DEVELOPMENT_ALLOWS": "DATABASE_URL,REDIS_URL",
        },
    )
    seen = Counter()

    def kill(given):
        seen[command] += given.startswith(command)
        if seen[command] == number:
            os.kill(reader.pid, signal.SIGKILL)
            raise ConnectionAbortedError

    server.at_command = kill
    assert reader.wait(120) == -signal.SIGKILL
    server.at_command = None


def test_killed_reader_loses_no_report_and_counts_none_twice():
    notifications = [sent() for _ in range(BOUNCES)]
    with imap_server() as server:
        reports = [
            back(each, "postfix_unknown").replace(b"Message-Id: <", b"Message-Id: <%d." % number, 1)
            for number, each in enumerate(notifications)
        ]
        assert len(set(reports)) == BOUNCES
        replies = [back(notifications[0], "person_reply") for _ in range(OTHERS)]
        # A mail server may report the same again, and people answer in between.
        for raw in (*reports[:10], *replies, *reports[10:], *reports[:REPEATED]):
            server.add(raw)

        # Before anything of the second twenty is recorded; and after that, before it is marked.
        read_until_killed(server, "UID FETCH", 2)
        assert EmailReturn.objects.count() == 10
        read_until_killed(server, "UID STORE", 1)
        assert (EmailReturn.objects.count(), len(server.moved["Handled"])) == (BOUNCES, 10)
        read_mailbox(mailbox_of(url_of(server, "?move=Handled")))

        assert EmailReturn.objects.count() == BOUNCES
        assert EmailReturn.objects.values("delivery_id").distinct().count() == BOUNCES
        moved = server.moved["Handled"]
        assert Counter(moved) == Counter([*reports, *reports[:REPEATED]])
        assert Counter(server.emails.values()) == Counter(replies)
        assert all(SEEN not in flags for uid, flags in server.flags.items() if uid in server.emails)
        assert all(LOOKED_AT in server.flags[uid] for uid in server.emails)
    apply_all()
    assert EmailDelivery.objects.filter(status="bounced").count() == BOUNCES
    assert Suppression.objects.count() == BOUNCES
