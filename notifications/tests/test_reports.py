"""Reports of common mail servers, and what only looks like one, read from their bytes."""

import logging
import re
from pathlib import Path
from uuid import UUID

import pytest

from notifications.return_models import ReturnOutcome, ReturnReason
from notifications.returns.reading import read_report
from notifications.returns.status_codes import meaning_of
from notifications.returns.tokens import bounce_address, read_token, token_of

FOLDER = Path(__file__).parent / "reports"
ID = UUID("019ac000-0000-7000-8000-000000000001")
ADDRESS = "ana@example.org"
BOUNCED, DEFERRED = ReturnOutcome.BOUNCED, ReturnOutcome.DEFERRED
# What each report says: outcome, reason, code, and whether the address is given up.
VERDICTS = {
    "postfix_unknown": (BOUNCED, ReturnReason.NO_MAILBOX, "5.1.1", True),
    "postfix_delayed": (DEFERRED, ReturnReason.EXPIRED, "4.4.1", False),
    "postfix_expired": (BOUNCED, ReturnReason.EXPIRED, "4.4.1", False),
    "postfix_delivered": (ReturnOutcome.DELIVERED, ReturnReason.NONE, "2.0.0", False),
    "postfix_spam": (BOUNCED, ReturnReason.BLOCKED, "5.0.0", False),
    "exim_plain": (BOUNCED, ReturnReason.NO_MAILBOX, "", True),
    "exim_full": (BOUNCED, ReturnReason.FULL, "5.2.2", False),
    "exchange_unknown": (BOUNCED, ReturnReason.NO_MAILBOX, "5.1.10", True),
    "outlook_blocked": (BOUNCED, ReturnReason.BLOCKED, "5.7.1", False),
    "gmail_unknown": (BOUNCED, ReturnReason.NO_MAILBOX, "5.1.1", True),
    "qmail_disabled": (BOUNCED, ReturnReason.DISABLED, "5.2.1", True),
    "complaint": (ReturnOutcome.COMPLAINED, ReturnReason.SPAM, "", True),
    "holiday_german": None,
    "holiday_english": None,
    "person_reply": None,
    "not_spam": None,
}


def report_bytes(name: str, *, token: str, id_: UUID = ID, host: str = "testserver") -> bytes:
    """Return a report with the token and the Message-ID of an email, as it comes by SMTP."""
    text = (FOLDER / f"{name}.eml").read_text()
    for place, value in (("{token}", token), ("{id}", str(id_)), ("{host}", host)):
        text = text.replace(place, value)
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("name", VERDICTS)
def test_reports_of_mail_servers(name):
    report = read_report(report_bytes(name, token=token_of(ID, ADDRESS)))

    expected = VERDICTS[name]
    if expected is None:
        assert report is None
        return
    verdict = report.verdict
    assert (verdict.outcome, verdict.reason, verdict.code, verdict.is_permanent) == expected
    assert report.named.notification_id == ID
    assert report.named.went_to("ANA@example.org")
    assert not report.named.went_to("bo@example.org")


def test_every_report_is_tested():
    assert {path.stem for path in FOLDER.iterdir()} == set(VERDICTS)


def test_report_without_a_valid_token_gives_a_hint_only(settings):
    settings.PUBLIC_URL = "https://testserver"
    forged = token_of(ID, ADDRESS)[:-1] + "2"
    report = read_report(report_bytes("gmail_unknown", token=forged))
    assert (report.named, report.hints) == (None, (ID,))
    # Of another site.
    report = read_report(report_bytes("gmail_unknown", token=forged, host="elsewhere.test"))
    assert (report.named, report.hints) == (None, ())


def test_same_report_has_the_same_digest():
    raw = report_bytes("postfix_unknown", token=token_of(ID, ADDRESS))
    by_pipe = b"Received: from another way\r\n" + raw
    assert read_report(raw).digest == read_report(by_pipe).digest
    other = report_bytes("postfix_delayed", token=token_of(ID, ADDRESS))
    assert read_report(raw).digest != read_report(other).digest


def test_forwarded_email_is_given_up_only_where_all_addresses_are():
    raw = report_bytes("postfix_unknown", token=token_of(ID, ADDRESS))
    group = (
        b"\r\n\r\nFinal-Recipient: rfc822; bo@example.org\r\nAction: failed\r\nStatus: 5.2.2\r\n"
    )
    at = raw.index(b"\r\n\r\n--4XyZ.1764316800/mx.tickets.test\r\nContent-Description: Undelivered")
    both = read_report(raw[:at] + group + raw[at:]).verdict
    assert (both.reason, both.is_permanent) == (ReturnReason.FULL, False)
    one = read_report(raw[:at] + group.replace(b"failed", b"relayed") + raw[at:]).verdict
    assert (one.reason, one.is_permanent) == (ReturnReason.NO_MAILBOX, False)


