"""All emails in Chromium: nothing is wider than the screen, and axe finds nothing.

With SCREENSHOTS=true, each email is left in screenshots/ at all widths, light and dark.
"""

import base64
import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from bookings.models import Ticket
from evently.accounts.factories import UserFactory
from evently.tests.sql import run
from notifications.emails.message import build_email
from notifications.kinds import bookings
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.tests.emails import html_of
from notifications.tests.examples import EXAMPLES, Facts, example_of
from tests.browser.conftest import photograph

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]

WIDTHS, HEIGHT = (320, 390, 700), 900
ELEMENT = re.compile(r'<([a-z0-9]+)(?:[^>]*? class="([^"]*)")?')
BODY = re.compile(r"<body[^>]*>(.*)</body>", re.DOTALL)
LONG, URL = "W" * 255, "https://example.org/" + "a-long-path/" * 18
# The guidelines that emails can meet: they have no landmarks.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def html_with_images(notification: Notification) -> str:
    """Return the HTML of an email, its images in it."""
    email = build_email(notification, notification.user)
    html = html_of(email)
    for part in email.attachments:
        if content_id := part["Content-ID"]:
            content = base64.b64encode(part.get_payload(decode=True)).decode()
            html = html.replace(f"cid:{content_id[1:-1]}", f"data:image/png;base64,{content}")
    assert "cid:" not in html
    return html


def with_long_words() -> Notification:
    """Return a confirmation of which all texts are long, and have no blanks."""
    facts = Facts(user=UserFactory(name=LONG))
    facts.event.total_capacity = 10
    booking = facts.booking()
    run(
        "UPDATE events SET name = %s, venue = %s, refund_policy = %s, payment_instructions = %s",
        *(LONG, URL, LONG, URL),
    )
    (id_,) = notify(messages=[bookings.booking_confirmed(booking)])
    assert Ticket.objects.filter(booking=booking).count() == 2
    return Notification.objects.get(pk=id_)


def too_wide(page: Page, width: int) -> list[str]:
    """Return the elements that stick out on the right, with the emails that they are in."""
    return page.evaluate(
        """width => [...document.querySelectorAll('section *')]
            .filter(each => each.getBoundingClientRect().right > width + 0.5)
            .map(each => each.closest('section').id + ': ' + each.tagName + '.' + each.className)
            .slice(0, 5)""",
        width,
    )


def problems(page: Page) -> list[str]:
    """Return what axe finds, with the elements that it is about."""
    return [
        f"{found['id']}: {node['html'][:200]}"
        for found in Axe().run(page, options=RULES).response["violations"]
        for node in found["nodes"][:3]
    ]


def in_one_page(emails: dict[str, str]) -> str:
    """Return a page with the bodies of emails, which have one layout, as sections."""
    bodies = "".join(
        f'<section id="{kind}">{BODY.search(html)[1]}</section>' for kind, html in emails.items()
    )
    first = next(iter(emails.values()))
    return BODY.sub(lambda found: found[0].replace(found[1], bodies), first)


def different(emails: dict[str, str]) -> dict[str, str]:
    """Return the emails with an element that none before has, by name and class."""
    known, chosen = set(), {}
    for kind, html in emails.items():
        if new := set(ELEMENT.findall(BODY.search(html)[1])) - known:
            known |= new
            chosen[kind] = html
    return chosen


def test_emails_fit_all_screens_and_can_be_read(chromium: Browser) -> None:
    emails = {kind: html_with_images(example_of(kind)) for kind in EXAMPLES}
    emails["long_words"] = html_with_images(with_long_words())
    everything, some = in_one_page(emails), in_one_page(different(emails))
    for scheme in ("light", "dark"):
        context = chromium.new_context(color_scheme=scheme, reduced_motion="reduce")
        page = context.new_page()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.set_content(everything)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert too_wide(page, width) == [], (width, scheme)
            if os.environ.get("SCREENSHOTS") == "true":
                for kind, html in emails.items():
                    page.set_content(html)
                    photograph(page, f"email-{kind}-{width}-{scheme}")
        # axe takes a second for a few emails.
        page.set_content(some)
        assert problems(page) == [], scheme
        context.close()
