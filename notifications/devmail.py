"""The mailbox of development: mails as files, and pages that show them.

Nothing of this is reachable outside development: `notifications.urls` has the pages only while
DEBUG is on, and each asks once more.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedMail
from email.utils import parsedate_to_datetime
from functools import wraps
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from evently.database.ids import uuid7

SHOWN = 200
ENDING = ".eml"
CONTENT_ID = re.compile(r"cid:([^\"'\s>]+)")
SHOWN_HEADERS = ("Message-ID", "Reply-To", "Auto-Submitted", "List-Unsubscribe")
# A mail is somebody else's HTML: it may show its own pictures and styles, and run nothing.
MAIL_POLICY = {
    "default-src": [NONE],
    "img-src": [SELF, "data:"],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": ["allow-popups", "allow-top-navigation-by-user-activation"],
}

View = Callable[..., HttpResponse]


class MailboxBackend(BaseEmailBackend):
    """Writes each mail into a file of its own, whole or not at all, named by the time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails; returns how many."""
        mailbox = Path(settings.DEV_MAILBOX)
        mailbox.mkdir(parents=True, exist_ok=True)
        for mail in email_messages:
            name = uuid7().hex
            draft = mailbox / f".{name}.part"
            draft.write_bytes(mail.message().as_bytes())
            draft.rename(mailbox / f"{name}{ENDING}")
        return len(email_messages)


@dataclass(frozen=True)
class Part:
    """A part of a mail that can be looked at by itself."""

    name: str
    url: str


@dataclass(frozen=True)
class Header:
    """One line of a mail's head."""

    name: str
    value: str


@dataclass
class ShownMail:
    """A mail as the pages show it."""

    subject: str
    sender: str
    to: str
    at: datetime
    url: str
    text: str = ""
    html_url: str = ""
    attachments: list[Part] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)


def development_only(view: View) -> View:
    """Answer "not found" outside development."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return require_safe(guarded)


@development_only
def mail_list(request: HttpRequest) -> HttpResponse:
    """Show the mailbox, newest first."""
    names = sorted((path.stem for path in _files()), reverse=True)[:SHOWN]
    mails = [_head(name, mail) for name in names if (mail := _read(name)) is not None]
    return render(request, "dev/mail_list.html", {"mails": mails})


@development_only
def mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail."""
    mail = _mail_or_404(name)
    shown = _head(name, mail)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    shown.text = text.get_content() if text else ""
    shown.html_url = reverse("dev_mail_html", args=[name]) if html else ""
    shown.headers = [
        Header(header, str(mail[header])) for header in SHOWN_HEADERS if header in mail
    ]
    shown.attachments = [
        Part(
            name=part.get_filename() or part.get_content_type(),
            url=reverse("dev_mail_part", args=[name, number]),
        )
        for number, part in _attachments(mail)
    ]
    return render(request, "dev/mail_detail.html", {"mail": shown, "list_url": reverse("dev_mail")})


@csp(MAIL_POLICY)
@xframe_options_sameorigin
@development_only
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """Serve a mail's HTML part, its pictures pointing to the parts of the same mail."""
    mail = _mail_or_404(name)
    body = mail.get_body(("html",))
    if body is None:
        raise Http404
    urls = {
        str(part["Content-ID"]).strip("<> "): reverse("dev_mail_part", args=[name, number])
        for number, part in _attachments(mail)
        if part["Content-ID"]
    }
    html = CONTENT_ID.sub(lambda match: urls.get(match[1], match[0]), body.get_content())
    # Links leave the frame, for no page of ours lets itself be framed.
    return HttpResponse(html.replace("<head>", '<head><base target="_top">', 1))


@development_only
def mail_part(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Serve an attachment: pictures to look at, everything else to download."""
    found = dict(_attachments(_mail_or_404(name))).get(number)
    if found is None:
        raise Http404
    is_picture = found.get_content_type() == "image/png"
    content_type = "image/png" if is_picture else "application/octet-stream"
    response = HttpResponse(found.get_payload(decode=True), content_type=content_type)
    filename = re.sub(r"[^A-Za-z0-9._-]", "_", found.get_filename() or "part")
    kind = "inline" if is_picture else "attachment"
    response.headers["Content-Disposition"] = f'{kind}; filename="{filename}"'
    return response


def _files() -> Iterator[Path]:
    return Path(settings.DEV_MAILBOX).glob(f"*{ENDING}")


def _read(name: str) -> ParsedMail | None:
    """Return a mail by its name, which holds no dot and no slash (the URL sees to that)."""
    try:
        content = (Path(settings.DEV_MAILBOX) / f"{name}{ENDING}").read_bytes()
    except OSError:
        return None
    return message_from_bytes(content, policy=policy.default)


def _mail_or_404(name: str) -> ParsedMail:
    mail = _read(name)
    if mail is None:
        raise Http404
    return mail


def _head(name: str, mail: ParsedMail) -> ShownMail:
    try:
        at = parsedate_to_datetime(str(mail["Date"]))
    except ValueError:
        at = timezone.now()
    return ShownMail(
        subject=str(mail["Subject"] or "(no subject)"),
        sender=str(mail["From"] or ""),
        to=str(mail["To"] or ""),
        at=at,
        url=reverse("dev_mail_detail", args=[name]),
    )


def _attachments(mail: ParsedMail) -> list[tuple[int, ParsedMail]]:
    """Return the parts that have a file name, with their numbers."""
    return [
        (number, part)
        for number, part in enumerate(mail.walk())
        if not part.is_multipart() and part.get_filename()
    ]
