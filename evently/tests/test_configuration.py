"""Faults of the environment: each in one sentence, all at once, and nothing starts with one."""

import os
import re
import subprocess
import sys

import pytest

from evently import configuration, variable_checks, variables
from evently.configuration import faults
from evently.environment import BASE_DIR
from evently.variables import VARIABLES

PRODUCTION = {
    "DEBUG": "false",
    "PUBLIC_URL": "https://tickets.example.org",
    "TRUSTED_PROXIES": "127.0.0.1,::1",
    "SECRET_KEY": "k" * 50,
    "EVENTLY_DIGEST_KEY": "d" * 50,
    "EVENTLY_PII_KEYS": "2026:" + "A" * 43 + "=",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
}


def test_complete_production_and_empty_development_have_no_faults():
    assert faults(PRODUCTION) == []
    assert faults({}) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "ture"),
        ("DEMO", "maybe"),
        ("PORT", "0"),
        ("PORT", "99999"),
        ("PORT", "8000a"),
        ("BIND", "127.0.0.1:8000"),
        ("BIND", "unix:relative.sock"),
        ("BIND", "not an address"),
        ("PUBLIC_URL", "tickets.example.org"),
        ("PUBLIC_URL", "ftp://tickets.example.org"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://tickets.example.org:99999"),
        ("PUBLIC_URL", "https://tickets.example.org/shop"),
        ("PUBLIC_URL", "https://tickets.example.org?a=b"),
        ("PUBLIC_URL", "https://user:pw@tickets.example.org"),
        ("PUBLIC_URL", "https://tickets_.example.org/\nX"),
        ("ALLOWED_HOSTS", "https://tickets.example.org"),
        ("TRUSTED_PROXIES", "yess"),
        ("TRUST_PROXY", "true"),
        ("TRUST_PROXY", "yess"),
        ("SECURE_SSL_REDIRECT", "2"),
        ("SECURE_HSTS_SECONDS", "-1"),
        ("SITE_NAME", "Evently\nBcc: all@example.org"),
        ("SITE_NAME", "x" * 101),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_CLIENT", "yes"),
        ("METRICS_TOKEN", "two words"),
        ("DATABASE_URL", "garbage"),
        ("DATABASE_URL", "mysql://user@host/evently"),
        ("DATABASE_URL", "postgres://user:pass#word@host/evently"),
        ("DATABASE_URL", "postgres://user@host:port/evently"),
        ("DATABASE_URL", "postgres://user@host"),
        ("DATABASE_OWNER_URL", "garbage"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://host/first"),
        ("STATEMENT_TIMEOUT_SECONDS", "15s"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "development-only-" + "k" * 48),
        ("SECRET_KEY_FALLBACKS", "k" * 40 + ",short"),
        ("EVENTLY_DIGEST_KEY", "short"),
        ("EVENTLY_PII_KEYS", "2026"),
        ("EVENTLY_PII_KEYS", "2026:not base64"),
        ("EVENTLY_PII_KEYS", "2026:c2hvcnQ="),
        ("EVENTLY_PII_KEYS", "a:" + "A" * 43 + "=,a:" + "B" * 42 + "A="),
        ("EMAIL_URL", "mail.example.org:587"),
        ("EMAIL_URL", "smtp+tls://user:pass/word@mail.example.org"),
        ("DEFAULT_FROM_EMAIL", "Evently"),
        ("WEB_WORKERS", "abc"),
        ("WEB_WORKERS", "0"),
        ("WEB_THREADS", "1.5"),
        ("TASK_WORKERS", "many"),
        ("DATABASE_POOL_MAX_SIZE", "-2"),
        ("CONN_MAX_AGE_SECONDS", "forever"),
        ("API_RATE_PER_MINUTE", "0"),
        ("DEVELOPMENT_ALLOWS", "everything"),
    ],
)
def test_wrong_value_is_named_in_one_sentence(name, value):
    (fault,) = faults(PRODUCTION | {name: value})
    assert fault.startswith(f"{name} ")
    assert "\n" not in fault


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BIND", "::1"),
        ("BIND", "[::1]"),
        ("BIND", "0.0.0.0"),
        ("BIND", "::"),
        ("BIND", "localhost"),
        ("PUBLIC_URL", "https://tickets.example.org/"),
        ("PUBLIC_URL", "https://tickets.example.org:8443"),
        ("PUBLIC_URL", "https://bücher.example"),
        ("PUBLIC_URL", "http://[2001:db8::1]:8000"),
        ("ALLOWED_HOSTS", ".example.org, 10.0.0.1"),
        ("TRUSTED_PROXIES", "2"),
        ("TRUSTED_PROXIES", "unix, 10.0.0.0/8, fd00::/8"),
        ("TRUST_PROXY", "false"),
        ("DATABASE_URL", "postgres://user:p%40ss%2F@db.example.org:5432/evently?sslmode=require"),
        ("REDIS_URL", "rediss://:password@redis.example.org:6380/1"),
        ("EMAIL_URL", "dummymail://"),
        ("SITE_NAME", "Bücher & Bühne"),
        ("DEFAULT_FROM_EMAIL", "Evently <tickets@example.org>"),
        ("WEB_WORKERS", ""),
        ("EVENTLY_SERVICE_HOST", "10.0.0.1"),
        ("EVENTLY_PORT", "tcp://10.0.0.1:8000"),
        ("SECRET_KEYS_OF_ANOTHER_PROGRAM", "x"),
    ],
)
def test_good_value_is_no_fault(name, value):
    assert faults(PRODUCTION | {name: value}) == []


