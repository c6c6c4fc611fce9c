"""Providers of emails in the settings: EMAIL_URL and EMAIL_PROVIDERS."""

import re

import pytest

from evently import email_providers
from evently.configuration import faults
from evently.email_providers import NAME_PATTERN, name_in_words, parse, parse_one
from evently.tests.test_configuration import PRODUCTION

WITHOUT_URL = {name: value for name, value in PRODUCTION.items() if name != "EMAIL_URL"}
KEY = "hunter2"


def test_a_chain_has_names_options_and_limits():
    main, backup, service = parse(
        "main=smtp+tls://us%40er:p,w%2Fd@mail.example.org?per_second=14&per_day=50000,"
        " backup=smtp+ssl://mail.example.net:4650\n"
        "sendgrid://?api_key=SG.a+b&per_day=100"
    )

    assert [each.name for each in (main, backup, service)] == [
        "smtp:main",
        "smtp:backup",
        "sendgrid",
    ]
    assert main.options == {
        "host": "mail.example.org",
        "port": 587,
        "username": "us@er",
        "password": "p,w/d",
        "use_tls": True,
    }
    assert (main.per_second, main.per_day) == (14, 50_000)
    assert (backup.options["port"], backup.options["use_ssl"]) == (4650, True)
    assert service.options == {"api_key": "SG.a+b", "ignore_unsupported_features": True}
    assert (service.per_second, service.per_day) == (None, 100)
    assert [name_in_words(each.name) for each in (main, service)] == ["SMTP (main)", "SendGrid"]
    assert all(re.match(NAME_PATTERN, each.name) for each in (main, backup, service))
    assert "p,w/d" not in repr(main)


def test_one_url_is_a_provider_without_a_label():
    assert parse_one("smtp://localhost").name == "smtp"
    assert parse_one("smtp://localhost/?ssl=1&per_second=2").per_second == 2
    assert parse_one(f"postmark://?server_token={KEY}").name == "postmark"


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (f"mail.example.org:{KEY}", "separated by commas"),
        (f"Main=smtp://user:{KEY}@mail.example.org", "separated by commas"),
        (f"smtp://user:{KEY}@a.example.org,smtp://b.example.org", "'smtp' twice"),
        (f"smtp://user:{KEY}@mail.example.org:x", "must look like"),
        (f"smtp://user:{KEY}@mail.example.org/path", "must look like"),
        (f"smtp://user:{KEY}@mail.example.org?per_minute=5", "'per_minute' of smtp"),
        (f"smtp://user:{KEY}@mail.example.org?per_second=0", "per_second is no whole number"),
        (f"pigeon://?key={KEY}", "unknown kind 'pigeon'"),
        (f"sendgrid://{KEY}@", "after a question mark: sendgrid://?api_key=…"),
        ("sendgrid://?per_day=5", "lacks api_key of sendgrid"),
        (f"mailjet://?api_key={KEY}", "lacks secret_key of mailjet"),
        (f"sendgrid://?api_key={KEY}&apiurl=x", "'apiurl' of sendgrid; known are api_key"),
        (f"sendgrid://?api_key={KEY}&api_url=x", "api_url of sendgrid that is no URL"),
        (",".join(f"n{n}=smtp://mail{n}" for n in range(6)), "6 providers"),
    ],
)
def test_what_is_wrong_with_a_chain_is_said_without_its_secrets(value, part):
    (fault,) = faults(WITHOUT_URL | {"EMAIL_PROVIDERS": value})

    assert fault.startswith("EMAIL_PROVIDERS ")
    assert part in fault
    assert KEY not in fault


def test_production_needs_one_of_the_two():
    chain = {"EMAIL_PROVIDERS": "sendgrid://?api_key=SG.key,smtp+tls://mail.example.org"}
    assert faults(WITHOUT_URL | chain) == []
    assert faults(WITHOUT_URL | {"EMAIL_URL": "sendgrid://?api_key=SG.key"}) == []
    (both,) = faults(PRODUCTION | chain)
    assert "EMAIL_PROVIDERS and EMAIL_URL are both set" in both


def test_development_refuses_a_chain_that_sends_emails():
    (fault,) = faults({"EMAIL_PROVIDERS": "smtp://localhost,sendgrid://?api_key=SG.key"})
    assert "DEVELOPMENT_ALLOWS=EMAIL_PROVIDERS" in fault
    here = "a=smtp://localhost,sendgrid://?api_key=x&api_url=http://127.0.0.1:9/"
    assert faults({"EMAIL_PROVIDERS": here}) == []


def test_every_kind_has_a_name_in_words():
    assert all(kind.label for kind in email_providers.KINDS.values())
