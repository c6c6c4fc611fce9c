"""Second factors: authenticator apps and recovery codes, how they are set up, lost and reset."""

import html
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pyotp
import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from evently.accounts import operations
from evently.accounts.email_changes import change_token, undo_token
from evently.accounts.factories import PASSWORD, SuperuserFactory, UserFactory
from evently.accounts.models import (
    EmailChange,
    Passkey,
    RecoveryCode,
    SecondFactorReset,
    TotpFactor,
)
from evently.accounts.operations import second_factors
from evently.accounts.operations.closing import close_account
from evently.accounts.operations.passkeys import remove_passkey
from evently.accounts.second_factor_state import factors_of, has_second_factor
from evently.accounts.tests.factors import (
    code_of,
    enter_password,
    is_logged_in,
    read,
    with_app,
    with_passkey,
)
from evently.audit.models import AuditLog
from evently.origin import Origin
from evently.transactions import run_in_transaction
from tests.notified import emails_to

pytestmark = pytest.mark.django_db(transaction=True)

# RFC 6238, appendix B (SHA-1): time and the last six of its eight digits.
SECRET_OF_RFC = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD)


# ── Codes ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("at", "code"), VECTORS)
def test_codes_are_those_of_rfc_6238(ana, clock, at, code):
    key = read(ana).key
    TotpFactor.objects.create(user=ana, secret=key.seal("totp_secret", SECRET_OF_RFC))
    clock.stop(datetime.fromtimestamp(at, UTC))

    second_factors.confirm_app(user_id=ana.pk, code=code)

    assert factors_of(ana.pk).app.last_step == at // 30


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_code_of_a_clock_that_is_a_step_off_counts_once(ana, steps, clock):
    secret, _ = with_app(ana)
    clock.move(timedelta(minutes=5))
    code = code_of(secret, steps)

    second_factors.check_code(user_id=ana.pk, code=f" {code[:3]} {code[3:]} ")

    with pytest.raises(second_factors.WrongCode):
        second_factors.check_code(user_id=ana.pk, code=code)


@pytest.mark.parametrize("steps", [-2, 2])
def test_code_of_a_clock_that_is_further_off_is_wrong(ana, steps, clock):
    secret, _ = with_app(ana)
    clock.move(timedelta(minutes=5))
    with pytest.raises(second_factors.WrongCode):
        second_factors.check_code(user_id=ana.pk, code=code_of(secret, steps))


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "١٢٣٤٥٦", "\ud800", "a" * 5000, "000 00x"]
)
def test_odd_codes_are_wrong(ana, code):
    with_app(ana)
    with pytest.raises(second_factors.WrongCode):
        second_factors.check_code(user_id=ana.pk, code=code)


@pytest.mark.parametrize("kind", ["app", "recovery code"])
def test_code_that_is_used_twice_at_once_works_once(ana, kind):
    secret, codes = with_app(ana)
    code = code_of(secret) if kind == "app" else codes[0]
    barrier, results = Barrier(2), []

    def use():
        barrier.wait()
        try:
            second_factors.check_code(user_id=ana.pk, code=code)
            results.append("in")
        except second_factors.WrongCode:
            results.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["in", "refused"]


def test_recovery_codes_are_stored_as_digests_and_work_once(ana):
    _, codes = with_app(ana)
    assert len(set(codes)) == 10
    stored = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert not stored & set(codes)

    second_factors.check_code(user_id=ana.pk, code=codes[0].upper().replace("-", " "))

    assert factors_of(ana.pk).codes_left == 9
    for wrong in (codes[0], "aaaa-bbbb-cccc-dddd"):
        with pytest.raises(second_factors.WrongCode):
            second_factors.check_code(user_id=ana.pk, code=wrong)
    anew = second_factors.make_recovery_codes(user_id=ana.pk)
    assert not set(anew) & set(codes)
    with pytest.raises(second_factors.WrongCode):
        second_factors.check_code(user_id=ana.pk, code=codes[1])


def test_recovery_code_of_another_user_does_not_work(ana):
    _, codes = with_app(ana)
    bo = UserFactory()
    with_app(bo)
    with pytest.raises(second_factors.WrongCode):
        second_factors.check_code(user_id=bo.pk, code=codes[0])


def test_guesses_are_limited_and_their_owner_is_told_once(ana):
    secret, codes = with_app(ana)
    for _ in range(5):
        with pytest.raises(second_factors.WrongCode):
            second_factors.check_code(user_id=ana.pk, code="000000")
    for code in (code_of(secret), codes[0], "000000"):
        with pytest.raises(operations.TooManyAttempts):
            second_factors.check_code(user_id=ana.pk, code=code)
    assert sum("know your password" in subject for subject in emails_to(ana)) == 1


# ── Set-up ──────────────────────────────────────────────────────────────────
def test_app_is_set_up_on_the_account_page_without_javascript(ana):
    browser, _ = enter_password(ana)
    other, _ = enter_password(ana)
    assert "Set up two-step login" in browser.get(reverse("account")).content.decode()
    browser.post(reverse("set_up_app"))
    page = browser.get(reverse("set_up_app"))
    secret = page.context["secret"].replace(" ", "")
    assert page.context["qr"].startswith("data:image/svg+xml")
    assert not has_second_factor(ana.pk)

    wrong = browser.post(reverse("set_up_app"), {"code": "000000"})
    assert wrong.status_code == 403
    assert page.context["secret"] in wrong.content.decode()
    done = browser.post(reverse("set_up_app"), {"code": code_of(secret)})

    codes = done.context["codes"]
    assert len(codes) == 10
    assert codes[0] in done.content.decode()
    assert "no-store" in done.headers["Cache-Control"]
    assert has_second_factor(ana.pk)
    assert is_logged_in(browser)
    assert not is_logged_in(other)  # it was logged in by the password alone
    assert codes[0] not in browser.get(reverse("security")).content.decode()
    assert emails_to(ana) == ["An authenticator app was set up"]


