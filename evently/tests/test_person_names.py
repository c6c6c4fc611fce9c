"""Names of people: what is accepted, and what is refused wherever a name is typed."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from evently.accounts import operations
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import User
from evently.person_names import NameInvalid, clean_name
from evently.visible_text import clean_reason, is_visible

FAMILY = "Ada 👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    "name",
    [
        "Dr. No",
        "Dr.No",
        "Dr.med. Weber",
        "Dr.Ing. Weber",
        "St.Pierre",
        "J.R.R. Tolkien",
        "J.R.R.Tolkien",
        "J.Ng",
        "M.Black",
        "Anna v.d. Berg",
        "Anna v.d.Berg",
        "Max.Mustermann",
        "Sammy Davis Jr.",
        "O'Neill",
        "D’Angelo",
        "Jean-Luc Müller-Lüdenscheidt",
        "Zoë",
        "Nguyễn Thị Ánh",
        "محمد بن سلمان",
        "נועה כהן",
        "نرگس\u200cخاتون",
        "李小龙",
        "ஶ்ரீ",
        "X Æ A-12",
        "Kim Dotcom",
        "-",
        "3",
        FAMILY,
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "❤️",
        "אריק\u200f Smith",
    ],
)
def test_names_of_people_are_accepted(name):
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Ada \n Lovelace ", "Ada Lovelace"),
        ("Zoe\u0308", "Zoë"),
        ("Ada\u200b", "Ada"),
        ("\ufeffAda", "Ada"),
        ("A\U000e0061da", "Ada"),
    ],
)
def test_names_are_normalized(typed, stored):
    assert clean_name(typed) == stored


INVISIBLE = ["", " ", "\u200b", "\u200d", "\u2060\ufeff", "\u3164", "\u2800", "\u0301", "\ufe0f"]
INVISIBLE += ["\u00ad", "\u034f", "\U000e0061", "\u200e", "\u115f"]
TURNED = ["Ada\u202e", "\u202dAda", "\u2066Ada\u2069", "Ada\x00", "Ada\x1b[31m", "Ada\ud800"]
ADVERTISING = [
    "you won 500 EUR, claim at http://evil.example",
    "claim at evil.example",
    "evil.com",
    "EVIL.COM",
    "Evil.Com",
    "www.evil",
    "visit https:evil",
    "mailto:x",
    "evil.shop/claim",
    "bit.ly/x",
    "T.Me/bot",
    "t.co",
    "x.com",
    "evil.co.uk",
    "bücher.de",
    "пример.рф",
    "xn--e1afmkfd.xn--p1ai",
    "evil。com",
    "evil．com",
    "evil\u200b.com",
    "ev\u00adil.com",
    "evil[.]com",
    "evil(.)com",
    "ada@evil.example",
    "192.0.2.1",
    "//evil.example",
    "Dr.Com",
    "ｅｖｉｌ.ｃｏｍ",
]


@pytest.mark.parametrize("name", [*INVISIBLE, *TURNED, *ADVERTISING, "x" * 256])
def test_other_names_are_refused(name):
    with pytest.raises(NameInvalid) as refusal:
        clean_name(name)

    assert refusal.value.fields == {"name": refusal.value.text}


REFUSED = pytest.mark.parametrize("name", ["\u200b", "Ada\u202e", "claim at http://evil.example"])


@REFUSED
@pytest.mark.django_db
def test_every_interface_refuses_the_same_names(client, name):
    user = UserFactory(password=PASSWORD)
    token = {"Authorization": f"Bearer {issued_token(user).secret}", "If-Match": "*"}
    json = "application/json"
    body = {"email": "ada@example.org", "name": name, "password": PASSWORD}

    api = client.post("/api/v1/auth/register/", body, content_type=json)
    profile = client.patch("/api/v1/me/", {"name": name}, content_type=json, headers=token)
    page = client.post(reverse("sign_up"), body)
    client.force_login(user)
    account = client.post(reverse("account"), {"act": "profile", "name": name})

    assert [answer.status_code for answer in (api, profile, page, account)] == [422] * 4
    assert api.json()["code"] == profile.json()["code"] == "name_invalid"
    with pytest.raises(CommandError):
        call_command("createsuperuser", email="root@example.org", name=name, interactive=False)
    with pytest.raises(NameInvalid):
        operations.find_or_create_guest(email="ada@example.org", name=name)
    assert User.objects.count() == 1


@pytest.mark.parametrize("reason", ["\u200b", " \n ", "\u202e\u2069"])
def test_invisible_reason_is_none(reason):
    assert clean_reason(reason) == ""
    assert not is_visible(reason)


def test_reason_keeps_its_lines_and_loses_direction_overrides():
    assert clean_reason(" Ill.\nSorry\u202e!\x07 ") == "Ill.\nSorry!"
