"""Checks that the settings fit the database, before anything serves it.

`script/server` runs them while it prepares, gunicorn as it loads the application, and an
administrator with `manage.py check --database default`.
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
from evently.erasure import restoring
from evently.formatting import counted
from evently.privacy.addresses import digests_of_address
from evently.privacy.keys import processes_without
from evently.privacy.models import PersonKey
from evently.privacy.sealing import unwrap

# More than one, since a single corrupt row says nothing about the key.
SAMPLE = 3
START_OVER = (
    "If the data is not needed, start with an empty database (script/reset deletes the embedded "
    "one)."
)

log = structlog.get_logger(__name__)


def problems() -> list[str]:
    """Return the problems, each with what to do about it; [] before the first migration.

    Raises OperationalError where the database cannot be reached.
    """
    try:
        wrong = [*_wrong_wrapping_keys()] or [*_key_unknown_to_others()]
        return wrong or [
            *_wrong_digest_key(),
            *_open_demo(),
            *restoring.problems(_command("replay_erasures")),
        ]
    except ProgrammingError:
        return []


def insist() -> None:
    """Raise ImproperlyConfigured where there are problems; a database that is down passes.

    Closes its connections, so that the process can fork afterwards.
    """
    try:
        found = problems()
        if not found:
            restoring.adopt()
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
    """Report the problems where Django checks the application's database."""
    if "default" not in (databases or []):
        return []
    return [checks.Error(text, id="evently.E001") for text in problems()]


def _wrong_wrapping_keys() -> Iterator[str]:
    """Yield a problem for each key that is missing, or has changed under its name."""
    for name in _wrapping_key_names():
        if name not in settings.EVENTLY_PII_KEYS:
            yield (
                f"EVENTLY_PII_KEYS lacks the key {name!r}, with which names and email addresses in "
                "this database are encrypted. Add it again (name:key, after the current one). "
                f"{START_OVER}"
            )
        elif not any(_unwraps(key) for key in _keys_under(name)):
            yield (
                f"The key {name!r} in EVENTLY_PII_KEYS is not the key of that name with which "
                "names and email addresses in this database are encrypted. Restore the old key, "
                f"and give the new one another name. {START_OVER}"
            )


def _key_unknown_to_others() -> Iterator[str]:
    """Yield a problem where a new key would lock out processes that do not know it yet."""
    current = next(iter(settings.EVENTLY_PII_KEYS))
    if len(settings.EVENTLY_PII_KEYS) < 2 or current in _wrapping_key_names():
        return
    if count := processes_without(current):
        yield (
            f"{counted(count, 'database connection')} of Evently's processes that do not know the "
            f"key {current!r} would fail for users whose keys it wraps. Put it second in "
            "EVENTLY_PII_KEYS, restart all processes, then put it first."
        )


def _wrapping_key_names() -> Iterator[str]:
    """Yield each name once, with one index lookup per name, however many users there are."""
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
    """Yield a problem where the newest users cannot be found by their own email address."""
    people = User.objects.with_keys().filter(
        email_digest__isnull=False, person_key__user_id__isnull=False
    )
    last = [user for user in people.order_by("-pk")[:SAMPLE] if user.email]
    if last and not any(user.email_digest in digests_of_address(user.email) for user in last):
        yield (
            "EVENTLY_DIGEST_KEY is not the key by which users in this database are looked up, so "
            "no user could log in. Restore the old key, or add it to EVENTLY_DIGEST_KEY_FALLBACKS. "
            "If it is lost, run "
            f"{_command('redigest_addresses')}, which switches to the new key. {START_OVER}"
        )


def _open_demo() -> Iterator[str]:
    """Yield a problem where the demo's logins work outside development."""
    if settings.DEBUG:
        return
    addresses = demo_logins.open_logins()
    if addresses:
        yield (
            f"This database comes from development: {' and '.join(addresses)} can log in with a "
            f"public password. Deactivate them: {_command('close_demo')}. {START_OVER}"
        )


def _command(name: str) -> str:
    """Return the shell command that runs a management command while no server is running."""
    python = ".venv/bin/python"
    prefix = f"{python} -m evently.embedded -- " if "postgres" in servers.needed() else ""
    return f"{prefix}{python} manage.py {name}"
