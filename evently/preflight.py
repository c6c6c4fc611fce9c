"""What must be so in the database before anything serves it with these settings.

`script/server` asks while it prepares, gunicorn as it loads the application, and
`manage.py check --database default` whenever somebody wants to know.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError, connections

from evently import demo_logins
from evently.accounts.models import User
from evently.embedded import servers
from evently.privacy.addresses import digest_of_address
from evently.privacy.models import PersonKey
from evently.privacy.sealing import unwrap

# One row that somebody tampered with says nothing about the key.
SAMPLE = 3
ANEW = (
    "If nothing in it is worth keeping, begin with an empty database (script/reset deletes the "
    "embedded one)."
)

log = structlog.get_logger(__name__)


def problems() -> list[str]:
    """Return what is wrong, each as sentences that say what to do; [] before the first migration.

    Raises OperationalError where the database does not answer.
    """
    try:
        return [*_wrong_wrapping_keys()] or [*_wrong_digest_key(), *_open_demo()]
    except ProgrammingError:
        return []


def insist() -> None:
    """Raise ImproperlyConfigured where something is wrong; a database that is down may be late.

    Leaves no connection behind, so that a process may fork afterwards.
    """
    try:
        found = problems()
    except OperationalError as error:
        log.warning("settings_not_compared_with_database", error=type(error).__name__)
        return
    finally:
        connections["default"].close()
        connections["default"].close_pool()  # type: ignore[attr-defined]
    if found:
        raise ImproperlyConfigured("\n".join(found))


@checks.register(checks.Tags.database)
def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Tell Django's check what is wrong, where it is asked about the application's database."""
    if "default" not in (databases or []):
        return []
    return [checks.Error(text, id="evently.E001") for text in problems()]


def _wrong_wrapping_keys() -> Iterator[str]:
    """Say which keys are missing, or are others than those of that name before."""
    for name in _wrapping_key_names():
        if name not in settings.EVENTLY_PII_KEYS:
            yield (
                f"EVENTLY_PII_KEYS lacks the key {name!r}, under which names and addresses in this "
                f"database are sealed. Put it back (name:key, after the current one). {ANEW}"
            )
        elif not any(_unwraps(key) for key in _keys_under(name)):
            yield (
                f"The key {name!r} in EVENTLY_PII_KEYS is another than the one of that name under "
                "which names and addresses in this database are sealed. Put that one back, and "
                f"give the new one a name of its own. {ANEW}"
            )


def _wrapping_key_names() -> Iterator[str]:
    """Yield each name once; one look into the index each, however many people there are."""
    names = PersonKey.objects.order_by("wrapping_key_name").values_list(
        "wrapping_key_name", flat=True
    )
    name = names.first()
    while name is not None:
        yield name
        name = names.filter(wrapping_key_name__gt=name).first()


def _keys_under(name: str) -> list[PersonKey]:
    return list(PersonKey.objects.filter(wrapping_key_name=name).order_by("user_id")[:SAMPLE])


def _unwraps(key: PersonKey) -> bool:
    try:
        unwrap(key.wrapped_key, key.wrapping_key_name, user_id=key.user_id)
    except InvalidTag:
        return False
    return True


def _wrong_digest_key() -> Iterator[str]:
    """Say so where those who signed up last cannot be found by their own address."""
    people = User.objects.with_keys().filter(
        email_digest__isnull=False, person_key__user_id__isnull=False
    )
    last = [user for user in people.order_by("-pk")[:SAMPLE] if user.email]
    if last and not any(user.email_digest == digest_of_address(user.email) for user in last):
        yield (
            "EVENTLY_DIGEST_KEY is another than the one that people in this database are found "
            "by: nobody could log in. Put that one back. If it is lost, run "
            f"{_command('redigest_addresses')}, which lets them be found by the new one. {ANEW}"
        )


def _open_demo() -> Iterator[str]:
    """Say so where somebody can log in outside development with the demo's password."""
    if settings.DEBUG:
        return
    addresses = demo_logins.open_logins()
    if addresses:
        yield (
            f"This database was filled in development: {' and '.join(addresses)} can log in with "
            f"a password that everybody knows. Switch them off: {_command('close_demo')}. {ANEW}"
        )


def _command(name: str) -> str:
    """Return how to run a command of manage.py while nothing else runs."""
    python = ".venv/bin/python"
    beside = f"{python} -m evently.embedded -- " if "postgres" in servers.needed() else ""
    return f"{beside}{python} manage.py {name}"
