"""Emails in a frame of a page: as they look in an email client, in light or dark, or as text.

The frame runs nothing and sends nothing (its sandbox, and a policy of its own). Its colours are set
here, since a browser has only those of the device.
"""

import re
from base64 import b64encode
from email.message import Message
from html import escape
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.core.mail import EmailMultiAlternatives
from django.http import HttpResponse
from django.views.decorators.clickjacking import xframe_options_sameorigin

# Images are of this site, within the email, or those of a template's author.
FRAME_POLICY = {
    "default-src": [NONE],
    "img-src": [SELF, "data:", "https:"],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": [],
}
LIGHT, DARK = "light", "dark"
HTML, TEXT = "html", "text"
PLAIN_COLOURS = {LIGHT: ("#ffffff", "#1c1916"), DARK: ("#141210", "#f5f1eb")}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ margin: 16px; background: {background}; color: {color}; font: 14px/1.5 {font}; }}
pre {{ margin: 16px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }}
</style></head><body>{body}</body></html>
"""
HEAD = """<div style="padding: 12px 16px; border-bottom: 1px solid #8886; background: {background};
color: {color}; font: 14px/1.5 system-ui, sans-serif;">{rows}</div>"""
BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
MONOSPACE = "ui-monospace, Menlo, Consolas, monospace"
SANS = "system-ui, sans-serif"
# Decorators of a view that answers for a frame.
FRAMED = (xframe_options_sameorigin, csp(FRAME_POLICY))


def email_frame(email: EmailMultiAlternatives, *, part: str, scheme: str) -> HttpResponse:
    """Return an email for a frame. part: HTML or TEXT. scheme: LIGHT or DARK."""
    head = _head(email, scheme)
    if part == TEXT:
        body = f"{head}<pre>{escape(str(email.body))}</pre>"
        return _page(body, scheme=scheme, font=MONOSPACE)
    alternatives: list[Any] = email.alternatives
    html = next((str(each.content) for each in alternatives), "")
    html = _in_scheme(with_images(html, email), scheme)
    opened = BODY.search(html)
    start = opened.end() if opened else 0
    return HttpResponse(f"{html[:start]}{head}{html[start:]}")


def problem_frame(sentences: list[str], *, scheme: str) -> HttpResponse:
    """Return what is wrong with a draft, for the frame."""
    items = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return _page(f"<p><strong>There is no preview yet.</strong></p>{items}", scheme=scheme)


def chosen(value: str, *, among: tuple[str, str]) -> str:
    """Return which of two a form asks for; the first unless it names the second."""
    return among[1] if value == among[1] else among[0]


def _head(email: EmailMultiAlternatives, scheme: str) -> str:
    """Return what email clients show above an email."""
    background, color = PLAIN_COLOURS[scheme]
    rows = [("From", email.from_email), ("Subject", email.subject)]
    rows += [("Replies to", address) for address in email.reply_to]
    lines = "<br>".join(f"{label}: <b>{escape(str(value))}</b>" for label, value in rows)
    return HEAD.format(background=background, color=color, rows=lines)


def _page(body: str, *, scheme: str, font: str = SANS) -> HttpResponse:
    background, color = PLAIN_COLOURS[scheme]
    page = PAGE.format(title="Preview", background=background, color=color, font=font, body=body)
    return HttpResponse(page)


def _in_scheme(html: str, scheme: str) -> str:
    is_dark = scheme == DARK
    return (
        html.replace("(prefers-color-scheme: dark)", "all" if is_dark else "not all")
        .replace('content="light dark"', f'content="{scheme}"')
        .replace("color-scheme: light dark;", f"color-scheme: {scheme};")
    )


def with_images(html: str, email: EmailMultiAlternatives) -> str:
    """Put images that the email brings along into its HTML."""
    for part in email.attachments:
        if not isinstance(part, Message) or part.get_content_maintype() != "image":
            continue
        name = str(part["Content-ID"] or "").strip("<>")
        content = part.get_payload(decode=True)
        if name and isinstance(content, bytes):
            data = f"data:{part.get_content_type()};base64,{b64encode(content).decode()}"
            html = html.replace(f"cid:{name}", data)
    return html
