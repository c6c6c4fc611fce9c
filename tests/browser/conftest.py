"""A real browser and a real server: pages, scripts, emails."""

import os
import re
import shutil
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from evently.environment import BASE_DIR
from notifications.tests.delivering import deliver_due

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# An upper limit: waiting ends as soon as the expected state is there.
PATIENCE_MS = 45_000
SCREENSHOTS = BASE_DIR / "screenshots"
# Pages may answer with 4xx, and htmx reports each request that a newer one replaced.
EXPECTED_MESSAGES = ("status of 4", "htmx:afterRequest", "htmx:sendAbort")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start Chromium once for all tests."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("There is no Chromium on this machine.")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django would refuse.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


class Site:
    """The server under test, its browsers, and the emails it sends."""

    def __init__(self, browser: Browser, url: str, mailbox: Path) -> None:
        self.browser = browser
        self.url = url
        self.mailbox = mailbox
        self.contexts: list[BrowserContext] = []
        self.problems: list[str] = []

    def open(self, *, path: str = "/", **options) -> Page:
        """Open a new browser session; problems on its pages are collected."""
        context = self.browser.new_context(reduced_motion="reduce", **options)
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._listen(page, said))
        page.on("request", self._watch)
        page.goto(self.url + path)
        return page

    def _listen(self, page: Page, said) -> None:
        if said.type in ("error", "warning") and not any(
            word in said.text for word in EXPECTED_MESSAGES
        ):
            self.problems.append(f"{page.url}: {said.text}")

    def _watch(self, request) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.problems.append(f"a request to another host: {request.url}")

    def deliver_emails(self) -> None:
        """Deliver what is due, as the mailer would."""
        deliver_due()

    def emails_to(self, address: str) -> list[tuple[str, str]]:
        """Return the subjects and texts of the emails to an address, oldest first."""
        emails = []
        for file in sorted(self.mailbox.glob("*.eml")):
            email = message_from_bytes(file.read_bytes(), policy=policy.default)
            if address in email["To"]:
                body = email.get_body(("plain",))
                emails.append((email["Subject"], body.get_content()))
        return emails

    def link_in_email(self, address: str, kind: str) -> str:
        """Return the path of the newest link of a kind ("b", "p", "w") in emails to an address."""
        found = [
            match[1]
            for _, text in self.emails_to(address)
            for match in re.finditer(rf"{re.escape(self.url)}(/{kind}/[^\s>)]+)", text)
        ]
        assert found, f"no /{kind}/ link in the emails to {address}: {self.emails_to(address)}"
        return found[-1]


@pytest.fixture
def site(chromium: Browser, live_server, settings, tmp_path: Path) -> Iterator[Site]:
    """Serve the site with its own mailbox, and fail the test if a page had a problem."""
    settings.PUBLIC_URL = live_server.url
    settings.EMAIL_BACKEND = "notifications.devmail.MailboxBackend"
    settings.DEV_MAILBOX = tmp_path / "mail"
    site = Site(chromium, live_server.url, settings.DEV_MAILBOX)
    yield site
    for context in site.contexts:
        context.close()
    assert site.problems == []


def photograph(page: Page, name: str) -> None:
    """Leave a picture of the whole page in screenshots/, where SCREENSHOTS=true asks for it."""
    if os.environ.get("SCREENSHOTS") == "true":
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def violations(page: Page) -> list[str]:
    """Return the accessibility violations that axe finds on a page."""
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {one['id']}: {one['help']} {[node['target'] for node in one['nodes']][:3]}"
        for one in found
    ]
