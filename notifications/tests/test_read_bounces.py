"""The mailbox of what comes back, read over IMAP, and reports piped in by a mail server."""

import io
import re
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction

from notifications.return_models import EmailReturn, Suppression
from notifications.returns.mailbox import PasswordUnprotected, mailbox_of, read_mailbox
from notifications.returns.tokens import bounce_address, token_of
from notifications.tasks import read_bounces
from notifications.tests.delivering import delivery_of
from notifications.tests.imapserver import imap_server
from notifications.tests.returning import sent
from notifications.tests.test_reports import report_bytes

pytestmark = pytest.mark.django_db

LOOKED_AT = "EventlyLookedAt"


def back(notification, name):
    token = token_of(notification.pk, notification.user.email)
    return report_bytes(name, token=token, id_=notification.pk)


def url_of(server, query=""):
    return f"imap://bounces:pass%20word@127.0.0.1:{server.port}/INBOX{query}"


def test_reports_are_recorded_and_all_else_is_left_alone(settings):
    notification, other = sent(), sent()
    with imap_server() as server:
        settings.BOUNCE_MAILBOX_URL = url_of(server, "?move=Handled")
        hard = server.add(back(notification, "postfix_unknown"))
        away = server.add(back(other, "holiday_german"))
        person = server.add(back(other, "person_reply"))
        broken = server.add(b"\xff\x00 nothing like an email")
        marked = server.add(back(other, "gmail_unknown"))
        server.flags[marked].add("\\Deleted")

        read_bounces()
        read_bounces()

        assert [len(emails) for emails in server.moved.values()] == [1]
        assert hard not in server.emails
        for uid in (away, person, broken):
            assert server.flags[uid] == {LOOKED_AT}
        assert server.flags[marked] == {"\\Deleted"}
        assert 'LOGIN bounces "pass word"' in server.commands
        # The second time, nothing was left to look at.
        assert len([each for each in server.commands if each.startswith("UID FETCH")]) == 1
    assert delivery_of(notification).status == "bounced"
    assert delivery_of(other).status == "sent"
    assert Suppression.objects.get().user == notification.user


def test_nothing_is_lost_where_reading_breaks_off():
    """Between recording and marking: it is read again, and counts once."""
    notification = sent()
    with imap_server(hangs_up_at="UID STORE", moves=False) as server:
        uid = server.add(back(notification, "exim_full"))
        place = mailbox_of(url_of(server, "?move=Handled"))
        with pytest.raises(Exception, match=r"socket error|EOF|abort"):
            read_mailbox(place)
        assert (EmailReturn.objects.count(), server.flags[uid]) == (1, set())

        result = read_mailbox(place)

        assert (result.reports, result.new) == (1, 0)
        # The server cannot move.
        assert (server.flags[uid], list(server.emails)) == ({"\\Seen"}, [uid])
    assert EmailReturn.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("postfix_unknown", r"\b5\.1\.1\b", "5.\u0661.\u0661"),
        ("postfix_delivered", r"Status: 2\.0\.0", "Status: 2.0.0.0"),
    ],
)
def test_report_that_nobody_can_read_keeps_back_no_other(name, before, after):
    """Whoever has an email writes one about it, with a code that the database takes for none."""
    forged, bounced = sent(), sent()
    raw = re.sub(before, after, back(forged, name).decode()).replace("us-ascii", "utf-8")
    assert after in raw
    with imap_server() as server:
        server.add(raw.encode())
        server.add(back(bounced, "exim_full"))
        assert read_mailbox(mailbox_of(url_of(server))).new == 2
    assert set(EmailReturn.objects.values_list("code", flat=True)) == {"", "5.2.2"}


def down(execute, sql, parameters, many, context):
    """Answer each statement as while the database is down."""
    raise OperationalError


def test_nothing_is_marked_while_the_database_is_down():
    notification = sent()
    with imap_server() as server:
        uid = server.add(back(notification, "exim_full"))
        with (
            pytest.raises(OperationalError),
            transaction.atomic(),
            connection.execute_wrapper(down),
        ):
            read_mailbox(mailbox_of(url_of(server)))
        assert server.flags[uid] == set()
        assert read_mailbox(mailbox_of(url_of(server))).new == 1


def test_server_without_keywords_marks_what_was_looked_at_as_read():
    with imap_server(keywords=False) as server:
        uid = server.add(back(sent(), "holiday_english"))
        assert read_mailbox(mailbox_of(url_of(server))).looked_at == 1
        assert server.flags[uid] == {"\\Seen"}


def test_password_is_not_sent_unprotected():
    with imap_server() as server:
        # The same machine under another name, and no encryption.
        url = url_of(server).replace("127.0.0.1", "127.0.0.2")
        with pytest.raises(PasswordUnprotected):
            read_mailbox(mailbox_of(url))
        assert not [command for command in server.commands if "LOGIN" in command]


def test_mailbox_of_a_url():
    found = mailbox_of("imaps://ana%40example.org:a%2Fb@mail.example.org/Bounces")
    assert (found.host, found.port, found.is_encrypted) == ("mail.example.org", 993, True)
    assert (found.user, found.password, found.folder) == ("ana@example.org", "a/b", "Bounces")
    assert found.move_to == ""


# ── Piped in ────────────────────────────────────────────────────────────────
def piped(monkeypatch, raw, *arguments):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    out = io.StringIO()
    call_command("read_bounces", *arguments, stdout=out, stderr=out)
    return out.getvalue().strip()


def test_report_is_piped_in(monkeypatch, settings):
    settings.BOUNCE_ADDRESS = "bounces@tickets.test"
    notification = sent()
    raw = back(notification, "qmail_disabled")
    assert piped(monkeypatch, raw) == "Recorded: bounced."
    assert piped(monkeypatch, raw).startswith("Known already")
    assert piped(monkeypatch, back(notification, "holiday_german")) == "No report."
    assert delivery_of(notification).error_message == "bounced disabled 5.2.1"

    # Its headers lack the token, and the mail server knows the address.
    other = sent()
    address = bounce_address(token_of(other.pk, other.user.email))
    raw = report_bytes("qmail_disabled", token="", id_=other.pk)
    assert piped(monkeypatch, raw, "--recipient", address) == "Recorded: bounced."
    assert Suppression.objects.filter(user=other.user).exists()


def test_mail_server_is_to_try_again_while_the_database_is_down(monkeypatch):
    raw = back(sent(), "exim_plain")
    with (
        pytest.raises(SystemExit) as ended,
        transaction.atomic(),
        connection.execute_wrapper(down),
    ):
        piped(monkeypatch, raw)
    assert ended.value.code == 75


def test_mailbox_is_read_by_the_command(monkeypatch, settings):
    settings.BOUNCE_MAILBOX_URL = ""
    with pytest.raises(CommandError, match="BOUNCE_MAILBOX_URL"):
        call_command("read_bounces", "--mailbox")
    with imap_server() as server:
        settings.BOUNCE_MAILBOX_URL = url_of(server)
        server.add(back(sent(), "complaint"))
        assert piped(monkeypatch, b"", "--mailbox") == "1 emails read: 1 reports, 1 of them new."