def test_secret_is_sealed_and_goes_with_the_account(ana):
    secret, _ = with_app(ana)
    app = TotpFactor.objects.get()
    assert secret not in app.secret
    logged = " ".join(str(one.after) for one in AuditLog.objects.filter(table_name="totp_factors"))
    assert app.secret not in logged
    with_passkey(ana)

    run_in_transaction(lambda: close_account(user_id=ana.pk))

    assert not any(rows.objects.exists() for rows in (TotpFactor, Passkey, RecoveryCode))


def test_second_app_is_refused_and_an_abandoned_set_up_replaced(ana):
    second_factors.begin_app(user_id=ana.pk)
    before = TotpFactor.objects.get().secret
    second_factors.begin_app(user_id=ana.pk)
    assert TotpFactor.objects.get().secret != before
    TotpFactor.objects.all().delete()
    with_app(ana)
    with pytest.raises(second_factors.AppExists):
        second_factors.begin_app(user_id=ana.pk)


def test_removing_the_last_factor_removes_the_recovery_codes(ana):
    with_app(ana)
    with_passkey(ana)
    second_factors.remove_app(user_id=ana.pk)
    assert factors_of(ana.pk).codes_left == 10

    remove_passkey(user_id=ana.pk, passkey_id=Passkey.objects.get().pk)

    assert not RecoveryCode.objects.exists()
    browser, _ = enter_password(ana)
    assert is_logged_in(browser)


# ── Reset ───────────────────────────────────────────────────────────────────
def test_superuser_resets_the_second_factor_of_another(client, ana):
    with_app(ana)
    with_passkey(ana)
    boss = SuperuserFactory()
    client.force_login(boss)
    page = reverse("admin:accounts_user_change", args=[ana.pk])
    shown = client.get(page).content.decode()
    assert "Reset two-step login" in shown
    assert "authenticator app, 1 passkey" in shown
    url = reverse("admin:accounts_user_reset_second_factor", args=[ana.pk])
    browser = Client()
    browser.force_login(read(ana))
    assert client.post(url, {"confirmed": "yes", "reason": " "}).status_code == 200
    assert has_second_factor(ana.pk)

    client.post(url, {"confirmed": "yes", "reason": "Showed her passport at the office"})

    assert not has_second_factor(ana.pk)
    assert not is_logged_in(browser)
    assert "Two-step login was reset" in emails_to(ana)
    assert "Showed her passport at the office." in mail.outbox[-1].body
    reset = SecondFactorReset.objects.get()
    assert reset.reset_by_id == boss.pk
    assert "passport" not in reset.reason
    logged = AuditLog.objects.get(table_name="second_factor_resets")
    assert logged.actor == str(boss.pk)
    assert read(ana).key.open("reset_reason", logged.after["reason"]).startswith("Showed")
    assert "Reset two-step login" not in client.get(page).content.decode()
    log = client.get(reverse("admin:audit_auditlog_changelist")).content.decode()
    assert f"reset {ana.name}’s two-step login" in html.unescape(log)


def test_locked_out_superuser_is_reset_by_a_command(capsys):
    boss = SuperuserFactory(password=PASSWORD)
    with_app(boss)

    call_command("reset_second_factor", boss.email)

    assert "password alone" in capsys.readouterr().out
    assert not has_second_factor(boss.pk)
    assert "Two-step login was reset" in emails_to(boss)
    with pytest.raises(CommandError, match="no second factor"):
        call_command("reset_second_factor", boss.email)
    with pytest.raises(CommandError, match="no account"):
        call_command("reset_second_factor", "nobody@example.org")


def test_provisioning_uri_is_what_apps_read(ana):
    uri = second_factors.provisioning_uri(read(ana), SECRET_OF_RFC)
    parsed = pyotp.parse_uri(uri)
    assert (parsed.secret, parsed.issuer, parsed.name) == (SECRET_OF_RFC, "Evently", ana.email)


# ── Accounts that another person may hold ───────────────────────────────────
def test_unconfirmed_address_gets_no_factor():
    """Else who signs up with another person's address could lock its owner out."""
    squatter = UserFactory(password=PASSWORD, email_verified_at=None)
    with pytest.raises(second_factors.AddressFirst):
        second_factors.begin_app(user_id=squatter.pk)
    with pytest.raises(second_factors.AddressFirst):
        with_passkey(squatter)
    browser, _ = enter_password(squatter)
    page = browser.post(reverse("set_up_app"), follow=True).content.decode()
    assert "Confirm your email address first" in page
    page = browser.get(reverse("security")).content.decode()
    assert "Please confirm your email address first" in page
    assert "Set up an app" not in page
    assert "Add a passkey" not in page, "the browser would make it before the refusal"


@pytest.mark.parametrize("had_passkey", [False, True])
def test_undoing_a_change_of_address_removes_factors_set_up_since(ana, had_passkey):
    if had_passkey:
        with_passkey(ana, "Mine")
    operations.request_email_change(
        user_id=ana.pk, email="thief@example.org", password=PASSWORD, origin=Origin()
    )
    change = EmailChange.objects.get()
    operations.confirm_email_change(token=change_token(change))
    with_app(ana)
    change.refresh_from_db()

    operations.undo_email_change(token=undo_token(change))

    factors = factors_of(ana.pk)
    assert factors.app is None
    assert [passkey.name for passkey in factors.passkeys] == (["Mine"] if had_passkey else [])
    assert factors.codes_left == (10 if had_passkey else 0)
