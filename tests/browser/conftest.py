"""A real browser before a real server: pages, scripts, mails."""

import os
import re
import shutil
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from notifications.models import Notification
from notifications.tasks import deliver_many

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Waiting ends with what is waited for; a busy machine takes its time.
PATIENCE_MS = 45_000
# A page may answer with 4xx; and htmx tells of each request that a newer one replaced.
NO_TROUBLE = ("status of 4", "htmx:afterRequest", "htmx:sendAbort")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start Chromium once for all tests."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("There is no Chromium on this machine.")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, at which Django would take fright.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


class Site:
    """The server under test, the browsers that look at it, and the mails it sends."""

    def __init__(self, browser: Browser, url: str, mailbox: Path) -> None:
        self.browser = browser
        self.url = url
        self.mailbox = mailbox
        self.contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    def open(self, *, path: str = "/", **options) -> Page:
        """Open a browser of somebody's own; what goes wrong on its pages is collected."""
        context = self.browser.new_context(reduced_motion="reduce", **options)
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._listen(page, said))
        page.on("request", self._watch)
        page.goto(self.url + path)
        return page

    def _listen(self, page: Page, said) -> None:
        if said.type in ("error", "warning") and not any(word in said.text for word in NO_TROUBLE):
            self.troubles.append(f"{page.url}: {said.text}")

    def _watch(self, request) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.troubles.append(f"a request to somebody else: {request.url}")

    def tell_everybody(self) -> None:
        """Deliver what is due, as the worker would."""
        due = Notification.objects.filter(status="pending").values_list("id", "user_id")
        deliver_many([[str(id_), str(user_id)] for id_, user_id in due])

    def mails_to(self, address: str) -> list[tuple[str, str]]:
        """Return the subjects and texts of somebody's mails, oldest first."""
        mails = []
        for file in sorted(self.mailbox.glob("*.eml")):
            mail = message_from_bytes(file.read_bytes(), policy=policy.default)
            if address in mail["To"]:
                body = mail.get_body(("plain",))
                mails.append((mail["Subject"], body.get_content()))
        return mails

    def link_in_mail(self, address: str, kind: str) -> str:
        """Return the newest link of a kind ("b", "p", "w") mailed to somebody, as a path."""
        found = [
            match[1]
            for _, text in self.mails_to(address)
            for match in re.finditer(rf"{re.escape(self.url)}(/{kind}/[^\s>)]+)", text)
        ]
        assert found, f"no /{kind}/ link in the mails to {address}: {self.mails_to(address)}"
        return found[-1]


@pytest.fixture
def site(chromium: Browser, live_server, settings, tmp_path: Path) -> Iterator[Site]:
    """Serve the site, with a mailbox of its own; no page may have had any trouble."""
    settings.PUBLIC_URL = live_server.url
    settings.EMAIL_BACKEND = "notifications.devmail.MailboxBackend"
    settings.DEV_MAILBOX = tmp_path / "mail"
    site = Site(chromium, live_server.url, settings.DEV_MAILBOX)
    yield site
    for context in site.contexts:
        context.close()
    assert site.troubles == []


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page."""
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {one['id']}: {one['help']} {[node['target'] for node in one['nodes']][:3]}"
        for one in found
    ]
