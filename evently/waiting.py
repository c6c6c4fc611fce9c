"""Wait for a database or broker that does not answer yet, and say in one sentence why not."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import psycopg
import redis
from django.conf import settings
from django.db import connections

from evently.redis_client import redis_client

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# While nothing changes, the sentence is repeated this often.
REMINDER_SECONDS = 300.0
# What the driver's message contains, and what to say of it.
REASONS = (
    ("password authentication failed", "refuses the password of {user}; check {variable}"),
    ("no password supplied", "requires a password for {user}; set it in {variable}"),
    ("no pg_hba.conf entry", "does not let {user} in from here (pg_hba.conf)"),
    ("role", "has no role {user}; check {variable}"),
    ("does not exist", "has no database {name}; create it, or check {variable}"),
    ("starting up", "is still starting"),
    ("too many", "has no connection left"),
    ("remaining connection slots", "has no connection left"),
    ("SSL", "does not agree on encryption; check sslmode in {variable}"),
    ("translate host name", "cannot be found by its name; check {variable}"),
    ("resolve host", "cannot be found by its name; check {variable}"),
    ("", "does not answer"),
)

TLS_PARAMETERS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs")
# A broker that is down does not keep visitors from booking.
BROKER_PATIENCE_SECONDS = 60.0

Say = Callable[[str], None]


def database_problem(alias: str) -> str:
    """Return in a sentence why a database cannot be used; "" if it answers."""
    parameters = connections[alias].get_connection_params()
    wanted = ("host", "port", "dbname", "user", "password", *TLS_PARAMETERS)
    chosen = {name: parameters[name] for name in wanted if name in parameters}
    try:
        psycopg.connect(**chosen, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return describe(alias, str(error))
    return ""


def describe(alias: str, message: str) -> str:
    """Return the sentence for a driver's message about connecting."""
    config = connections[alias].settings_dict
    where = f"{config.get('HOST') or 'localhost'}:{config.get('PORT') or 5432}"
    reason = next(reason for part, reason in REASONS if part in message)
    sentence = reason.format(
        user=config.get("USER") or "the user",
        name=config.get("NAME"),
        variable="DATABASE_OWNER_URL" if alias == "owner" else "DATABASE_URL",
    )
    return f"The database at {where} {sentence}."


def broker_problem() -> str:
    """Return in a sentence why the broker cannot be used; "" if it answers."""
    try:
        with redis_client(timeout_seconds=2) as client:
            client.ping()
    except redis.AuthenticationError:
        return f"The broker at {_broker()} refuses the password; check REDIS_URL."
    except redis.RedisError as error:
        refused = "NOAUTH" in str(error) or "WRONGPASS" in str(error)
        return (
            f"The broker at {_broker()} refuses the password; check REDIS_URL."
            if refused
            else f"The broker at {_broker()} does not answer; check that it runs, and REDIS_URL."
        )
    return ""


def _broker() -> str:
    return settings.REDIS_URL.rpartition("@")[2].removeprefix("redis://").partition("/")[0]


def wait_until_usable(
    problem: Callable[[], str],
    *,
    say: Say,
    patience_seconds: float | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Wait until there is no problem; return "" then, or the sentence where patience ends.

    say: called with the sentence when it changes, and now and then. patience_seconds: None waits
    for as long as it takes. pause: waits; replaced in tests.
    """
    said, since_said, waited = "", 0.0, 0.0
    for seconds in _pauses():
        sentence = problem()
        if not sentence or (patience_seconds is not None and waited >= patience_seconds):
            return sentence
        if sentence != said or since_said >= REMINDER_SECONDS:
            say(f"{sentence} Waiting for it ...")
            said, since_said = sentence, 0.0
        pause(seconds)
        waited += seconds
        since_said += seconds
    return ""


def wait_for_services(aliases: Sequence[str], *, say: Say) -> None:
    """Wait for the database, under the roles of these aliases, and for a while for the broker."""
    for alias in aliases:
        wait_until_usable(partial(database_problem, alias), say=say)
    problem = wait_until_usable(broker_problem, say=say, patience_seconds=BROKER_PATIENCE_SECONDS)
    if problem:
        say(f"{problem} Starting without it: emails and expired offers wait.")


def _pauses() -> Iterator[float]:
    seconds = FIRST_PAUSE_SECONDS
    while True:
        yield seconds
        seconds = min(seconds * 2, LONGEST_PAUSE_SECONDS)