@pytest.mark.parametrize(
    ("code", "words", "reason", "is_permanent"),
    [
        ("5.0.0", "smtp; 550 5.1.1 no such user here", ReturnReason.NO_MAILBOX, True),
        ("4.1.1", "450 4.1.1 User unknown, try again", ReturnReason.EXPIRED, False),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", None, True),
        ("5.4.4", "Host or domain name not found", ReturnReason.NO_DOMAIN, True),
        ("", "450 mailbox full", ReturnReason.FULL, False),
        ("", "550 Requested action not taken: mailbox unavailable", None, True),
        ("5.7.1", "550 5.7.1 user unknown or policy", ReturnReason.BLOCKED, False),
        ("5.6.0", "content rejected", ReturnReason.OTHER, False),
        ("nonsense", "", ReturnReason.OTHER, False),
        ("5.2.0", "550 5.2.0 mailbox temporarily disabled", ReturnReason.EXPIRED, False),
        ("5.1.1", "550 5.1.1 user unknown, try again later", ReturnReason.EXPIRED, False),
        ("5.0.0", "550 too many invalid recipients", ReturnReason.EXPIRED, False),
        ("5.\u0661.\u0661", "550 5.\u0661.\u0661 user unknown", ReturnReason.NO_MAILBOX, True),
        ("", "550 host 5.1.1.1 said no", ReturnReason.OTHER, False),
    ],
)
def test_codes_and_words(code, words, reason, is_permanent):
    meaning = meaning_of(code, words)
    assert meaning.is_permanent is is_permanent
    assert meaning.reason == (reason or ReturnReason.NO_MAILBOX)
    # As the database takes it (chk_return_code): else, no report of the mailbox would be recorded.
    assert re.fullmatch(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})?", meaning.code)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("5.1.8", "550 5.1.8 <bounces@x.test>: Sender address rejected: Domain not found"),
        ("5.1.7", "550 5.1.7 Sender address rejected: User unknown in virtual mailbox table"),
        (
            "5.0.0",
            "550-Verification failed for <bounces@x.test>\n550-No such user here\n550 Sender",
        ),
        ("5.1.0", "550 5.1.0 Sender domain does not exist"),
        ("5.0.0", "550 mailbox unavailable. Invalid DNS MX or A/AAAA resource record"),
        ("5.0.0", "554 Service unavailable; reverse DNS host not found"),
        ("5.5.4", "550 5.5.4 Invalid HELO name, host not found"),
        ("", "550 PTR record does not exist for 192.0.2.1"),
        ("", "550 Your host could not be found in DNS"),
        ("", "550 relay not permitted, mailbox unavailable"),
    ],
)
def test_what_is_wrong_with_this_site_gives_up_no_address(code, words):
    """While its domain cannot be looked up, each of its emails comes back with such words."""
    meaning = meaning_of(code, words)
    assert (meaning.reason, meaning.is_permanent) == (ReturnReason.BLOCKED, False)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00 no email at all",
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nAction failed\r\n",
        b"Content-Type: multipart/report; boundary=\xe4\r\nFrom: mailer-daemon\r\n\r\n\xe4",
        b"Subject: =?utf-8?B?%%%?=\r\nFrom: mailer-daemon@x.test\r\n\r\nfailed",
        # The parser stumbles over each of these.
        b"Content-Type: multipart/mixed; boundary*=utf-8''%ff; boundary*0=a\r\n\r\n--a",
        b"Content-Type: message/rfc822\r\n\r\n" * 5_000,
    ],
)
def test_what_is_no_email_is_no_report(raw):
    assert read_report(raw) is None


@pytest.mark.parametrize(
    "padding",
    [
        # Each line would be compared with each of the boundaries: minutes for one email.
        b"".join(
            b"Content-Type: multipart/mixed; Boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(100)
        ),
        b"\r\n" * 60_000,
        b"a\r" * 60_000,
    ],
)
def test_email_that_would_take_minutes_to_read_is_no_report(padding):
    raw = report_bytes("postfix_unknown", token=token_of(ID, ADDRESS))
    assert read_report(raw + b"a line\r\n" * 1_000) is not None
    assert read_report(raw + padding) is None


def test_parser_of_bounces_tells_its_steps_to_no_log():
    assert not logging.getLogger("flufl.bounce").isEnabledFor(logging.INFO)


def test_tokens_survive_another_case_and_key(settings):
    settings.BOUNCE_ADDRESS = "bounces@tickets.test"
    token = token_of(ID, ADDRESS)
    assert bounce_address(token) == f"bounces+{token}@tickets.test"
    assert len(bounce_address(token).partition("@")[0]) <= 64
    assert read_token(token.upper()).notification_id == ID
    assert ID.hex not in token
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "n" * 50
    assert read_token(token).notification_id == ID
    settings.SECRET_KEY_FALLBACKS = []
    assert read_token(token) is None
    settings.BOUNCE_ADDRESS = ""
    assert bounce_address(token) == ""