@pytest.mark.parametrize("name", sorted(PRODUCTION.keys() - {"DEBUG"}))
def test_missing_variable_of_production_is_named(name):
    (fault,) = faults({key: value for key, value in PRODUCTION.items() if key != name})
    assert fault.startswith(f"{name} is not set")


def test_all_faults_are_named_at_once():
    found = faults(
        PRODUCTION | {"WEB_WORKERS": "abc", "PORT": "0", "EMAIL_URL": "x", "PUBLIC_URL": ""}
    )
    assert sorted(fault.split(" ")[0] for fault in found) == [
        "EMAIL_URL",
        "PORT",
        "PUBLIC_URL",
        "WEB_WORKERS",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("EVENTLY_DIGST_KEY", "EVENTLY_DIGEST_KEY"),
        ("EVENTLY_PII_KEY", "EVENTLY_PII_KEYS"),
        ("EVENTLY_PUBLIC_URL", "PUBLIC_URL"),
        ("EVENTLY_HOMES", "EVENTLY_HOME"),
    ],
)
def test_misspelled_variable_is_named_with_what_was_meant(name, meant):
    assert faults(PRODUCTION | {name: "x" * 20}) == [
        f"{name} is not a variable of Evently. Did you mean {meant}?"
    ]


def test_misspelled_line_of_dotenv_is_named(tmp_path, monkeypatch):
    path = tmp_path / ".env"
    path.write_text("# PORTT=1\nPUBLIC_ULR=https://x.example\nexport PII_KEYS=x\nPOSTGRES_DB=x\n")
    names = configuration.names_in_dotenv(path)
    assert names == {"PUBLIC_ULR", "PII_KEYS", "POSTGRES_DB"}
    monkeypatch.setattr(configuration, "names_in_dotenv", lambda: names)
    assert faults(PRODUCTION) == [
        "PII_KEYS is not a variable of Evently. Did you mean EVENTLY_PII_KEYS?",
        "PUBLIC_ULR is not a variable of Evently. Did you mean PUBLIC_URL?",
    ]


def test_secrets_are_not_shown():
    given = PRODUCTION | {
        "DATABASE_URL": "postgres://user:hunter2@host:x/evently",
        "REDIS_URL": "hunter2",
        "EMAIL_URL": "smtp://user:hunter2@",
        "SECRET_KEY": "hunter2",
        "METRICS_TOKEN": "hunter2 x",
        "EVENTLY_PII_KEYS": "2026:hunter2",
    }
    assert len(faults(given)) == 6
    assert "hunter2" not in "\n".join(faults(given))


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"DATABASE_OWNER_URL": "postgres://o@h/evently"}, "without DATABASE_URL"),
        ({"ANALYTICS_DATABASE_URL": "postgres://a@h/evently"}, "without DATABASE_URL"),
        ({"SECURE_HSTS_PRELOAD": "true"}, "needs SECURE_HSTS_INCLUDE_SUBDOMAINS=true"),
        ({"BIND": "unix:/run/evently.sock"}, "Set TRUSTED_PROXIES=unix"),
    ],
)
def test_contradiction_is_named(changed, part):
    (fault,) = faults(PRODUCTION | changed)
    assert part in fault


