"""Read the mailbox that emails come back to, over IMAP.

What is a report about one of our emails is recorded first, and then marked as read, or moved where
the URL names a folder. Everything else stays where and as it is, unread; a keyword that no email
program shows says that it was looked at. Nothing is ever deleted. If this process dies between
recording and marking, the report is read again, and recorded once.
"""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from django.conf import settings
from imapclient import SEEN, IMAPClient, SocketTimeout

from notifications.returns.applying import apply_all
from notifications.returns.reading import read_report
from notifications.returns.recording import record

# The rest waits for the next sweep.
MOST_AT_ONCE = 500
FETCHED_AT_ONCE = 20
# Larger ones stay as they are: a report returns a part of the email.
MOST_BYTES = 4_000_000
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 30.0
LOOKED_AT = b"EventlyLookedAt"
THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
ANY_KEYWORD = b"\\*"

log = structlog.get_logger(__name__)


class PasswordUnprotected(Exception):
    """The server of an imap:// URL offers no encryption, and is another machine."""


@dataclass(frozen=True)
class Mailbox:
    """A mailbox as BOUNCE_MAILBOX_URL has it. move_to: a folder for what was a report, or ""."""

    host: str
    port: int
    is_encrypted: bool
    user: str
    password: str
    folder: str
    move_to: str


@dataclass
class Read:
    """How many emails were looked at, how many of them were reports, and how many were new."""

    looked_at: int = 0
    reports: int = 0
    new: int = 0


def mailbox_of(url: str) -> Mailbox:
    """Return the mailbox of a URL: imaps://user:password@host:993/INBOX?move=Bounces."""
    parts = urlsplit(url)
    is_encrypted = parts.scheme == "imaps"
    return Mailbox(
        host=parts.hostname or "",
        port=parts.port or (993 if is_encrypted else 143),
        is_encrypted=is_encrypted,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        move_to=parse_qs(parts.query).get("move", [""])[0],
    )


def read_mailbox(mailbox: Mailbox) -> Read:
    """Read what is new in a mailbox, and apply it.

    Raises PasswordUnprotected; OSError and IMAPClientError where the server does not do as it
    should: what was recorded until then stays recorded.
    """
    result = Read()
    with _opened(mailbox) as folder:
        ids = folder.unread()
        for start in range(0, len(ids), FETCHED_AT_ONCE):
            _read_some(folder, ids[start : start + FETCHED_AT_ONCE], result)
    if result.new:
        apply_all()
    return result


@dataclass(frozen=True)
class Folder:
    """An open folder. keeps_keywords: whether emails may bear any; move_to: as of a mailbox."""

    client: IMAPClient
    keeps_keywords: bool
    move_to: str

    def unread(self) -> list[int]:
        """Return the emails that were not looked at yet, the oldest first."""
        criteria = ["UNSEEN", "UNDELETED", "SMALLER", str(MOST_BYTES)]
        if self.keeps_keywords:
            criteria += ["UNKEYWORD", LOOKED_AT.decode()]
        return sorted(self.client.search(criteria))[:MOST_AT_ONCE]

    def mark_handled(self, ids: Sequence[int]) -> None:
        self.client.add_flags(ids, [SEEN], silent=True)
        if self.move_to:
            self.client.move(ids, self.move_to)

    def mark_looked_at(self, ids: Sequence[int]) -> None:
        """Mark what is no report; as read only where the server allows no other mark."""
        self.client.add_flags(ids, [LOOKED_AT if self.keeps_keywords else SEEN], silent=True)


def _read_some(folder: Folder, ids: Sequence[int], result: Read) -> None:
    """Record the reports among some emails, then mark them."""
    # PEEK: reading marks nothing.
    found = folder.client.fetch(ids, ["BODY.PEEK[]"])
    reports, others = {}, []
    for id_ in ids:
        raw = found.get(id_, {}).get(b"BODY[]")
        if raw is None:
            # Another program has removed it.
            continue
        report = read_report(raw)
        if report is None or not (report.named or report.hints):
            others.append(id_)
        else:
            reports[id_] = report
    result.looked_at += len(reports) + len(others)
    result.reports += len(reports)
    if reports:
        result.new += record(list(reports.values()))
        folder.mark_handled(list(reports))
    if others:
        folder.mark_looked_at(others)


@contextmanager
def _opened(mailbox: Mailbox) -> Iterator[Folder]:
    """Open a mailbox's folder. Raises PasswordUnprotected."""
    trusted = ssl.create_default_context(cafile=getattr(settings, "EMAIL_CA_FILE", "") or None)
    with IMAPClient(
        mailbox.host,
        port=mailbox.port,
        ssl=mailbox.is_encrypted,
        ssl_context=trusted if mailbox.is_encrypted else None,
        timeout=SocketTimeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
    ) as client:
        if not mailbox.is_encrypted:
            if client.has_capability("STARTTLS"):
                client.starttls(trusted)
            elif mailbox.host not in THIS_MACHINE:
                raise PasswordUnprotected(mailbox.host)
        client.login(mailbox.user, mailbox.password)
        selected = client.select_folder(mailbox.folder)
        keeps_keywords = ANY_KEYWORD in selected.get(b"PERMANENTFLAGS", ())
        moves = bool(mailbox.move_to) and client.has_capability("MOVE")
        if mailbox.move_to and not moves:
            log.warning("mailbox_cannot_move")
        yield Folder(client, keeps_keywords, mailbox.move_to if moves else "")
