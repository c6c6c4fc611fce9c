"""Two-step login in Chromium: an app without scripts, a passkey by a virtual authenticator."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from evently.accounts.factories import PASSWORD, UserFactory
from evently.accounts.proofs import PROVED_AT
from evently.accounts.sessions import SessionStore
from evently.accounts.tests.factors import code_of
from tests.browser.conftest import Site, photograph, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
ADA = "ada@example.org"


@pytest.fixture
def ada():
    return UserFactory(email=ADA, name="Ada Lovelace", password=PASSWORD)


def enter_password(page: Page) -> None:
    page.get_by_label("Email address").fill(ADA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()


@contextmanager
def authenticator(page: Page) -> Iterator[None]:
    """Give the page's browser an authenticator that always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield
    session.detach()


def look(page: Page, name: str) -> None:
    """Leave a picture, and check that axe finds nothing and nothing is wider than the screen."""
    photograph(page, name)
    assert violations(page) == []
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, f"{name} is {width} px too wide"


def let_proofs_age(page: Page) -> None:
    (cookie,) = [one for one in page.context.cookies() if one["name"] == "sessionid"]
    session = SessionStore(cookie["value"])
    session[PROVED_AT] = dict.fromkeys(session[PROVED_AT], 1)
    session.save()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_app_is_set_up_and_used_without_scripts(site: Site, ada, options, request):
    kind = request.node.callspec.id
    page = site.open(path="/log-in/?next=/account/security/", java_script_enabled=False, **options)
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()
    enter_password(page)
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()
    page.get_by_role("button", name="Set up an app").click()
    secret = page.locator("code.key").inner_text().replace(" ", "")
    page.get_by_label("Code").fill(code_of(secret, -1))
    page.get_by_role("button", name="Turn on").click()
    shown = page.locator(".codes code")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("You have 10 unused codes")).to_be_visible()

    page = site.open(path="/log-in/?next=/account/", **options)
    look(page, f"log-in-{kind}")
    enter_password(page)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("This code is wrong")).to_be_visible()
    look(page, f"second-step-{kind}")
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Account", exact=True)).to_be_visible()
    expect(page.get_by_text("9 recovery codes left")).to_be_visible()
    expect(page.get_by_text("This session")).to_be_visible()
    look(page, f"account-{kind}")


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_passkey_is_added_and_logs_in_alone(site: Site, ada, options, request):
    kind = request.node.callspec.id
    page = site.open(path="/log-in/?next=/account/security/", **options)
    with authenticator(page):
        enter_password(page)
        page.get_by_label("Name of the new passkey").fill("My phone")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
        look(page, f"recovery-codes-{kind}")
        page.get_by_role("link", name="I have kept them").click()
        page.get_by_role("button", name="Set up an app").click()
        look(page, f"set-up-app-{kind}")
        page.goto(f"{site.url}/account/security/")
        look(page, f"security-{kind}")

        page.context.clear_cookies(name="sessionid")
        page.goto(f"{site.url}/log-in/?next=/account/")
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Account", exact=True)).to_be_visible()

        # A risky act a while later: the passkey again, and the form goes on as it was typed.
        let_proofs_age(page)
        page.get_by_text("Create a token").click()
        page.get_by_label("Name", exact=True).last.fill("Box office")
        page.get_by_label("Read", exact=True).check()
        page.get_by_role("button", name="Create token").click()
        expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
        look(page, f"confirm-{kind}")
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_text("Copy your new token now")).to_be_visible()
        expect(page.get_by_text("Box office", exact=True).first).to_be_visible()

        page.context.clear_cookies(name="sessionid")
        page.goto(f"{site.url}/log-in/?next=/account/")
        enter_password(page)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Account", exact=True)).to_be_visible()
