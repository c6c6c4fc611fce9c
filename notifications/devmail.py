"""The development mailbox: emails as files, and pages that show them.

It does not exist outside development: `notifications.urls` has the pages only while DEBUG is on,
and each page checks again.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedEmail
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

from evently import private_files
from evently.database.ids import uuid7

MOST_LISTED = 200
ENDING = ".eml"
CONTENT_ID = re.compile(r"cid:([^\"'\s>]+)")
SHOWN_HEADERS = ("Message-ID", "Reply-To", "Auto-Submitted", "List-Unsubscribe")
# The HTML of an email is not trusted: it may show its own images and styles, and run nothing.
EMAIL_POLICY = {
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
    """Writes each email to a file of its own, atomically, named in order of time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        mailbox = Path(settings.DEV_MAILBOX)
        private_files.make_folder(mailbox)
        for email in email_messages:
            name = uuid7().hex
            draft = mailbox / f".{name}.part"
            private_files.write(draft, email.message().as_bytes())
            draft.rename(mailbox / f"{name}{ENDING}")
        return len(email_messages)


@dataclass(frozen=True)
class Attachment:
    name: str
    url: str


@dataclass(frozen=True)
class Header:
    name: str
    value: str


@dataclass
class EmailPresenter:
    subject: str
    sender: str
    to: str
    at: datetime
    url: str
    text: str = ""
    html_url: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)


def development_only(view: View) -> View:
    """Answer 404 outside development."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return require_safe(guarded)


@development_only
def mail_list(request: HttpRequest) -> HttpResponse:
    names = sorted((path.stem for path in _files()), reverse=True)[:MOST_LISTED]
    mails = [_present(name, email) for name in names if (email := _read(name)) is not None]
    return render(request, "dev/mail_list.html", {"mails": mails})


@development_only
def mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    email = _email_or_404(name)
    presenter = _present(name, email)
    text, html = email.get_body(("plain",)), email.get_body(("html",))
    presenter.text = text.get_content() if text else ""
    presenter.html_url = reverse("dev_mail_html", args=[name]) if html else ""
    presenter.headers = [
        Header(header, str(email[header])) for header in SHOWN_HEADERS if header in email
    ]
    presenter.attachments = [
        Attachment(
            name=part.get_filename() or part.get_content_type(),
            url=reverse("dev_mail_part", args=[name, number]),
        )
        for number, part in _attachments(email)
    ]
    return render(
        request, "dev/mail_detail.html", {"mail": presenter, "list_url": reverse("dev_mail")}
    )


@csp(EMAIL_POLICY)
@xframe_options_sameorigin
@development_only
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """Serve an email's HTML part, with its images linked to the parts of the same email."""
    email = _email_or_404(name)
    body = email.get_body(("html",))
    if body is None:
        raise Http404
    urls = {
        str(part["Content-ID"]).strip("<> "): reverse("dev_mail_part", args=[name, number])
        for number, part in _attachments(email)
        if part["Content-ID"]
    }
    html = CONTENT_ID.sub(lambda match: urls.get(match[1], match[0]), body.get_content())
    # Links open outside the iframe, since our pages refuse to be framed.
    return HttpResponse(html.replace("<head>", '<head><base target="_top">', 1))


@development_only
def mail_part(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Serve an attachment: images inline, everything else as a download."""
    found = dict(_attachments(_email_or_404(name))).get(number)
    if found is None:
        raise Http404
    is_image = found.get_content_type() == "image/png"
    content_type = "image/png" if is_image else "application/octet-stream"
    response = HttpResponse(found.get_payload(decode=True), content_type=content_type)
    filename = re.sub(r"[^A-Za-z0-9._-]", "_", found.get_filename() or "part")
    kind = "inline" if is_image else "attachment"
    response.headers["Content-Disposition"] = f'{kind}; filename="{filename}"'
    return response


def _files() -> Iterator[Path]:
    return Path(settings.DEV_MAILBOX).glob(f"*{ENDING}")


def _read(name: str) -> ParsedEmail | None:
    """Return an email by its name, which has no dot and no slash (ensured by the URL)."""
    try:
        content = (Path(settings.DEV_MAILBOX) / f"{name}{ENDING}").read_bytes()
    except OSError:
        return None
    return message_from_bytes(content, policy=policy.default)


def _email_or_404(name: str) -> ParsedEmail:
    email = _read(name)
    if email is None:
        raise Http404
    return email


def _present(name: str, email: ParsedEmail) -> EmailPresenter:
    try:
        at = parsedate_to_datetime(str(email["Date"]))
    except ValueError:
        at = timezone.now()
    if timezone.is_naive(at):
        # "-0000" says that it is UTC, and nothing of the sender's time zone.
        at = at.replace(tzinfo=UTC)
    return EmailPresenter(
        subject=str(email["Subject"] or "(no subject)"),
        sender=str(email["From"] or ""),
        to=str(email["To"] or ""),
        at=at,
        url=reverse("dev_mail_detail", args=[name]),
    )


def _attachments(email: ParsedEmail) -> list[tuple[int, ParsedEmail]]:
    """Return the parts that have a file name, with their numbers."""
    return [
        (number, part)
        for number, part in enumerate(email.walk())
        if not part.is_multipart() and part.get_filename()
    ]