def test_env_example_lists_every_variable():
    text = (BASE_DIR / ".env.example").read_text()
    listed = re.findall(r"^#([A-Z][A-Z_]+)=", text, re.MULTILINE)
    assert sorted(listed) == sorted(variable.name for variable in VARIABLES)


def test_env_example_has_valid_values():
    text = (BASE_DIR / ".env.example").read_text()
    values = dict(re.findall(r"^#([A-Z][A-Z_]+)=(.+)$", text, re.MULTILINE))
    # The example's file need not exist on this machine.
    values["EMAIL_CA_FILE"] = __file__
    assert {
        variable.name: variable.check(values[variable.name])
        for variable in VARIABLES
        if variable.name in values and variable.check(values[variable.name])
    } == {}


def test_every_variable_that_code_reads_is_known():
    read = set()
    for path in (BASE_DIR / "evently").rglob("*.py"):
        read |= set(re.findall(r"\benv\.\w+\(\s*[\"']([A-Z_]+)[\"']", path.read_text()))
    assert read - variables.NAMES == set()


# ── Development ─────────────────────────────────────────────────────────────
ALLOWABLE = {
    "DATABASE_URL": "postgres://evently@localhost/evently",
    "REDIS_URL": "redis://localhost:6379/0",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
    "SECRET_KEY": "k" * 50,
    "EVENTLY_DIGEST_KEY": "d" * 50,
    "EVENTLY_PII_KEYS": PRODUCTION["EVENTLY_PII_KEYS"],
    "METRICS_TOKEN": "token",
    "BIND": "0.0.0.0",
    "ALLOWED_HOSTS": "tickets.example.org",
    "PUBLIC_URL": "http://192.168.1.7:8000",
}
NEVER = {
    "PUBLIC_URL": "https://tickets.example.org",
    "TRUSTED_PROXIES": "127.0.0.1",
    "TRUST_PROXY": "true",
    "SECURE_SSL_REDIRECT": "true",
    "SECURE_HSTS_SECONDS": "3600",
}


@pytest.mark.parametrize(("name", "value"), [*ALLOWABLE.items(), *NEVER.items()])
@pytest.mark.parametrize("debug", [{}, {"DEBUG": "true"}])
def test_development_does_not_start_where_something_says_production(name, value, debug):
    fault = faults({name: value} | debug)[-1]
    assert name in fault
    assert "Set DEBUG=false" in fault


@pytest.mark.parametrize(("name", "value"), ALLOWABLE.items())
def test_development_starts_with_what_is_allowed_by_name(name, value):
    assert f"set DEVELOPMENT_ALLOWS={name}." in faults({name: value})[-1]
    assert faults({name: value, "DEVELOPMENT_ALLOWS": name}) == []
    other = "BIND" if name == "REDIS_URL" else "REDIS_URL"
    assert len(faults({name: value, "DEVELOPMENT_ALLOWS": other})) == 1


@pytest.mark.parametrize(("name", "value"), NEVER.items())
def test_some_facts_cannot_be_allowed(name, value):
    everything = ",".join(variable_checks.ALLOWABLE)
    assert "Set DEBUG=false" in faults({name: value, "DEVELOPMENT_ALLOWS": everything})[-1]


def test_http_address_of_a_public_site_cannot_be_allowed():
    given = {"PUBLIC_URL": "http://tickets.example.org", "DEVELOPMENT_ALLOWS": "PUBLIC_URL"}
    (fault,) = faults(given)
    assert "set no PUBLIC_URL" in fault


def test_development_on_this_machine_may_name_itself():
    given = {
        "PUBLIC_URL": "http://evently.localhost:8000",
        "BIND": "::1",
        "ALLOWED_HOSTS": "localhost",
        "EMAIL_URL": "smtp://localhost:1025",
    }
    assert faults(given) == []


def test_production_without_its_debug_line_names_all_facts():
    given = {name: value for name, value in PRODUCTION.items() if name != "DEBUG"}
    (fault,) = faults(given)
    for name in given:
        assert name in fault


def test_nothing_starts_with_faults():
    """Every way in reads the settings first."""
    environment = {"PATH": os.environ["PATH"], "PUBLIC_URL": "https://tickets.example.org"}
    for command in (
        ["-m", "evently.supervisor"],
        ["manage.py", "migrate"],
        ["-c", "import evently.wsgi"],
        ["-c", "from evently.celery import app; app.conf.broker_url"],
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert "DEBUG is not false, but PUBLIC_URL begins with https" in done.stderr
        assert ("Traceback" in done.stderr) == ("evently.celery" in command[-1])
