"""Pages about one's data, and the admin behind a second factor: axe finds nothing, all fit.

Pages of logging in with a second factor are in `test_second_factor`.
"""

import pytest

from boxoffice.lifecycle import operations
from evently.accounts import links, tasks
from evently.accounts import operations as accounts
from evently.accounts.factories import PASSWORD, OrganizerFactory, SuperuserFactory, UserFactory
from evently.accounts.models import User
from evently.accounts.tests.factors import code_of, read, with_app, with_passkey
from evently.audit.models import AuditLog
from evently.erasure.models import Erasure
from evently.erasure.receipts import receipt_link
from evently.erasure.tasks import write_register
from evently.origin import Origin
from evently.tests.database import as_owner_at_once
from events.factories import EventFactory
from tests.browser.conftest import Site
from tests.browser.test_accessibility import event_with_waitlist, look_at, look_at_page
from tests.browser.test_story import log_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ORIGIN = Origin(ip_address="192.0.2.9", user_agent="Sextant")
VIEWS = pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (375, "dark")])
# Only the functions that move rows may store one.
COLD_FILE = """
    ALTER TABLE cold_files DISABLE TRIGGER trg_cold_file_kept;
    INSERT INTO cold_files (table_name, name, month, delete_after, state, stored_at, rows, bytes,
        sha256, signature)
    VALUES ('audit_log', 'f', '2024-01-01', '2032-01-01', 'stored', '2026-01-01', 1200, 54321,
        repeat('0', 64), 'x');
    ALTER TABLE cold_files ENABLE TRIGGER trg_cold_file_kept
"""
LONG_NAME = "Wilhelmina Konstantinopolitanska-Featherstonehaugh-Wolfeschlegelsteinhausenberger"


@pytest.fixture(autouse=True)
def register(settings, tmp_path):
    settings.ERASURE_REGISTER = str(tmp_path / "erasures.jsonl")


def leaving() -> User:
    """Return a user whose deletion is pending."""
    user = UserFactory(
        name=LONG_NAME, password=PASSWORD, email=f"{'long-name' * 6}@a-rather-long-host.example.org"
    )
    operations.request_deletion(user_id=user.pk, origin=ORIGIN)
    return read(user)


def receipts(site: Site) -> dict[str, str]:
    """Return the pages of a receipt that is complete, and of one whose key is still there."""
    gone, going = UserFactory(), UserFactory()
    event_with_waitlist(gone)
    operations.erase_person(user_id=gone.pk, at_once=True)
    write_register()
    operations.begin_erasure(user_id=going.pk)
    done, begun = Erasure.objects.order_by("number")
    return {
        "receipt": receipt_link(done.pk).removeprefix(site.url),
        "receipt-open": receipt_link(begun.pk).removeprefix(site.url),
    }


@VIEWS
def test_pages_about_ones_data_are_fit_for_everybody(site: Site, width: int, theme: str) -> None:
    options = {"viewport": {"width": width, "height": 820}, "color_scheme": theme}
    suffix, guest, going = f"{width}-{theme}", UserFactory(), leaving()
    pages = {
        "privacy": "/privacy/",
        **receipts(site),
        "receipt-broken": "/erased/AAAA/",
        "delete-by-link": f"/account/delete/{links.deletion_token(guest)}/",
        "keep-by-link": f"/account/keep/{links.keep_token(going)}/",
        "kept-by-link": f"/account/keep/{links.keep_token(guest)}/",
    }
    page = site.open(**options)
    found = look_at(site, page, pages, suffix)

    organizer = OrganizerFactory(name=LONG_NAME, password=PASSWORD, email_verified_at=None)
    export = accounts.request_export(user_id=organizer.pk)
    tasks.make_data_export(str(export.pk))
    for _ in range(2):
        EventFactory(created_by=organizer, name="An evening of very short films, with their makers")
    log_in(page, organizer.email)
    pages = {
        "account-export": "/account/",
        "security-unconfirmed": "/account/security/",
        "account-delete-organizer": "/account/delete/",
        "data-export": f"/account/exports/{export.pk}/",
        "data-export-gone": f"/account/exports/{organizer.pk}/",
        "log-out": "/log-out/",
    }
    found += look_at(site, page, pages, suffix)
    page.context.clear_cookies()
    page.goto(site.url)
    log_in(page, going.email)
    found += look_at(site, page, {"account-leaving": "/account/", "home-leaving": "/"}, suffix)

    assert found == []


def pages_of_operator(site: Site) -> dict[str, str]:
    """Return the admin's pages about people, their data and how long it is kept."""
    person, going, gone = UserFactory(name=LONG_NAME), leaving(), UserFactory()
    with_app(person)
    with_passkey(person, origin=site.url)
    operations.erase_person(user_id=gone.pk, at_once=True)
    (erasure,) = Erasure.objects.all()
    as_owner_at_once(COLD_FILE)
    users, change = "/admin/accounts/user", AuditLog.objects.filter(table_name="users").first()
    return {
        "admin-retention": "/admin/lifecycle/coldfile/",
        "admin-erasures": "/admin/erasure/erasure/",
        "admin-erasure": f"/admin/erasure/erasure/{erasure.pk}/change/",
        "admin-audit-rows": "/admin/audit/auditlog/rows/",
        "admin-audit-row": f"/admin/audit/auditlog/{change.pk}/change/",
        "admin-tokens": "/admin/accounts/apitoken/",
        "admin-user-factors": f"{users}/{person.pk}/change/",
        "admin-user-reset-factor": f"{users}/{person.pk}/reset-factor/",
        "admin-user-erase": f"{users}/{person.pk}/erase/",
        "admin-user-delete-rows": f"{users}/{person.pk}/delete-rows/",
        "admin-user-leaving": f"{users}/{going.pk}/change/",
        "admin-user-keep": f"{users}/{going.pk}/keep/",
        "admin-user-gone": f"{users}/{gone.pk}/change/",
    }


@VIEWS
def test_admin_behind_a_second_factor_is_fit_for_everyone(
    site: Site, settings, width: int, theme: str
) -> None:
    settings.SECOND_FACTOR_REQUIRED = "superusers"
    boss = SuperuserFactory(name="Olive", password=PASSWORD)
    secret, _ = with_app(boss)
    pages, suffix = pages_of_operator(site), f"{width}-{theme}"
    page = site.open(path="/admin/", viewport={"width": width, "height": 820}, color_scheme=theme)
    page.get_by_label("Email address").fill(boss.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_text("This code is wrong").first.wait_for()
    found = look_at_page(page, f"admin-second-step-{suffix}")
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("heading", name="Highest demand").wait_for()

    found += look_at(site, page, pages, suffix)

    assert found == []
