"""What SpamAssassin thinks of all emails that are shipped, where it is installed."""

import re
import shutil
import subprocess
from email.utils import formatdate

import pytest

from notifications.emails.message import build_email, message_id_of
from notifications.tests.examples import EXAMPLES, example_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

MOST_POINTS, SPAM_POINTS = 2.0, 5.0
# As a recipient's mail server would have got it.
RECEIVED = """\
Return-Path: <bounces@mill.example>
Received: from out.mill.example (out.mill.example [9.9.9.9])
\tby mx.example.org with ESMTPS id 4F1A22C0; {}
"""
# Known to all spam filters, as an email that they have to find.
SPAM = b"""\
Subject: Test
From: ada@mill.example
Message-ID: <gtube@mill.example>

XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X
"""
STATUS = re.compile(
    r"^X-Spam-Status: \w+, score=(-?[\d.]+) required=\S+\s+tests=(.*?)\s+autolearn=",
    re.MULTILINE | re.DOTALL,
)
MESSAGE_ID = re.compile(r"^Message-ID: (\S+)$", re.MULTILINE | re.IGNORECASE)
START = "From x Thu Jan  2 10:00:00 2026\n"


def scores_of(emails, home):
    """Return points and rules by Message-ID; of all at once, as starting takes the longest."""
    before = (START + RECEIVED.format(formatdate())).encode()
    box = b"".join(before + each.replace(b"\nFrom ", b"\n>From ") + b"\n" for each in emails)
    # Without the network: what it would ask is about a domain, not about the emails.
    done = subprocess.run(
        ["spamassassin", "--local", "--nocreate-prefs", "--mbox"],
        input=box,
        capture_output=True,
        check=True,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin:/usr/sbin", "LANG": "C.UTF-8"},
    )
    found = {}
    # In an order of its own.
    for rated in done.stdout.decode(errors="replace").split(START)[1:]:
        points, rules = STATUS.search(rated).groups()
        found[MESSAGE_ID.search(rated)[1]] = (float(points), "".join(rules.split()))
    return found


@pytest.mark.skipif(not shutil.which("spamassassin"), reason="SpamAssassin is not installed")
def test_shipped_emails_are_no_spam(settings, tmp_path):
    settings.DEFAULT_FROM_EMAIL = "Kulturhaus Zürich <tickets@mill.example>"
    settings.PUBLIC_URL = "https://tickets.mill.example"
    kinds, emails = {}, [SPAM]
    for kind in EXAMPLES:
        notification = example_of(kind)
        kinds[message_id_of(notification.pk)] = kind
        emails.append(build_email(notification, notification.user).message().as_bytes())

    scores = scores_of(emails, tmp_path)

    points_of_spam, _ = scores.pop("<gtube@mill.example>")
    assert points_of_spam > SPAM_POINTS
    assert scores.keys() == kinds.keys()
    assert {kinds[id_]: rated for id_, rated in scores.items() if rated[0] >= MOST_POINTS} == {}
