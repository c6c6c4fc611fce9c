"""The second step of logging in, on the pages and for tokens, and the roles that need it."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from evently.accounts import links, operations
from evently.accounts.factories import PASSWORD, OrganizerFactory, SuperuserFactory, UserFactory
from evently.accounts.logging_in import PENDING
from evently.accounts.models import RecoveryCode
from evently.accounts.operations import second_factors
from evently.accounts.tests.factors import (
    code_of,
    enter_password,
    is_logged_in,
    read,
    with_app,
    with_passkey,
)
from evently.database.clock import now
from tests.notified import emails_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD)


def step(browser, code):
    return browser.post(reverse("second_step"), {"code": code})


# ── On the pages ──────────────────────────────────────────────────────────
def test_password_alone_does_not_log_in(ana):
    secret, _ = with_app(ana)
    target = reverse("my_bookings")

    browser, response = enter_password(ana, next=target)

    assert response.url == reverse("second_step")
    assert not is_logged_in(browser)
    assert "authenticator app" in browser.get(reverse("second_step")).content.decode()
    wrong = step(browser, "000000")
    assert wrong.status_code == 403
    assert "This code is wrong" in wrong.content.decode()
    assert step(browser, code_of(secret)).url == target
    assert is_logged_in(browser)
    assert browser.get(reverse("second_step")).url == reverse("log_in")


def test_half_logged_in_session_ends_with_time_and_with_the_password(ana):
    secret, _ = with_app(ana)
    browser, _ = enter_password(ana)
    session = browser.session
    session[PENDING] = session[PENDING] | {"at": session[PENDING]["at"] - 601}
    session.save()
    assert step(browser, code_of(secret)).url == reverse("log_in")
    assert "Your login was not finished" in browser.get(reverse("log_in")).content.decode()

    browser, _ = enter_password(ana, next="/bookings/")
    session = browser.session
    session[PENDING] = session[PENDING] | {"at": session[PENDING]["at"] - 601}
    session.save()
    assert step(browser, code_of(secret)).url == "/log-in/?next=%2Fbookings%2F"

    browser, _ = enter_password(ana)
    operations.change_password(
        user_id=ana.pk, current_password=PASSWORD, password="another fine sentence"
    )
    assert step(browser, code_of(secret)).url == reverse("log_in")
    assert not is_logged_in(browser)


def test_second_step_needs_the_first_one_in_the_same_session(ana):
    secret, _ = with_app(ana)
    enter_password(ana)
    stranger = Client()
    assert step(stranger, code_of(secret)).url == reverse("log_in")
    assert not is_logged_in(stranger)


def test_session_key_changes_between_the_steps(ana):
    browser = Client()
    browser.session.save()
    browser.get(reverse("log_in"))
    with_app(ana)
    browser.post(reverse("passkey_options"))
    before = browser.session.session_key
    enter_password(ana, browser)
    assert browser.session.session_key != before


@pytest.mark.parametrize("way", ["login link", "password reset"])
def test_emailed_links_do_not_bypass_the_second_step(ana, way):
    secret, _ = with_app(ana)
    browser = Client()
    if way == "login link":
        url, form = reverse("log_in_by_link", args=[links.login_token(read(ana))]), {}
    else:
        url = reverse("password_new", args=[links.password_reset_token(read(ana))])
        form = {"password": "another fine sentence"}

    assert browser.post(url, form).url == reverse("second_step")

    assert not is_logged_in(browser)
    step(browser, code_of(secret))
    assert is_logged_in(browser)


def test_recovery_code_logs_in_and_its_owner_is_told(ana):
    _, codes = with_app(ana)
    browser, _ = enter_password(ana)

    step(browser, codes[3])

    assert "You have 9 unused codes left" in browser.get(reverse("account")).content.decode()
    assert "A recovery code was used" in emails_to(ana)
    assert "You have 9 codes left" in mail.outbox[-1].body


def test_last_recovery_code_says_that_it_was_and_no_other_is_asked_for(ana):
    with_passkey(ana)
    codes = second_factors.make_recovery_codes(user_id=ana.pk)
    RecoveryCode.objects.exclude(pk=RecoveryCode.objects.first().pk).update(used_at=now())
    browser, _ = enter_password(ana)
    assert "enter a recovery code" in browser.get(reverse("second_step")).content.decode()

    for code in codes:
        step(browser, code)

    assert "You used your last recovery code" in browser.get("/").content.decode()
    emails_to(ana)
    assert "It was your last one" in mail.outbox[-1].body
    browser, _ = enter_password(ana)
    page = browser.get(reverse("second_step")).content.decode()
    assert "Use your passkey." in page
    assert "recovery code works" not in page
    assert 'name="code"' not in page


def test_admin_login_asks_for_the_second_step():
    boss = SuperuserFactory(password=PASSWORD)
    secret, _ = with_app(boss)
    browser = Client()
    target = reverse("admin:accounts_user_changelist")

    response = browser.post(
        f"/admin/login/?next={target}",
        {"username": boss.email, "password": PASSWORD, "next": target},
    )

    assert response.url == reverse("second_step")
    assert browser.get(target).status_code == 302
    assert step(browser, code_of(secret)).url == target
    assert browser.get(target).status_code == 200


# ── The API ─────────────────────────────────────────────────────────────────
def token(client, user, **more):
    body = {"email": user.email, "password": PASSWORD, **more}
    return client.post("/api/v1/auth/token/", body, content_type="application/json")


def test_token_takes_a_code(client, ana):
    secret, codes = with_app(ana)
    assert token(client, ana).json()["code"] == "second_factor_required"
    assert token(client, ana, otp="000000").json()["code"] == "wrong_code"
    code = code_of(secret)
    assert token(client, ana, otp=code).status_code == 200
    assert token(client, ana, otp=code).json()["code"] == "wrong_code"
    assert token(client, ana, otp=codes[0]).status_code == 200
    # A wrong password looks the same with and without a second factor.
    wrong = token(client, ana, password="wrong", otp=codes[1]).json()
    assert wrong == token(client, UserFactory(password=PASSWORD), password="wrong").json() | {
        key: wrong[key] for key in ("request_id",) if key in wrong
    }


# ── Required by setting ─────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("setting", "factory", "is_led"),
    [
        ("off", SuperuserFactory, False),
        ("superusers", OrganizerFactory, False),
        ("superusers", SuperuserFactory, True),
        ("organizers", OrganizerFactory, True),
    ],
)
def test_admin_opens_after_set_up_where_the_role_needs_it(settings, setting, factory, is_led):
    settings.SECOND_FACTOR_REQUIRED = setting
    user = factory(password=PASSWORD)
    browser, _ = enter_password(user)
    target = reverse("admin:events_event_changelist")

    response = browser.get(target)

    if not is_led:
        assert response.status_code == 200
        return
    assert response.url == reverse("security")
    assert "Your role needs two-step login" in browser.get(response.url).content.decode()
    assert browser.post(reverse("admin:events_event_add"), {"name": "x"}).status_code == 302
    browser.get(target)
    browser.post(reverse("set_up_app"))
    secret = browser.get(reverse("set_up_app")).context["secret"].replace(" ", "")
    done = browser.post(reverse("set_up_app"), {"code": code_of(secret)})
    assert done.context["target"] == target
    assert browser.get(target).status_code == 200
    with pytest.raises(second_factors.FactorStays):
        second_factors.remove_app(user_id=user.pk)


def test_session_of_before_takes_the_second_step_for_the_admin(settings):
    boss = SuperuserFactory(password=PASSWORD)
    secret, _ = with_app(boss)
    browser = Client()
    browser.force_login(read(boss))
    settings.SECOND_FACTOR_REQUIRED = "superusers"

    assert browser.get("/admin/").url == reverse("second_step")

    assert step(browser, code_of(secret)).url == "/admin/"
    assert browser.get("/admin/").status_code == 200


def test_organizers_tokens_need_a_second_factor_where_the_role_does(client, settings):
    organizer = OrganizerFactory(password=PASSWORD)
    made_before = token(client, organizer).json()["token"]
    header = {"HTTP_AUTHORIZATION": f"Bearer {made_before}"}
    settings.SECOND_FACTOR_REQUIRED = "organizers"

    def draft():
        return client.post("/api/v1/events/", {}, content_type="application/json", **header)

    assert draft().json()["code"] == "second_factor_setup_required"
    assert token(client, organizer).json()["code"] == "second_factor_setup_required"
    assert token(client, organizer, scopes=["read"]).status_code == 200
    with_app(organizer)
    assert draft().json()["code"] == "invalid"
