"""Risky acts ask for a recent password or second factor, and lose nothing that was typed."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from evently.accounts import risky
from evently.accounts.factories import PASSWORD, SuperuserFactory, UserFactory
from evently.accounts.models import ApiToken, Passkey, Role, TotpFactor
from evently.accounts.operations import second_factors
from evently.accounts.proofs import PROVED_AT
from evently.accounts.tests.factors import code_of, enter_password, read, with_app, with_passkey
from evently.environment import BASE_DIR

pytestmark = pytest.mark.django_db

TOKEN = {"act": "token", "token_name": "Büro & Co", "scopes": ["read", "book"], "lifetime": "30"}


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD)


def log_in(user):
    browser = Client()
    browser.force_login(user)
    return browser


def let_age(browser, *proofs):
    session = browser.session
    session[PROVED_AT] = {
        proof: 1 if proof in proofs or not proofs else at
        for proof, at in session[PROVED_AT].items()
    }
    session.save()


def is_asked(response):
    return "Confirm that it is you" in response.content.decode()


def confirm(browser, page, url=None, **proof):
    """Send the form of the page that asks, as a browser would."""
    kept = re.search(r'name="_kept" value="([^"]*)"', page.content.decode())[1]
    url = url or page.wsgi_request.get_full_path()
    form = urlencode({"_confirming": "yes", "_kept": kept, **proof})
    return browser.post(url, form, content_type="application/x-www-form-urlencoded")


def test_every_act_is_asked_about_somewhere():
    source = "\n".join(
        path.read_text()
        for package in ("evently", "boxoffice")
        for path in (BASE_DIR / package).rglob("*.py")
        if "tests" not in path.parts and path.name != "risky.py"
    )
    asked = set(re.findall(r'confirms\("(\w+)"\)|ask_again\(request, "(\w+)"\)', source))
    assert {name for pair in asked for name in pair if name} == set(risky.ACTS)


def test_recent_login_is_not_asked_again(ana):
    browser = log_in(ana)
    assert not is_asked(browser.post(reverse("account"), TOKEN))
    assert ApiToken.objects.count() == 1


def test_form_goes_on_as_it_was_typed_once_the_password_is_entered(ana):
    browser = log_in(ana)
    let_age(browser)

    page = browser.post(reverse("account"), TOKEN)

    assert is_asked(page)
    assert "no-store" in page.headers["Cache-Control"]
    assert "Büro" not in page.content.decode()
    assert not ApiToken.objects.exists()
    wrong = confirm(browser, page, current_password="wrong")
    assert is_asked(wrong)
    assert "incorrect" in wrong.content.decode()
    empty = confirm(browser, wrong)
    assert is_asked(empty)
    done = confirm(browser, empty, current_password=PASSWORD)
    assert "Copy your new token now" in done.content.decode()
    token = ApiToken.objects.get()
    assert (token.name, token.scopes) == ("Büro & Co", ["book", "read"])
    assert not is_asked(browser.post(reverse("account"), TOKEN))


def test_page_that_was_asked_for_is_shown_after_the_proof(ana):
    browser = log_in(ana)
    let_age(browser)
    page = browser.get(reverse("export_data"))
    assert is_asked(page)
    response = confirm(browser, page, current_password=PASSWORD)
    assert response.url == reverse("export_data")
    assert browser.get(response.url).json()["person"]["email"] == ana.email


def test_kept_form_is_of_its_user_its_page_and_its_hour(ana, monkeypatch):
    browser = log_in(ana)
    let_age(browser)
    page = browser.post(reverse("account"), TOKEN)
    other = log_in(UserFactory(password=PASSWORD))
    assert confirm(other, page, current_password=PASSWORD).status_code == 302
    elsewhere = confirm(browser, page, url=reverse("security"), current_password=PASSWORD)
    assert elsewhere.status_code == 302
    monkeypatch.setattr(risky, "KEPT_SECONDS", -1)
    assert confirm(browser, page, current_password=PASSWORD).status_code == 302
    assert not ApiToken.objects.exists()


def test_code_or_passkey_is_a_proof(ana):
    secret, _ = with_app(ana)
    authenticator, _ = with_passkey(ana)
    browser = log_in(read(ana))
    let_age(browser)
    page = browser.post(reverse("account"), TOKEN)
    confirm(browser, page, code=code_of(secret))
    assert ApiToken.objects.count() == 1

    let_age(browser)
    page = browser.post(reverse("account"), TOKEN)
    asked = browser.post(reverse("passkey_check_options")).content.decode()
    confirm(browser, page, passkey_answer=authenticator.get(asked))
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize("kind", ["app", "passkey"])
def test_factor_is_removed_by_password_and_factor_together(ana, kind):
    secret, _ = with_app(ana)
    with_passkey(ana)
    url = reverse("remove_app")
    if kind == "passkey":
        url = reverse("remove_passkey", args=[Passkey.objects.get().pk])
    browser = log_in(read(ana))  # by a login alone, so neither is proved

    page = browser.post(url)

    assert is_asked(page)
    half = confirm(browser, page, current_password=PASSWORD)
    assert is_asked(half)
    assert "code of your second factor" in half.content.decode()
    confirm(browser, half, code=code_of(secret))
    left = TotpFactor.objects.count(), Passkey.objects.count()
    assert left == ((0, 1) if kind == "app" else (1, 0))


def test_factor_that_is_gone_already_needs_no_factor_and_says_so(ana):
    """From a tab that was left open."""
    with_app(ana)
    second_factors.remove_app(user_id=ana.pk)
    browser = log_in(read(ana))

    page = browser.post(reverse("remove_app"))

    assert is_asked(page)
    assert "use your second factor" not in page.content.decode()
    confirm(browser, page, current_password=PASSWORD)
    shown = browser.get(reverse("security")).content.decode()
    assert "The authenticator app has been removed already." in shown


def test_page_that_asks_says_what_happens_next(ana):
    browser = log_in(ana)
    let_age(browser)
    assert "what you entered is sent" in browser.post(reverse("account"), TOKEN).content.decode()
    download = browser.get(reverse("export_data")).content.decode()
    assert "The download starts as soon as you have confirmed" in download
    assert "what you entered" not in download
    boss = log_in(SuperuserFactory(password=PASSWORD))
    let_age(boss)
    page = boss.get(reverse("admin:accounts_user_erase", args=[ana.pk])).content.decode()
    assert "what you entered" not in page


def test_full_login_a_moment_ago_is_enough_to_remove_a_factor(ana):
    secret, _ = with_app(ana)
    browser, _ = enter_password(ana)
    browser.post(reverse("second_step"), {"code": code_of(secret)})
    assert browser.post(reverse("remove_app")).status_code == 302
    assert not TotpFactor.objects.exists()


def test_guest_without_a_password_is_sent_a_link():
    browser = log_in(UserFactory())
    first = {"act": "password", "password": "another fine sentence"}
    let_age(browser)
    page = browser.post(reverse("account"), first)
    assert "Email me a login link" in page.content.decode()
    assert browser.post(reverse("account"), TOKEN).status_code == 200
    assert not ApiToken.objects.exists()


def test_action_of_the_admins_list_goes_on_after_the_proof(ana):
    boss = SuperuserFactory(password=PASSWORD)
    browser = log_in(boss)
    let_age(browser)
    form = {"action": "give_organizer_role", "_selected_action": [str(ana.pk)], "index": "0"}
    page = browser.post(reverse("admin:accounts_user_changelist"), form)
    assert is_asked(page)
    assert read(ana).role == Role.USER

    response = confirm(browser, page, current_password=PASSWORD)

    assert response.status_code == 302
    assert read(ana).role == Role.ADMIN


@pytest.mark.parametrize("act", ["erase", "delete_rows", "reset_second_factor"])
def test_admin_asks_before_what_cannot_be_undone(ana, act):
    with_app(ana)
    browser = log_in(SuperuserFactory(password=PASSWORD))
    url = reverse(f"admin:accounts_user_{act}", args=[ana.pk])
    assert not is_asked(browser.get(url))
    let_age(browser)
    assert is_asked(browser.get(url))
    assert is_asked(browser.post(url, {"confirmed": "yes", "reason": "x"}))
    assert read(ana).deleted_at is None


def test_guesses_on_the_page_are_limited(ana):
    browser = log_in(ana)
    let_age(browser)
    page = browser.post(reverse("account"), TOKEN)
    for _ in range(10):
        page = confirm(browser, page, current_password="wrong")
    assert confirm(browser, page, current_password=PASSWORD).status_code == 429
    assert not ApiToken.objects.exists()
